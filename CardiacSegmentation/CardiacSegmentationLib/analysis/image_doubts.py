"""Doubts about the images themselves, seen where the labels lie: contrast, the image's edge, breathing, rhythm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.analysis.label_doubts import find_per_slice
from CardiacSegmentationLib.box import find_box
from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from CardiacSegmentationLib.assessment import ImageMeasures
    from CardiacSegmentationLib.segmentation import FloatArray, Segmentation
    from CardiacSegmentationLib.stack import CineStack

SMALLEST_CONTRAST = 1.0  # blood less muscle, in standard deviations of both together
SHIFT_MM = 8.0  # of the LV's centre against the line through its neighbours
FEWEST_PIXELS = 20
OUT_OF_STEP = 0.2  # correlation of one slice's LV area curve with that of all slices


def check_images(stack: CineStack, segmentation: Segmentation, images: ImageMeasures) -> list[Finding]:
    """Low contrast, a heart at the image's edge, slices shifted by breathing, slices out of rhythm."""
    is_beat = stack.is_whole_beat and bool(segmentation.labelled.all())
    return [
        *_check_contrast(stack, segmentation, images),
        *find_per_slice(images.edge_pixels.astype(float), "heart-at-edge"),
        *_check_shifts(images),
        *(_check_rhythm(images) if is_beat else ()),
    ]


def _check_contrast(stack: CineStack, segmentation: Segmentation, images: ImageMeasures) -> list[Finding]:
    """Of the phase with the largest cavity, in the rows and columns that hold labels."""
    phase = int(np.argmax(images.pixels[Label.LV - 1].sum(axis=1)))
    box = (slice(None), *find_box(segmentation.labels[phase]))
    labels, voxels = segmentation.labels[phase][box], stack.voxels[phase][box]
    badness = np.zeros(images.surrounded.shape)
    for slice_ in np.flatnonzero((images.pixels[1:, phase] >= FEWEST_PIXELS).all(axis=0)):
        image, label = voxels[slice_], labels[slice_]
        blood, muscle = image[label == Label.LV].astype(float), image[label == Label.MYO].astype(float)
        spread = np.sqrt(blood.var() + muscle.var())
        contrast = (np.median(blood) - np.median(muscle)) / max(float(spread), 1e-6)
        badness[phase, slice_] = max(0.0, SMALLEST_CONTRAST - contrast)
    return find_per_slice(badness, "low-contrast")


def _check_shifts(images: ImageMeasures) -> list[Finding]:
    """Slices whose LV lies beside the line of its neighbours: breath was held at another depth."""
    phase = int(np.argmax(images.pixels[Label.MYO - 1 :].sum(axis=(0, 2))))
    centres = images.centre_mm[phase]
    shift_mm = np.zeros(len(centres))
    if len(centres) > 2:
        shift_mm[1:-1] = np.linalg.norm(centres[1:-1] - (centres[:-2] + centres[2:]) / 2, axis=1)
    badness = np.zeros(images.surrounded.shape)
    with np.errstate(invalid="ignore"):  # NaN compares false: no opinion
        badness[phase] = np.where(shift_mm > SHIFT_MM, shift_mm, 0.0)
    return find_per_slice(badness, "slice-shifted", Severity.INFO)


def _check_rhythm(images: ImageMeasures) -> list[Finding]:
    """Slices that do not contract with the others: arrhythmia, or triggered on another beat."""
    areas = images.pixels[Label.LV - 1].astype(float)
    whole = areas.sum(axis=1)
    badness = np.zeros(areas.shape)
    if whole.max() == 0 or np.ptp(whole) < 0.15 * whole.max():
        return []
    middle = areas.min(axis=0) > 0.3 * areas.max()  # ends move in and out of the slice; their curves say nothing
    for slice_ in np.flatnonzero(middle):
        own = areas[:, slice_]
        if np.ptp(own) > 0.1 * own.max():
            agreement = float(np.corrcoef(own, whole)[0, 1])
            badness[int(np.argmax(np.abs(_scaled(own) - _scaled(whole)))), slice_] = max(0.0, OUT_OF_STEP - agreement)
    return find_per_slice(badness, "out-of-step")


def _scaled(curve: FloatArray) -> FloatArray:
    return np.asarray((curve - curve.min()) / max(float(np.ptp(curve)), 1e-9))
