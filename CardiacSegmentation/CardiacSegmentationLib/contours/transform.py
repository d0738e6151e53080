"""Whole borders at once: scaled, shifted, grown, smoothed, or taken over from another image.

Where the RV's border is moved alone it stays on the septum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.contours.anatomy import place_borders, settle
from CardiacSegmentationLib.contours.curves import arc_mm, centre_mm, drop_waves, smooth_normals
from CardiacSegmentationLib.errors import ContourError
from CardiacSegmentationLib.segmentation import Border, Contours, FloatArray

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import numpy.typing as npt

LV = (Border.ENDO, Border.EPI)
ALL = tuple(Border)
SMOOTH_MM = 5.0
GROW_SMOOTH_POINTS = 1.0  # sigma of the smoothing of normals


def scale(contours: Contours, borders: Collection[Border], factor: float) -> Contours:
    """Contours with these borders scaled, each about its own centre; the LV's two about one, that of the inner one."""
    if not factor > 0:
        raise ContourError.of("no-scale", factor=float(factor))
    lv_centre = next((centre_mm(contours.borders[border]) for border in LV if border in contours.borders), None)

    def scaled(border: Border, curve: FloatArray) -> FloatArray:
        middle = np.asarray(lv_centre if border in LV else centre_mm(curve), float)
        return np.asarray(middle + factor * (curve - middle))

    return _moved(contours, borders, scaled)


def shift(contours: Contours, borders: Collection[Border], by_mm: npt.ArrayLike) -> Contours:
    """Contours with these borders shifted by ``(rows, columns)`` in mm."""
    by = np.asarray(by_mm, float)
    return _moved(contours, borders, lambda _, curve: curve + by)


def grow(contours: Contours, borders: Collection[Border], by_mm: float) -> Contours:
    """Contours with these borders moved outwards everywhere by so much; inwards where it is negative."""
    return _moved(contours, borders, lambda _, curve: curve + by_mm * smooth_normals(curve, GROW_SMOOTH_POINTS))


def smooth(contours: Contours, borders: Collection[Border], within_mm: float = SMOOTH_MM) -> Contours:
    """Contours with these borders rid of waves shorter than about ``2 * within_mm``; they do not shrink by it."""

    def smoothed(_: Border, curve: FloatArray) -> FloatArray:
        return drop_waves(curve, arc_mm(curve)[1] / len(curve), within_mm)

    return _moved(contours, borders, smoothed)


def copy(contours: Contours, other: Contours, borders: Collection[Border] = ALL) -> Contours:
    """Contours with these borders taken over from another image; the others make room for them."""
    taken = {border: curve for border, curve in other.borders.items() if border in borders}
    if not taken:
        raise ContourError.of("nothing-to-copy")
    return place_borders(contours.without(*taken), taken)


def _moved(
    contours: Contours, borders: Collection[Border], move: Callable[[Border, FloatArray], FloatArray]
) -> Contours:
    moved = {border: move(border, curve) for border, curve in contours.borders.items() if border in borders}
    return settle(contours, moved, rv_leads=False)
