"""The outline of a region in an image, pixel edge by pixel edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from CardiacSegmentationLib.contours.curves import BoolArray, FloatArray

    IndexArray = npt.NDArray[np.intp]

# To the right hand of each way along pixel edges lies a pixel of the region, to the left one outside. From the corner
# where an edge begins, a pixel's first corner being its own index: way, pixel at the right hand, pixel at the left.
_WAYS = (
    ((0, 1), (0, 0), (-1, 0)),
    ((0, -1), (-1, -1), (0, -1)),
    ((1, 0), (0, -1), (0, 0)),
    ((-1, 0), (-1, 0), (-1, -1)),
)


@dataclass(frozen=True, eq=False)
class Outline:
    """An outline as pairs of neighbouring pixels, ``[pair, (row, column)]``: one in the region, one out of it."""

    inner: IndexArray
    outer: IndexArray

    def middle_px(self) -> FloatArray:
        """The points half-way between in and out: marching squares at one half."""
        return np.asarray((self.inner + self.outer) / 2.0)

    def level_px(self, values: FloatArray) -> FloatArray:
        """The points between in and out where ``values[row, column]``, negative in the region, pass zero."""
        inner, outer = values[tuple(self.inner.T)], values[tuple(self.outer.T)]
        share = inner / np.minimum(inner - outer, -1e-12)
        return np.asarray(self.inner + share[:, None] * (self.outer - self.inner))


def trace_largest(region: BoolArray) -> Outline:
    """The outer outline with the most edges; pixels that touch at a corner only are apart.

    Where the region reaches the edge of the image, the pixels out of it have an index of -1 or of the size.
    """
    rows, columns = (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0))
    first = np.array([rows[0], columns[0]])
    heart = region[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    largest = max(_trace_all(heart), key=lambda outline: len(outline.inner))
    return Outline(largest.inner + first, largest.outer + first)


def _trace_all(region: BoolArray) -> list[Outline]:
    ways = _find_edges(region)
    sides = {way: (inner, outer) for way, inner, outer in _WAYS}
    outlines = []
    while ways:
        corner, way = next(iter(ways)), (0, 0)
        corners, taken = [], []
        while corner in ways:
            choice, right = ways[corner], (way[1], -way[0])
            way = right if right in choice else choice[0]
            choice.remove(way)
            if not choice:
                del ways[corner]
            corners.append(corner)
            taken.append(sides[way])
            corner = corner[0] + way[0], corner[1] + way[1]
        start, offset = np.array(corners, np.intp), np.array(taken, np.intp)
        outlines.append(Outline(start + offset[:, 0], start + offset[:, 1]))
    return outlines


def _find_edges(region: BoolArray) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """The ways that start at each corner of the pixel grid."""
    padded = np.pad(region, 1)
    rows, columns = region.shape[0] + 1, region.shape[1] + 1
    ways: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for way, *sides in _WAYS:
        inside, outside = (padded[1 + row :, 1 + column :][:rows, :columns] for row, column in sides)
        for row, column in np.argwhere(inside & ~outside).tolist():
            ways.setdefault((row, column), []).append(way)
    return ways
