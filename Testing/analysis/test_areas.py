"""Areas are those of the polygon half-way between the pixels in and out."""

from __future__ import annotations

import contourpy
import numpy as np
import pytest
from CardiacSegmentationLib.analysis.areas import polygon_area_px, structure_areas
from CardiacSegmentationLib.segmentation import Label
from scipy.ndimage import gaussian_filter


def traced_area_px(mask: np.ndarray) -> float:
    """The same area from an independent tracing of the contour at one half, by the shoelace formula."""
    lines = contourpy.contour_generator(z=np.pad(mask, 1).astype(float)).lines(0.5)
    signed = [
        0.5 * np.sum(x[:-1] * np.diff(y) - y[:-1] * np.diff(x)) for x, y in (np.asarray(line).T for line in lines)
    ]
    return abs(float(np.sum(signed)))


def has_diagonal_pair(mask: np.ndarray) -> bool:
    """Where two pixels touch at a corner only, two polygons are possible."""
    a, b, c, d = mask[:-1, :-1], mask[:-1, 1:], mask[1:, :-1], mask[1:, 1:]
    return bool(((a == d) & (b == c) & (a != b)).any())


def test_area_is_that_of_the_traced_contour() -> None:
    random = np.random.default_rng(0)
    compared = 0
    for _ in range(60):
        mask = gaussian_filter(random.normal(size=(40, 40)), 3) > 0.05
        if has_diagonal_pair(np.pad(mask, 1)):
            continue
        assert polygon_area_px(mask) == pytest.approx(traced_area_px(mask), abs=1e-9)
        compared += 1
    assert compared > 20


def test_pixels_that_touch_at_a_corner_are_two_areas() -> None:
    assert polygon_area_px(np.eye(2, dtype=bool)) == pytest.approx(2 * polygon_area_px(np.ones((1, 1), bool)))


def test_area_is_half_a_pixel_less_than_the_pixel_count_for_each_outline() -> None:
    mask = np.zeros((2, 30, 30), bool)
    mask[0, 5:15, 5:20] = True
    mask[1, 5:15, 5:20] = True
    mask[1, 8:10, 8:10] = False  # a hole gives its half back
    np.testing.assert_allclose(polygon_area_px(mask), [150 - 0.5, 146 - 0.5 + 0.5])


@pytest.mark.parametrize("pixel_mm", [1.0, 1.4, 1.8, 2.2])
@pytest.mark.parametrize("radius_mm", [18.0, 25.0, 35.0])
def test_discs_are_met_within_one_percent_wherever_they_lie_on_the_grid(pixel_mm: float, radius_mm: float) -> None:
    random = np.random.default_rng(1)
    rows, columns = np.mgrid[:96, :96] * pixel_mm
    areas = []
    for row, column in 48 * pixel_mm + random.uniform(-0.5, 0.5, (40, 2)) * pixel_mm:
        areas.append(polygon_area_px(np.hypot(rows - row, columns - column) < radius_mm) * pixel_mm**2)
    assert np.mean(areas) == pytest.approx(np.pi * radius_mm**2, rel=0.01)


def test_myocardium_is_what_lies_between_the_two_borders() -> None:
    labels = np.zeros((1, 40, 40), np.uint8)
    labels[0, 8:32, 8:32] = Label.MYO
    labels[0, 12:28, 12:28] = Label.LV
    areas = structure_areas(labels, 2.0)
    assert areas[Label.LV - 1, 0] == 2.0 * (256 - 0.5)
    assert areas[Label.MYO - 1, 0] == 2.0 * (576 - 256)
    assert areas[Label.RV - 1, 0] == 0.0


def test_labels_at_the_edge_of_the_image_and_no_labels_at_all_have_areas() -> None:
    np.testing.assert_array_equal(structure_areas(np.zeros((3, 8, 8), np.uint8), 1.0), 0.0)
    full = np.full((1, 8, 8), Label.RV, np.uint8)
    assert structure_areas(full, 1.0)[Label.RV - 1, 0] == 63.5
