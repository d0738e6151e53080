"""Which slices count: the basal rule, and switching single slices on and off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.analysis.box import find_box
from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.segmentation import Label, Segmentation

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from CardiacSegmentationLib.assessment import FloatArray
    from CardiacSegmentationLib.segmentation import KeyPhases

SURROUNDED = 0.5  # of the cavity's circumference (SCMR 2020)


def with_slice(
    segmentation: Segmentation, label: Label, phase: int, slice_: int, *, is_included: bool
) -> npt.NDArray[np.bool_]:
    """The table of included slices with one entry set."""
    included = segmentation.included.copy()
    included[label - 1, phase, slice_] = is_included
    return included


def propose_included(
    segmentation: Segmentation, row_mm: float, column_mm: float
) -> tuple[npt.NDArray[np.bool_], tuple[Finding, ...]]:
    """The included slices after the basal rule, and what left: LV and myocardium where less than half is surrounded.

    Phases without any myocardium keep all their slices: the rule has nothing to go by. The labels do not change.
    """
    included = segmentation.included.copy()
    left_out: dict[int, list[int]] = {}
    for phase in np.flatnonzero(segmentation.labelled):
        if not (segmentation.labels[phase] == Label.MYO).any():
            continue
        fractions = surrounded_fraction(segmentation.labels[phase], row_mm, column_mm)
        for index in _below(fractions, included[Label.LV - 1, phase]):
            included[[Label.LV - 1, Label.MYO - 1], phase, index] = False
            left_out.setdefault(index, []).append(int(phase))
    findings = (
        Finding(
            "basal-slice-left-out",
            f"Slice {index + 1} does not count for the LV in {len(phases)} of {segmentation.labelled.sum()} phases: "
            "myocardium surrounds less than half of its cavity (SCMR rule).",
            Severity.INFO,
            slice=index,
            phase=phases[0],
        )
        for index, phases in sorted(left_out.items())
    )
    return included, tuple(findings)


def check_basal_rule(
    segmentation: Segmentation, key_phases: KeyPhases, row_mm: float, column_mm: float
) -> list[Finding]:
    """Slices that count at ED or ES although the basal rule would leave them out."""
    findings = []
    for moment, phase in (("end-diastole", key_phases.lv_ed), ("end-systole", key_phases.lv_es)):
        if phase is None or not (segmentation.labels[phase] == Label.MYO).any():
            continue
        fractions = surrounded_fraction(segmentation.labels[phase], row_mm, column_mm)
        for index in _below(fractions, segmentation.included[Label.LV - 1, phase]):
            message = (
                f"Slice {index + 1} counts for the LV at {moment}, though myocardium surrounds "
                f"only {100 * fractions[index]:.0f} % of its cavity. The SCMR rule asks for half: "
                "leave it out if it is atrium."
            )
            findings.append(Finding("basal-rule", message, slice=index, phase=phase))
    return findings


def surrounded_fraction(labels: npt.NDArray[np.uint8], row_mm: float, column_mm: float) -> FloatArray:
    """Share of the LV cavity's outline that myocardium borders, per slice; NaN without a cavity."""
    around = np.pad(labels[(..., *find_box(labels))], ((0, 0), (1, 1), (1, 1)))
    cavity = around == Label.LV
    wall, total = np.zeros(len(labels)), np.zeros(len(labels))
    for axis, edge_mm in ((1, column_mm), (2, row_mm)):  # a border between two rows is as long as a column is wide
        for step in (-1, 1):
            beside = np.roll(around, step, axis)
            total += edge_mm * (cavity & (beside != Label.LV)).sum(axis=(1, 2))
            wall += edge_mm * (cavity & (beside == Label.MYO)).sum(axis=(1, 2))
    share: FloatArray = np.divide(wall, total, out=np.full(len(labels), np.nan), where=total > 0)
    return share


def _below(fractions: FloatArray, included: Iterable[bool]) -> list[int]:
    return [
        index
        for index, (part, counts) in enumerate(zip(fractions, included, strict=True))
        if counts and part < SURROUNDED
    ]
