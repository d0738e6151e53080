"""Doubts about the numbers that the reader should hear of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.analysis.volumes import MM3_PER_ML
from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from CardiacSegmentationLib.assessment import FloatArray, Measurement
    from CardiacSegmentationLib.stack import CineStack

# Without leak or shunt both ventricles eject the same blood. The limit is this program's own: smaller differences are
# within what two readers of the same RV differ by, larger ones are more often a basal slice than a disease.
SV_DIFFERENCE_PERCENT = 20.0
SV_DIFFERENCE_ML = 10.0
LEAST_COVERAGE = 0.85  # of the R-R interval; prospective gating stops early and misses the atrial kick
LARGE_STEP = 0.05  # of EDV
HEART_RATES = (20.0, 250.0)


def check_stroke_volumes(heart: Mapping[str, Measurement]) -> list[Finding]:
    """LV and RV that eject different volumes."""
    millilitres, percent = heart["sv_difference_ml"].value, heart["sv_difference_percent"].value
    if millilitres is None or percent is None:
        return []
    if abs(millilitres) <= SV_DIFFERENCE_ML or abs(percent) <= SV_DIFFERENCE_PERCENT:
        return []
    message = (
        f"LV and RV stroke volumes differ by {abs(millilitres):.0f} ml ({abs(percent):.0f} %). Without valve leak or "
        "shunt they are equal: check the basal slices of both ventricles."
    )
    return [Finding("stroke-volumes-differ", message)]


def check_time(stack: CineStack) -> list[Finding]:
    """Heart rates no heart has, and phases that leave a part of the beat out."""
    rate = stack.heart_rate_bpm
    if rate is None or stack.rr_ms is None:
        return []
    low, high = HEART_RATES
    if not low <= rate <= high:
        return [Finding("heart-rate", f"The heart rate of {rate:.0f}/min cannot be right: check the R-R interval.")]
    times = np.asarray(stack.times_ms)
    covered = (times[-1] - times[0]) * stack.phases / max(stack.phases - 1, 1) / stack.rr_ms
    if stack.phases > 2 and covered < LEAST_COVERAGE:
        message = (
            f"The phases cover {100 * covered:.0f} % of the R-R interval; volumes and rates of the rest of the beat, "
            "as the filling by the atrium, are not measured."
        )
        return [Finding("beat-not-covered", message)]
    return []


def check_labels(volumes_ml: FloatArray, labelled: npt.NDArray[np.bool_]) -> list[Finding]:
    """Structures without a label, altogether or in some of the labelled phases."""
    findings = []
    for label in (Label.LV, Label.MYO, Label.RV):
        known, of = int(np.isfinite(volumes_ml[label - 1]).sum()), int(labelled.sum())
        if known == 0:
            message = f"No {label.name} is labelled in any slice that counts: its numbers are not given."
            findings.append(Finding(f"no-{label.name.lower()}", message, Severity.INFO))
        elif known < of:
            message = f"{label.name} is labelled in {known} of {of} labelled phases; the others do not count for it."
            findings.append(Finding(f"some-{label.name.lower()}", message, Severity.INFO))
    return findings


def check_steps(
    lv: Mapping[str, Measurement], areas_mm2: FloatArray, included: npt.NDArray[np.bool_], slice_spacing_mm: float
) -> list[Finding]:
    """Basal slices that come or go as a whole from one phase to the next, which no rate of a heart explains."""
    edv = lv["edv_ml"].value
    if edv is None or lv["per_ml_s"].value is None:
        return []
    slices_ml = np.where(included, areas_mm2, 0.0)[Label.LV - 1] * slice_spacing_mm / MM3_PER_ML
    after = np.roll(slices_ml, -1, axis=0)
    step = float(np.where((slices_ml > 0) != (after > 0), np.abs(after - slices_ml), 0.0).max())
    if step < LARGE_STEP * edv:
        return []
    message = (
        f"A slice of {step:.0f} ml comes or goes from one phase to the next, as the base moves through it: the peak "
        "ejection and filling rates are less certain."
    )
    return [Finding("slice-step", message, Severity.INFO)]


def check_slice_order(areas_mm2: FloatArray, ed: int | None) -> list[Finding]:
    """Slices that seem to run from apex to base."""
    if not is_apex_first(areas_mm2, ed):
        return []
    message = "The slices seem to run from apex to base: the wall segments are placed accordingly."
    return [Finding("apex-first", message, Severity.INFO)]


def is_apex_first(areas_mm2: FloatArray, phase: int | None) -> bool:
    """Whether the slices run from apex to base: the cavity of the first third is smaller than that of the last."""
    if phase is None:
        return False
    cavity = areas_mm2[Label.LV - 1, phase]
    cavity = cavity[np.isfinite(cavity) & (cavity > 0)]
    third = len(cavity) // 3
    return third > 0 and float(cavity[:third].mean()) * 1.5 < float(cavity[-third:].mean())
