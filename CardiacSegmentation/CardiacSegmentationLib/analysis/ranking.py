"""Findings in the order of what they can do to the ejection fraction: a reader's first look goes where it pays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.analysis.volumes import MM3_PER_ML
from CardiacSegmentationLib.findings import Severity
from CardiacSegmentationLib.segmentation import VENTRICLES, Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.findings import Finding

# What a finding without a size of its own is taken to be worth, in points of EF.
POINTS = {Severity.ERROR: 100.0, Severity.WARNING: 5.0, Severity.INFO: 0.0}
GRAVITY = (Severity.ERROR, Severity.WARNING, Severity.INFO)


def rank_findings(assessment: Assessment, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The same findings: remarks last; before them those at ED and ES and of the whole study first, by their effect."""
    at_key_phases = set(vars(assessment.key_phases).values())

    def order(finding: Finding) -> tuple[bool, bool, float, int]:
        is_remark = finding.severity is Severity.INFO
        elsewhere = finding.phase is not None and finding.phase not in at_key_phases and finding.slice is None
        return is_remark, elsewhere, -effect_on_ef(assessment, finding), GRAVITY.index(finding.severity)

    return tuple(sorted(findings, key=order))


def effect_on_ef(assessment: Assessment, finding: Finding) -> float:
    """Points of EF that are at stake: with and without the slice in question, or by the volume that a finding names."""
    structure = finding.parameters.get("structure")
    sides = [label for label in VENTRICLES if structure in (None, label.name, "MYO")]
    millilitres = finding.parameters.get("difference_ml")
    if isinstance(millilitres, float):
        volumes = [_volume(assessment, label, "ed") for label in sides]
        known = [volume for volume in volumes if volume > 0]
        return 100.0 * abs(millilitres) / min(known) if known else POINTS[finding.severity]
    if finding.slice is not None:
        return max((_effect_of_slice(assessment, label, finding.slice) for label in sides), default=0.0)
    return POINTS[finding.severity]


def _effect_of_slice(assessment: Assessment, label: Label, slice_: int) -> float:
    edv, esv = _volume(assessment, label, "ed"), _volume(assessment, label, "es")
    if not (edv > 0 and esv >= 0):
        return 0.0
    without_edv = edv - _volume(assessment, label, "ed", slice_)
    without_esv = esv - _volume(assessment, label, "es", slice_)
    if without_edv <= 0:
        return 100.0
    return abs(100.0 * (1 - esv / edv) - 100.0 * (1 - without_esv / without_edv))


def _volume(assessment: Assessment, label: Label, moment: str, slice_: int | None = None) -> float:
    """Volume of a ventricle at ED or ES, or what one slice adds to it; NaN where it is not known."""
    phase = assessment.key_phases.of(label, moment)
    if phase is None:
        return float("nan")
    if slice_ is None:
        return float(assessment.volumes_ml[label - 1, phase])
    counted_mm2 = (
        np.nan_to_num(assessment.areas_mm2[label - 1, phase, slice_]) * assessment.shares[label - 1, phase, slice_]
    )
    return float(counted_mm2) * assessment.slice_spacing_mm / MM3_PER_ML
