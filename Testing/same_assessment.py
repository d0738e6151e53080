"""Whether two assessments are the same, to the last digit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from CardiacSegmentationLib.assessment import Assessment

VALUES = (
    *("lv", "rv", "heart", "times_ms", "slice_spacing_mm", "key_phases", "patient", "by_rules", "conventions"),
    *("segments", "findings", "provenance"),
)
ARRAYS = ("volumes_ml", "shares", "areas_mm2")
IMAGES = ("areas_mm2", "pixels", "surrounded", "centre_mm", "edge_pixels")


def differences(one: Assessment, other: Assessment) -> list[str]:
    """What differs, by name: numbers, findings, and the same of the automatic assessments beside them."""
    found = [name for name in VALUES if getattr(one, name) != getattr(other, name)]
    found += [name for name in ARRAYS if not np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)]
    found += [
        f"images.{name}"
        for name in IMAGES
        if not np.array_equal(getattr(one.images, name), getattr(other.images, name), equal_nan=True)
    ]
    if one.automatic is None or other.automatic is None:
        return found + ["automatic"] * (one.automatic is not other.automatic)
    return found + [f"automatic.{name}" for name in differences(one.automatic, other.automatic)]
