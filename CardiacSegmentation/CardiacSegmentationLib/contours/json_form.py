"""Contours as JSON takes them, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from CardiacSegmentationLib.contours.anatomy import is_whole, settle_touching
from CardiacSegmentationLib.errors import MALFORMED, ContourError, reason_of
from CardiacSegmentationLib.segmentation import Border, Contours

SCHEMA, VERSION = "cardiacseg-contours", 1


def as_dict(contours: Contours) -> dict[str, Any]:
    """The contours as JSON takes them: spacing, and each border's points in mm to a thousandth."""
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "unit": "mm",
        "spacing_mm": list(contours.spacing_mm),
        "borders": {border.value: np.round(curve, 3).tolist() for border, curve in contours.borders.items()},
    }


def from_dict(content: Any) -> Contours:
    """The contours that ``as_dict`` wrote."""
    try:
        if (content["schema"], content["version"], content["unit"]) != (SCHEMA, VERSION, "mm"):
            raise ContourError.of("no-contours-here", schema=SCHEMA, version=VERSION)
        row_mm, column_mm = (float(value) for value in content["spacing_mm"])
        borders = {Border(name): np.array(points, float) for name, points in content["borders"].items()}
        sound = row_mm > 0 and column_mm > 0 and all(np.isfinite(curve).all() for curve in borders.values())
        if not sound or not np.isfinite([row_mm, column_mm]).all():
            raise ContourError.of("contours-no-places")
        contours = Contours((row_mm, column_mm), borders)
    except MALFORMED as error:
        raise ContourError.of("contours-unreadable", reason=reason_of(error)) from error
    for whole in (contours, settle_touching(contours)):  # written numbers are rounded
        if is_whole(whole):
            return whole
    raise ContourError.of("contours-cross")
