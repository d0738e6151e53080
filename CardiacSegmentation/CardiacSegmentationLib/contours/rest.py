"""What smooth borders do not show of a label image: second parts of a structure, and holes in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from CardiacSegmentationLib.contours.labels import draw_labels
from CardiacSegmentationLib.contours.trace import trace_largest
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from CardiacSegmentationLib.segmentation import Contours, FloatArray, Labels

FEWEST_PIXELS = 3  # a speck of fewer is what drawing rounds


def outline_rest(labels: Labels, contours: Contours) -> tuple[tuple[Label, FloatArray], ...]:
    """Closed curves ``[point, (row, column)]`` in mm around every part of ``labels[row, column]`` not in the contours.

    Each along its pixels, with the structure that is there; with the one that was left out where it is background.
    """
    drawn = draw_labels(contours, (labels.shape[0], labels.shape[1]))
    found = []
    for value in np.unique(labels[labels != drawn]):
        parts, count = ndimage.label((labels == value) & (labels != drawn))
        for number in range(1, count + 1):
            part = parts == number
            if np.count_nonzero(part) >= FEWEST_PIXELS:
                label = Label(int(value) or int(drawn[part].max()))
                found.append((label, trace_largest(part).middle_px() * contours.spacing_mm))
    return tuple(found)
