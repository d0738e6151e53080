"""Draw part of a border anew, free-hand; a closed line is a whole border."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from CardiacSegmentationLib.segmentation import Border
from slicer.i18n import tr as _

from CardiacSegmentationEffects.contour_effect import ContourEffect

if TYPE_CHECKING:
    from CardiacSegmentationLib.contours.redraw import Redraw
    from CardiacSegmentationLib.segmentation import Contours, FloatArray

    from CardiacSegmentationEffects.image_in_hand import ImageInHand

BORDER_OF = {"LV": Border.ENDO, "MYO": Border.EPI, "RV": Border.RV}


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
        from CardiacSegmentationLib.contours.redraw import Redraw

        segment = self.scriptedEffect.parameterSetNode().GetSelectedSegmentID() or ""
        return _Drag(Redraw.begin(image.contours, place_mm, BORDER_OF.get(segment)))


class _Drag:
    def __init__(self, redraw: Redraw) -> None:
        self._redraw = redraw

    def move(self, place_mm: FloatArray, reach_mm: float, *, is_shifted: bool) -> Contours:  # noqa: ARG002
        return self._redraw.move(place_mm)

    def lines(self, _contours: Contours) -> list[FloatArray]:
        places = self._redraw.places_mm
        return [np.array(places)] if len(places) > 1 else []
