"""What smooth borders do not show: second parts, holes, and nothing where there is neither."""

from __future__ import annotations

import numpy as np
import pytest
from CardiacSegmentationLib.contours import find_contours
from CardiacSegmentationLib.contours.curves import area_mm2
from CardiacSegmentationLib.contours.rest import outline_rest
from CardiacSegmentationLib.segmentation import Label

SPACING_MM = (1.5, 1.2)


@pytest.fixture
def heart() -> np.ndarray:
    row, column = np.mgrid[:90, :100]
    labels = np.zeros((90, 100), np.uint8)
    labels[np.hypot(row - 45, column - 30) < 16] = Label.RV
    labels[np.hypot(row - 45, column - 55) < 20] = Label.MYO
    labels[np.hypot(row - 45, column - 55) < 12] = Label.LV
    return labels


def test_of_a_heart_whose_borders_say_all_nothing_is_left(heart: np.ndarray) -> None:
    assert outline_rest(heart, find_contours(heart, SPACING_MM)) == ()


@pytest.mark.parametrize(
    ("value", "shown_as"), [(Label.MYO, Label.MYO), (Label.RV, Label.RV), (Label.BACKGROUND, Label.LV)]
)
def test_what_lies_in_the_cavity_is_outlined_where_it_is(heart: np.ndarray, value: Label, shown_as: Label) -> None:
    heart[42:46, 52:55] = value
    ((label, curve),) = outline_rest(heart, find_contours(heart, SPACING_MM))
    assert label is shown_as
    np.testing.assert_allclose(curve.mean(axis=0), np.multiply((43.5, 53.0), SPACING_MM), atol=0.01)
    # The points half-way between in and out cut the four corners off: an eighth of a pixel each.
    assert abs(area_mm2(curve)) == pytest.approx((12 - 4 / 8) * 1.5 * 1.2)


def test_every_second_part_is_outlined_but_no_speck(heart: np.ndarray) -> None:
    heart[5:8, 5:9] = heart[80:83, 5:9] = Label.RV
    heart[5, 90:92] = Label.RV
    found = outline_rest(heart, find_contours(heart, SPACING_MM))
    assert [label for label, _ in found] == [Label.RV, Label.RV]
    assert sorted(round(float(curve[:, 0].mean() / 1.5)) for _, curve in found) == [6, 81]
