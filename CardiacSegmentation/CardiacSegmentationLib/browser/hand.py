"""What the reader's hand does to the contours of an image, with the tools of ``contours``, between press and release.

A message holds every place that the hand passed so far, (row, column) in mm, so that none is lost with an answer.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.contours import Border, Contours
from CardiacSegmentationLib.contours.points import EVERY_MM, PointDrag
from CardiacSegmentationLib.contours.pull import REACH_MM, Pull
from CardiacSegmentationLib.contours.push import RADIUS_MM, Push
from CardiacSegmentationLib.contours.redraw import Redraw
from CardiacSegmentationLib.errors import ContourError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CardiacSegmentationLib.segmentation import FloatArray

    Message = Mapping[str, Any]
    Dragged = tuple[Contours, FloatArray | None]

MOST_POINTS = 5000  # of a line that a hand drew
TOOLS = ("pull", "push", "points", "redraw")


class Hand:
    """The tools, and the push that is in hand: a message that goes on with its line costs only what is new in it."""

    def __init__(self) -> None:
        self._push: Push | None = None
        self._before: Contours | None = None
        self._line = np.zeros((0, 2))

    def drag(self, contours: Contours, message: Message) -> Dragged:
        """The contours if the hand let go now, and the control points on them where the tool has some.

        The contours come back themselves where nothing changes.
        """
        tool = {"pull": self._drag_pull, "push": self._drag_push, "points": self._drag_point, "redraw": self._draw}
        return tool[str(message["command"])](contours, message)

    def _drag_pull(self, contours: Contours, message: Message) -> Dragged:
        start, to = places_mm(message)[[0, -1]]
        reach_mm = _within(message.get("reach", REACH_MM), 2.0, 80.0)
        return Pull.begin(contours, start).move(to, reach_mm, keep_wall=bool(message.get("keepWall"))), None

    def _drag_push(self, contours: Contours, message: Message) -> Dragged:
        line, radius_mm = places_mm(message), _within(message.get("radius", RADIUS_MM), 1.0, 40.0)
        push, known = self._push, len(self._line)
        goes_on = self._before is contours and np.array_equal(line[:known], self._line)
        if push is None or not goes_on or push.radius_mm != radius_mm:
            push, known = Push.begin(contours, line[0], radius_mm), 1
        for place in line[known:]:
            push.move(place)
        self._push, self._before, self._line = push, contours, line
        return push.contours, None

    def _drag_point(self, contours: Contours, message: Message) -> Dragged:
        start, to = places_mm(message, fewest=1)[[0, -1]]
        drag = PointDrag.begin(contours, start, _within(message.get("every", EVERY_MM), 4.0, 40.0))
        after = drag.delete() if message.get("delete") else drag.move(to)
        return after, drag.points

    def _draw(self, contours: Contours, message: Message) -> Dragged:
        start, *others = places_mm(message)
        line = Redraw.begin(contours, start, Border(message["border"]) if message.get("border") else None)
        for place in others:
            line.draw(place)
        return line.contours(), None


def places_mm(message: Message, fewest: int = 2) -> FloatArray:
    """The places that a hand passed."""
    try:
        line = np.asarray(message["line"], float)
    except (TypeError, ValueError):
        line = np.zeros(0)
    if line.ndim != 2 or line.shape[1] != 2 or not fewest <= len(line) <= MOST_POINTS or not np.isfinite(line).all():
        raise ContourError.of("no-drag", fewest=fewest)
    return line


def _within(value: Any, low: float, high: float) -> float:
    number = float(value)
    return min(max(number, low), high) if math.isfinite(number) else low
