"""Each repair mends what it is for, leaves a good heart alone, and says where it changed much."""

from __future__ import annotations

import numpy as np
import pytest
from CardiacSegmentationLib.network.postprocess import STEPS, Grid, postprocess
from CardiacSegmentationLib.network.slices import drop_absent_ends, restore_lost
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.segmentation import Label

GRID = Grid(pixel_mm=1.4, is_cyclic=True, neighbouring=True)


def heart(phases: int = 6, slices: int = 5) -> np.ndarray:
    """An LV ring with an RV beside it, the same in every phase and slice."""
    rows, columns = np.indices((64, 64))
    distance = np.hypot(rows - 32, columns - 36)
    image = np.where(np.hypot(rows - 32, columns - 16) < 10, Label.RV, Label.BACKGROUND)
    image = np.where(distance < 16, Label.MYO, image)
    image = np.where(distance < 10, Label.LV, image).astype(np.uint8)
    return np.broadcast_to(image, (phases, slices, 64, 64)).copy()


def test_a_good_heart_is_left_as_it_is() -> None:
    _, truth = make_stack(PhantomSpec(phases=8, slices=9))
    after, findings = postprocess(truth.labels, GRID, [name for name in STEPS if name != "closed-myocardium"])
    assert np.count_nonzero(after != truth.labels) < 1e-3 * np.count_nonzero(truth.labels)
    assert findings == ()


def test_a_ventricle_taken_for_the_other_in_one_slice_is_put_right() -> None:
    labels = heart()
    broken = labels.copy()
    right = broken[2, 3] == Label.RV
    broken[2, 3][right] = Label.LV
    broken[2, 3, 28:36, 10:13][right[28:36, 10:13]] = Label.MYO
    after, findings = postprocess(broken, GRID, ["sides"])
    assert np.array_equal(after, labels)
    assert [(finding.code, finding.slice, finding.phase) for finding in findings] == [("repaired-sides", 3, 2)]
    inside = broken.copy()
    inside[2, 3] = labels[2, 3]
    inside[2, 3, 30:34, 34:38] = Label.RV  # too little to be a ventricle: other steps fill it
    assert np.array_equal(postprocess(inside, GRID, ["sides"])[0], inside)


def test_a_stack_of_two_slices_has_no_neighbours_to_ask() -> None:
    labels = heart(slices=2)
    assert np.array_equal(postprocess(labels, GRID, ["sides"])[0], labels)


def test_labels_apart_from_the_heart_go() -> None:
    labels = heart()
    broken = labels.copy()
    broken[2, 1, 2:14, 2:14] = Label.LV
    broken[3, :, 50:55, 2:7] = Label.RV
    after, findings = postprocess(broken, GRID, ["one-heart"])
    assert np.array_equal(after, labels)
    assert [(finding.code, finding.slice, finding.phase) for finding in findings] == [("repaired-one-heart", 1, 2)]


def test_a_slice_lost_in_the_middle_does_not_cost_the_apex() -> None:
    labels = heart()
    labels[:, 2] = Label.BACKGROUND
    after, _ = postprocess(labels, GRID, ["one-heart"])
    assert np.array_equal(after, labels)


def test_an_rv_cut_in_two_by_the_slice_keeps_both_parts() -> None:
    labels = heart()
    labels[:, :, 31:33][labels[:, :, 31:33] == Label.RV] = Label.BACKGROUND
    after, _ = postprocess(labels, GRID, ["one-heart"])
    assert np.array_equal(after, labels)


@pytest.mark.parametrize(
    ("place", "wrong", "right"),
    [
        ((32, 36), Label.BACKGROUND, Label.LV),  # in the cavity
        ((32, 36), Label.MYO, Label.LV),  # a papillary muscle: blood, by the convention of the labels
        ((32, 49), Label.BACKGROUND, Label.MYO),  # in the wall
        ((32, 49), Label.RV, Label.MYO),  # RV in the LV's wall
        ((32, 14), Label.BACKGROUND, Label.RV),
    ],
)
def test_holes_take_the_label_around_them(place: tuple[int, int], wrong: Label, right: Label) -> None:
    labels = heart()
    row, column = place
    labels[:, :, row - 1 : row + 2, column - 1 : column + 1] = wrong
    after, _ = postprocess(labels, GRID, ["holes"])
    assert (after[:, :, row, column] == right).all()
    assert np.array_equal(after, heart())


def test_a_ring_around_nothing_is_filled_with_cavity() -> None:
    labels = heart()
    labels[0, 4][labels[0, 4] == Label.LV] = Label.BACKGROUND
    after, findings = postprocess(labels, GRID, ["holes"])
    assert np.array_equal(after, heart())
    assert (findings[0].slice, findings[0].phase) == (4, 0)


def test_a_small_gap_in_the_wall_is_closed_without_moving_the_cavity() -> None:
    labels = heart()
    labels[:, :, 30:35, 45:53] = Label.BACKGROUND
    cavity = labels == Label.LV
    after, _ = postprocess(labels, GRID, ["closed-myocardium"])
    assert np.array_equal(after == Label.LV, cavity)
    assert (after[:, :, 32, 45] == Label.MYO).all()
    assert np.count_nonzero(after != labels) < 12 * labels.shape[0] * labels.shape[1], "one pixel wide"


def test_a_wide_opening_is_anatomy_and_stays() -> None:
    labels = heart()
    labels[:, 0, :, 36:][labels[:, 0, :, 36:] == Label.MYO] = Label.BACKGROUND
    after, _ = postprocess(labels, GRID, ["closed-myocardium"])
    assert np.array_equal(after, labels)


def test_what_one_phase_lost_comes_back_and_what_one_phase_invents_goes() -> None:
    labels = heart()
    labels[2, 1] = Label.BACKGROUND
    invented = heart(slices=6)
    invented[:, 5] = Label.BACKGROUND
    invented[0, 5, 28:36, 32:40] = Label.LV
    after, findings = postprocess(labels, GRID, ["in-time"])
    assert np.array_equal(after, heart())
    assert [(finding.slice, finding.phase) for finding in findings] == [(1, 2)]
    assert not postprocess(invented, GRID, ["in-time"])[0][:, 5].any()


def test_a_structure_that_takes_in_another_in_one_phase_gives_it_back() -> None:
    labels = heart()
    swollen = labels.copy()
    swollen[3, 4, 4:60, 6:60] = Label.LV
    after, _ = postprocess(swollen, GRID, ["in-time"])
    assert np.array_equal(after >= Label.MYO, labels >= Label.MYO)
    assert np.array_equal(after == Label.RV, labels == Label.RV)


def test_the_ends_of_a_beat_that_is_not_whole_are_compared_with_their_nearest_two_phases() -> None:
    labels = heart()
    labels[0, 1] = Label.BACKGROUND
    labels[5, 2] = Label.BACKGROUND
    after, _ = postprocess(labels, Grid(1.4, is_cyclic=False, neighbouring=True), ["in-time"])
    assert np.array_equal(after, heart())


def test_phases_that_are_no_neighbours_are_not_judged() -> None:
    labels = heart()
    labels[0, 1] = Label.BACKGROUND
    grid = Grid(1.4, is_cyclic=True, neighbouring=False)
    assert np.array_equal(postprocess(labels, grid, ["in-time"])[0], labels)


def test_a_cavity_that_empties_over_several_phases_is_no_loss() -> None:
    labels = heart()
    labels[2:5, 4] = Label.BACKGROUND
    assert np.array_equal(postprocess(labels, GRID, ["in-time"])[0], labels)


def test_a_piece_beyond_an_empty_slice_goes_and_half_a_heart_stays() -> None:
    labels = heart(slices=7)
    labels[:, 5] = labels[:, 6] = Label.BACKGROUND
    labels[:, 6, 28:36, 32:40] = Label.LV
    after, _ = postprocess(labels, GRID, ["through-plane"])
    assert not after[:, 6].any()
    assert np.array_equal(after[:, :5], labels[:, :5])
    halves = heart(slices=7)
    halves[:, 3] = Label.BACKGROUND
    assert np.array_equal(postprocess(halves, GRID, ["through-plane"])[0], halves)


def test_no_step_fails_on_labels_that_are_empty() -> None:
    empty = np.zeros((3, 4, 32, 32), np.uint8)
    after, findings = postprocess(empty, GRID)
    assert not after.any()
    assert findings == ()


def test_a_ventricle_ends_where_the_network_says_so() -> None:
    labels = heart(slices=6)
    presence = np.full((2, 6, 6), 0.95, np.float32)
    presence[0, :, 0] = 0.02  # no LV in the first slice
    presence[1, :, 5] = 0.02  # no RV in the last one
    presence[:, :, 3] = 0.02  # a doubt in the middle is no end
    presence[0, 2, 1] = 0.02  # one phase alone decides nothing
    after, findings = drop_absent_ends(labels, presence, neighbouring=True, pixel_mm2=2.0)
    assert not (after[:, 0] >= Label.MYO).any()
    assert (after[:, 0] == Label.RV).any()
    assert not (after[:, 5] == Label.RV).any()
    assert np.array_equal(after[:, 1:5], labels[:, 1:5])
    assert {(finding.code, finding.slice) for finding in findings} == {
        ("end-slice-removed", 0),
        ("end-slice-removed", 5),
    }


def test_a_ventricle_lost_for_a_few_phases_comes_back_where_the_network_says_it_is_there() -> None:
    labels = heart(phases=12)
    presence = np.full((2, 12, 5), 0.95, np.float32)
    broken = labels.copy()
    broken[4:6, 0][broken[4:6, 0] >= Label.MYO] = Label.BACKGROUND
    after, findings = restore_lost(broken, presence, is_cyclic=True, pixel_mm2=2.0)
    assert np.array_equal(after, labels)
    assert [(finding.code, finding.slice) for finding in findings] == [("slice-restored", 0)]
    presence[0, 5, 0] = 0.4
    assert np.array_equal(restore_lost(broken, presence, is_cyclic=True, pixel_mm2=2.0)[0], broken)


def test_a_loss_at_the_end_of_a_beat_is_mended_only_where_the_beat_is_whole() -> None:
    labels = heart(phases=12)
    presence = np.full((2, 12, 5), 0.95, np.float32)
    broken = labels.copy()
    broken[[11, 0], 2] = Label.BACKGROUND
    assert np.array_equal(restore_lost(broken, presence, is_cyclic=True, pixel_mm2=2.0)[0], labels)
    assert np.array_equal(restore_lost(broken, presence, is_cyclic=False, pixel_mm2=2.0)[0], broken)


def test_a_loss_over_a_third_of_the_beat_is_no_loss() -> None:
    broken = heart(phases=12)
    broken[4:8, 0] = Label.BACKGROUND
    presence = np.full((2, 12, 5), 0.95, np.float32)
    assert np.array_equal(restore_lost(broken, presence, is_cyclic=True, pixel_mm2=2.0)[0], broken)


def test_a_network_that_sees_no_ventricle_anywhere_removes_nothing() -> None:
    labels = heart()
    presence = np.zeros((2, *labels.shape[:2]), np.float32)
    assert np.array_equal(drop_absent_ends(labels, presence, True, 2.0)[0], labels)
