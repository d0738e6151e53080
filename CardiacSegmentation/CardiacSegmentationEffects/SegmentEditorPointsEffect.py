"""Move a border by a few control points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from CardiacSegmentationEffects.contour_effect import ContourEffect
from CardiacSegmentationEffects.image_in_hand import closed

if TYPE_CHECKING:
    from CardiacSegmentationLib.contours.points import PointDrag
    from CardiacSegmentationLib.segmentation import Contours, FloatArray

    from CardiacSegmentationEffects.image_in_hand import ImageInHand


class SegmentEditorPointsEffect(ContourEffect):
    """Slicer finds the class by the name of its file."""

    NAME = "Points"
    REACH_MM = (12.0, 4.0, 40.0)

    def title(self) -> str:
        return str(_("Points"))

    def reach_text(self) -> str:
        return str(_("Distance of points"))

    def description(self) -> str:
        return str(
            _(
                "Press near a border: its control points appear. Drag one; press on the border "
                "between two to insert one; press with Shift to delete one. "
                "Each moves the stretch between its neighbours and nothing else."
            )
        )

    def begin(self, image: ImageInHand, place_mm: FloatArray) -> _Drag:
        """Take the control point under the mouse, or put one there."""
        from CardiacSegmentationLib.contours.points import PointDrag

        return _Drag(PointDrag.begin(image.contours, place_mm, self.reach_mm))

    def _press(self, view: Any, ras: Any, *, is_shifted: bool) -> bool:
        taken = super()._press(view, ras, is_shifted=is_shifted)
        if self._image is not None and isinstance(self._drag, _Drag):
            self._image.draw(self._drag.lines(self._image.contours), self._drag.points)
            if is_shifted:
                self._show(is_shifted=True)
        return taken

    def _show(self, *, is_shifted: bool) -> None:
        super()._show(is_shifted=is_shifted)
        if self._image is not None and isinstance(self._drag, _Drag) and self._now is not None:
            self._image.draw(self._drag.lines(self._now), self._drag.points)


class _Drag:
    def __init__(self, drag: PointDrag) -> None:
        self._drag = drag

    @property
    def points(self) -> FloatArray:
        return self._drag.points

    def move(self, place_mm: FloatArray, reach_mm: float, *, is_shifted: bool) -> Contours:  # noqa: ARG002
        return self._drag.delete() if is_shifted else self._drag.move(place_mm)

    def lines(self, contours: Contours) -> list[FloatArray]:
        return [closed(contours.borders[self._drag.border])]
