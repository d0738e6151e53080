"""From areas to volumes: Simpson's rule over the slices that count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from CardiacSegmentationLib.reading import Counted
    from CardiacSegmentationLib.segmentation import FloatArray

MM3_PER_ML = 1000.0


def sum_slices(areas_mm2: FloatArray, shares: FloatArray | Counted, slice_spacing_mm: float) -> FloatArray:
    """Volumes in ml ``[structure, phase]`` from areas ``[structure, phase, slice]``; NaN where there is nothing.

    Each area stands for its share, 0 to 1, of one slice spacing (thickness and gap). A heart without a ventricle does
    not exist: a structure with no area in any slice that counts was not labelled, and its volume is unknown rather than
    zero.
    """
    areas = np.where(shares > 0, areas_mm2 * shares, 0.0)
    volumes: FloatArray = np.nansum(areas, axis=-1) * slice_spacing_mm / MM3_PER_ML
    return np.where(volumes > 0, volumes, np.nan)
