"""Contours as JSON takes them, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from CardiacSegmentationLib.contours.anatomy import is_whole, settle_touching
from CardiacSegmentationLib.errors import MALFORMED, ContourError
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
            msg = f"These are no contours of this program (schema {SCHEMA}, version {VERSION}, in mm)."
            raise ContourError(msg)
        row_mm, column_mm = (float(value) for value in content["spacing_mm"])
        borders = {Border(name): np.array(points, float) for name, points in content["borders"].items()}
        sound = row_mm > 0 and column_mm > 0 and all(np.isfinite(curve).all() for curve in borders.values())
        if not sound or not np.isfinite([row_mm, column_mm]).all():
            msg = "These contours hold numbers that are no places in an image."
            raise ContourError(msg)
        contours = Contours((row_mm, column_mm), borders)
    except MALFORMED as error:
        msg = f"These contours cannot be read: {error}. Export them anew."
        raise ContourError(msg) from error
    for whole in (contours, settle_touching(contours)):  # written numbers are rounded
        if is_whole(whole):
            return whole
    msg = "The borders of these contours cross. Mend them where they come from."
    raise ContourError(msg)
