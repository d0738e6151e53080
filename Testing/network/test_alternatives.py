"""Looking again where somebody points, with the network that ships, on the phantom whose borders are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from CardiacSegmentationLib.errors import Cancelled
from CardiacSegmentationLib.network.alternatives import (
    LOOKS,
    MOST,
    SAME_DICE,
    Request,
    find_alternatives,
    heart_dice,
)
from CardiacSegmentationLib.network.infer import most_probable, predict_phase
from CardiacSegmentationLib.network.loaded import LoadedNetwork, load_network
from CardiacSegmentationLib.network.preprocess import View
from CardiacSegmentationLib.network.protocol import Seen
from CardiacSegmentationLib.network.turns import TURNS, see_turned
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.segmentation import STRUCTURES, Label, Segmentation
from CardiacSegmentationLib.stack import CineStack
from overlap import dice

PHASE, SLICE = 2, 4
Study = tuple[CineStack, Segmentation]


@pytest.fixture(scope="module")
def network() -> LoadedNetwork:
    return load_network(None, "onnx")


@pytest.fixture(scope="module")
def phantom() -> Study:
    return make_stack(PhantomSpec(phases=5, slices=9, pixel_mm=2.0))


def click(row: int, column: int) -> tuple[slice, slice]:
    return slice(row, row + 1), slice(column, column + 1)


def middle_of(labels: np.ndarray) -> tuple[int, int]:
    row, column = np.argwhere(labels == Label.LV).mean(axis=0)
    return int(row), int(column)


def assert_like(found: np.ndarray, truth: np.ndarray, least: float = 0.9) -> None:
    for label in STRUCTURES:
        assert dice(found == label, truth == label) > least, label


def nothing(study: Study) -> np.ndarray:
    return np.zeros((1, *study[0].voxels.shape[2:]), np.uint8)


def test_a_deleted_slice_comes_back_from_a_click(network: LoadedNetwork, phantom: Study) -> None:
    truth = phantom[1].labels[PHASE, SLICE]
    where = click(*middle_of(truth))
    found = find_alternatives(phantom[0], network, Request(PHASE, (SLICE,), where), nothing(phantom))
    assert (found[0].shape, found[0].dtype) == ((1, *truth.shape), np.uint8)
    assert_like(found[0][0], truth)


@pytest.mark.parametrize("by_mm", [(0, 0), (24, -28), (-20, 30)])
def test_a_click_finds_a_heart_far_from_the_middle_of_the_image(
    network: LoadedNetwork, phantom: Study, by_mm: tuple[int, int]
) -> None:
    """Also one beside the cavity: the heart it touches, or the nearest one, is meant."""
    widths = ((0, 0), (0, 0), (10, 140), (120, 5))
    stack = replace(phantom[0], voxels=np.pad(phantom[0].voxels, widths, mode="edge"))
    truth = np.pad(phantom[1].labels, widths)[PHASE, SLICE]
    row, column = middle_of(truth)
    where = click(row + by_mm[0] // 2, column + by_mm[1] // 2)
    found = find_alternatives(stack, network, Request(PHASE, (SLICE,), where), np.zeros((1, *truth.shape), np.uint8))
    assert_like(found[0][0], truth)


def test_of_two_hearts_the_one_in_the_box_is_meant(network: LoadedNetwork, phantom: Study) -> None:
    """Side by side in one image; the rows and columns of the heart are the box."""
    voxels = np.concatenate([phantom[0].voxels[..., 25:135], phantom[0].voxels[..., 25:135]], axis=-1)
    truth = phantom[1].labels[PHASE, SLICE][:, 25:135]
    rows, columns = (np.flatnonzero(truth.any(axis=axis)) for axis in (1, 0))
    for left in (0, 110):
        box = slice(rows[0], rows[-1] + 1), slice(left + columns[0], left + columns[-1] + 1)
        stack = replace(phantom[0], voxels=voxels)
        shown = np.zeros((1, *voxels.shape[2:]), np.uint8)
        found = find_alternatives(stack, network, Request(PHASE, (SLICE,), box), shown)[0][0]
        assert_like(found[:, left : left + 110], truth)
        assert not found[:, 110 - left : 220 - left].any()


def test_alternatives_differ_from_what_is_shown_and_from_each_other(network: LoadedNetwork, phantom: Study) -> None:
    request = Request(PHASE, (SLICE,), click(*middle_of(phantom[1].labels[PHASE, SLICE])))
    first = find_alternatives(phantom[0], network, request, nothing(phantom))
    again = find_alternatives(phantom[0], network, request, first[0])
    assert 2 <= len(again) <= MOST
    known = [first[0], *again]
    for number, one in enumerate(known):
        assert all(heart_dice(one, other) < SAME_DICE for other in known[number + 1 :])
    with_rv = [bool((labels == Label.RV).any()) for labels in again]
    assert with_rv[0], "the most plausible first: the RV is there"
    assert not all(with_rv), "and one without it is offered"


def test_all_slices_of_a_phase_at_once(network: LoadedNetwork, phantom: Study) -> None:
    stack, truth = phantom
    slices = tuple(range(1, 7))
    shown = np.zeros((len(slices), *stack.voxels.shape[2:]), np.uint8)
    request = Request(PHASE, slices, click(*middle_of(truth.labels[PHASE, SLICE])))
    found = find_alternatives(stack, network, request, shown)
    assert_like(found[0], truth.labels[PHASE, 1:7])


def test_without_a_box_the_heart_is_searched_for(network: LoadedNetwork, phantom: Study) -> None:
    found = find_alternatives(phantom[0], network, Request(PHASE, (SLICE,)), nothing(phantom))
    assert_like(found[0][0], phantom[1].labels[PHASE, SLICE])


def test_where_there_is_nothing_nothing_is_proposed(network: LoadedNetwork, phantom: Study) -> None:
    stack = replace(phantom[0], voxels=np.zeros_like(phantom[0].voxels))
    assert find_alternatives(stack, network, Request(PHASE, (SLICE,), click(80, 80)), nothing(phantom)) == ()


def test_a_report_that_raises_stops_it(network: LoadedNetwork, phantom: Study) -> None:
    heard: list[float] = []

    def report(done: float) -> None:
        heard.append(done)
        if done > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        find_alternatives(phantom[0], network, Request(PHASE, (SLICE,), click(80, 80)), nothing(phantom), report)
    assert len(heard) < len(LOOKS)


def test_what_is_seen_on_a_turned_view_comes_back_upright(network: LoadedNetwork, phantom: Study) -> None:
    class Echo:
        def see(self, views: np.ndarray) -> Seen:
            return Seen(np.stack([views, 1 - views], axis=1), np.ones((len(views), 2), np.float32))

    views = np.random.default_rng(1).random((3, 6, 8), np.float32)
    for turn in TURNS:
        np.testing.assert_array_equal(see_turned(views, Echo(), turn).probabilities[:, 0], views)  # type: ignore[arg-type]
    view = View((80.0, 72.0), (128, 128), 1.4, (2.0, 2.0))
    slices = phantom[0].voxels[PHASE, 3:6]
    upright, turned = (
        most_probable(predict_phase(slices, view, network, turn).probabilities) for turn in (TURNS[0], TURNS[5])
    )
    assert heart_dice(upright, turned) > 0.9
