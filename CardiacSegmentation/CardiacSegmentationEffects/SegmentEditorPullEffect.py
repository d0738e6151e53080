"""Pull a border of the heart where it belongs; it bends, and the others give way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slicer.i18n import tr as _

from CardiacSegmentationEffects.contour_effect import ContourEffect
from CardiacSegmentationEffects.image_in_hand import closed

if TYPE_CHECKING:
    from CardiacSegmentationLib.contours.pull import Pull
    from CardiacSegmentationLib.segmentation import Contours, FloatArray

    from CardiacSegmentationEffects.image_in_hand import ImageInHand


class SegmentEditorPullEffect(ContourEffect):
    """Slicer finds the class by the name of its file."""

    NAME = "Pull"
    REACH_MM = (15.0, 4.0, 60.0)

    def title(self) -> str:
        return str(_("Pull"))

    def reach_text(self) -> str:
        return str(_("Reach"))

    def description(self) -> str:
        return str(
            _(
                "Press near a border and drag it where it belongs; the others give way. "
                "Shift: the wall keeps its thickness."
            )
        )

    def begin(self, image: ImageInHand, place_mm: FloatArray) -> _Drag:
        """Take hold of the border nearest to the mouse."""
        from CardiacSegmentationLib.contours.pull import Pull

        return _Drag(Pull.begin(image.contours, place_mm))


class _Drag:
    def __init__(self, pull: Pull) -> None:
        self._pull = pull

    def move(self, place_mm: FloatArray, reach_mm: float, *, is_shifted: bool) -> Contours:
        return self._pull.move(place_mm, reach_mm, keep_wall=is_shifted)

    def lines(self, contours: Contours) -> list[FloatArray]:
        return [closed(contours.borders[self._pull.border])]
