"""Snap to edge: a border moves to the strongest edge of the image near it, as one smooth line and never far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from CardiacSegmentationLib.contours.anatomy import settle
from CardiacSegmentationLib.contours.curves import arc_mm, outward_normals, smooth_ring
from CardiacSegmentationLib.segmentation import Border, Contours, FloatArray

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

WITHIN_MM = 4.0
PROFILE_MM = 0.5  # between the places on a normal that are looked at
BLUR_MM = 1.0
SMOOTH_MM = 4.0  # of the shift along the border
STAY = 0.3  # an edge at the limit must be stronger than one under the border by this share
BRIGHT_INSIDE = (Border.ENDO, Border.RV)  # blood is bright; outside the epicardium lies blood, fat or lung


def snap(
    contours: Contours, image: npt.NDArray[np.generic], borders: Collection[Border], within_mm: float = WITHIN_MM
) -> Contours:
    """Contours with these borders moved along their normals to the image's edges, at most ``within_mm`` far.

    ``image`` is ``[row, column]``. The best path across all normals is taken, whose shift changes slowly from normal
    to normal, so that a papillary muscle or noise does not bend it.
    """
    smooth = gaussian_filter(image.astype(np.float64), [BLUR_MM / spacing for spacing in contours.spacing_mm])
    moved = {}
    for border, curve in contours.borders.items():
        if border in borders:
            normals = outward_normals(curve)
            shift = _find_shift(_edges(smooth, contours, border, within_mm), within_mm)
            step = arc_mm(curve)[1] / len(curve)
            shift = smooth_ring(shift, min(SMOOTH_MM / step, len(curve) / 8.0))
            moved[border] = curve + np.clip(shift, -within_mm, within_mm)[:, None] * normals
    return settle(contours, moved, rv_leads=False)


def _edges(image: FloatArray, contours: Contours, border: Border, within_mm: float) -> FloatArray:
    """Strength of the edge at places on the normal of each point of a border, ``[point, place]``, 0 to 1."""
    curve = contours.borders[border]
    out = _places(within_mm + PROFILE_MM)
    at = curve[:, None] + out[None, :, None] * outward_normals(curve)[:, None]
    profile = map_coordinates(image, (at / contours.spacing_mm).transpose(2, 0, 1), order=1, mode="nearest")
    rise = (profile[:, 2:] - profile[:, :-2]) / 2.0
    strength = np.clip(-rise, 0.0, None) if border in BRIGHT_INSIDE else abs(rise)
    return np.asarray(strength / max(float(strength.max()), 1e-12))


def _places(within_mm: float) -> FloatArray:
    count = int(np.ceil(within_mm / PROFILE_MM))
    return np.asarray(np.arange(-count, count + 1) * PROFILE_MM, np.float64)


def _find_shift(edges: FloatArray, within_mm: float) -> FloatArray:
    """The shift of each point along the closed path with the most edge under it, one place a point at most."""
    out = _places(within_mm)
    edges = edges[:, : len(out)] * (1.0 - STAY * abs(out) / within_mm)
    score, came_from = edges[0].copy(), []
    rounds = np.concatenate([edges[1:], edges])  # twice around: the second time it starts where it ends
    for values in rounds:
        ways = np.stack([np.append(score[1:], -np.inf), score, np.append(-np.inf, score[:-1])])
        best = ways.argmax(axis=0)
        came_from.append(np.arange(len(out)) + 1 - best)
        score = ways.max(axis=0) + values
    place, path = int(score.argmax()), []
    for origin in reversed(came_from):
        path.append(place)
        place = int(origin[place])
    count = len(edges)
    second = np.array(path[::-1])[-count:]
    return np.asarray(out[second])
