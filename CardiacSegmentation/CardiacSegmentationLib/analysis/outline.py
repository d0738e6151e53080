"""The LV wall in polar coordinates: how far the inner and the outer border lie from the middle of the cavity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import binary_fill_holes, map_coordinates

from CardiacSegmentationLib.box import find_box
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    import numpy.typing as npt

    from CardiacSegmentationLib.segmentation import FloatArray, Labels, Mask

ANGLES = 120  # every 3°
ANGLE = 2.0 * np.pi * np.arange(ANGLES) / ANGLES
STEP = 0.5  # of a pixel, along a ray
HARMONICS = 6  # what stays of an outline: pixel stairs go, a bulge of 30° stays
CONTACT_MM = 4.0  # how far from the outer border the RV may lie and still touch it


@dataclass(frozen=True, eq=False)
class WallOutline:
    """The wall of one slice along ``ANGLES`` rays, from the column axis towards the row axis (as rows grow)."""

    thickness_mm: FloatArray  # across the wall, not along the ray
    length_mm: FloatArray  # of the mid-wall, per ray: the weight of a ray in a mean
    touches_rv: npt.NDArray[np.bool_]


def trace_outline(labels: Labels, row_mm: float, column_mm: float) -> WallOutline | None:
    """The wall of one slice ``[row, column]`` whose ring is closed; ``None`` where the cavity has no middle."""
    labels = labels[find_box(labels)]
    cavity = labels == Label.LV
    heart = binary_fill_holes(cavity | (labels == Label.MYO))
    rows, columns = np.nonzero(cavity)
    centre = rows.mean(), columns.mean()
    if not cavity[round(centre[0]), round(centre[1])]:
        return None  # a crescent, not a ventricle: rays from its middle mean nothing
    pixel_mm = min(row_mm, column_mm)
    reach_mm = float(np.linalg.norm((np.argwhere(heart) - centre) * (row_mm, column_mm), axis=1).max())
    distances = np.arange(STEP / 2, (reach_mm + CONTACT_MM) / pixel_mm + 1, STEP) * pixel_mm
    at = np.stack([
        centre[0] + np.outer(np.sin(ANGLE), distances) / row_mm,
        centre[1] + np.outer(np.cos(ANGLE), distances) / column_mm,
    ])  # fmt: skip
    inner, outer = (_radius(mask, at, pixel_mm) for mask in (binary_fill_holes(cavity), heart))
    thickness, length = _across(inner, outer)
    return WallOutline(thickness, length, _touches(labels == Label.RV, at, distances, outer))


def _radius(mask: Mask, at: FloatArray, pixel_mm: float) -> FloatArray:
    """Distance to the border along each ray, sub-pixel: the share of the ray inside, then without the pixel stairs."""
    inside = map_coordinates(mask.astype(np.float32), at, order=1, mode="grid-constant")
    radius = inside.sum(axis=1) * STEP * pixel_mm
    waves = np.fft.rfft(radius)
    waves[HARMONICS + 1 :] = 0.0
    return np.asarray(np.fft.irfft(waves, ANGLES))


def _across(inner: FloatArray, outer: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Thickness along the normal of the mid-wall, and the mid-wall's length per ray.

    A ray meets a wall that leans by α under that angle and finds it 1 / cos α too thick; tan α = r' / r.
    """
    middle = (inner + outer) / 2.0
    slope = np.fft.irfft(np.fft.rfft(middle) * 1j * np.arange(ANGLES // 2 + 1), ANGLES)
    slant = np.hypot(middle, slope)
    return (outer - inner) * middle / slant, slant * (2.0 * np.pi / ANGLES)


def _touches(rv: Mask, at: FloatArray, distances: FloatArray, outer: FloatArray) -> Mask:
    near = np.abs(distances[None, :] - outer[:, None]) <= CONTACT_MM
    on_rv = map_coordinates(rv.astype(np.float32), at, order=1, mode="grid-constant") > 0.5
    return np.asarray((on_rv & near).any(axis=1))
