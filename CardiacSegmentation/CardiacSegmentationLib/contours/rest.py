"""What smooth borders do not show of a label image: second parts of a structure, and holes in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from CardiacSegmentationLib.contours.labels import draw_labels
from CardiacSegmentationLib.contours.trace import trace_largest
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from CardiacSegmentationLib.segmentation import Contours, FloatArray, Labels, Mask

FEWEST_PIXELS = 3  # a speck of fewer is what drawing rounds


def outline_rest(labels: Labels, contours: Contours) -> tuple[tuple[Label, FloatArray], ...]:
    """Closed curves ``[point, (row, column)]`` in mm around every part of ``labels[row, column]`` not in the contours.

    Each along its pixels, with the structure that is there; with the one that was left out where it is background.
    """
    drawn = draw_labels(contours, (labels.shape[0], labels.shape[1]))
    rest = labels != drawn
    found = []
    for value in np.unique(labels[rest]):
        for part in _parts(rest & (labels == value)):
            if np.count_nonzero(part) >= FEWEST_PIXELS:
                label = Label(int(value) or int(drawn[part].max()))
                found.append((label, _outline(part, contours.spacing_mm)))
    return tuple(found)


def outline_parts(mask: Mask, spacing_mm: tuple[float, float]) -> list[FloatArray]:
    """A closed curve ``[point, (row, column)]`` in mm around every part of ``mask[row, column]``, along its pixels."""
    return [_outline(part, spacing_mm) for part in _parts(mask)]


def _parts(mask: Mask) -> Iterator[Mask]:
    numbers, count = ndimage.label(mask)
    return (numbers == number for number in range(1, count + 1))


def _outline(part: Mask, spacing_mm: tuple[float, float]) -> FloatArray:
    return trace_largest(part).middle_px() * spacing_mm
