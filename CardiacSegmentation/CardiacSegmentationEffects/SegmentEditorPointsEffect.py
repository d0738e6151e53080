"""Move a border by a few control points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.errors import ContourError
from slicer.i18n import tr as _

from CardiacSegmentationEffects.contour_effect import ContourEffect
from CardiacSegmentationEffects.image_in_hand import closed

if TYPE_CHECKING:
    from CardiacSegmentationLib.segmentation import Border, Contours, FloatArray

    from CardiacSegmentationEffects.image_in_hand import ImageInHand

NEAR_MM = 10.0
EVERY_MM = 12.0  # a control point for so much of a border


class SegmentEditorPointsEffect(ContourEffect):
    """Slicer finds the class by the name of its file."""

    NAME = "Points"
    REACH_MM = (EVERY_MM, 4.0, 40.0)

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
        from CardiacSegmentationLib.contours import find_border

        border = find_border(image.contours, place_mm, NEAR_MM)
        if border is None:
            raise ContourError(_("There is no border near here."))
        return _Drag(image.contours, border, place_mm, self.reach_mm)

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
    """From the contours at the press: the control points lie at even distances, one of them under the mouse."""

    def __init__(self, contours: Contours, border: Border, place_mm: FloatArray, every_mm: float) -> None:
        from CardiacSegmentationLib.contours.curves import arc_mm
        from CardiacSegmentationLib.contours.points import find_point, insert_point, place_points

        count = max(round(arc_mm(contours.borders[border])[1] / every_mm), 4)
        points = place_points(contours, border, count)
        index = find_point(points, place_mm)
        if index is None:
            points, index = insert_point(contours, border, points, place_mm)
        self._before, self._border, self._index = contours, border, index
        self._held, self.points = points, points
        self._start = place_mm

    def move(self, place_mm: FloatArray, reach_mm: float, *, is_shifted: bool) -> Contours:  # noqa: ARG002
        from CardiacSegmentationLib.contours.points import FEWEST, delete_point, move_point

        if is_shifted and len(self._held) > FEWEST:
            contours, self.points = delete_point(self._before, self._border, self._held, self._index)
            return contours
        to = self._held[self._index] + (place_mm - self._start)
        contours, self.points = move_point(self._before, self._border, self._held, self._index, to)
        return contours

    def lines(self, contours: Contours) -> list[FloatArray]:
        return [closed(contours.borders[self._border])]
