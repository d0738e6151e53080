"""Curves as fields of signed distance, negative inside, on a small grid, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.contours.curves import fill, find_nearest
from CardiacSegmentationLib.contours.trace import trace_largest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CardiacSegmentationLib.segmentation import FloatArray

MARGIN_MM = 6.0


@dataclass(frozen=True)
class Grid:
    """A square grid in the image plane."""

    start_mm: tuple[float, float]
    shape: tuple[int, int]
    step_mm: float

    def points_mm(self) -> FloatArray:
        """All places of the grid, ``[place, (row, column)]``."""
        rows, columns = np.indices(self.shape)
        return np.asarray(np.stack([rows.ravel(), columns.ravel()], axis=1) * self.step_mm + self.start_mm)


def field_grid(curves: Sequence[FloatArray], step_mm: float) -> Grid:
    """A grid around these curves."""
    points = np.concatenate(curves)
    start = points.min(axis=0) - MARGIN_MM
    size = np.ceil((points.max(axis=0) + MARGIN_MM - start) / step_mm).astype(int) + 1
    return Grid((float(start[0]), float(start[1])), (int(size[0]), int(size[1])), step_mm)


def distance_field(curve: FloatArray, grid: Grid) -> FloatArray:
    """Distance of each place of the grid from the curve, negative inside."""
    moved = curve - grid.start_mm
    inside = fill(moved, grid.shape, (grid.step_mm, grid.step_mm))
    away = abs(find_nearest(grid.points_mm(), curve).outside_mm).reshape(grid.shape)
    return np.where(inside, -away, away)


def curve_of_field(values: FloatArray, grid: Grid) -> FloatArray | None:
    """The longest outline of where the field is negative; ``None`` where it is nowhere."""
    region = values < 0
    if not region.any():
        return None
    outline = trace_largest(np.pad(region, 1))
    level = outline.level_px(np.pad(values, 1, constant_values=grid.step_mm)) - 1.0
    return level * grid.step_mm + grid.start_mm
