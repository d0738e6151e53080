"""Areas of the labelled structures, slice by slice, as the polygon a reader would see drawn around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.box import find_box
from CardiacSegmentationLib.segmentation import STRUCTURES, Label

if TYPE_CHECKING:
    from CardiacSegmentationLib.segmentation import FloatArray, Labels, Mask


def structure_areas(labels: Labels, pixel_mm2: float) -> FloatArray:
    """Area in mm² of RV, MYO and LV (first axis) in every slice of ``labels[..., row, column]``.

    Myocardium is the area inside the outer border less the cavity, as mass is defined; papillary muscles that lie in
    the cavity are the cavity's here.
    """
    heart = labels[(..., *find_box(labels))]
    areas = np.zeros((len(STRUCTURES), *labels.shape[:-2]))
    inside = heart == Label.LV
    cavity = polygon_area_px(inside)
    areas[Label.RV - 1] = polygon_area_px(heart == Label.RV)
    areas[Label.MYO - 1] = np.maximum(polygon_area_px(inside | (heart == Label.MYO)) - cavity, 0.0)
    areas[Label.LV - 1] = cavity
    return areas * pixel_mm2


def polygon_area_px(mask: Mask) -> FloatArray:
    """Area, in pixels, inside the contour that runs half-way between the pixels in and out of each ``mask[..., r, c]``.

    That contour (marching squares at one half) cuts every 2 × 2 block of pixel centres. A block with one pixel inside
    adds 1/8, two neighbours 1/2, a diagonal pair 2/8, three 7/8, four 1. Summed over the image this is the pixel count
    less half a pixel for each closed outline (plus half for each hole), that is N - (N - E + Q) / 2: Euler's formula
    with N pixels, E pairs of neighbours and Q full blocks. Four counts give the exact polygon without tracing it.
    """
    across = mask[..., :, :-1] & mask[..., :, 1:]
    down = mask[..., :-1, :] & mask[..., 1:, :]
    blocks = across[..., :-1, :] & across[..., 1:, :]
    return 0.5 * (_count(mask) + _count(across) + _count(down) - _count(blocks))


def _count(mask: Mask) -> FloatArray:
    rows = mask.sum(axis=-1, dtype=np.uint16) if mask.shape[-1] else np.zeros(mask.shape[:-1], np.uint16)
    counts: FloatArray = rows.sum(axis=-1, dtype=np.float64)
    return counts
