"""Connected parts of label maps ``[phase, slice, row, column]``, all images at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    import numpy.typing as npt

    from CardiacSegmentationLib.segmentation import Labels, Mask


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
