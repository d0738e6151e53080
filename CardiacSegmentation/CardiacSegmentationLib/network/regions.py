"""Connected parts, holes and outlines of label maps ``[phase, slice, row, column]``, all images at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from CardiacSegmentationLib.segmentation import STRUCTURES, Label

Labels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
PerImage = npt.NDArray[np.float64]  # [phase, slice]


def heart_box(labels: Labels, margin: int = 2) -> tuple[slice, slice]:
    """The rows and columns that hold all labels, and a little more: the rest need not be looked at."""
    seen = (labels != 0).any(axis=(0, 1))
    box = []
    for axis in (0, 1):
        places = np.flatnonzero(seen.any(axis=1 - axis))
        first, last = (places[0], places[-1]) if places.size else (0, 0)
        box.append(slice(max(0, int(first) - margin), min(seen.shape[axis], int(last) + 1 + margin)))
    return box[0], box[1]


def pixel_counts(labels: Labels) -> npt.NDArray[np.int64]:
    """Pixels of each structure, ``[label - 1, phase, slice]``."""
    return np.stack([np.count_nonzero(labels == label, axis=(2, 3)) for label in STRUCTURES])


def epicardium(labels: Labels) -> Mask:
    """LV cavity and myocardium together."""
    return labels >= Label.MYO


def label_parts(mask: Mask, across_slices: bool) -> tuple[npt.NDArray[np.int32], int]:
    """Number the connected parts within each phase; corners connect, and slices where asked."""
    from scipy import ndimage

    structure = np.zeros((3, 3, 3, 3), bool)
    structure[1, :, :, :] = True
    if not across_slices:
        structure[1, 0] = structure[1, 2] = False
    parts, count = ndimage.label(mask, structure)
    return parts, int(count)


def grow(mask: Mask, pixels: int) -> Mask:
    """Dilate by a square, within each image."""
    from scipy import ndimage

    size = (1, 1, 2 * pixels + 1, 2 * pixels + 1)
    return np.asarray(ndimage.maximum_filter(mask.view(np.uint8), size), bool) if pixels else mask


def enclosed(mask: Mask) -> Mask:
    """What lies within closed outlines of ``mask`` but not in it."""
    from scipy import ndimage

    outside = np.pad(~mask, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=True)
    parts, _ = ndimage.label(outside, _edges_only())  # a diagonal gap in an outline does not open it
    open_parts = np.zeros(int(parts.max()) + 1, bool)
    open_parts[parts[:, :, 0, 0]] = True
    open_parts[0] = True
    return np.asarray(~open_parts[parts][:, :, 1:-1, 1:-1])


def open_fraction(labels: Labels) -> PerImage:
    """The part of the LV cavity's outline that no myocardium covers; NaN where there is no cavity."""
    cavity, muscle = labels == Label.LV, labels == Label.MYO
    outline, covered = np.zeros(labels.shape[:2]), np.zeros(labels.shape[:2])
    for axis in (2, 3):
        for inner, outer in ((slice(None, -1), slice(1, None)), (slice(1, None), slice(None, -1))):
            here = tuple(inner if a == axis else slice(None) for a in range(4))
            there = tuple(outer if a == axis else slice(None) for a in range(4))
            outline += np.count_nonzero(cavity[here] & ~cavity[there], axis=(2, 3))
            covered += np.count_nonzero(cavity[here] & muscle[there], axis=(2, 3))
    with np.errstate(invalid="ignore"):
        return 1 - covered / np.where(outline > 0, outline, np.nan)


def _edges_only() -> Mask:
    structure = np.zeros((3, 3, 3, 3), bool)
    structure[1, 1, 1, :] = structure[1, 1, :, 1] = True
    return structure
