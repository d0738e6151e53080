"""Pull: a border, pressed near and dragged, bends with a soft fall-off; the others give way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.contours.anatomy import TOGETHER_MM, move_along, settle
from CardiacSegmentationLib.contours.borders import find_border
from CardiacSegmentationLib.contours.curves import arc_mm, arc_of, find_nearest
from CardiacSegmentationLib.errors import ContourError
from CardiacSegmentationLib.segmentation import Border, Contours, FloatArray

if TYPE_CHECKING:
    import numpy.typing as npt

REACH_MM = 15.0
NEAR_MM = 10.0  # a press farther away than this from any border pulls none


@dataclass(frozen=True, eq=False)
class Pull:
    """A pull from press to release: ``move`` as often as the mouse moves, each from the contours at the press.

    >>> drag = Pull.begin(contours, press_mm)  # doctest: +SKIP
    >>> contours = drag.move(mouse_mm)  # doctest: +SKIP
    """

    before: Contours
    border: Border
    start_mm: FloatArray

    @classmethod
    def begin(cls, contours: Contours, press_mm: npt.ArrayLike, border: Border | None = None) -> Pull:
        """Take hold of the named border, or of the one nearest to the press."""
        start = np.asarray(press_mm, float)
        held = border if border in contours.borders else find_border(contours, start, NEAR_MM)
        if held is None:
            raise ContourError.of("no-border-near", distance_mm=NEAR_MM)
        return cls(contours, held, start)

    def move(self, to_mm: npt.ArrayLike, reach_mm: float = REACH_MM, *, keep_wall: bool = False) -> Contours:
        """The contours with the border pulled to here; ``keep_wall`` moves the wall's other border along with it."""
        by = np.asarray(to_mm, float) - self.start_mm
        if not by.any():
            return self.before
        curves = self.before.borders
        moved = {self.border: bend(curves[self.border], self.start_mm, by, reach_mm)}
        partner = {Border.ENDO: Border.EPI, Border.EPI: Border.ENDO}.get(self.border)
        if keep_wall and partner is not None and partner in curves:
            moved[partner] = move_along(curves[partner], curves[self.border], moved[self.border])
        return settle(self.before, moved)


def bend(curve: FloatArray, at_mm: FloatArray, by_mm: FloatArray, reach_mm: float) -> FloatArray:
    """A curve moved by a vector where it is nearest to a place, by less beside it, not at all from ``reach_mm`` on.

    The reach runs along the curve. Points farther away stay where they are to the last digit.
    """
    along, length = arc_mm(curve)
    away = np.abs(along - arc_of(find_nearest(at_mm[None], curve), curve)[0])
    away = np.minimum(np.minimum(away, length - away), reach_mm)
    share = 0.5 + 0.5 * np.cos(np.pi * away / max(reach_mm, TOGETHER_MM))
    share = np.where(away < reach_mm, share, 0.0)
    return np.asarray(curve + share[:, None] * by_mm)
