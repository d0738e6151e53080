"""Redraw: a free-hand line over part of a border takes the place of that part; a closed line is a whole border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.contours.anatomy import STEP_MM, place_borders, settle
from CardiacSegmentationLib.contours.curves import (
    area_mm2,
    crosses_itself,
    drop_waves,
    find_nearest,
    remove_loops,
    resample,
)
from CardiacSegmentationLib.errors import ContourError
from CardiacSegmentationLib.segmentation import FEWEST_POINTS, FloatArray

if TYPE_CHECKING:
    import numpy.typing as npt

    from CardiacSegmentationLib.segmentation import Border, Contours

HAND_MM = 3.0  # waves shorter than twice this are a hand's tremble
CLOSED = 0.2  # a line whose ends are this near to each other, by its length, is meant to be closed
SMALLEST_MM2 = 10.0
FEWEST_PLACES = 3  # of a line
NEXT_PLACE_MM = 0.3  # places nearer to the last one than this are no news


@dataclass(eq=False)
class Redraw:
    """A free-hand line from press to release: ``move`` as often as the mouse moves, or ``draw`` and ask in the end.

    A closed line is the whole of the selected border, where one is selected; any other takes the place of the stretch
    along it of the border to which it comes nearest. A line that means nothing yet changes nothing.
    """

    before: Contours
    selected: Border | None
    places_mm: list[FloatArray]

    @classmethod
    def begin(cls, contours: Contours, press_mm: npt.ArrayLike, selected: Border | None = None) -> Redraw:
        """Put the pen down."""
        return cls(contours, selected, [np.asarray(press_mm, float)])

    def move(self, to_mm: npt.ArrayLike) -> Contours:
        """The contours with the line drawn on to here."""
        self.draw(to_mm)
        return self.contours()

    def draw(self, to_mm: npt.ArrayLike) -> None:
        """Draw the line on to here."""
        place = np.asarray(to_mm, float)
        if np.hypot(*(place - self.places_mm[-1])) > NEXT_PLACE_MM:
            self.places_mm.append(place)

    def contours(self) -> Contours:
        """The contours with the line as it is."""
        line = np.array(self.places_mm)
        if len(line) < FEWEST_PLACES:
            return self.before
        try:
            if self.selected is not None and is_closed(line):
                return draw_border(self.before, self.selected, line)
            return redraw(self.before, line) if self.before.borders else self.before
        except ContourError:
            return self.before


def redraw(contours: Contours, line_mm: npt.ArrayLike, border: Border | None = None) -> Contours:
    """The contours with a free-hand line ``[place, (row, column)]`` in place of the stretch of border along it.

    The border is the named one, or that to which the line comes nearest. Its ends are tied to the border.
    """
    line = _even_line(np.asarray(line_mm, float))
    held = border if border in contours.borders else _border_along(contours, line)
    if held is None or (border is not None and held is not border):
        raise ContourError.of("no-border-to-redraw")
    if is_closed(line):
        return draw_border(contours, held, line)
    curve = contours.borders[held]
    ends = find_nearest(line[[0, -1]], curve)
    first, last = ((ends.step + np.round(ends.share).astype(int)) % len(curve)).tolist()
    if first == last:
        return contours
    ways = ((_arc(first, last, len(curve)), line), (_arc(last, first, len(curve)), line[::-1]))
    way, line = min(ways, key=lambda each: _off(curve[each[0]], each[1]))
    return _replaced(contours, held, way, line)


def draw_border(contours: Contours, border: Border, line_mm: npt.ArrayLike) -> Contours:
    """The contours with a closed free-hand line as this border, whether there was one or not; the others make room."""
    line = np.asarray(line_mm, float)
    if len(line) < 3 or area_mm2(line) < SMALLEST_MM2:
        raise ContourError.of("line-too-small", area_mm2=SMALLEST_MM2)
    curve = remove_loops(drop_waves(resample(line, STEP_MM), STEP_MM, HAND_MM))
    if len(curve) < FEWEST_POINTS or area_mm2(curve) < SMALLEST_MM2:
        raise ContourError.of("line-crosses")
    return place_borders(contours, {border: curve})


def is_closed(line_mm: FloatArray) -> bool:
    """Whether a line comes back to where it began."""
    length = np.hypot(*np.diff(line_mm, axis=0).T).sum()
    return bool(np.hypot(*(line_mm[-1] - line_mm[0])) < CLOSED * length and area_mm2(line_mm) > 0.02 * length**2)


def _replaced(contours: Contours, border: Border, way: npt.NDArray[np.intp], line: FloatArray) -> Contours:
    """The contours with a border's stretch through these points replaced by a line that runs the same way.

    The stretch is first given as many points as the line, so that each knows where it goes.
    """
    curve = contours.borders[border]
    stretch, rest = curve[way], curve[_arc(int(way[-1]), int(way[0]), len(curve))[1:-1]]
    new = _smooth_line(np.concatenate([stretch[:1], line, stretch[-1:]]))
    before = contours.with_borders({border: np.concatenate([_spread(stretch, len(new)), rest])})
    drawn = np.concatenate([new, rest])
    return draw_border(contours, border, drawn) if crosses_itself(drawn) else settle(before, {border: drawn})


def _arc(first: int, last: int, count: int) -> npt.NDArray[np.intp]:
    """The points from one to another, along the curve."""
    return np.arange(first, first + (last - first) % count + 1) % count


def _off(stretch: FloatArray, line: FloatArray) -> float:
    """How far a stretch of a border lies from a line, on the average."""
    away = np.hypot(*(stretch[:, None] - line[None]).transpose(2, 0, 1))
    return float(away.min(axis=1).mean() + away.min(axis=0).mean())


def _border_along(contours: Contours, line: FloatArray) -> Border | None:
    """The border that the line runs along; its ends count most."""
    weight = np.ones(len(line))
    weight[[0, -1]] = len(line)
    return min(
        contours.borders,
        key=lambda border: float(abs(find_nearest(line, contours.borders[border]).outside_mm) @ weight),
        default=None,
    )


def _even_line(line: FloatArray) -> FloatArray:
    """A line with points at even distances."""
    if line.ndim != 2 or len(line) < 2:
        raise ContourError.of("line-too-short")
    length = np.hypot(*np.diff(line, axis=0).T).sum()
    return _spread(line, max(round(length / STEP_MM), 1) + 1)


def _spread(line: FloatArray, count: int) -> FloatArray:
    """So many points at even distances along an open line, its ends among them."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = np.linspace(0.0, along[-1], count)
    return np.stack([np.interp(at, along, axis) for axis in line.T], axis=1)


def _smooth_line(line: FloatArray) -> FloatArray:
    """An open line without the hand's tremble; its ends stay."""
    straight = line[0] + np.linspace(0.0, 1.0, len(line))[:, None] * (line[-1] - line[0])
    off = line - straight
    ring = np.concatenate([off, -off[-2:0:-1]])  # odd at both ends: they stay at zero
    return np.asarray(straight + drop_waves(ring, STEP_MM, HAND_MM)[: len(line)])
