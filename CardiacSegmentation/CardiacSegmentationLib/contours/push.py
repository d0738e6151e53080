"""Push: a round cursor shoves the border that it runs into, from either side; the others give way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.contours.anatomy import STEP_MM, settle
from CardiacSegmentationLib.contours.borders import find_border
from CardiacSegmentationLib.contours.curves import even_out, find_nearest, outward_normals
from CardiacSegmentationLib.errors import ContourError

if TYPE_CHECKING:
    import numpy.typing as npt

    from CardiacSegmentationLib.segmentation import Border, Contours, FloatArray

RADIUS_MM = 8.0
LEAN = 0.25  # how much a shove follows the border's normal rather than the cursor's radius


@dataclass
class Push:
    """A push from press to release: each ``move`` goes on from the contours of the last one.

    The cursor stays on the side of the border on which it was pressed.
    """

    contours: Contours
    border: Border
    place_mm: FloatArray
    radius_mm: float
    side: int  # 1: from the inside outwards

    @classmethod
    def begin(
        cls,
        contours: Contours,
        press_mm: npt.ArrayLike,
        radius_mm: float = RADIUS_MM,
        border: Border | None = None,
    ) -> Push:
        """Put the cursor down; it will shove the named border, or the one nearest to its centre."""
        place = np.asarray(press_mm, float)
        shoved = border if border in contours.borders else find_border(contours, place, np.inf)
        if shoved is None:
            raise ContourError.of("no-border-to-push")
        is_inside = find_nearest(place[None], contours.borders[shoved]).outside_mm[0] < 0
        return cls(contours, shoved, place, radius_mm, 1 if is_inside else -1)

    def move(self, to_mm: npt.ArrayLike) -> Contours:
        """The contours after the cursor went from where it was to here."""
        start, end = self.place_mm, np.asarray(to_mm, float)
        self.place_mm = end
        before = self.contours
        dense = even_out(before.borders[self.border], min(STEP_MM, self.radius_mm / 4.0))
        dense_before = before.with_borders({self.border: dense})
        curve = dense
        steps = max(int(np.ceil(np.hypot(*(end - start)) / (self.radius_mm / 4.0))), 1)
        for share in np.arange(1, steps + 1) / steps:
            curve = self._shove(curve, start + share * (end - start))
        if curve is not dense:
            self.contours = settle(dense_before, {self.border: curve})
        return self.contours

    def _shove(self, curve: FloatArray, centre_mm: FloatArray) -> FloatArray:
        """The curve with its points in the cursor moved to the cursor's rim."""
        away = curve - centre_mm
        within = np.flatnonzero((away**2).sum(axis=1) < self.radius_mm**2)
        if not within.size:
            return curve
        inside = away[within]
        way = inside / self.radius_mm + LEAN * self.side * outward_normals(curve)[within]
        way = way / np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-9)[:, None]
        along = (inside * way).sum(axis=1)
        reach = -along + np.sqrt(np.maximum(along**2 + self.radius_mm**2 - (inside**2).sum(axis=1), 0.0))
        shoved = curve.copy()
        shoved[within] += reach[:, None] * way
        return shoved
