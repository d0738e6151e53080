"""Long axes as a browser takes them: images in step with the stack, where its slices cross them, base lines on them.

Places are (x, y) in pixels of the picture, from the corner of its first pixel.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.analysis.base_plane import lines_at
from CardiacSegmentationLib.browser.images import data_uri, encode_images
from CardiacSegmentationLib.segmentation import VENTRICLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CardiacSegmentationLib.long_axis import LongAxis
    from CardiacSegmentationLib.reading import Reading
    from CardiacSegmentationLib.stack import Array, CineStack

SHOWN_PERCENT = (1.0, 99.0)  # of the pixels: darkest and brightest grey


def describe_long_axes(long_axes: Sequence[LongAxis], stack: CineStack) -> list[dict[str, Any]]:
    """What the page shows of each: all phases on one sheet; for each slice ``[a, b, d]`` of its line ax + by = d."""
    described = []
    for one in long_axes:
        phases, rows, columns = one.voxels.shape
        per_row = math.ceil(math.sqrt(phases))
        darkest, brightest = np.percentile(one.voxels, SHOWN_PERCENT)
        limits = (float(darkest), max(float(brightest), float(darkest) + 1.0))
        described.append(
            {
                "name": one.name,
                "rows": rows,
                "columns": columns,
                "spacing": list(one.spacing_mm),
                "columnsOfSheet": per_row,
                "sheet": data_uri(encode_images(one.voxels, per_row, limits)),
                "slices": _crossings(one, stack),
            }
        )
    return described


def describe_base_lines(long_axes: Sequence[LongAxis], stack: CineStack, reading: Reading) -> list[dict[str, Any]]:
    """The lines on these long axes in every phase: set by the reader, or followed from those."""
    described = []
    for one, label in product(long_axes, VENTRICLES):
        lines = reading.lines_of(label, one.name)
        set_in = {line.phase for line in lines if not line.is_followed}
        described += [
            {
                "ventricle": label.name,
                "view": one.name,
                "phase": phase,
                "points": in_pixels(one, points_mm).round(2).tolist(),
                "followed": phase not in set_in,
            }
            for phase, points_mm in enumerate(lines_at(stack, lines) if lines else ())
        ]
    return described


def in_pixels(long_axis: LongAxis, points_mm: Any) -> Array:
    """Points of patient space (LPS) on the image, ``[point, (x, y)]``."""
    axes = long_axis.affine[:3, :2]
    return np.asarray((np.asarray(points_mm) - long_axis.affine[:3, 3]) @ (axes / (axes**2).sum(axis=0)) + 0.5)


def in_patient(long_axis: LongAxis, points: Any) -> Array:
    """Points of the image in patient space, ``[point, 3]``."""
    return np.asarray((np.asarray(points) - 0.5) @ long_axis.affine[:3, :2].T + long_axis.affine[:3, 3])


def _crossings(long_axis: LongAxis, stack: CineStack) -> list[list[float]]:
    normal = np.cross(stack.affine[:3, 0], stack.affine[:3, 1])
    across = normal @ long_axis.affine[:3, :2]
    lines = []
    for slice_ in range(stack.slices):
        through = stack.affine[:3, 2] * slice_ + stack.affine[:3, 3] - long_axis.affine[:3, 3]
        lines.append([float(across[0]), float(across[1]), float(normal @ through + 0.5 * across.sum())])
    return lines
