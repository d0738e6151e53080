"""What lies around the heart: chest wall, lungs, spine, aorta, liver, spleen, stomach. It does not move.

Everything is in patient coordinates (LPS, mm) of an adult; a smaller patient is the same one scaled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.phantom.tissue import Tissue, cover, inside_ellipsoid, lay, waves

if TYPE_CHECKING:
    from CardiacSegmentationLib.stack import Array

Put = Callable[[Any, Any], None]  # how far inside each point is, and the signal there

RIB_CAGE = (0, -4), (146, 86)


def paint_chest(points_mm: Array, pixel_mm: float) -> Array:
    """Signal of the chest without the heart at these points [x, y or z, row, column]."""
    image = np.zeros(points_mm.shape[1:], np.float32)

    def put(inside_mm: Array, signal: float | Array) -> None:
        lay(image, cover(inside_mm, pixel_mm), signal)

    for paint in (_paint_wall, _paint_lungs, _paint_middle, _paint_abdomen, _paint_back):
        paint(put, points_mm)
    return image


def _paint_wall(put: Put, points_mm: Array) -> None:
    x, y, z = points_mm
    put(inside_ellipsoid((x, y), (0, 4), (178, 118)), Tissue.FAT)
    put(inside_ellipsoid((x, y), (0, 4), (160, 102)), Tissue.MUSCLE * (1 + 0.1 * waves(x, y, z, 9.0)))
    slope = z + 0.35 * y + 0.1 * abs(x)  # ribs come down on their way to the front
    rib = 8 - abs((slope % 30) - 15)
    shell = np.minimum(inside_ellipsoid((x, y), (0, 0), (155, 95)), -inside_ellipsoid((x, y), (0, -2), (148, 88)))
    put(np.minimum(shell, rib), Tissue.BONE)


def _paint_lungs(put: Put, points_mm: Array) -> None:
    x, y, z = points_mm
    put(inside_ellipsoid((x, y), *RIB_CAGE), Tissue.LUNG)
    vessels = 7 * (waves(x, y, z, 3.0) + 0.25 * waves(y, z, x, 14.0) - 0.85)
    put(np.minimum(inside_ellipsoid((x, y), (0, -4), (138, 78)), vessels), Tissue.LUNG_VESSEL)


def _paint_middle(put: Put, points_mm: Array) -> None:
    x, y, z = points_mm
    put(inside_ellipsoid((x, y), (0, -97), (22, 9)), Tissue.BONE)  # sternum
    put(np.minimum(inside_ellipsoid((x, y), (6, -78), (24, 20)), 40 + z), Tissue.FAT * 0.8)  # fat behind it
    great_vessels = inside_ellipsoid((x, y, z), (2, -8, 100), (44, 52, 78))
    around = np.minimum(great_vessels, inside_ellipsoid((x, y), *RIB_CAGE))
    put(around, Tissue.FAT * 0.65)
    put(np.minimum(around, inside_ellipsoid((x, y), (-22, -32), (11, 10))), Tissue.BLOOD)  # vena cava
    put(inside_ellipsoid((x, y), (2, 8), (9, 7)), Tissue.LUNG)  # windpipe


def _paint_abdomen(put: Put, points_mm: Array) -> None:
    x, y, z = points_mm
    grain = waves(x, y, z, 9.0)
    dome = -42 - 0.04 * x + 12 * np.exp(-(((x + 75) / 50) ** 2)) - 18 * ((x / 150) ** 2 + (y / 100) ** 2) ** 2
    below = np.minimum(dome - z, inside_ellipsoid((x, y), (0, 0), (150, 92)))
    put(below, Tissue.MUSCLE)  # the diaphragm itself
    put(below - 3, Tissue.FAT * (0.8 + 0.08 * grain))
    liver = np.minimum(below - 3, 45 - x - 0.35 * (z + 50) - 0.2 * y)
    put(liver, Tissue.LIVER * (1 + 0.06 * grain))
    put(np.minimum(liver, 6 * (waves(x, y, z, 5.0) - 0.8)), Tissue.LIVER * 1.5)
    stomach = inside_ellipsoid((x, y, z), (72, -20, -98), (38, 42, 36))
    put(np.minimum(below - 4, stomach), Tissue.MUSCLE)
    put(np.minimum(below - 7, stomach - 3), Tissue.STOMACH * (1 + 0.4 * grain))
    put(np.minimum(below - 4, inside_ellipsoid((x, y, z), (98, 42, -92), (30, 36, 34))), Tissue.SPLEEN)
    for side in (58, -58):
        put(inside_ellipsoid((x, y, z), (side, 66, -150), (26, 24, 50)), Tissue.SPLEEN)  # kidney


def _paint_back(put: Put, points_mm: Array) -> None:
    x, y, z = points_mm
    put(inside_ellipsoid((x, y), (0, 78), (30, 28)), Tissue.FAT * 0.7)
    for side in (38, -38):
        put(inside_ellipsoid((x, y), (side, 100), (32, 15)), Tissue.MUSCLE)
    vertebra = inside_ellipsoid((x, y), (0, 68), (21, 17))
    put(vertebra, Tissue.BONE)
    put(np.minimum(vertebra, 4 - abs((z % 28) - 14)), Tissue.MUSCLE)  # discs
    put(inside_ellipsoid((x, y), (0, 94), (10, 8)), Tissue.FLUID)
    put(inside_ellipsoid((x, y), (0, 94), (5, 4)), Tissue.SPLEEN)  # the cord
    aorta = inside_ellipsoid((x, y), (26, 58), (14, 14))
    put(aorta, Tissue.MUSCLE)
    put(aorta - 2, Tissue.BLOOD)
    put(inside_ellipsoid((x, y), (10, 44), (7, 5)), Tissue.MUSCLE)  # oesophagus
