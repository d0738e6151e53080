"""The beating heart in a plane: where its outlines run, and its signal, from the apex to the great vessels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.box import find_box
from CardiacSegmentationLib.phantom.heart import (
    OVAL,
    PAPILLARY_ANGLES,
    RV_PROFILE_INTEGRAL,
    RV_PROFILE_PEAK,
    oval,
    septal_profile,
)
from CardiacSegmentationLib.phantom.tissue import Tissue, cover, inside_ellipsoid, lay, waves

if TYPE_CHECKING:
    from CardiacSegmentationLib.box import Box
    from CardiacSegmentationLib.phantom.heart import Heart
    from CardiacSegmentationLib.stack import Array

RV_WALL_MM, ATRIAL_WALL_MM = 3.0, 2.0
ROOF_MM = -46.0  # depth of the atria's far ends, in a heart of 150 ml
OUTSIDE_MM = -9.0  # a distance that covers no pixel


@dataclass(frozen=True, eq=False)
class Points:
    """Points of one plane in heart coordinates, each [phase or 1, row, column]."""

    right: Array
    down: Array
    depth: Array
    pixel_mm: float

    def crop(self, rows: slice, columns: slice) -> Points:
        """The points of a part of the plane."""
        depth = self.depth if self.depth.size == 1 else self.depth[:, rows, columns]
        return Points(self.right[:, rows, columns], self.down[:, rows, columns], depth, self.pixel_mm)


def outlines(heart: Heart, angle: Array, depth: Array) -> tuple[Array, Array, Array]:
    """Squared radius of LV cavity, LV epicardium and RV cavity around the LV's axis, each containing the one before.

    The RV's area is what lies between its outline and the epicardium's, whatever the latter's shape: adding to the
    squared radius keeps that area closed form.
    """
    round_ = oval(angle) / np.float32(np.pi)
    cavity = heart.cavity.area_mm2(depth) * round_
    epicardium = heart.epicardium.area_mm2(depth) * round_
    rv = heart.rv.area_mm2(depth) * (2 / RV_PROFILE_INTEGRAL) * septal_profile(angle)
    return cavity, epicardium, epicardium + rv


def reach_mm(heart: Heart, from_depth_mm: float) -> tuple[float, float, float]:
    """How far the heart reaches from the LV's axis, from this depth on: towards the RV, away from it, and across."""
    depths = np.linspace(max(from_depth_mm, 0), heart.epicardium.apex_mm.max(), 50)
    depths = np.broadcast_to(depths, (len(heart.rv.base_mm), 50))
    squared = heart.epicardium.area_mm2(depths) / np.pi * (1 + OVAL)
    bulge = heart.rv.area_mm2(depths) * (2 / RV_PROFILE_INTEGRAL) * RV_PROFILE_PEAK
    lv, rv = float(np.sqrt(squared.max())) + 8, float(np.sqrt((squared + bulge).max())) + RV_WALL_MM + 8
    if from_depth_mm > max(heart.cavity.base_mm.max(), heart.rv.base_mm.max()):
        return rv, lv, rv
    size = _size(heart)
    return max(rv, 75 * size), max(lv, 50 * size), max(rv, 57 * size)


def paint_heart(image: Array, points: Points, heart: Heart) -> None:
    """Lay the heart over an image [phase, row, column], in place."""
    lowest_valve = max(heart.cavity.base_mm.max(), heart.rv.base_mm.max())
    for paint, there in (
        (_paint_above, points.depth < lowest_valve),
        (_paint_rv, points.depth > 0),
        (_paint_lv, (points.depth > 0) & _near_lv(points, heart)),
    ):
        rows, columns = window(np.broadcast_to(there[0], points.right.shape[1:]))
        if rows.stop:
            paint(image[:, rows, columns], points.crop(rows, columns), heart)


def _paint_rv(image: Array, points: Points, heart: Heart) -> None:
    """The RV with its wall, and the fat on the whole heart."""
    angle, radius = np.arctan2(points.down, points.right), np.hypot(points.right, points.down)
    _, epicardium, rv = outlines(heart, angle, points.depth)
    if not epicardium.any():
        return
    rv = np.sqrt(rv)
    has_rv = heart.rv.area_mm2(points.depth) > 0
    grain = waves(points.right, points.down, points.depth, 3.0)
    towards_rv = np.sqrt(septal_profile(angle))
    wall = rv + has_rv * (np.float32(RV_WALL_MM) * towards_rv)
    fat = wall + (2.0 + 2.5 * towards_rv + 0.6 * grain)
    lay(image, cover(np.where(wall > 0, fat - radius, OUTSIDE_MM), points.pixel_mm), Tissue.FAT)
    if not has_rv.any():
        return
    lay(image, cover(np.where(has_rv, wall - radius, OUTSIDE_MM), points.pixel_mm), Tissue.MYOCARDIUM)
    blood = Tissue.BLOOD * (1 - _strands(grain) * np.clip(1 - (rv - radius) / 9, 0, 1))
    lay(image, cover(np.where(has_rv, rv - radius, OUTSIDE_MM), points.pixel_mm), blood)


def _paint_lv(image: Array, points: Points, heart: Heart) -> None:
    angle, radius = np.arctan2(points.down, points.right), np.hypot(points.right, points.down)
    round_ = np.sqrt(oval(angle) / np.float32(np.pi))
    grain = waves(points.right, points.down, points.depth, 3.0)
    far = np.clip(radius / np.float32(28 * _size(heart)), 0, 1)
    blood = Tissue.BLOOD * (1 - _strands(grain) * far**4)
    for solid, signal in ((heart.epicardium, Tissue.MYOCARDIUM), (heart.cavity, blood)):
        area = solid.area_mm2(points.depth)
        outline = np.where(area > 0, np.sqrt(area), OUTSIDE_MM) * round_
        lay(image, cover(outline - radius, points.pixel_mm), signal)
    _paint_papillaries(image, points, heart)


def _paint_papillaries(image: Array, points: Points, heart: Heart) -> None:
    muscle = np.sqrt(heart.papillary_mm2(points.depth) / (2 * np.pi))
    if not muscle.any():
        return
    cavity = np.sqrt(heart.cavity.area_mm2(points.depth) / np.pi)
    covered = np.where(muscle > 0, muscle, OUTSIDE_MM)
    for angle in PAPILLARY_ANGLES:
        out = cavity * np.float32(np.sqrt(oval(angle))) - muscle - np.float32(0.5)
        x, y = points.right - out * np.float32(np.cos(angle)), points.down - out * np.float32(np.sin(angle))
        lay(image, cover(covered - np.hypot(x, y), points.pixel_mm), Tissue.MYOCARDIUM)


def _strands(grain: Array) -> Array:
    """Share of muscle in the blood next to a trabeculated wall."""
    strands: Array = 0.4 * np.clip(3 * grain - 0.9, 0, 1)
    return strands


def _near_lv(points: Points, heart: Heart) -> Array:
    """Whether points may lie in the LV."""
    depth = np.maximum(points.depth, heart.cavity.base_mm.astype(np.float32)[:, None, None])
    reach = np.sqrt(heart.epicardium.area_mm2(depth).max(axis=0) / np.pi * (1 + OVAL)) + 2 * points.pixel_mm
    near: Array = np.hypot(points.right, points.down) < reach
    return near


def window(wanted: Array) -> Box:
    """The rows and columns that hold all wanted pixels; empty where there are none."""
    return find_box(wanted) if wanted.any() else (slice(0, 0), slice(0, 0))


def _paint_above(image: Array, points: Points, heart: Heart) -> None:
    """Atria and great vessels: they hang from roofs that stand still, and lengthen as the valves' planes come down."""
    size = np.float32(_size(heart))
    right, down, depth = points.right / size, points.down / size, points.depth / size
    pixel_mm = points.pixel_mm / float(size)
    mitral, tricuspid = (s.base_mm.astype(np.float32)[:, None, None] / size for s in (heart.cavity, heart.rv))
    up, up_right = mitral - depth, tricuspid - depth
    systole = (np.arange(len(mitral)) <= heart.es_phase).astype(np.float32)[:, None, None]

    def atrium(valve: Array, centre: tuple[float, float], radii: tuple[float, float]) -> Array:
        below_middle = depth - (valve + 6 + ROOF_MM) / 2
        return inside_ellipsoid((right, down, below_middle), (*centre, 0), (*radii, (valve + 6 - ROOF_MM) / 2))

    groove = inside_ellipsoid((right, down, up), (-12, 2, 8), (58, 50, 50))
    outflow = np.where(up_right < 75, 13.5 - np.hypot(right + 36 - 0.62 * up_right, down + 33), OUTSIDE_MM)
    aorta = np.where(up < 75, 13 - np.hypot(right + 8 + 0.28 * up, down + 15 + 0.1 * up), OUTSIDE_MM)
    chambers = (
        (up_right, atrium(tricuspid, (-44, 14), (24, 25))),
        (up, atrium(mitral, (9, 11), (30, 24))),
        (up_right, outflow),
        (up, aorta),
    )
    lay(image, cover(np.where(np.maximum(up, up_right) > 0, groove, OUTSIDE_MM), pixel_mm), Tissue.FAT * 0.85)
    for above, inside in chambers:
        lay(image, cover(np.where(above > 0, inside + ATRIAL_WALL_MM, OUTSIDE_MM), pixel_mm), Tissue.MYOCARDIUM)
        share = cover(np.where(above > 0, inside, OUTSIDE_MM), pixel_mm)
        lay(image, share, Tissue.BLOOD * 0.97)
        leaflets = systole * share * np.clip(1.5 - abs(above - 1), 0, 1)  # the valves are shut until end-systole
        lay(image, leaflets, Tissue.MYOCARDIUM)


def _size(heart: Heart) -> float:
    """Size of the heart against one of 150 ml."""
    return float((heart.cavity.volume_mm3[0] / 150_000) ** (1 / 3))
