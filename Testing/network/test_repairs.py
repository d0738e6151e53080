"""Each repair mends what it is for, leaves a good heart alone, and says where it changed much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from CardiacSegmentationLib.network.repairs import REPAIRS, Sampling, apply_repairs
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from CardiacSegmentationLib.findings import Finding


def sampling(labels: np.ndarray, is_whole_beat: bool = True) -> Sampling:
    return Sampling(1.4, is_whole_beat, np.ones(len(labels), bool))


def mend(labels: np.ndarray, *names: str) -> tuple[np.ndarray, tuple[Finding, ...]]:
    return apply_repairs(labels, sampling(labels), names)


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
    after, findings = mend(truth.labels, *REPAIRS)
    assert np.count_nonzero(after != truth.labels) < 1e-3 * np.count_nonzero(truth.labels)
    assert findings == ()


def test_labels_apart_from_the_heart_go() -> None:
    labels = heart()
    broken = labels.copy()
    broken[2, 1, 2:14, 2:14] = Label.LV
    broken[3, :, 50:55, 2:7] = Label.RV
    after, findings = mend(broken, "one-heart")
    assert np.array_equal(after, labels)
    assert [(finding.code, finding.slice, finding.phase) for finding in findings] == [("repaired-one-heart", 1, 2)]


def test_a_slice_lost_in_the_middle_does_not_cost_the_apex() -> None:
    labels = heart()
    labels[:, 2] = Label.BACKGROUND
    after, _ = mend(labels, "one-heart")
    assert np.array_equal(after, labels)


def test_an_rv_cut_in_two_by_the_slice_keeps_both_parts() -> None:
    labels = heart()
    labels[:, :, 31:33][labels[:, :, 31:33] == Label.RV] = Label.BACKGROUND
    after, _ = mend(labels, "one-heart")
    assert np.array_equal(after, labels)


def test_what_one_phase_lost_comes_back_and_what_one_phase_invents_goes() -> None:
    labels = heart()
    labels[2, 1] = Label.BACKGROUND
    invented = heart(slices=6)
    invented[:, 5] = Label.BACKGROUND
    invented[0, 5, 28:36, 32:40] = Label.LV
    after, findings = mend(labels, "in-time")
    assert np.array_equal(after, heart())
    assert [(finding.slice, finding.phase) for finding in findings] == [(1, 2)]
    assert not mend(invented, "in-time")[0][:, 5].any()


def test_a_structure_that_takes_in_another_in_one_phase_gives_it_back() -> None:
    labels = heart()
    swollen = labels.copy()
    swollen[3, 4, 4:60, 6:60] = Label.LV
    after, _ = mend(swollen, "in-time")
    assert np.array_equal(after >= Label.MYO, labels >= Label.MYO)
    assert np.array_equal(after == Label.RV, labels == Label.RV)


def test_the_ends_of_a_beat_that_is_not_whole_are_compared_with_their_nearest_two_phases() -> None:
    labels = heart()
    labels[0, 1] = Label.BACKGROUND
    labels[5, 2] = Label.BACKGROUND
    after, _ = apply_repairs(labels, sampling(labels, is_whole_beat=False), ["in-time"])
    assert np.array_equal(after, heart())


def test_a_phase_is_judged_only_where_both_its_neighbours_have_labels() -> None:
    labels = heart()
    labels[2, 1] = Label.BACKGROUND
    labelled = np.array([False, True, True, True, False, False])
    labels[~labelled] = Label.BACKGROUND
    after, _ = apply_repairs(labels, Sampling(1.4, True, labelled), ["in-time"])
    assert np.array_equal(after[labelled], heart()[labelled])
    labelled[3] = False
    labels[3] = Label.BACKGROUND
    assert np.array_equal(apply_repairs(labels, Sampling(1.4, True, labelled), ["in-time"])[0], labels)


def test_a_cavity_that_empties_over_several_phases_is_no_loss() -> None:
    labels = heart()
    labels[2:5, 4] = Label.BACKGROUND
    assert np.array_equal(mend(labels, "in-time")[0], labels)


def test_a_piece_beyond_an_empty_slice_goes_and_half_a_heart_stays() -> None:
    labels = heart(slices=7)
    labels[:, 5] = labels[:, 6] = Label.BACKGROUND
    labels[:, 6, 28:36, 32:40] = Label.LV
    after, _ = mend(labels, "through-plane")
    assert not after[:, 6].any()
    assert np.array_equal(after[:, :5], labels[:, :5])
    halves = heart(slices=7)
    halves[:, 3] = Label.BACKGROUND
    assert np.array_equal(mend(halves, "through-plane")[0], halves)


def test_a_slice_lost_in_one_phase_does_not_cost_what_lies_beyond_it() -> None:
    labels = heart(slices=7)
    labels[2, 5] = Label.BACKGROUND
    labels[:, 6, :30] = Label.BACKGROUND  # less than a fifth lies beyond the loss
    after, _ = mend(labels, *REPAIRS)
    assert np.array_equal(after[2], after[3])
    assert after[2, 6].any()


def test_no_step_fails_on_labels_that_are_empty() -> None:
    empty = np.zeros((3, 4, 32, 32), np.uint8)
    after, findings = mend(empty, *REPAIRS)
    assert not after.any()
    assert findings == ()
