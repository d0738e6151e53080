"""The beating heart in a plane: where its outlines run, and the signal of the ventricles and of what lies above them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from CardiacSegmentationLib.phantom.heart import (
    PAPILLARY_ANGLES,
    RV_PROFILE_INTEGRAL,
    oval,
    septal_profile,
)
from CardiacSegmentationLib.phantom.tissue import Tissue, cover, lay, waves

if TYPE_CHECKING:
    from CardiacSegmentationLib.phantom.heart import Heart

Image = npt.NDArray[np.float32]

RV_WALL_MM = 3.0
ATRIAL_WALL_MM = 2.0


def outlines(heart: Heart, angle: Image, depth: Image) -> tuple[Image, Image, Image]:
    """Squared radius of LV cavity, LV epicardium and RV cavity around the LV's axis, each containing the one before.

    The RV's area is what lies between its outline and the epicardium's, whatever the latter's shape: adding to the
    squared radius keeps that area closed form.
    """
    round_ = oval(angle)
    cavity = heart.cavity.area_mm2(depth) / np.pi * round_
    epicardium = heart.epicardium.area_mm2(depth) / np.pi * round_
    rv = heart.rv.area_mm2(depth) * (2 / RV_PROFILE_INTEGRAL) * septal_profile(angle)
    return cavity, epicardium, epicardium + rv


def paint_heart(image: Image, right: Image, down: Image, depth: Image, heart: Heart, pixel_mm: float) -> None:
    """Lay the heart over an image [phase, row, column], in place, at these points of one plane [row, column]."""
    if np.ptp(depth) < 0.01:  # a short-axis plane: one depth for all its pixels
        depth = depth[:1, :1]
    grain = waves(right, down, depth, 5.0)
    right, down, depth = right[None], down[None], depth[None]
    up = _per_phase(heart.cavity.base_mm) - depth
    if up.max() > 0:
        _paint_above(image, right, down, up, heart, pixel_mm)
    _paint_ventricles(image, right, down, depth, grain, heart, pixel_mm)


def _paint_ventricles(
    image: Image, right: Image, down: Image, depth: Image, grain: Image, heart: Heart, pixel_mm: float
) -> None:
    angle, radius = np.arctan2(down, right), np.hypot(right, down)
    cavity, epicardium, rv = (np.sqrt(square) for square in outlines(heart, angle, depth))
    towards_rv = np.sqrt(septal_profile(angle))
    beside_rv = heart.rv.area_mm2(depth) > 0
    in_wall, in_rv = epicardium > 0, rv > epicardium

    outside = np.maximum(rv + beside_rv * (RV_WALL_MM * towards_rv), epicardium)
    fat = _fat_mm(angle, grain)
    lay(image, cover(np.where(in_wall, outside + fat - radius, -9), pixel_mm), Tissue.FAT)
    lay(image, cover(np.where(in_rv, outside - radius, -9), pixel_mm), Tissue.MYOCARDIUM)
    trabeculated = Tissue.BLOOD * (1 - 0.35 * np.clip(3 * grain - 0.9, 0, 1))
    lay(image, cover(np.where(in_rv, rv - radius, -9), pixel_mm), trabeculated)
    lay(image, cover(np.where(in_wall, epicardium - radius, -9), pixel_mm), Tissue.MYOCARDIUM)
    lay(image, cover(np.where(cavity > 0, cavity - radius, -9), pixel_mm), Tissue.BLOOD)
    _paint_papillaries(image, right, down, depth, heart, pixel_mm)


def _paint_papillaries(image: Image, right: Image, down: Image, depth: Image, heart: Heart, pixel_mm: float) -> None:
    muscle = np.sqrt(heart.papillary_mm2(depth) / (2 * np.pi))
    if not muscle.any():
        return
    for angle in PAPILLARY_ANGLES:
        out = np.sqrt(heart.cavity.area_mm2(depth) / np.pi * oval(np.float32(angle))) - muscle - 0.5
        distance = np.hypot(right - out * np.cos(np.float32(angle)), down - out * np.sin(np.float32(angle)))
        lay(image, cover(np.where(muscle > 0, muscle - distance, -9), pixel_mm), Tissue.MYOCARDIUM)


def _paint_above(image: Image, right: Image, down: Image, up: Image, heart: Heart, pixel_mm: float) -> None:
    """Atria and great vessels; ``up`` is the distance above the LV's base plane, which moves."""
    size = np.float32((heart.cavity.volume_mm3[0] / 150_000) ** (1 / 3))
    right, down, up = right / size, down / size, up / size
    descent = _per_phase(heart.cavity.base_mm) / size
    pixel_mm = pixel_mm / float(size)

    def put(inside_mm: Image, signal: float) -> None:
        lay(image, cover(np.where(up > 0, inside_mm, -9), pixel_mm), signal)

    put(_ball(right + 12, down - 2, up - 8, 60, 52, 52), Tissue.FAT * 0.9)
    roof = 42 + descent
    left_atrium = _ball(right - 9, down - 15, up - roof / 2 + 3, 28, 22, roof / 2 + 5)
    right_atrium = _ball(right + 44, down - 18, up - roof / 2 + 6, 23, 25, roof / 2 + 8)
    aorta = np.where(up < 75, 14.5 - np.hypot(right + 9 + 0.28 * up, down + 11 - 0.05 * up), -9)
    outflow = np.where(up < 70, 14.5 - np.hypot(right + 34 - 0.62 * up, down + 31 + 0.02 * up), -9)
    chambers = (left_atrium, right_atrium, outflow, aorta)
    for chamber in chambers:
        put(chamber + ATRIAL_WALL_MM, Tissue.MYOCARDIUM)
        put(chamber, Tissue.BLOOD * 0.97)


def _fat_mm(angle: Image, grain: Image) -> Image:
    """Fat on the heart: most along the grooves at the RV's insertions and over the RV."""
    return np.asarray(2.0 + 3.0 * septal_profile(angle) + 1.5 * grain, np.float32)


def _ball(right: Image, down: Image, up: Image, a: float, b: float, c: float | Image) -> Image:
    """About how far inside an ellipsoid around the origin these points lie, in mm."""
    out: Image = (1 - np.sqrt((right / a) ** 2 + (down / b) ** 2 + (up / c) ** 2)) * np.minimum(a, b)
    return out


def _per_phase(values: npt.NDArray[np.floating]) -> Image:
    return values.astype(np.float32)[:, None, None]
