"""Push a border with a round cursor, from inside or outside; the others give way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from slicer.i18n import tr as _

from CardiacSegmentationEffects.contour_effect import ContourEffect
from CardiacSegmentationEffects.image_in_hand import closed

if TYPE_CHECKING:
    from CardiacSegmentationLib.contours.push import Push
    from CardiacSegmentationLib.segmentation import Contours, FloatArray

    from CardiacSegmentationEffects.image_in_hand import ImageInHand


class SegmentEditorPushEffect(ContourEffect):
    """Slicer finds the class by the name of its file."""

    NAME = "Push"
    REACH_MM = (8.0, 2.0, 40.0)

    def title(self) -> str:
        return str(_("Push"))

    def reach_text(self) -> str:
        return str(_("Radius"))

    def description(self) -> str:
        return str(_("Press beside a border and shove it with the round cursor, from inside or outside."))

    def begin(self, image: ImageInHand, place_mm: FloatArray) -> _Drag:
        """Put the cursor down."""
        from CardiacSegmentationLib.contours.push import Push

        return _Drag(Push.begin(image.contours, place_mm, self.reach_mm))


class _Drag:
    def __init__(self, push: Push) -> None:
        self._push = push

    def move(self, place_mm: FloatArray, reach_mm: float, *, is_shifted: bool) -> Contours:  # noqa: ARG002
        self._push.radius_mm = reach_mm
        return self._push.move(place_mm)

    def lines(self, contours: Contours) -> list[FloatArray]:
        angle = np.linspace(0.0, 2.0 * np.pi, 65)
        ring = self._push.place_mm + self._push.radius_mm * np.stack([np.sin(angle), np.cos(angle)], axis=1)
        return [closed(contours.borders[self._push.border]), ring]
