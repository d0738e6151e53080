"""Doubts about the numbers that the reader should hear of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.analysis.basal import is_apex_first
from CardiacSegmentationLib.analysis.volumes import MM3_PER_ML
from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.stack import WHOLE_BEAT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CardiacSegmentationLib.assessment import Assessment, ImageMeasures, Measurement
    from CardiacSegmentationLib.segmentation import FloatArray, Segmentation
    from CardiacSegmentationLib.stack import CineStack

# Without leak or shunt both ventricles eject the same blood. The limit is this program's own: smaller differences are
# within what two readers of the same RV differ by, larger ones are more often a basal slice than a disease.
SV_DIFFERENCE_PERCENT = 20.0
SV_DIFFERENCE_ML = 10.0
LARGE_STEP = 0.05  # of EDV
HEART_RATES = (20.0, 250.0)
PLAUSIBLE_MASS_G = (20.0, 600.0)
PLAUSIBLE_WALL_MM = (2.0, 40.0)


def check_stroke_volumes(heart: Mapping[str, Measurement]) -> list[Finding]:
    """LV and RV that eject different volumes."""
    millilitres, percent = heart["sv_difference_ml"].value, heart["sv_difference_percent"].value
    if millilitres is None or percent is None:
        return []
    if abs(millilitres) <= SV_DIFFERENCE_ML or abs(percent) <= SV_DIFFERENCE_PERCENT:
        return []
    return [Finding("stroke-volumes-differ", parameters={"difference_ml": abs(millilitres), "percent": abs(percent)})]


def check_time(stack: CineStack) -> list[Finding]:
    """Heart rates no heart has, and phases that leave a part of the beat out."""
    rate = stack.heart_rate_bpm
    if rate is None or stack.rr_ms is None:
        return []
    low, high = HEART_RATES
    if not low <= rate <= high:
        return [Finding("heart-rate", parameters={"rate": rate})]
    covered = stack.beat_coverage
    if stack.phases > 2 and covered is not None and covered < WHOLE_BEAT:
        return [Finding("beat-not-covered", parameters={"percent": 100 * covered})]
    return []


def check_labels(volumes_ml: FloatArray, segmentation: Segmentation) -> list[Finding]:
    """Structures without a label in all or some of the labelled phases: doubts where a network looked for them."""
    labelled = segmentation.labelled
    severity = Severity.INFO if segmentation.model is None else Severity.WARNING
    findings = []
    for label in (Label.LV, Label.MYO, Label.RV):
        known, of = int(np.isfinite(volumes_ml[label - 1]).sum()), int(labelled.sum())
        if known == 0:
            findings.append(Finding("structure-not-labelled", severity, parameters={"structure": label.name}))
        elif known < of:
            findings.append(
                Finding(
                    "structure-in-some-phases",
                    severity,
                    parameters={"structure": label.name, "known": known, "total": of},
                )
            )
    return findings


def check_steps(assessment: Assessment) -> list[Finding]:
    """Basal slices that come or go as a whole from one phase to the next, which no rate of a heart explains."""
    edv = assessment.lv["edv_ml"].value
    if edv is None or assessment.lv["per_ml_s"].value is None:
        return []
    areas_mm2, shares = assessment.areas_mm2[Label.LV - 1], assessment.shares[Label.LV - 1]
    slices_ml = np.where(shares > 0, areas_mm2 * shares, 0.0) * assessment.slice_spacing_mm / MM3_PER_ML
    after = np.roll(slices_ml, -1, axis=0)
    step = float(np.where((slices_ml > 0) != (after > 0), np.abs(after - slices_ml), 0.0).max())
    if step < LARGE_STEP * edv:
        return []
    return [Finding("slice-step", Severity.INFO, parameters={"structure": "LV", "difference_ml": step})]


def check_slice_order(images: ImageMeasures) -> list[Finding]:
    """Slices that seem to run from apex to base."""
    return [Finding("apex-first", Severity.INFO)] if is_apex_first(images) else []


def check_anatomy(lv: Mapping[str, Measurement]) -> list[Finding]:
    """Mass and wall that no heart has: most often a wrong spacing."""
    findings = []
    for key, code, (low, high) in (
        ("mass_g", "mass-implausible", PLAUSIBLE_MASS_G),
        ("wall_thickness_max_mm", "wall-implausible", PLAUSIBLE_WALL_MM),
    ):
        value = lv[key].value
        if value is not None and not low <= value <= high:
            findings.append(Finding(code, Severity.ERROR, parameters={"structure": "LV", "value": value}))
    return findings
