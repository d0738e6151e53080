"""Labels sent to the network's grid and back lie where they were: no shift by half a pixel."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from CardiacSegmentationLib.network.infer import expected_dice, most_probable, predict_phase, write_labels
from CardiacSegmentationLib.network.preprocess import Preprocessing, View, heart_view, take_view
from CardiacSegmentationLib.network.protocol import Seen
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.segmentation import STRUCTURES, Label
from overlap import dice


def there_and_back(labels: np.ndarray, view: View) -> np.ndarray:
    one_hot = np.moveaxis(np.eye(4, dtype=np.float32)[labels], -1, 1)
    back = np.zeros_like(labels)
    write_labels(back, take_view(one_hot, view), view)
    return back


@pytest.mark.parametrize("pixel_mm", [1.0, 1.4, 1.8, 2.5])
def test_a_label_map_comes_back_in_its_place(pixel_mm: float) -> None:
    _, truth = make_stack(PhantomSpec(phases=2, slices=8, pixel_mm=pixel_mm))
    labels = truth.labels[0]
    view = heart_view((labels != 0).any(axis=0), (pixel_mm, pixel_mm), Preprocessing())
    back = there_and_back(labels, view)
    for label in STRUCTURES:
        here, there = labels == label, back == label
        # Pixels smaller than the network's cannot all survive; what they lose, they lose on both sides alike.
        assert dice(here, there) > (0.985 if pixel_mm >= 1.4 else 0.96), label
        if dice(here, there) < 1:
            shifts = [np.mean(a) - np.mean(b) for a, b in zip(np.nonzero(here), np.nonzero(there), strict=True)]
            assert np.abs(shifts[1:]).max() < 0.05, (label, shifts)


@pytest.mark.parametrize("offset", [(0.0, 0.0), (0.5, 0.0), (0.25, -0.4), (3.3, 7.7)])
def test_where_the_view_is_centred_does_not_shift_the_labels(offset: tuple[float, float]) -> None:
    rows, columns = np.indices((120, 140))
    labels = (np.hypot(rows - 60, columns - 70) < 20).astype(np.uint8)[None] * 3
    view = heart_view(labels[0] != 0, (1.4, 1.4), Preprocessing())
    moved = replace(view, centre=(view.centre[0] + offset[0], view.centre[1] + offset[1]))
    back = there_and_back(labels, moved)
    assert dice(labels == 3, back == 3) > 0.98
    centre = [float(np.mean(axis)) for axis in np.nonzero(back[0])]
    assert centre == pytest.approx([60, 70], abs=0.05)


def test_pixels_may_be_longer_than_wide() -> None:
    rows, columns = np.indices((60, 140))
    labels = (np.hypot((rows - 30) * 2.8, (columns - 70) * 1.4) < 30).astype(np.uint8)[None] * 2
    view = heart_view(labels[0] != 0, (2.8, 1.4), Preprocessing())
    assert dice(labels == 2, there_and_back(labels, view) == 2) > 0.97


def test_outside_of_the_view_nothing_is_written() -> None:
    labels = np.full((1, 100, 100), 3, np.uint8)
    view = View((50.0, 50.0), (32, 32), 1.0, (1.0, 1.0))
    back = there_and_back(labels, view)
    assert back[0, 40:60, 40:60].all()
    assert not back[0, :30].any()


def test_an_image_of_one_grey_shows_no_heart_whatever_the_network_says() -> None:
    slices = np.random.default_rng(1).integers(0, 200, (4, 16, 16))
    slices[0], slices[2] = 0, 77
    everywhere = np.zeros((4, 4, 32, 32), np.float32)
    everywhere[:, Label.LV] = 1
    network = SimpleNamespace(see=lambda _: Seen(everywhere, np.ones((4, 2), np.float32)))
    seen = predict_phase(slices, View((7.5, 7.5), (32, 32), 1.0, (1.0, 1.0)), network)
    assert seen.probabilities.argmax(axis=1).any(axis=(1, 2)).tolist() == [False, True, False, True]
    assert (seen.probabilities.sum(axis=1) == 1).all()
    assert seen.presence[:, 0].tolist() == [0, 1, 0, 1]


def test_expected_dice_is_high_for_sharp_and_low_for_washed_out_probabilities() -> None:
    sharp = np.zeros((1, 4, 20, 20), np.float32)
    sharp[:, 0] = 1
    sharp[:, :, 5:15, 5:15] = np.array([0, 0, 0, 1], np.float32).reshape(1, 4, 1, 1)
    washed = 0.55 * sharp + 0.15
    assert expected_dice(sharp)[0, Label.LV - 1] == pytest.approx(1)
    assert expected_dice(washed)[0, Label.LV - 1] < 0.85
    assert expected_dice(sharp)[0, Label.RV - 1] == 1, "none there, nothing to doubt"


def test_the_most_probable_label_is_the_first_of_the_highest() -> None:
    probabilities = np.random.default_rng(2).integers(0, 4, (3, 4, 20, 20)).astype(np.float32)  # many are equal
    assert np.array_equal(most_probable(probabilities), probabilities.argmax(axis=1))
