"""What lies around the heart: chest wall, lungs, spine, aorta, liver, spleen, stomach. It does not move.

Everything is in patient coordinates (LPS, mm) of an adult; a smaller patient is the same one scaled.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from CardiacSegmentationLib.phantom.tissue import Tissue, cover, lay, waves

Image = npt.NDArray[np.float32]


def paint_chest(points_mm: Image, pixel_mm: float) -> Image:
    """Signal of the chest without the heart at these points [x, y or z, row, column]."""
    x, y, z = points_mm
    grain = waves(x, y, z, 9.0)
    image = np.zeros(x.shape, np.float32)

    def put(distance_mm: Image, tissue: float | Image) -> None:
        lay(image, cover(distance_mm, pixel_mm), tissue)

    breathing = 6 * np.sin(z / 60)
    put(_ellipse(x, y, 0, 4, 178 + breathing, 118 + breathing), Tissue.FAT)
    put(_ellipse(x, y, 0, 4, 160, 102), Tissue.MUSCLE * (1 + 0.1 * grain))
    _put_ribs(put, x, y, z)
    put(_ellipse(x, y, 0, -4, 146, 86), Tissue.LUNG)
    vessels = waves(x, y, z, 3.2)
    put(np.minimum(_ellipse(x, y, 0, -4, 138, 78), 12 * (vessels - 0.72)), Tissue.LUNG_VESSEL)
    _put_middle(put, x, y, z)
    _put_abdomen(put, x, y, z, grain)
    _put_back(put, x, y, z)
    return image


def _put_ribs(put, x, y, z):  # type: ignore[no-untyped-def]
    slope = z + 0.35 * y + 0.1 * abs(x)  # ribs come down on their way to the front
    between = 8 - abs((slope % 30) - 15)
    shell = np.minimum(_ellipse(x, y, 0, 0, 155, 95), -_ellipse(x, y, 0, -2, 148, 88))
    put(np.minimum(shell, between), Tissue.BONE)


def _put_middle(put, x, y, z):  # type: ignore[no-untyped-def]
    put(_ellipse(x, y, 0, -97, 22, 9), Tissue.BONE)  # sternum
    put(_ellipse(x, y, 4, -20, 34, 70), Tissue.FAT * 0.8)  # mediastinal fat


def _put_abdomen(put, x, y, z, grain):  # type: ignore[no-untyped-def]
    dome = -46 - 0.10 * x + 14 * np.exp(-(((x + 75) / 50) ** 2)) - 30 * ((x / 150) ** 2 + (y / 100) ** 2) ** 2
    below = np.minimum(dome - z, _ellipse(x, y, 0, 0, 150, 92))
    put(below, Tissue.MUSCLE)  # the diaphragm itself
    put(below - 3, Tissue.FAT * (0.8 + 0.08 * grain))
    liver = np.minimum(below - 3, 45 - x - 0.35 * (z + 50) - 0.2 * y)
    put(liver, Tissue.LIVER * (1 + 0.06 * grain))
    put(np.minimum(liver, 14 * (waves(x, y, z, 7.0) - 0.7)), Tissue.LIVER * 1.7)
    put(np.minimum(below - 4, _ball(x, y, z, (72, -20, -98), (38, 42, 36))), Tissue.MUSCLE)
    put(np.minimum(below - 7, _ball(x, y, z, (72, -20, -98), (35, 39, 33))), Tissue.STOMACH * (1 + 0.4 * grain))
    put(np.minimum(below - 4, _ball(x, y, z, (98, 42, -92), (30, 36, 34))), Tissue.SPLEEN)
    put(_ball(x, y, z, (58, 66, -150), (26, 24, 50)), Tissue.SPLEEN)  # left kidney
    put(_ball(x, y, z, (-58, 66, -150), (26, 24, 50)), Tissue.SPLEEN)


def _put_back(put, x, y, z):  # type: ignore[no-untyped-def]
    put(_ellipse(x, y, 0, 78, 30, 28), Tissue.FAT * 0.7)
    put(_ellipse(x, y, 38, 100, 32, 15), Tissue.MUSCLE)
    put(_ellipse(x, y, -38, 100, 32, 15), Tissue.MUSCLE)
    disc = 4 - abs((z % 28) - 14)
    put(_ellipse(x, y, 0, 68, 21, 17), Tissue.BONE)
    put(np.minimum(_ellipse(x, y, 0, 68, 21, 17), disc), Tissue.MUSCLE)
    put(_ellipse(x, y, 0, 94, 10, 8), Tissue.FLUID)
    put(_ellipse(x, y, 0, 94, 5, 4), Tissue.SPLEEN)  # the cord
    put(_ellipse(x, y, 26, 58, 14, 14), Tissue.MUSCLE)
    put(_ellipse(x, y, 26, 58, 12, 12), Tissue.BLOOD)  # descending aorta
    put(_ellipse(x, y, 10, 44, 7, 5), Tissue.MUSCLE)  # oesophagus


def _ellipse(x: Image, y: Image, cx: float, cy: float, rx: float | Image, ry: float | Image) -> Image:
    """About how far inside an ellipse along the body these points lie, in mm."""
    out: Image = (1 - np.hypot((x - cx) / rx, (y - cy) / ry)) * np.minimum(rx, ry)
    return out


def _ball(x: Image, y: Image, z: Image, centre: tuple[float, ...], radii: tuple[float, ...]) -> Image:
    (cx, cy, cz), (rx, ry, rz) = centre, radii
    out: Image = (1 - np.sqrt(((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 + ((z - cz) / rz) ** 2)) * min(radii)
    return out
