"""Which border of an image is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.contours.curves import find_nearest

if TYPE_CHECKING:
    from CardiacSegmentationLib.segmentation import Border, Contours, FloatArray


def find_border(contours: Contours, place_mm: FloatArray, within_mm: float = 10.0) -> Border | None:
    """The border nearest to a place; none where all are farther away than ``within_mm``."""
    away = {
        border: float(abs(find_nearest(np.asarray(place_mm, float)[None], curve).outside_mm[0]))
        for border, curve in contours.borders.items()
    }
    nearest = min(away, key=lambda border: away[border], default=None)
    return nearest if nearest is not None and away[nearest] <= within_mm else None
