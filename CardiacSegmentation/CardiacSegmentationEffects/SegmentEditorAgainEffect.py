"""Point at the heart, with a click or a box: the network looks there again, and proposes what it sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import slicer
from CardiacSegmentationLib.errors import CardiacSegmentationError
from slicer.i18n import tr as _

from CardiacSegmentationEffects.contour_effect import STATUS_MS, ContourEffect
from CardiacSegmentationEffects.image_in_hand import closed

if TYPE_CHECKING:
    from CardiacSegmentationLib.segmentation import Contours, FloatArray

    from CardiacSegmentationEffects.image_in_hand import ImageInHand


class SegmentEditorAgainEffect(ContourEffect):
    """Slicer finds the class by the name of its file."""

    NAME = "Again"
    _is_whole_phase = False

    def title(self) -> str:
        return str(_("Segment here"))

    def description(self) -> str:
        return str(
            _(
                "Click on the heart, or drag a box over it: the network looks there and proposes what it sees, "
                "for this slice; with Shift, for all slices of this phase that you did not correct. A: next proposal."
            )
        )

    def setupOptionsFrame(self) -> None:  # noqa: N802
        """A box has no reach."""

    def updateGUIFromMRML(self) -> None:  # noqa: N802
        """Nothing to show."""

    def begin(self, image: ImageInHand, place_mm: FloatArray) -> _Drag:
        """Put a corner down."""
        return _Drag(image.contours, place_mm)

    def _press(self, view: Any, ras: Any, *, is_shifted: bool) -> bool:
        taken = super()._press(view, ras, is_shifted=is_shifted)
        self._is_whole_phase = is_shifted
        return taken

    def _release(self) -> None:
        image, drag = self._image, self._drag
        self._image = self._drag = self._at = self._now = None
        if image is not None and isinstance(drag, _Drag):
            try:
                image.point(drag.corners_mm, whole_phase=self._is_whole_phase)
            except CardiacSegmentationError as reason:
                slicer.util.showStatusMessage(str(reason), STATUS_MS)


class _Drag:
    def __init__(self, contours: Contours, place_mm: FloatArray) -> None:
        self._contours = contours
        self.corners_mm = np.stack([place_mm, place_mm])

    def move(self, place_mm: FloatArray, reach_mm: float, *, is_shifted: bool) -> Contours:  # noqa: ARG002
        self.corners_mm[1] = place_mm
        return self._contours

    def lines(self, _contours: Contours) -> list[FloatArray]:
        (top, left), (bottom, right) = self.corners_mm
        return [closed(np.array([[top, left], [top, right], [bottom, right], [bottom, left]]))]
