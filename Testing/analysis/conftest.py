"""Hearts made of discs and ellipsoids, whose every number is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.segmentation import Label, Segmentation
from CardiacSegmentationLib.stack import CineStack, Patient

if TYPE_CHECKING:
    from collections.abc import Callable

ADULT = Patient(sex="M", age_years=50.0, height_cm=180.0, weight_kg=80.0)


@dataclass(frozen=True)
class DiscHeart:
    """Every slice an LV disc in a ring of muscle, an RV disc half behind it."""

    stack: CineStack
    segmentation: Segmentation


def draw_slice(
    size: int,
    pixel_mm: tuple[float, float],
    radius_mm: float,
    wall_mm: float,
    *,
    shift_mm: tuple[float, float] = (0, 0),
) -> np.ndarray:
    """One short-axis slice: cavity, ring and an RV to the left in the image."""
    rows, columns = np.mgrid[:size, :size].astype(float)
    down = (rows - size / 2) * pixel_mm[0] - shift_mm[0]
    right = (columns - size / 2) * pixel_mm[1] - shift_mm[1]
    distance = np.hypot(down, right)
    labels = np.zeros((size, size), np.uint8)
    labels[np.hypot(down, right + radius_mm + wall_mm) < 0.8 * (radius_mm + wall_mm)] = Label.RV
    labels[distance < radius_mm + wall_mm] = Label.MYO
    labels[distance < radius_mm] = Label.LV
    return labels


@pytest.fixture
def make_heart() -> Callable[..., DiscHeart]:
    """A heart from the LV radii of its phases; the slices lie seen from the feet, base first."""

    def make(
        radii_mm: tuple[float, ...] = (25.0, 18.0),
        *,
        wall_mm: float = 8.0,
        slices: int = 6,
        spacing_mm: tuple[float, float, float] = (10.0, 1.4, 1.4),
        rr_ms: float | None = 1000.0,
        patient: Patient = ADULT,
    ) -> DiscHeart:
        pixel_mm = spacing_mm[1:]
        size = int(2 * (max(radii_mm) + wall_mm) * 2 / min(pixel_mm)) + 8
        one_each = [draw_slice(size, pixel_mm, radius, wall_mm) for radius in radii_mm]
        labels = np.stack([np.stack([one] * slices) for one in one_each])
        affine = np.diag([spacing_mm[2], spacing_mm[1], -spacing_mm[0], 1.0])
        times = tuple(float(time) for time in np.arange(len(radii_mm)) * (rr_ms or 1000.0) / len(radii_mm))
        stack = CineStack(np.zeros(labels.shape, np.int16), affine, times, rr_ms=rr_ms, patient=patient)
        return DiscHeart(stack, Segmentation.of(labels))

    return make
