"""Labels to contours and back: the same pixels, the same area, open rings, parts and holes."""

from __future__ import annotations

import numpy as np
import pytest
from CardiacSegmentationLib.contours import (
    Border,
    Contours,
    draw_labels,
    find_border,
    find_contours,
    redraw_labels,
)
from CardiacSegmentationLib.contours.curves import area_mm2
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.segmentation import Label
from contours.hearts import SHAPE, assert_whole, draw_heart, hearts, polygon_area_px, true_contours
from hypothesis import given, settings
from overlap import dice


@settings(max_examples=60)
@given(hearts())
def test_round_trip_keeps_pixels_and_areas(heart: tuple[np.ndarray, tuple[float, float]]) -> None:
    labels, spacing = heart
    contours = find_contours(labels, spacing)
    assert_whole(contours)
    drawn = draw_labels(contours, labels.shape)
    areas = contours.areas_mm2
    pixel_mm2 = spacing[0] * spacing[1]
    inside = {Label.RV: labels == Label.RV, Label.LV: labels == Label.LV}
    for label, mask in inside.items():
        if mask.any():
            assert dice(mask, drawn == label) >= 0.995
            assert areas[label] == pytest.approx(polygon_area_px(mask) * pixel_mm2, rel=0.005)
    assert dice(labels == Label.MYO, drawn == Label.MYO) >= 0.995
    both = polygon_area_px((labels == Label.MYO) | (labels == Label.LV))
    assert areas[Label.MYO] + areas[Label.LV] == pytest.approx(both * pixel_mm2, rel=0.005)


def test_borders_are_smooth_where_pixels_are_stairs() -> None:
    contours = find_contours(draw_heart(oval=0.0, bump=0.0, rv=0.0), (1.4, 1.4))
    curve = contours.borders[Border.ENDO]
    away = np.hypot(*(curve - np.array([55.0, 66.0]) * 1.4).T)
    assert away == pytest.approx(20.0, abs=0.35)  # a quarter of a pixel; the stairs are half a pixel
    step = np.roll(curve, -1, axis=0) - curve
    turn = np.angle(np.exp(1j * np.diff(np.arctan2(*step.T), append=np.arctan2(*step[0]))))
    assert abs(turn).max() < np.radians(15)  # stairs turn by 45° and 90°


def test_contours_of_the_phantoms_labels_have_its_areas() -> None:
    spec = PhantomSpec(phases=8)
    stack, segmentation = make_stack(spec)
    _, truth = true_contours(spec)
    spacing = stack.pixel_mm
    found = dict.fromkeys((Label.LV, Label.MYO, Label.RV), 0.0)
    for labels in segmentation.labels.reshape(-1, *segmentation.labels.shape[2:]):
        for label, area in find_contours(labels, spacing).areas_mm2.items():
            found[label] += area
    for label, key in ((Label.LV, "lv"), (Label.MYO, "myocardium"), (Label.RV, "rv")):
        assert found[label] == pytest.approx(float(truth.areas_mm2[key].sum()), rel=0.003)


def test_what_is_drawn_on_the_phantom_is_measured_as_drawn() -> None:
    images, truth = true_contours(PhantomSpec(phases=4))
    compared = 0
    for phase, slices in enumerate(images):
        for index, contours in enumerate(slices):
            areas = contours.areas_mm2
            if Border.RV in contours.borders and Border.ENDO in contours.borders:
                for label, key in ((Label.LV, "lv"), (Label.MYO, "myocardium"), (Label.RV, "rv")):
                    assert areas[label] == pytest.approx(float(truth.areas_mm2[key][phase, index]), rel=0.003)
                    compared += 1
    assert compared > 60


@pytest.mark.parametrize("gap", [0.15, 0.5, 1.2])
def test_an_open_ring_stays_open(gap: float) -> None:
    labels = draw_heart(gap=gap, rv=1.0)
    contours = find_contours(labels, (1.4, 1.4))
    assert_whole(contours)
    drawn = draw_labels(contours, labels.shape)
    for label in (Label.LV, Label.MYO, Label.RV):
        assert dice(labels == label, drawn == label) >= 0.995
    opening = (labels == Label.LV) & (np.roll(labels, (1, -1), (0, 1)) == Label.BACKGROUND)
    assert opening.any()
    muscle = (labels != Label.MYO) & (drawn == Label.MYO)
    assert muscle.sum() <= 2  # no rim of muscle across the opening


def test_smaller_parts_and_holes_stay_pixels() -> None:
    labels = draw_heart()
    labels[5:9, 5:9] = Label.RV
    labels[54:57, 60:63] = Label.MYO  # a papillary muscle
    contours = find_contours(labels, (1.4, 1.4))
    assert area_mm2(contours.borders[Border.RV]) > 800
    drawn = draw_labels(contours, labels.shape)
    assert not drawn[5:9, 5:9].any()
    assert (drawn[54:57, 60:63] == Label.LV).all()
    np.testing.assert_array_equal(redraw_labels(labels, contours, contours), labels)


def test_an_image_nobody_touched_does_not_change() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, SHAPE).astype(np.uint8)
    contours = find_contours(labels, (1.4, 1.4))
    np.testing.assert_array_equal(redraw_labels(labels, contours, contours), labels)


def test_images_with_few_or_no_labels_have_what_contours_there_are() -> None:
    empty = np.zeros(SHAPE, np.uint8)
    assert not find_contours(empty, (1.4, 1.4)).borders
    apex = empty.copy()
    apex[40:48, 50:58] = Label.MYO
    assert set(find_contours(apex, (1.4, 1.4)).borders) == {Border.EPI}
    cavity = np.where(draw_heart() == Label.LV, Label.LV, 0).astype(np.uint8)
    assert set(find_contours(cavity, (1.4, 1.4)).borders) == {Border.ENDO}
    one = empty.copy()
    one[3, 3] = Label.LV
    assert not find_contours(one, (1.4, 1.4)).borders
    full = np.full(SHAPE, Label.RV, np.uint8)
    np.testing.assert_array_equal(draw_labels(find_contours(full, (1.4, 1.4)), SHAPE), full)


def test_the_border_under_the_hand_is_the_nearest() -> None:
    contours = find_contours(draw_heart(rv=0.0), (1.4, 1.4))
    middle = np.array([55.0, 66.0]) * 1.4
    assert find_border(contours, np.add(middle, [0.0, 19.0])) is Border.ENDO
    assert find_border(contours, np.add(middle, [0.0, 29.0])) is Border.EPI
    assert find_border(contours, np.add(middle, [0.0, 60.0])) is None
    assert find_border(Contours((1.4, 1.4)), middle) is None
    np.testing.assert_allclose(contours.in_pixels(Border.ENDO) * 1.4, contours.borders[Border.ENDO])
