"""Draw part of a border anew, free-hand; a closed line is a whole border."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from CardiacSegmentationLib.errors import ContourError
from CardiacSegmentationLib.segmentation import Border
from slicer.i18n import tr as _

from CardiacSegmentationEffects.contour_effect import ContourEffect

if TYPE_CHECKING:
    from CardiacSegmentationLib.segmentation import Contours, FloatArray

    from CardiacSegmentationEffects.image_in_hand import ImageInHand

BORDER_OF = {"LV": Border.ENDO, "MYO": Border.EPI, "RV": Border.RV}
NEXT_PLACE_MM = 0.3


class SegmentEditorRedrawEffect(ContourEffect):
    """Slicer finds the class by the name of its file."""

    NAME = "Redraw"

    def title(self) -> str:
        return str(_("Redraw"))

    def description(self) -> str:
        return str(
            _(
                "Draw along part of a border: the line takes the place of that part. A closed line "
                "is the whole border of the "
                "selected structure, also where there is none."
            )
        )

    def setupOptionsFrame(self) -> None:  # noqa: N802
        """A line has no reach."""

    def updateGUIFromMRML(self) -> None:  # noqa: N802
        """Nothing to show."""

    def begin(self, image: ImageInHand, place_mm: FloatArray) -> _Drag:
        """Put the pen down."""
        segment = self.scriptedEffect.parameterSetNode().GetSelectedSegmentID() or ""
        return _Drag(image.contours, place_mm, BORDER_OF.get(segment))


class _Drag:
    def __init__(self, contours: Contours, place_mm: FloatArray, selected: Border | None) -> None:
        self._before, self._places, self._selected = contours, [place_mm], selected

    def move(self, place_mm: FloatArray, reach_mm: float, *, is_shifted: bool) -> Contours:  # noqa: ARG002
        from CardiacSegmentationLib.contours.redraw import draw_border, is_closed, redraw

        if np.hypot(*(place_mm - self._places[-1])) > NEXT_PLACE_MM:
            self._places.append(place_mm)
        line = np.array(self._places)
        if len(line) < 3:
            return self._before
        try:
            if is_closed(line) and self._selected is not None:
                return draw_border(self._before, self._selected, line)
            return redraw(self._before, line) if self._before.borders else self._before
        except ContourError:  # not yet a line that means something
            return self._before

    def lines(self, _contours: Contours) -> list[FloatArray]:
        return [np.array(self._places)] if len(self._places) > 1 else []
