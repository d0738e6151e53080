"""Where a segmentation should not be trusted: findings with slice and phase, so that a reader can go there.

The limits are calibrated on labelled studies; docs/quality.md says how often a flagged slice is really bad and how many
bad slices go unflagged.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.network import regions
from CardiacSegmentationLib.network.postprocess import GAP
from CardiacSegmentationLib.segmentation import STRUCTURES, Label

if TYPE_CHECKING:
    import numpy.typing as npt

    from CardiacSegmentationLib.network.infer import Prediction
    from CardiacSegmentationLib.network.regions import Labels, Mask, PerImage

DOUBTFUL = {Label.RV: 0.92, Label.MYO: 0.92, Label.LV: 0.94}  # Dice the network must promise itself
SMALLEST_MM2 = 60.0  # of a structure, to have an opinion on it
WIDE_BASE, WIDE_APEX = 0.9, 0.5  # of the largest LV area: an end slice that shows more is not the end
JUMP_SHARE, JUMP_ML = 0.1, 8.0  # of EDV, and in ml: what one phase may differ from the mean of its neighbours
JUMP_PHASES = 20  # in a beat of that many phases or more
PLAUSIBLE_EDV_ML = (5.0, 600.0)  # newborn to the largest dilated hearts


def check_prediction(prediction: Prediction, labels: Labels, pixel_mm2: float) -> tuple[Finding, ...]:
    """Slices where the network doubts its own labels."""
    counts = regions.pixel_counts(labels)
    doubts = np.zeros((len(STRUCTURES), *labels.shape[:2]))
    for label, limit in DOUBTFUL.items():
        shown = counts[label - 1] * pixel_mm2 >= SMALLEST_MM2
        with np.errstate(invalid="ignore"):
            doubts[label - 1] = np.where(shown, np.fmax(limit - prediction.confidence[label - 1], 0), 0)
    unsure = "The network is unsure of contours in slice {slice}, most in phase {phase}."
    findings = []
    for finding in per_slice(doubts.max(axis=0), "network-unsure", unsure):
        names = " and ".join(label.name for label in STRUCTURES if doubts[label - 1, :, finding.slice].any())
        findings.append(replace(finding, message=finding.message.replace("contours", names)))
    return tuple(findings)


def check_shape(labels: Labels, predicted: Mask) -> tuple[Finding, ...]:
    """Ventricles with a slice missing, or an open myocardium below the base, or not covered to the end."""
    counts = regions.pixel_counts(labels)
    left, right = counts[Label.MYO - 1] + counts[Label.LV - 1], counts[Label.RV - 1]
    missing = "The {name} is missing in slice {{slice}} though both neighbouring slices show it (phase {{phase}})."
    findings = [
        *per_slice(_holes(left), "slice-missing", missing.format(name="LV"), Severity.ERROR),
        *per_slice(_holes(right), "slice-missing", missing.format(name="RV"), Severity.ERROR),
    ]
    openings = np.nan_to_num(regions.open_fraction(labels))
    below_base = _is_below_base(left > 0, _is_base_first(counts[Label.LV - 1]))
    findings += per_slice(
        np.where(below_base & (openings > GAP), openings, 0),
        "myocardium-open",
        "The myocardium is not closed around the LV in slice {slice} (worst in phase {phase}).",
    )
    return (*findings, *_check_coverage(counts[Label.LV - 1], predicted))


def check_curve(volumes_ml: npt.NDArray[np.float64], is_cyclic: bool) -> tuple[Finding, ...]:
    """Volumes that no heart has: jumps between phases, impossible sizes."""
    findings: list[Finding] = []
    for label in (Label.LV, Label.RV):
        findings += _check_jumps(label.name, volumes_ml[label - 1], is_cyclic)
        findings += _check_size(label.name, volumes_ml[label - 1])
    return tuple(findings)


def per_slice(badness: PerImage, code: str, message: str, severity: Severity = Severity.WARNING) -> tuple[Finding, ...]:
    """One finding for each slice with any ``badness[phase, slice]`` above 0, at its worst phase."""
    findings = []
    for place in np.flatnonzero((badness > 0).any(axis=0)):
        phase = int(np.argmax(badness[:, place]))
        text = message.format(slice=place + 1, phase=phase + 1)
        findings.append(Finding(code, text, severity, int(place), phase))
    return tuple(findings)


def _holes(counts: npt.NDArray[np.int64]) -> PerImage:
    holes = np.zeros(counts.shape)
    holes[:, 1:-1] = (counts[:, 1:-1] == 0) & (counts[:, :-2] > 0) & (counts[:, 2:] > 0)
    return holes


def _is_base_first(lv_counts: npt.NDArray[np.int64]) -> bool:
    """Whether slices run from base to apex: the wide end is the base. Volume files do not always say."""
    widths = lv_counts.max(axis=0)
    widths = widths[widths > 0]
    third = max(1, len(widths) // 3)
    return bool(widths[:third].sum() >= widths[-third:].sum()) if len(widths) else True


def _is_below_base(shown: Mask, base_first: bool) -> Mask:
    """Slices beyond the two most basal ones of each phase: there an opening is the outflow tract."""
    from_base = shown if base_first else shown[:, ::-1]
    below = np.cumsum(from_base, axis=1) > 2
    return np.asarray(below if base_first else below[:, ::-1])


def _check_coverage(lv_counts: npt.NDArray[np.int64], predicted: Mask) -> list[Finding]:
    """A ventricle that is still wide in an end slice goes on beyond the stack: volumes are then too small.

    At the apex that shows at end-diastole. At the base the LV is wide by nature and only end-systole tells, when the
    base has moved towards the apex; many good studies begin there, so that is no more than a remark.
    """
    volumes = np.where(predicted, lv_counts.sum(axis=1), 0)
    if not volumes.any() or lv_counts.shape[1] < 3:
        return []
    ed = int(np.argmax(volumes))
    es = int(np.argmin(np.where(volumes > 0, volumes, np.inf)))
    base, apex = (0, -1) if _is_base_first(lv_counts) else (-1, 0)
    findings = []
    for phase, end, limit, name, severity in (
        (es, base, WIDE_BASE, "base", Severity.INFO),
        (ed, apex, WIDE_APEX, "apex", Severity.WARNING),
    ):
        place = end % lv_counts.shape[1]
        if lv_counts[phase, place] > limit * lv_counts[phase].max():
            message = (
                f"The stack may not reach the {name}: the LV is still wide in slice {place + 1}. "
                "Volumes are then too small."
            )
            findings.append(Finding(f"{name}-not-covered", message, severity, place, phase))
    return findings


def _check_jumps(name: str, volumes: npt.NDArray[np.float64], is_cyclic: bool) -> list[Finding]:
    if len(volumes) < 8 or not np.isfinite(volumes).all():
        return []
    expected = (np.roll(volumes, 1) + np.roll(volumes, -1)) / 2
    jump = np.abs(volumes - expected)
    if not is_cyclic:
        jump[[0, -1]] = 0
    # A beat in few phases has larger steps: the bend between neighbours grows with the square of their distance.
    limit = max(JUMP_ML, JUMP_SHARE * float(volumes.max()) * max(1.0, (JUMP_PHASES / len(volumes)) ** 2))
    phase = int(np.argmax(jump))
    if jump[phase] <= limit:
        return []
    message = f"The {name} volume jumps by {jump[phase]:.0f} ml in phase {phase + 1}. Check the contours of that phase."
    return [Finding("curve-jump", message, Severity.WARNING, phase=phase)]


def _check_size(name: str, volumes: npt.NDArray[np.float64]) -> list[Finding]:
    if not np.isfinite(volumes).any():
        return []
    largest, phase = float(np.nanmax(volumes)), int(np.nanargmax(volumes))
    if PLAUSIBLE_EDV_ML[0] <= largest <= PLAUSIBLE_EDV_ML[1]:
        return []
    message = f"An {name} volume of {largest:.0f} ml is outside of what hearts have. Check spacing and contours."
    return [Finding("volume-implausible", message, Severity.ERROR, phase=phase)]
