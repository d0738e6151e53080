"""The outline of a region in an image, pixel edge by pixel edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.box import find_box

if TYPE_CHECKING:
    import numpy.typing as npt

    from CardiacSegmentationLib.segmentation import FloatArray, Mask

    IndexArray = npt.NDArray[np.intp]

# To the right hand of each way along pixel edges lies a pixel of the region, to the left one outside. From the corner
# where an edge begins, a pixel's first corner being its own index: way, pixel at the right hand, pixel at the left.
_WAYS = (
    ((0, 1), (0, 0), (-1, 0)),
    ((0, -1), (-1, -1), (0, -1)),
    ((1, 0), (0, -1), (0, 0)),
    ((-1, 0), (-1, 0), (-1, -1)),
)
# Which of these ways lies to the right of each, which goes straight on, which lies to the left.
_RIGHT, _STRAIGHT, _LEFT = np.array([2, 3, 1, 0]), np.arange(4), np.array([3, 2, 0, 1])


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


def trace_largest(region: Mask) -> Outline:
    """The outer outline with the most edges; pixels that touch at a corner only are apart.

    Where the region reaches the edge of the image, the pixels out of it have an index of -1 or of the size.
    """
    rows, columns = find_box(region)
    first = np.array([rows.start, columns.start])
    largest = max(_trace_all(region[rows, columns]), key=lambda outline: len(outline.inner))
    return Outline(largest.inner + first, largest.outer + first)


def _trace_all(region: Mask) -> list[Outline]:
    """Every outline: from each edge the way goes on to the right where it can, else straight on, else to the left."""
    corners, ways, numbers = _find_edges(region)
    steps = np.array([way for way, *_ in _WAYS])
    ends = corners + steps[ways]
    after = np.full(len(corners), -1)
    for turns in (_LEFT, _STRAIGHT, _RIGHT):  # the last that is there holds
        number = numbers[turns[ways], ends[:, 0], ends[:, 1]]
        after = np.where(number >= 0, number, after)
    sides = np.array([(inner, outer) for _, inner, outer in _WAYS])[ways]
    return [
        Outline(corners[outline] + sides[outline, 0], corners[outline] + sides[outline, 1])
        for outline in _follow(after.tolist())
    ]


def _follow(after: list[int]) -> list[list[int]]:
    """The rings of a list that names for each entry the one after it."""
    is_left = [True] * len(after)
    rings = []
    for first in range(len(after)):
        ring, edge = [], first
        while is_left[edge]:
            is_left[edge] = False
            ring.append(edge)
            edge = after[edge]
        if ring:
            rings.append(ring)
    return rings


def _find_edges(region: Mask) -> tuple[IndexArray, IndexArray, IndexArray]:
    """The corner where each edge begins, its way, and the number of the edge ``[way, row, column]``, -1 for none."""
    padded = np.pad(region, 1)
    rows, columns = region.shape[0] + 1, region.shape[1] + 1
    inside, outside = (
        np.stack([padded[1 + row :, 1 + column :][:rows, :columns] for row, column in side])
        for side in ([inner for _, inner, _ in _WAYS], [outer for _, _, outer in _WAYS])
    )
    ways, *corners = np.nonzero(inside & ~outside)
    numbers = np.full((len(_WAYS), rows, columns), -1)
    numbers[ways, corners[0], corners[1]] = np.arange(len(ways))
    return np.stack(corners, axis=1), ways, numbers
