"""Which slices count at the base: the one basal rule, wherever labels come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.box import find_box
from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.reading import BasalRule, all_counted
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    import numpy.typing as npt

    from CardiacSegmentationLib.assessment import Assessment, ImageMeasures
    from CardiacSegmentationLib.reading import Counted
    from CardiacSegmentationLib.segmentation import FloatArray, Labels

# The share of the cavity's outline that myocardium must border for a slice to count (SCMR 2020: half of it).
LEAST_SURROUNDED = {BasalRule.HALF_RING: 0.5, BasalRule.WHOLE_RING: 0.95, BasalRule.AS_LABELLED: 0.0}


def count_by_rule(images: ImageMeasures, labelled: npt.NDArray[np.bool_], rule: BasalRule) -> Counted:
    """The cells ``[label - 1, phase, slice]`` that count by a rule; it leaves LV and myocardium out together.

    It acts at the ends of the ventricle only, and not for one phase alone. Further in, an open wall is an error of the
    labels, and in a single phase it is one, too: leaving such slices out would take their blood from the volume, and
    make that phase end-systole. Phases without any myocardium, or where no slice would be left, keep all their slices:
    the rule has nothing to go by.
    """
    phases, slices = images.surrounded.shape
    counted = all_counted(phases, slices)
    has_wall = (images.pixels[Label.MYO - 1] > 0).any(axis=1) & labelled
    with np.errstate(invalid="ignore"):
        left_out = (images.surrounded < LEAST_SURROUNDED[rule]) & has_wall[:, None]
    if labelled.all() and phases > 2:
        left_out &= np.roll(left_out, 1, axis=0) | np.roll(left_out, -1, axis=0)
    remaining = ~left_out & (images.pixels[Label.LV - 1] > 0)
    from_one_end = np.logical_or.accumulate(remaining, axis=1)
    from_the_other = np.logical_or.accumulate(remaining[:, ::-1], axis=1)[:, ::-1]
    left_out &= ~(from_one_end & from_the_other) & remaining.any(axis=1, keepdims=True)
    counted[[Label.LV - 1, Label.MYO - 1]] = ~left_out
    return counted


def check_basal_rule(assessment: Assessment, labelled: npt.NDArray[np.bool_]) -> list[Finding]:
    """Slices that the rule leaves out, or that count against it; none where a base plane holds in its stead."""
    if Label.LV in assessment.reading.base_planes:
        return []
    return [*_find_left_out(assessment, labelled), *_find_too_open(assessment)]


def _find_left_out(assessment: Assessment, labelled: npt.NDArray[np.bool_]) -> list[Finding]:
    """Slices with LV that the rule leaves out and the reader has not decided on."""
    left_out = ~assessment.counted[Label.LV - 1] & (assessment.images.pixels[Label.LV - 1] > 0)
    for (label, phase, slice_), _ in assessment.reading.counts:
        if label == Label.LV:
            left_out[phase, slice_] = False
    return [
        Finding(
            "basal-slice-left-out",
            Severity.INFO,
            slice=int(index),
            phase=int(np.argmax(left_out[:, index])),
            parameters={"count": int(left_out[:, index].sum()), "total": int(labelled.sum()), "structure": "LV"},
        )
        for index in np.flatnonzero(left_out.any(axis=0))
    ]


def _find_too_open(assessment: Assessment) -> list[Finding]:
    """Slices that count at ED or ES although the rule by itself would leave them out."""
    images, counted, key_phases = assessment.images, assessment.counted, assessment.key_phases
    least = LEAST_SURROUNDED[assessment.conventions.basal_rule]
    findings = []
    for moment, phase in (("ED", key_phases.lv_ed), ("ES", key_phases.lv_es)):
        if phase is None or not images.pixels[Label.MYO - 1, phase].any():
            continue
        with np.errstate(invalid="ignore"):
            too_open = (images.surrounded[phase] < least) & counted[Label.LV - 1, phase]
        findings += [
            Finding(
                "basal-rule",
                slice=int(index),
                phase=phase,
                parameters={
                    "moment": moment,
                    "percent": 100 * float(images.surrounded[phase, index]),
                    "structure": "LV",
                },
            )
            for index in np.flatnonzero(too_open)
        ]
    return findings


def surrounded_fraction(labels: Labels, row_mm: float, column_mm: float) -> FloatArray:
    """Share of the LV cavity's outline that myocardium borders, per slice; NaN without a cavity."""
    around = np.pad(labels[(..., *find_box(labels))], ((0, 0), (1, 1), (1, 1)))
    cavity, muscle = around == Label.LV, around == Label.MYO
    wall, total = np.zeros(len(labels)), np.zeros(len(labels))
    for axis, edge_mm in ((1, column_mm), (2, row_mm)):  # a border between two rows is as long as a column is wide
        for step in (-1, 1):
            total += edge_mm * np.count_nonzero(cavity & ~np.roll(cavity, step, axis), axis=(1, 2))
            wall += edge_mm * np.count_nonzero(cavity & np.roll(muscle, step, axis), axis=(1, 2))
    share: FloatArray = np.divide(wall, total, out=np.full(len(labels), np.nan), where=total > 0)
    return share


def is_apex_first(images: ImageMeasures) -> bool:
    """Whether the slices seem to run from apex to base: the cavity of the first third is much smaller than the last's.

    Stacks run from base to apex; volume files do not always say which end is which.
    """
    widths = images.pixels[Label.LV - 1].max(axis=0)
    widths = widths[widths > 0]
    third = len(widths) // 3
    return third > 0 and float(widths[:third].mean()) * 1.5 < float(widths[-third:].mean())
