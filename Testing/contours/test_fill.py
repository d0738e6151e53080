"""Images that were skipped are filled by shape."""

from __future__ import annotations

import numpy as np
import pytest
from CardiacSegmentationLib.contours import Border, Contours, draw_labels, find_contours
from CardiacSegmentationLib.contours.curves import centre_mm
from CardiacSegmentationLib.contours.fill import fill_between, fill_gaps
from CardiacSegmentationLib.segmentation import Label
from contours.hearts import SHAPE, assert_whole, draw_heart, hearts
from hypothesis import given, settings
from overlap import dice

SPACING = (1.4, 1.4)


def test_the_shape_between_two_sizes_has_the_size_between() -> None:
    images = [find_contours(draw_heart(radius=radius, oval=0, bump=0), SPACING) for radius in (22.0, 18.0, 14.0)]
    filled = fill_gaps([images[0], None, images[2]])
    assert set(filled) == {1}
    assert_whole(filled[1])
    found, wanted = draw_labels(filled[1], SHAPE), draw_labels(images[1], SHAPE)
    for label in (Label.LV, Label.MYO, Label.RV):
        assert dice(found == label, wanted == label) > 0.96


def test_the_centre_moves_along() -> None:
    first, last = (find_contours(draw_heart(centre=(55.0, column), rv=0.0), SPACING) for column in (50.0, 70.0))
    shapes = list(fill_between(first, last, (0.0, 0.25, 1.0)))
    columns = [centre_mm(each.borders[Border.ENDO])[1] / 1.4 for each in shapes]
    assert columns == pytest.approx([50.0, 55.0, 70.0], abs=0.1)
    assert shapes[1].areas_mm2[Label.LV] == pytest.approx(first.areas_mm2[Label.LV], rel=0.02)
    np.testing.assert_array_equal(draw_labels(shapes[0], SHAPE), draw_labels(first, SHAPE))


def test_only_gaps_are_filled_and_over_the_beat_the_last_one_too() -> None:
    image = find_contours(draw_heart(), SPACING)
    assert not fill_gaps([None, image, None])
    row = [None, image, None, image, None, None]
    assert set(fill_gaps(row)) == {2}
    assert set(fill_gaps(row, period=6.0)) == {0, 2, 4, 5}
    assert not fill_gaps([image, image])
    assert fill_gaps([image, None, Contours(SPACING)])[1].borders == {}


@settings(max_examples=15)
@given(hearts(), hearts())
def test_what_is_filled_is_whole(first: tuple[np.ndarray, tuple[float, float]], last: tuple) -> None:
    start = find_contours(first[0], first[1])
    end = find_contours(last[0], first[1])
    for shape in fill_between(start, end, (0.3, 0.7)):
        assert_whole(shape)
        assert {Border.ENDO, Border.EPI} <= set(shape.borders)
