"""Whatever a hand does: endocardium in epicardium, RV out of it, no border across itself, pixels far away untouched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.contours import Border, Contours, find_contours, redraw_labels
from CardiacSegmentationLib.contours.anatomy import is_whole, settle, smallest_wall_mm
from CardiacSegmentationLib.contours.curves import outward_normals
from CardiacSegmentationLib.contours.points import delete_point, move_point, place_points
from CardiacSegmentationLib.contours.redraw import draw_border, redraw
from CardiacSegmentationLib.contours.snap import snap
from CardiacSegmentationLib.contours.transform import copy, grow, scale, shift, smooth
from CardiacSegmentationLib.errors import ContourError
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.segmentation import Label
from contours.hearts import assert_whole, crosses_itself, draw_heart, hearts, outside_mm, wall_mm
from drags import pull, push
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

Heart = tuple[np.ndarray, tuple[float, float]]
COORDINATE = st.floats(0.0, 180.0)
PLACES = st.tuples(COORDINATE, COORDINATE)
NEAR = st.tuples(st.floats(40.0, 110.0), st.floats(40.0, 110.0))
STEPS = st.tuples(st.floats(-40.0, 40.0), st.floats(-40.0, 40.0))
BORDERS = st.sampled_from(list(Border))
SETS = st.sets(BORDERS, min_size=1)


def on_border(contours: Contours, border: Border, share: float) -> np.ndarray:
    curve = contours.borders[border]
    return curve[int(share * len(curve)) % len(curve)]


def held(contours: Contours, border: Border) -> Border:
    return border if border in contours.borders else Border.EPI


def assert_wall(before: Contours, after: Contours) -> None:
    """The wall is as thick as asked for, or as it was."""
    least = min(float(wall_mm(before).min()), smallest_wall_mm(before.spacing_mm))
    assert wall_mm(after).min() >= least - 0.35  # the curve between two points that keep away


def assert_nested(labels: np.ndarray) -> None:
    """No LV pixel beside background or RV: the ring is closed in all these hearts."""
    outside = (labels != Label.LV) & (labels != Label.MYO)
    beside = np.zeros(labels.shape, bool)
    beside[1:] |= outside[:-1]
    beside[:-1] |= outside[1:]
    beside[:, 1:] |= outside[:, :-1]
    beside[:, :-1] |= outside[:, 1:]
    assert not (beside & (labels == Label.LV)).any()


@settings(max_examples=60)
@given(
    heart=hearts(),
    border=BORDERS,
    share=st.floats(0, 1),
    by=STEPS,
    reach=st.floats(3.0, 40.0),
    keep=st.booleans(),
)
def test_pull(heart: Heart, border: Border, share: float, by: tuple[float, float], reach: float, *, keep: bool) -> None:
    labels, spacing = heart
    before = find_contours(labels, spacing)
    border = held(before, border)
    start = on_border(before, border, share)
    after = pull(before, start, start + by, reach, border=border, keep_wall=keep)
    assert_whole(after)
    assert_wall(before, after)
    drawn = redraw_labels(labels, before, after)
    assert_nested(drawn)
    rows, columns = np.indices(labels.shape)
    away = np.hypot(rows * spacing[0] - start[0], columns * spacing[1] - start[1])
    far = away > reach + 2.0 * np.hypot(*by) + 20.0
    np.testing.assert_array_equal(drawn[far], labels[far])


@settings(max_examples=60)
@given(hearts(), PLACES, st.lists(STEPS, min_size=1, max_size=6), st.floats(3.0, 20.0))
def test_push(heart: Heart, press: tuple[float, float], steps: list[tuple[float, float]], radius: float) -> None:
    labels, spacing = heart
    before = find_contours(labels, spacing)
    path = np.cumsum([press, *(np.array(step) / 3.0 for step in steps)], axis=0)
    after = push(before, path, radius)
    assert_whole(after)
    assert_nested(redraw_labels(labels, before, after))


@settings(max_examples=60)
@given(hearts(), BORDERS, st.integers(4, 16), st.lists(st.tuples(st.integers(0, 15), STEPS), min_size=1, max_size=4))
def test_points(heart: Heart, border: Border, count: int, moves: list[tuple[int, tuple[float, float]]]) -> None:
    labels, spacing = heart
    contours = find_contours(labels, spacing)
    border = held(contours, border)
    points = place_points(contours, border, count)
    for index, by in moves:
        contours, points = move_point(contours, border, points, index % count, points[index % count] + by)
        assert_whole(contours)
        assert len(points) == count
    if count > 4:
        contours, points = delete_point(contours, border, points, moves[0][0] % count)
        assert_whole(contours)


@settings(max_examples=40)
@given(hearts(), st.lists(NEAR, min_size=2, max_size=6), st.sampled_from([None, *Border]))
def test_redraw(heart: Heart, line: list[tuple[float, float]], border: Border | None) -> None:
    labels, spacing = heart
    before = find_contours(labels, spacing)
    for tool in (redraw, lambda contours, line, border: draw_border(contours, border or Border.RV, line)):
        try:
            after = tool(before, np.array(line), border)
        except ContourError:
            continue  # nothing to be redrawn, or no line
        assert_whole(after)


WHOLE_TOOLS: dict[str, Callable[[Contours, set[Border], float], Contours]] = {
    "scale": lambda contours, borders, amount: scale(contours, borders, 1.0 + amount / 25.0),
    "shift": lambda contours, borders, amount: shift(contours, borders, (amount, -0.5 * amount)),
    "grow": grow,
    "smooth": lambda contours, borders, amount: smooth(contours, borders, abs(amount)),
    "delete": lambda contours, borders, _: contours.without(*borders),
}


@settings(max_examples=60)
@given(hearts(), st.lists(st.tuples(st.sampled_from(list(WHOLE_TOOLS)), SETS, st.floats(-20.0, 20.0)), max_size=4))
def test_whole_borders(heart: Heart, edits: list[tuple[str, set[Border], float]]) -> None:
    labels, spacing = heart
    contours = find_contours(labels, spacing)
    for tool, borders, amount in edits:
        after = WHOLE_TOOLS[tool](contours, borders, amount)
        assert_whole(after)
        labels = redraw_labels(labels, contours, after)
        for border, label in ((Border.RV, Label.RV), (Border.ENDO, Label.LV), (Border.EPI, Label.MYO)):
            if border in contours.borders and border not in after.borders:
                assert not (labels == label).any()
        contours = after


@settings(max_examples=60)
@given(hearts(), hearts(), SETS)
def test_copy(heart: Heart, other: Heart, borders: set[Border]) -> None:
    here, there = find_contours(*heart), find_contours(*other)
    try:
        after = copy(here, there, borders)
    except ContourError:
        return
    assert_whole(after)
    if Border.ENDO in borders:
        assert after.areas_mm2[Label.LV] >= 0.98 * there.areas_mm2[Label.LV]


@settings(max_examples=40)
@given(hearts(), SETS, st.integers(0, 2**31), st.floats(1.0, 8.0))
def test_snap(heart: Heart, borders: set[Border], seed: int, within: float) -> None:
    labels, spacing = heart
    before = find_contours(labels, spacing)
    image = np.random.default_rng(seed).normal(size=labels.shape)
    after = snap(before, image, borders, within)
    assert_whole(after)
    if borders == {Border.ENDO}:
        drift = abs(np.sqrt(after.areas_mm2[Label.LV]) - np.sqrt(before.areas_mm2[Label.LV])) / np.sqrt(np.pi)
        assert drift <= within


def test_one_drag_after_another_leaves_the_anatomy_whole() -> None:
    random = np.random.default_rng(3)
    labels = draw_heart()
    contours = find_contours(labels, (1.4, 1.4))
    for _ in range(60):
        border = list(Border)[random.integers(3)]
        start = on_border(contours, border, random.uniform())
        after = pull(contours, start, start + random.normal(0, 6, 2), random.uniform(5, 25), border=border)
        labels = redraw_labels(labels, contours, after)
        contours = after
        assert_whole(contours)
        assert_nested(labels)
        assert max(len(curve) for curve in contours.borders.values()) < 700


@pytest.mark.parametrize("pixel_mm", [1.4, 2.0, 3.0])
def test_no_image_refuses_to_be_moved(pixel_mm: float) -> None:
    """With pixels of 3 mm the RV's long straight steps lie across the epicardium's corners."""
    _, segmentation = make_stack(PhantomSpec(phases=8, slices=8, pixel_mm=pixel_mm))
    moved = 0
    for labels in segmentation.labels[::3].reshape(-1, *segmentation.labels.shape[2:]):
        before = find_contours(labels, (pixel_mm, pixel_mm))
        for border in before.borders:
            for by_mm in (-1.0, 1.0):
                after = grow(before, [border], by_mm)
                assert_whole(after)
                middle = np.median(outside_mm(after.borders[border], before.borders[border]))
                assert by_mm * middle > 0.9 or border is Border.RV  # of which the septum stays
                assert after is not before
                moved += 1
    assert moved > 80


def test_an_open_ring_stays_open_under_a_pull() -> None:
    labels = draw_heart(gap=0.5)
    before = find_contours(labels, (1.4, 1.4))
    middle = np.array([55.0, 66.0]) * 1.4
    opening = before.borders[Border.ENDO][
        np.argmin(np.hypot(*(before.borders[Border.ENDO] - middle - 20.0 * np.array([-0.72, 0.69])).T))
    ]
    for by, look in ((3.0, 1.6), (-3.0, 0.5)):
        out = by * (opening - middle) / np.hypot(*(opening - middle))
        after = pull(before, opening, opening + out, 12.0, border=Border.ENDO)
        assert_whole(after)
        assert (after.areas_mm2[Label.LV] - before.areas_mm2[Label.LV]) * by > 0
        drawn = redraw_labels(labels, before, after)
        place = tuple(np.round((opening + out * look) / 1.4).astype(int))
        assert drawn[place] == Label.BACKGROUND  # no muscle appears there


def test_a_border_that_crosses_itself_is_not_whole() -> None:
    before = find_contours(draw_heart(rv=0.0), (1.4, 1.4))
    curve = before.borders[Border.ENDO].copy()
    curve[5], curve[12] = curve[12].copy(), curve[5].copy()
    assert crosses_itself(curve)
    assert not is_whole(before.with_borders({Border.ENDO: curve}))
    assert is_whole(settle(before, {Border.ENDO: curve}))
    swapped = Contours((1.4, 1.4), {Border.ENDO: before.borders[Border.EPI], Border.EPI: before.borders[Border.ENDO]})
    assert not is_whole(swapped)


def test_borders_that_rounding_put_into_each_other_can_be_pulled() -> None:
    whole = find_contours(draw_heart(), (1.4, 1.4))
    epi, rv = whole.borders[Border.EPI], whole.borders[Border.RV]
    on_septum = np.flatnonzero(abs(outside_mm(rv, epi)) < 1e-6)
    first = int(on_septum[len(on_septum) // 2])
    middle, along = (rv[first] + rv[first + 1]) / 2.0, rv[first] - rv[first + 1]
    septal = int(np.hypot(*(epi - middle).T).argmin())
    tip = middle + 0.16 * outward_normals(epi)[septal]  # a little beyond what edits let stand
    bent = [rv[first + 1], middle - 0.3 * along, tip, middle + 0.3 * along, rv[first]]
    spike = [epi[:septal], bent, epi[septal + 1 :]]
    before = whole.with_borders({Border.EPI: np.concatenate(spike)})
    assert not is_whole(before)
    free = int(np.argmax(outside_mm(epi, rv)))
    to = epi[free] + 3.0 * outward_normals(epi)[free]
    after = pull(before, epi[free], to, 12.0, border=Border.EPI)
    assert abs(outside_mm(to[None], after.borders[Border.EPI])).max() < 0.1
