"""The contours of one short-axis image as a value: which borders there are, and how large they are.

Points lie in the image plane, in millimetres: ``(row * row_mm, column * column_mm)``, the centre of pixel ``[0, 0]``
at the origin. Whoever shows them divides by the spacing and has (row, column) of pixels again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.contours.curves import FEWEST_POINTS, FloatArray, area_mm2, find_nearest, same_way_round
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from collections.abc import Mapping


class Border(str, Enum):
    """The borders a reader draws: inner and outer border of the LV's myocardium, inner border of the RV."""

    ENDO = "endo"
    EPI = "epi"
    RV = "rv"


@dataclass(frozen=True, eq=False)
class Contours:
    """Smooth closed borders of one image, all running the same way round.

    Where the epicardium lies on the endocardium the myocardium is open (at the outflow tract, say). Each structure has
    one border: smaller parts of a label, and holes in it, have none and stay what they are in the pixels.
    """

    spacing_mm: tuple[float, float]  # (row, column)
    borders: Mapping[Border, FloatArray] = field(default_factory=dict)  # [point, (row, column)] in mm

    def __post_init__(self) -> None:
        for border, curve in self.borders.items():
            if curve.ndim != 2 or curve.shape[1] != 2 or len(curve) < FEWEST_POINTS:
                msg = f"A border is [point, (row, column)] with at least {FEWEST_POINTS} points ({border.value})."
                raise ValueError(msg)
        object.__setattr__(self, "borders", {each: same_way_round(curve) for each, curve in self.borders.items()})

    def with_borders(self, borders: Mapping[Border, FloatArray]) -> Contours:
        """The contours with these borders in place of their own, or beside them."""
        return replace(self, borders={**self.borders, **borders})

    def without(self, *borders: Border) -> Contours:
        """The contours without these borders."""
        return replace(self, borders={each: curve for each, curve in self.borders.items() if each not in borders})

    def in_pixels(self, border: Border) -> FloatArray:
        """A border in (row, column) of pixels."""
        return np.asarray(self.borders[border] / self.spacing_mm)

    @property
    def areas_mm2(self) -> dict[Label, float]:
        """Area of each structure as it is drawn; myocardium is what lies between its borders."""
        inside = {border: area_mm2(curve) for border, curve in self.borders.items()}
        areas = {}
        if Border.RV in inside:
            areas[Label.RV] = inside[Border.RV]
        if Border.EPI in inside:
            areas[Label.MYO] = max(inside[Border.EPI] - inside.get(Border.ENDO, 0.0), 0.0)
        if Border.ENDO in inside:
            areas[Label.LV] = inside[Border.ENDO]
        return areas


def find_border(contours: Contours, place_mm: FloatArray, within_mm: float = 10.0) -> Border | None:
    """The border nearest to a place; none where all are farther away than ``within_mm``."""
    away = {
        border: float(abs(find_nearest(np.asarray(place_mm, float)[None], curve).outside_mm[0]))
        for border, curve in contours.borders.items()
    }
    nearest = min(away, key=lambda border: away[border], default=None)
    return nearest if nearest is not None and away[nearest] <= within_mm else None
