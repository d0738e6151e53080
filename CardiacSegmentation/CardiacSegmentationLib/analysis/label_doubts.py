"""Where labels should not be trusted: findings with slice and phase, made from the labels as they are.

The limits are calibrated on labelled studies; docs/quality.md says how often a flagged slice is really bad and how many
bad slices go unflagged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.analysis.basal import is_apex_first
from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.segmentation import STRUCTURES, VENTRICLES, Label, Origin

if TYPE_CHECKING:
    import numpy.typing as npt

    from CardiacSegmentationLib.assessment import ImageMeasures
    from CardiacSegmentationLib.segmentation import Evidence, FloatArray, Mask, Segmentation
    from CardiacSegmentationLib.stack import CineStack

    Counts = npt.NDArray[np.int64]

DOUBTFUL = {Label.RV: 0.92, Label.MYO: 0.92, Label.LV: 0.94}  # Dice the network must promise itself
SMALLEST_MM2 = 60.0  # of a structure, to have an opinion on it
PRESENT = 0.5  # from this chance on the network recognises a ventricle in a slice
OPEN = 0.25  # a larger opening in the myocardium is worth a look
WIDE_BASE, WIDE_APEX = 0.9, 0.5  # of the largest LV area: an end slice that shows more is not the end
JUMP_SHARE, JUMP_ML = 0.1, 8.0  # of EDV, and in ml: what one phase may differ from the mean of its neighbours
JUMP_PHASES = 20  # in a beat of that many phases or more
PLAUSIBLE_EDV_ML = (10.0, 700.0)  # infant to the largest dilated hearts


def check_evidence(segmentation: Segmentation, images: ImageMeasures, pixel_mm2: float) -> list[Finding]:
    """What the network itself says against its labels, where they still are its own."""
    evidence = segmentation.evidence
    if evidence is None:
        return []
    own = segmentation.origin == Origin.NETWORK
    doubts = np.zeros(images.pixels.shape)
    for label, limit in DOUBTFUL.items():
        shown = own & (images.pixels[label - 1] * pixel_mm2 >= SMALLEST_MM2)
        with np.errstate(invalid="ignore"):
            doubts[label - 1] = np.where(shown, np.fmax(limit - evidence.confidence[label - 1], 0), 0)
    worst = doubts.max(axis=0)
    findings = [
        remark
        for remark in evidence.remarks
        if remark.slice is None or own[slice(None) if remark.phase is None else remark.phase, remark.slice].any()
    ]
    for slice_ in np.flatnonzero((worst > 0).any(axis=0)):
        names = tuple(label.name for label in STRUCTURES if doubts[label - 1, :, slice_].any())
        phase = int(np.argmax(worst[:, slice_]))
        findings.append(Finding("network-unsure", slice=int(slice_), phase=phase, parameters={"structures": names}))
    return [*findings, *_check_ends(evidence, images, own)]


def check_shape(images: ImageMeasures, labelled: Mask) -> list[Finding]:
    """Ventricles with a slice missing, or an open myocardium below the base, or not covered to the end."""
    cavity = images.pixels[Label.LV - 1]
    left, right = images.pixels[Label.MYO - 1] + cavity, images.pixels[Label.RV - 1]
    findings = [
        *find_per_slice(_holes(left), "slice-missing", Severity.ERROR, structure="LV"),
        *find_per_slice(_holes(right), "slice-missing", Severity.ERROR, structure="RV"),
    ]
    base_first = not is_apex_first(images)
    openings = 1 - np.nan_to_num(images.surrounded, nan=1.0)
    below_base = _is_below_base(left > 0, base_first)
    findings += find_per_slice(np.where(below_base & (openings > OPEN), openings, 0), "myocardium-open", structure="LV")
    return [*findings, *_check_coverage(cavity, labelled, base_first)]


def check_curve(volumes_ml: FloatArray, stack: CineStack) -> list[Finding]:
    """Volumes that no heart has: jumps between phases, impossible sizes."""
    findings: list[Finding] = []
    for label in VENTRICLES:
        findings += _check_jumps(label.name, volumes_ml[label - 1], stack.is_whole_beat)
        findings += _check_size(label.name, volumes_ml[label - 1])
    return findings


def find_per_slice(
    badness: FloatArray, code: str, severity: Severity = Severity.WARNING, **parameters: str
) -> list[Finding]:
    """One finding for each slice with any ``badness[phase, slice]`` above 0, at its worst phase."""
    return [
        Finding(code, severity, int(slice_), int(np.argmax(badness[:, slice_])), parameters)
        for slice_ in np.flatnonzero((badness > 0).any(axis=0))
    ]


def _check_ends(evidence: Evidence, images: ImageMeasures, own: Mask) -> list[Finding]:
    """Ventricles labelled beyond the slices in which the network recognises them."""
    findings = []
    for label, chance in zip(VENTRICLES, evidence.presence, strict=True):
        present = chance >= PRESENT
        from_base = np.logical_or.accumulate(present, axis=1)
        from_apex = np.logical_or.accumulate(present[:, ::-1], axis=1)[:, ::-1]
        beyond = ~(from_base & from_apex) & present.any(axis=1, keepdims=True)
        labelled_there = own & beyond & (images.pixels[label - 1] > 0)
        doubt = np.where(labelled_there, 1 - chance, 0.0)
        findings += find_per_slice(doubt, "end-slice-doubtful", structure=label.name)
    return findings


def _holes(pixels: Counts) -> FloatArray:
    holes = np.zeros(pixels.shape)
    holes[:, 1:-1] = (pixels[:, 1:-1] == 0) & (pixels[:, :-2] > 0) & (pixels[:, 2:] > 0)
    return holes


def _is_below_base(shown: Mask, base_first: bool) -> Mask:
    """Slices beyond the two most basal ones of each phase: there an opening is the outflow tract."""
    from_base = shown if base_first else shown[:, ::-1]
    below = np.cumsum(from_base, axis=1) > 2
    return np.asarray(below if base_first else below[:, ::-1])


def _check_coverage(lv_pixels: Counts, labelled: Mask, base_first: bool) -> list[Finding]:
    """A ventricle that is still wide in an end slice goes on beyond the stack: volumes are then too small.

    At the apex that shows at end-diastole. At the base the LV is wide by nature and only end-systole tells, when the
    base has moved towards the apex; many good studies begin there, so that is no more than a remark.
    """
    volumes = np.where(labelled, lv_pixels.sum(axis=1), 0)
    if not volumes.any() or lv_pixels.shape[1] < 3:
        return []
    ed = int(np.argmax(volumes))
    es = int(np.argmin(np.where(volumes > 0, volumes, np.inf)))
    base, apex = (0, -1) if base_first else (-1, 0)
    findings = []
    for phase, end, limit, code, severity in (
        (es, base, WIDE_BASE, "base-not-covered", Severity.INFO),
        (ed, apex, WIDE_APEX, "apex-not-covered", Severity.WARNING),
    ):
        slice_ = end % lv_pixels.shape[1]
        if lv_pixels[phase, slice_] > limit * lv_pixels[phase].max():
            findings.append(Finding(code, severity, slice_, phase, {"structure": "LV"}))
    return findings


def _check_jumps(name: str, volumes_ml: FloatArray, is_whole_beat: bool) -> list[Finding]:
    if len(volumes_ml) < 8 or not np.isfinite(volumes_ml).all():
        return []
    expected = (np.roll(volumes_ml, 1) + np.roll(volumes_ml, -1)) / 2
    jump = np.abs(volumes_ml - expected)
    if not is_whole_beat:
        jump[[0, -1]] = 0
    # A beat in few phases has larger steps: the bend between neighbours grows with the square of their distance.
    limit = max(JUMP_ML, JUMP_SHARE * float(volumes_ml.max()) * max(1.0, (JUMP_PHASES / len(volumes_ml)) ** 2))
    phase = int(np.argmax(jump))
    if jump[phase] <= limit:
        return []
    return [Finding("curve-jump", phase=phase, parameters={"structure": name, "difference_ml": float(jump[phase])})]


def _check_size(name: str, volumes_ml: FloatArray) -> list[Finding]:
    if not np.isfinite(volumes_ml).any():
        return []
    largest, phase = float(np.nanmax(volumes_ml)), int(np.nanargmax(volumes_ml))
    if PLAUSIBLE_EDV_ML[0] <= largest <= PLAUSIBLE_EDV_ML[1]:
        return []
    return [
        Finding("volume-implausible", Severity.ERROR, phase=phase, parameters={"structure": name, "volume_ml": largest})
    ]
