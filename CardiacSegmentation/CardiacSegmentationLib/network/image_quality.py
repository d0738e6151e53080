"""Doubts about the images themselves: spacing and field of view, contrast, the image's edge, breathing, rhythm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.network import regions
from CardiacSegmentationLib.network.quality import per_slice
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    import numpy.typing as npt

    from CardiacSegmentationLib.network.bundle import TrainingRange
    from CardiacSegmentationLib.network.regions import Labels, PerImage
    from CardiacSegmentationLib.stack import Array, CineStack

TOLERANCE = 1.1  # ranges are those of the data seen; a tenth beyond is no other anatomy
SMALLEST_CONTRAST = 1.0  # blood less muscle, in standard deviations of both together
SHIFT_MM = 8.0  # of the LV's centre against the line through its neighbours
EDGE_MM = 4.0
FEWEST_PIXELS = 20
OUT_OF_STEP = 0.2  # correlation of one slice's LV area curve with that of all slices


def check_training_range(stack: CineStack, seen: TrainingRange) -> tuple[Finding, ...]:
    """Spacing and field of view that the network was not trained on."""
    slice_mm, row_mm, column_mm = stack.spacing_mm
    rows, columns = stack.voxels.shape[-2:]
    facts = (
        ("pixel size", (row_mm, column_mm), seen.pixel_mm),
        ("field of view", (rows * row_mm, columns * column_mm), seen.fov_mm),
        ("slice distance", (slice_mm,), seen.slice_mm),
    )
    findings = []
    for name, values, (low, high) in facts:
        outside = [value for value in values if not low / TOLERANCE <= value <= high * TOLERANCE]
        if outside:
            message = (
                f"The {name} of {outside[0]:.3g} mm is outside of what the network was trained on "
                f"({low:.3g}–{high:.3g} mm). Check the contours with care."
            )
            findings.append(Finding("outside-training-range", message))
    return tuple(findings)


def check_images(stack: CineStack, box: tuple[slice, slice], labels: Labels, is_cyclic: bool) -> tuple[Finding, ...]:
    """Low contrast, a heart at the image's edge, slices shifted by breathing, slices out of rhythm.

    ``labels`` are those of the rows and columns in ``box``.
    """
    return (
        *_check_contrast(stack.voxels[:, :, box[0], box[1]], labels),
        *_check_edges(stack, box, labels),
        *_check_shifts(stack, labels),
        *(_check_rhythm(labels) if is_cyclic else ()),
    )


def _check_contrast(voxels: Array, labels: Labels) -> tuple[Finding, ...]:
    counts = regions.pixel_counts(labels)
    phase = int(np.argmax(counts[Label.LV - 1].sum(axis=1)))
    badness = np.zeros(labels.shape[:2])
    for place in np.flatnonzero((counts[1:, phase] >= FEWEST_PIXELS).all(axis=0)):
        image, label = voxels[phase, place], labels[phase, place]
        blood, muscle = image[label == Label.LV].astype(float), image[label == Label.MYO].astype(float)
        spread = np.sqrt(blood.var() + muscle.var())
        contrast = (np.median(blood) - np.median(muscle)) / max(float(spread), 1e-6)
        badness[phase, place] = max(0.0, SMALLEST_CONTRAST - contrast)
    message = "Blood and myocardium are hard to tell apart in slice {slice} (low contrast)."
    return per_slice(badness, "low-contrast", message)


def _check_edges(stack: CineStack, box: tuple[slice, slice], labels: Labels) -> tuple[Finding, ...]:
    """Anatomy at the edge of the image may go on beyond it, or lie wrapped around on the other side."""
    _, row_mm, column_mm = stack.spacing_mm
    edge = np.ones(stack.voxels.shape[-2:], bool)
    inner_rows, inner_columns = int(np.ceil(EDGE_MM / row_mm)), int(np.ceil(EDGE_MM / column_mm))
    edge[inner_rows:-inner_rows, inner_columns:-inner_columns] = False
    touching = np.count_nonzero(labels[:, :, edge[box]], axis=2).astype(float)
    message = "The heart reaches the edge of the image in slice {slice}: it may be cut off or wrapped around."
    return per_slice(touching, "heart-at-edge", message)


def _check_shifts(stack: CineStack, labels: Labels) -> tuple[Finding, ...]:
    """Slices whose LV lies beside the line of its neighbours: breath was held at another depth."""
    left = regions.epicardium(labels)
    phase = int(np.argmax(np.count_nonzero(left, axis=(1, 2, 3))))
    centres = _centres_mm(left[phase], stack.spacing_mm[1:])
    badness = np.zeros(labels.shape[:2])
    for place in range(1, len(centres) - 1):
        expected = (centres[place - 1] + centres[place + 1]) / 2
        shift = float(np.linalg.norm(centres[place] - expected))
        badness[phase, place] = shift if shift > SHIFT_MM else 0.0  # NaN compares false: no opinion
    message = "Slice {slice} is shifted against its neighbours (breathing); the wall may be cut obliquely there."
    return per_slice(badness, "slice-shifted", message, Severity.INFO)


def _check_rhythm(labels: Labels) -> tuple[Finding, ...]:
    """Slices that do not contract with the others: arrhythmia, or triggered on another beat."""
    areas = regions.pixel_counts(labels)[Label.LV - 1].astype(float)
    whole = areas.sum(axis=1)
    badness: PerImage = np.zeros(areas.shape)
    if len(areas) < 8 or whole.max() == 0 or np.ptp(whole) < 0.15 * whole.max():
        return ()
    middle = areas.min(axis=0) > 0.3 * areas.max()  # ends move in and out of the slice; their curves say nothing
    for place in np.flatnonzero(middle):
        own = areas[:, place]
        if np.ptp(own) > 0.1 * own.max():
            agreement = float(np.corrcoef(own, whole)[0, 1])
            badness[int(np.argmax(np.abs(_scaled(own) - _scaled(whole)))), place] = max(0.0, OUT_OF_STEP - agreement)
    message = "Slice {slice} does not contract in step with the others (arrhythmia or mistriggering?)."
    return per_slice(badness, "out-of-step", message)


def _centres_mm(masks: npt.NDArray[np.bool_], spacing_mm: tuple[float, ...]) -> npt.NDArray[np.float64]:
    centres = np.full((len(masks), 2), np.nan)
    for place, mask in enumerate(masks):
        if np.count_nonzero(mask) >= FEWEST_PIXELS:
            centres[place] = [axis.mean() * mm for axis, mm in zip(np.nonzero(mask), spacing_mm, strict=True)]
    return centres


def _scaled(curve: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return (curve - curve.min()) / max(float(np.ptp(curve)), 1e-9)
