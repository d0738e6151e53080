"""Points: a border held by a few control points; each moves the stretch between its neighbours and nothing else.

Control points lie on the border and are derived from it, so that they need no keeping: ``[point, (row, column)]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.contours.anatomy import STEP_MM, settle
from CardiacSegmentationLib.contours.borders import find_border
from CardiacSegmentationLib.contours.curves import arc_mm, arc_of, even_out, find_nearest, points_along
from CardiacSegmentationLib.errors import ContourError

if TYPE_CHECKING:
    import numpy.typing as npt

    from CardiacSegmentationLib.segmentation import Border, Contours, FloatArray

POINTS, FEWEST = 10, 4
NEAR_MM = 10.0  # a press farther away than this from any border takes none
EVERY_MM = 12.0  # a control point for so much of a border


@dataclass(eq=False)
class PointDrag:
    """A control point from press to release: each ``move``, and ``delete``, is from the contours at the press."""

    before: Contours
    border: Border
    held: FloatArray  # the control points at the press
    index: int  # of the one in hand
    start_mm: FloatArray
    points: FloatArray  # the control points now

    @classmethod
    def begin(cls, contours: Contours, press_mm: npt.ArrayLike, every_mm: float = EVERY_MM) -> PointDrag:
        """Take the control point at the press, or put one there; they lie at even distances on the nearest border."""
        start = np.asarray(press_mm, float)
        border = find_border(contours, start, NEAR_MM)
        if border is None:
            raise ContourError.of("no-border-near", distance_mm=NEAR_MM)
        points = place_points(contours, border, max(round(arc_mm(contours.borders[border])[1] / every_mm), FEWEST))
        index = find_point(points, start)
        if index is None:
            points, index = insert_point(contours, border, points, start)
        return cls(contours, border, points, index, start, points)

    def move(self, to_mm: npt.ArrayLike) -> Contours:
        """The contours with the control point moved as the mouse was, from the press to here."""
        by = np.asarray(to_mm, float) - self.start_mm
        if not by.any():
            self.points = self.held
            return self.before
        to = self.held[self.index] + by
        contours, self.points = move_point(self.before, self.border, self.held, self.index, to)
        return contours

    def delete(self) -> Contours:
        """The contours without the control point; as they were where a border has no more than it needs."""
        if len(self.held) <= FEWEST:
            return self.before
        contours, self.points = delete_point(self.before, self.border, self.held, self.index)
        return contours


def place_points(contours: Contours, border: Border, count: int = POINTS) -> FloatArray:
    """Control points at even distances on a border, in its order."""
    curve = contours.borders[border]
    length = arc_mm(curve)[1]
    return points_along(curve, np.linspace(0.0, length, count, endpoint=False))


def find_point(points: FloatArray, place_mm: npt.ArrayLike, within_mm: float = 4.0) -> int | None:
    """The control point at a place; ``None`` where there is none that near."""
    away = np.hypot(*(points - np.asarray(place_mm, float)).T)
    return int(away.argmin()) if away.min() <= within_mm else None


def move_point(
    contours: Contours, border: Border, points: FloatArray, index: int, to_mm: npt.ArrayLike
) -> tuple[Contours, FloatArray]:
    """The contours with one control point moved, and the control points on them."""
    curve, at, length = _with_points(contours, border, points)
    by = np.asarray(to_mm, float) - points[index]
    along, _ = arc_mm(curve)
    here = at[index]
    back, forth = (here - at[index - 1]) % length, (at[(index + 1) % len(at)] - here) % length
    off = (along - here + length / 2.0) % length - length / 2.0
    away = np.where(off < 0, -off / max(back, 1e-9), off / max(forth, 1e-9))
    share = np.where(away < 1.0, 0.5 + 0.5 * np.cos(np.pi * np.minimum(away, 1.0)), 0.0)
    bent = curve + share[:, None] * by
    return _settled(
        contours, border, curve, bent, np.where(np.arange(len(points))[:, None] == index, points + by, points)
    )


def insert_point(
    contours: Contours, border: Border, points: FloatArray, place_mm: npt.ArrayLike
) -> tuple[FloatArray, int]:
    """The control points with one more on the border nearest to a place, and its index; no border changes."""
    curve, at, _ = _with_points(contours, border, points)
    nearest = find_nearest(np.asarray(place_mm, float)[None], curve)
    here = arc_of(nearest, curve)[0]
    order = np.argsort(at)
    following = order[np.searchsorted(at[order], here) % len(order)]
    return np.insert(points, following, nearest.foot_mm[0], axis=0), int(following)


def delete_point(contours: Contours, border: Border, points: FloatArray, index: int) -> tuple[Contours, FloatArray]:
    """The contours with the stretch between a point's neighbours drawn plainly, and the points without it."""
    if len(points) <= FEWEST:
        raise ContourError.of("few-points", points=FEWEST)
    curve, at, length = _with_points(contours, border, points)
    along, _ = arc_mm(curve)
    start, span = at[index - 1], (at[(index + 1) % len(at)] - at[index - 1]) % length
    way = ((along - start) % length) / max(span, 1e-9)
    between = (way > 0) & (way < 1)
    ends = np.array([start, start + span])
    place = points_along(curve, ends)
    tangent = (points_along(curve, ends + 0.5) - points_along(curve, ends - 0.5)) * np.hypot(*(place[1] - place[0]))
    bent = curve.copy()
    bent[between] = _hermite(way[between][:, None], place, tangent)
    return _settled(contours, border, curve, bent, np.delete(points, index, axis=0))


def _with_points(contours: Contours, border: Border, points: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """The border, where along it the control points lie, and its length."""
    curve = even_out(contours.borders[border], STEP_MM)
    nearest = find_nearest(points, curve)
    return curve, arc_of(nearest, curve), arc_mm(curve)[1]


def _settled(
    contours: Contours, border: Border, curve: FloatArray, bent: FloatArray, points: FloatArray
) -> tuple[Contours, FloatArray]:
    after = settle(contours.with_borders({border: curve}), {border: bent})
    return after, find_nearest(points, after.borders[border]).foot_mm


def _hermite(way: FloatArray, place: FloatArray, tangent: FloatArray) -> FloatArray:
    """The cubic from one place to another that leaves and arrives along these tangents."""
    square, cube = way**2, way**3
    return np.asarray(
        (2 * cube - 3 * square + 1) * place[0]
        + (cube - 2 * square + way) * tangent[0]
        + (3 * square - 2 * cube) * place[1]
        + (cube - square) * tangent[1]
    )
