"""A whole drag with one of the contour tools, from press to release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from CardiacSegmentationLib.contours.pull import REACH_MM, Pull
from CardiacSegmentationLib.contours.push import RADIUS_MM, Push

if TYPE_CHECKING:
    import numpy.typing as npt
    from CardiacSegmentationLib.contours import Border, Contours


def pull(
    contours: Contours,
    start_mm: npt.ArrayLike,
    to_mm: npt.ArrayLike,
    reach_mm: float = REACH_MM,
    *,
    border: Border | None = None,
    keep_wall: bool = False,
) -> Contours:
    """The contours after one pull from here to there."""
    return Pull.begin(contours, start_mm, border).move(to_mm, reach_mm, keep_wall=keep_wall)


def push(
    contours: Contours,
    path_mm: npt.ArrayLike,
    radius_mm: float = RADIUS_MM,
    *,
    border: Border | None = None,
) -> Contours:
    """The contours after a round cursor went along a path ``[place, (row, column)]``."""
    path = np.asarray(path_mm, float)
    drag = Push.begin(contours, path[0], radius_mm, border)
    for place in path[1:]:
        drag.move(place)
    return drag.contours
