"""What each tool does, to the tenth of a millimetre."""

from __future__ import annotations

import numpy as np
import pytest
from CardiacSegmentationLib.contours import Border, Contours, draw_labels, find_contours, redraw_labels
from CardiacSegmentationLib.contours.curves import arc_mm, area_mm2, centre_mm, find_nearest, outward_normals
from CardiacSegmentationLib.contours.points import delete_point, find_point, insert_point, move_point, place_points
from CardiacSegmentationLib.contours.pull import Pull
from CardiacSegmentationLib.contours.push import Push
from CardiacSegmentationLib.contours.redraw import draw_border, redraw
from CardiacSegmentationLib.contours.snap import snap
from CardiacSegmentationLib.contours.transform import LV, copy, grow, scale, shift, smooth
from CardiacSegmentationLib.errors import ContourError
from CardiacSegmentationLib.phantom import PhantomSpec
from CardiacSegmentationLib.segmentation import Label
from contours.hearts import assert_whole, draw_heart, outside_mm, true_contours, wall_mm
from drags import pull, push
from scipy.ndimage import gaussian_filter

SPACING = (1.4, 1.4)
MIDDLE = np.array([55.0, 66.0]) * 1.4


@pytest.fixture
def labels() -> np.ndarray:
    return draw_heart()


@pytest.fixture
def contours(labels: np.ndarray) -> Contours:
    return find_contours(labels, SPACING)


def at(contours: Contours, border: Border, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """The point of a border in this direction from the LV's middle, and the outward normal there."""
    curve = contours.borders[border]
    away = curve - MIDDLE
    turn = np.angle(np.exp(1j * (np.arctan2(away[:, 0], away[:, 1]) - np.radians(degrees))))
    index = int(abs(turn).argmin())
    return curve[index], outward_normals(curve)[index]


def test_pull_takes_the_border_to_where_it_is_pulled_and_no_other(contours: Contours, labels: np.ndarray) -> None:
    start, out = at(contours, Border.ENDO, 20)
    after = pull(contours, start, start + 2.0 * out, 12.0)
    assert outside_mm((start + 2.0 * out)[None], after.borders[Border.ENDO]) == pytest.approx(0.0, abs=0.05)
    assert after.borders[Border.EPI] is contours.borders[Border.EPI]
    assert after.borders[Border.RV] is contours.borders[Border.RV]
    drawn = redraw_labels(labels, contours, after)
    changed = np.argwhere(drawn != labels) * SPACING
    assert 5 < len(changed) < 60
    assert np.hypot(*(changed - start).T).max() < 12.0 + 2.0
    assert not (drawn == Label.BACKGROUND)[labels != Label.BACKGROUND].any()  # no bare gap


def test_points_beyond_the_reach_stay_to_the_last_digit(contours: Contours) -> None:
    start, out = at(contours, Border.ENDO, 20)
    after = pull(contours, start, start + 3.0 * out, 10.0).borders[Border.ENDO]
    before = contours.borders[Border.ENDO]
    far = np.hypot(*(before - start).T) > 10.0
    kept = {tuple(point) for point in after}
    assert all(tuple(point) in kept for point in before[far])


def test_the_other_borders_give_way(contours: Contours) -> None:
    start, out = at(contours, Border.ENDO, 20)
    after = pull(contours, start, start + 11.0 * out, 15.0)
    assert_whole(after)
    assert after.areas_mm2[Label.LV] > contours.areas_mm2[Label.LV] + 100
    assert wall_mm(after).min() == pytest.approx(2.1, abs=0.25)  # 1.5 pixels
    epi, out_epi = at(contours, Border.EPI, 20)
    inwards = pull(contours, epi, epi - 11.0 * out_epi, 15.0)
    assert_whole(inwards)
    assert inwards.areas_mm2[Label.LV] < contours.areas_mm2[Label.LV]


@pytest.mark.parametrize("by", [-3.0, 4.0])
@pytest.mark.parametrize("border", LV)
def test_the_wall_keeps_its_thickness_where_asked_to(contours: Contours, border: Border, by: float) -> None:
    start, out = at(contours, border, 20)
    free, kept = (pull(contours, start, start + by * out, 25.0, keep_wall=keep) for keep in (False, True))
    before, with_shift, without = (
        outside_mm(at(each, Border.EPI, 20)[0][None], each.borders[Border.ENDO])[0] for each in (contours, kept, free)
    )
    assert with_shift == pytest.approx(before, abs=0.4)
    assert abs(without - before) > 2.0


def test_the_septum_moves_as_one_line(contours: Contours, labels: np.ndarray) -> None:
    start, out = at(contours, Border.EPI, 180)
    for by in (-3.0, 3.0):
        for border in (Border.EPI, Border.RV):
            after = pull(contours, start, start + by * out, 15.0, border=border)
            assert abs(outside_mm((start + by * out)[None], after.borders[Border.EPI])) < 0.2
            assert abs(outside_mm((start + by * out)[None], after.borders[Border.RV])) < 0.2
            drawn = redraw_labels(labels, contours, after)
            assert ((drawn == 0) & (labels != 0)).sum() <= 1


def test_a_press_far_from_any_border_pulls_nothing(contours: Contours) -> None:
    with pytest.raises(ContourError, match="press nearer"):
        Pull.begin(contours, (2.0, 2.0))
    with pytest.raises(ContourError):
        Pull.begin(Contours(SPACING), (2.0, 2.0))
    with pytest.raises(ContourError):
        Push.begin(Contours(SPACING), (2.0, 2.0))


def test_a_drag_that_comes_back_changes_nothing(contours: Contours, labels: np.ndarray) -> None:
    start, out = at(contours, Border.ENDO, 20)
    drag = Pull.begin(contours, start)
    assert drag.border is Border.ENDO
    assert drag.move(start + 5 * out).areas_mm2[Label.LV] > contours.areas_mm2[Label.LV]
    np.testing.assert_array_equal(redraw_labels(labels, contours, drag.move(start)), labels)


def test_the_cursor_shoves_from_both_sides(contours: Contours) -> None:
    start, out = at(contours, Border.ENDO, 20)
    outwards = push(contours, [start - 12 * out, start - 5 * out], 8.0)  # its rim ends 3 mm beyond the border
    assert outside_mm((start + 3.0 * out)[None], outwards.borders[Border.ENDO]) == pytest.approx(0.0, abs=0.3)
    epi, out_epi = at(contours, Border.EPI, 20)
    inwards = push(contours, [epi + 14 * out_epi, epi + 5 * out_epi], 8.0)
    assert outside_mm((epi - 3.0 * out_epi)[None], inwards.borders[Border.EPI]) == pytest.approx(0.0, abs=0.3)
    assert inwards.areas_mm2[Label.LV] == contours.areas_mm2[Label.LV]
    beside = push(contours, [start - 14 * out, start - 12 * out], 8.0)
    assert beside is contours  # it touched nothing


def test_control_points_move_only_the_stretch_between_their_neighbours(contours: Contours) -> None:
    points = place_points(contours, Border.ENDO, 8)
    assert outside_mm(points, contours.borders[Border.ENDO]) == pytest.approx(np.zeros(8), abs=1e-6)
    assert find_point(points, points[2] + 1.0) == 2
    assert find_point(points, MIDDLE) is None
    out = find_nearest(points, contours.borders[Border.ENDO]).outward[2]
    after, moved = move_point(contours, Border.ENDO, points, 2, points[2] - 3.0 * out)
    assert moved[2] == pytest.approx(points[2] - 3.0 * out, abs=0.05)
    others = np.arange(8) != 2
    assert moved[others] == pytest.approx(points[others], abs=0.02)
    more, index = insert_point(after, Border.ENDO, moved, (moved[4] + moved[5]) / 2)
    assert index == 5
    assert len(more) == 9
    fewer, left = delete_point(after, Border.ENDO, moved, 2)
    assert len(left) == 7
    dent = contours.areas_mm2[Label.LV] - after.areas_mm2[Label.LV]
    assert abs(contours.areas_mm2[Label.LV] - fewer.areas_mm2[Label.LV]) < 0.4 * dent
    with pytest.raises(ContourError):
        delete_point(contours, Border.ENDO, points[:4], 0)


@pytest.mark.parametrize("backwards", [False, True])
def test_a_line_takes_the_place_of_the_stretch_along_it(contours: Contours, *, backwards: bool) -> None:
    angles = np.radians(np.linspace(-30, 60, 60))
    bulge = 1.12 + 0.1 * np.cos(np.linspace(-np.pi, np.pi, 60))
    line = MIDDLE + 20.0 * bulge[:, None] * np.stack([np.sin(angles), np.cos(angles)], axis=1)
    after = redraw(contours, line[::-1] if backwards else line, Border.ENDO)
    assert_whole(after)
    assert abs(outside_mm(line[15:-15], after.borders[Border.ENDO])).max() < 0.6
    opposite, _ = at(contours, Border.ENDO, 180)
    assert (abs(after.borders[Border.ENDO] - opposite).sum(axis=1) == 0).any()
    assert redraw(contours, line).areas_mm2[Label.LV] == pytest.approx(after.areas_mm2[Label.LV])  # nearest border


def test_a_thin_border_drawn_anew_is_as_large_as_it_was_drawn() -> None:
    images, _ = true_contours(PhantomSpec(phases=2, slices=12))
    drawn = 0
    for contours in images[0]:
        for border, curve in contours.borders.items():
            alone = draw_border(Contours(contours.spacing_mm), border, curve)
            assert area_mm2(alone.borders[border]) == pytest.approx(area_mm2(curve), rel=0.01)
            drawn += 1
    assert drawn > 20


def test_a_closed_line_is_a_whole_border(contours: Contours, labels: np.ndarray) -> None:
    angles = np.linspace(0, 6.1, 80)
    ring = MIDDLE + 15.0 * np.stack([np.sin(angles), np.cos(angles)], axis=1)
    for after in (redraw(contours, ring, Border.ENDO), draw_border(contours.without(Border.ENDO), Border.ENDO, ring)):
        assert_whole(after)
        assert after.areas_mm2[Label.LV] == pytest.approx(np.pi * 15.0**2, rel=0.02)
    alone = draw_border(Contours(SPACING), Border.RV, ring)
    drawn = redraw_labels(np.zeros_like(labels), Contours(SPACING), alone)
    assert (drawn == Label.RV).sum() * 1.96 == pytest.approx(np.pi * 15.0**2, rel=0.02)
    with pytest.raises(ContourError):
        draw_border(contours, Border.RV, ring[:2])
    with pytest.raises(ContourError):
        redraw(Contours(SPACING), ring)
    far = np.add(ring - MIDDLE, (20.0, 130.0))
    with pytest.raises(ContourError, match="does not fit"):
        draw_border(contours, Border.ENDO, far)


def test_whole_borders_scale_shift_and_grow(contours: Contours) -> None:
    areas = contours.areas_mm2
    scaled = scale(contours, LV, 0.9)
    assert scaled.areas_mm2[Label.LV] == pytest.approx(0.81 * areas[Label.LV], rel=0.001)
    assert scaled.areas_mm2[Label.MYO] == pytest.approx(0.81 * areas[Label.MYO], rel=0.001)
    moved = shift(contours, list(Border), (3.0, -2.0))
    for border in Border:
        assert centre_mm(moved.borders[border]) == pytest.approx(
            np.add(centre_mm(contours.borders[border]), (3.0, -2.0))
        )
    grown = grow(contours, [Border.ENDO], 1.0)
    length = arc_mm(contours.borders[Border.ENDO])[1]
    assert grown.areas_mm2[Label.LV] == pytest.approx(areas[Label.LV] + length + np.pi, rel=0.003)
    shrunk = grow(contours, [Border.RV], -2.0)
    assert shrunk.areas_mm2[Label.RV] < areas[Label.RV]
    septum, _ = at(contours, Border.EPI, 180)
    assert abs(outside_mm(septum[None], shrunk.borders[Border.RV])) < 0.2  # the septum is the LV's
    assert shrunk.borders[Border.EPI] is contours.borders[Border.EPI]
    with pytest.raises(ContourError):
        scale(contours, LV, 0.0)


def test_smoothing_takes_a_wave_away_and_no_area(contours: Contours) -> None:
    curve = contours.borders[Border.ENDO]
    wavy = curve + 0.8 * np.sin(np.arange(len(curve)) * 2 * np.pi / 7)[:, None] * outward_normals(curve)
    rough = contours.with_borders({Border.ENDO: wavy})
    after = smooth(rough, [Border.ENDO])
    away = abs(outside_mm(after.borders[Border.ENDO], curve))
    assert away.mean() < 0.15
    assert after.areas_mm2[Label.LV] == pytest.approx(contours.areas_mm2[Label.LV], rel=0.01)


def test_delete_and_copy_on_one_slice(contours: Contours, labels: np.ndarray) -> None:
    gone = redraw_labels(labels, contours, contours.without(Border.RV))
    assert not (gone == Label.RV).any()
    np.testing.assert_array_equal(gone[labels != Label.RV], labels[labels != Label.RV])
    gone = redraw_labels(labels, contours, contours.without(*LV))
    assert set(np.unique(gone)) == {0, int(Label.RV)}
    smaller = find_contours(draw_heart(radius=15.0), SPACING)
    taken = copy(contours, smaller)
    np.testing.assert_array_equal(draw_labels(taken, labels.shape), draw_labels(smaller, labels.shape))
    cavity = copy(contours, smaller, [Border.ENDO])
    assert cavity.areas_mm2[Label.LV] == pytest.approx(smaller.areas_mm2[Label.LV])
    assert cavity.areas_mm2[Label.RV] == pytest.approx(contours.areas_mm2[Label.RV])
    with pytest.raises(ContourError):
        copy(contours, Contours(SPACING))


@pytest.mark.parametrize("off", [-2.0, 2.0])
def test_a_border_snaps_to_the_edge_of_the_image(contours: Contours, labels: np.ndarray, off: float) -> None:
    signal = np.array([120.0, 900.0, 330.0, 900.0])[labels]
    image = gaussian_filter(signal, 0.7) + np.random.default_rng(0).normal(0, 25, labels.shape)
    wrong = grow(contours, [Border.ENDO], off)
    after = snap(wrong, image, [Border.ENDO])
    away = abs(outside_mm(after.borders[Border.ENDO], contours.borders[Border.ENDO]))
    assert away.mean() < 0.4
    assert away.max() < 1.4
    bounded = snap(wrong, image, [Border.ENDO], 0.5)
    assert abs(outside_mm(bounded.borders[Border.ENDO], wrong.borders[Border.ENDO])).max() <= 0.51


def test_specks_do_not_stay_behind_a_moved_border() -> None:
    labels = draw_heart()
    contours = find_contours(labels, SPACING)
    drawn = draw_labels(contours, labels.shape)
    edge = np.argwhere((drawn == Label.LV) & (np.roll(drawn, -1, axis=1) == Label.MYO))
    row, column = edge[len(edge) // 2]
    labels[row, column] = Label.MYO  # rounded off: the border runs round this pixel's outer side
    place = np.array([row, column]) * 1.4
    out = (place - MIDDLE) / np.hypot(*(place - MIDDLE))
    after = pull(contours, place, place + 4 * out, 15.0, border=Border.ENDO)
    assert redraw_labels(labels, contours, after)[row, column] == Label.LV
