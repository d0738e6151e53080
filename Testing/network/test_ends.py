"""End slices are judged by how much is drawn there, not by the presence output alone."""

from __future__ import annotations

import numpy as np
import pytest
from CardiacSegmentationLib.network.ends import FEATURES, Ends, describe_ends, weigh_ends
from CardiacSegmentationLib.network.infer import SIDES
from CardiacSegmentationLib.segmentation import Label

SLICES = 6
AREAS = (40, 100, 90, 80, 60, 20)  # pixels of RV, base first; the first slice holds less than the next


@pytest.fixture
def labels() -> np.ndarray:
    labels = np.zeros((SLICES, 20, 20), np.uint8)
    for place, area in enumerate(AREAS):
        labels[place].reshape(-1)[:area] = Label.RV
    return labels


@pytest.fixture
def presence() -> np.ndarray:
    return np.full((2, SLICES), 0.8, np.float32)


def weights(**of: float) -> tuple[float, ...]:
    return tuple(of.get(name.replace(" ", "_"), 0.0) for name in FEATURES)


def test_without_weights_presence_stands(labels: np.ndarray, presence: np.ndarray) -> None:
    assert np.array_equal(weigh_ends(labels, presence, SIDES, 1.0, Ends()), presence)


def test_an_end_slice_with_little_of_the_ventricle_is_none(labels: np.ndarray, presence: np.ndarray) -> None:
    ends = Ends(base={Label.RV: weights(presence=1.0, area=4.0)})
    chances = weigh_ends(labels, presence, SIDES, 1.0, ends)
    assert chances[1, 0] < 0.5 < chances[1, 1]
    assert np.array_equal(chances[1, 3:], presence[1, 3:]), "the apex has no weights"
    assert np.array_equal(chances[0], presence[0]), "no LV is claimed anywhere"


def test_the_order_of_the_slices_does_not_matter(labels: np.ndarray, presence: np.ndarray) -> None:
    ends = Ends(base={Label.RV: weights(area=1.0)}, apex={Label.RV: weights(constant=-1.0)})
    forward = weigh_ends(labels, presence, SIDES, 1.0, ends)
    backward = weigh_ends(labels[::-1], presence[:, ::-1], SIDES, 1.0, ends)
    np.testing.assert_allclose(backward[:, ::-1], forward)


def test_areas_are_compared_in_square_millimetres(labels: np.ndarray, presence: np.ndarray) -> None:
    fine = labels.repeat(2, axis=1).repeat(2, axis=2)
    coarse, refined = (
        describe_ends(image, presence, 1, Label.RV, mm2)[0] for image, mm2 in ((labels, 4.0), (fine, 1.0))
    )
    np.testing.assert_allclose(coarse, refined)


def test_weights_are_checked_when_read() -> None:
    assert Ends.read({"base": {"RV": [1, 2, 3, 4, 5]}}).base[Label.RV] == (1.0, 2.0, 3.0, 4.0, 5.0)
    with pytest.raises(ValueError, match="5 weights"):
        Ends.read({"base": {"RV": [1, 2]}})
    with pytest.raises(ValueError, match="base and apex"):
        Ends.read({"middle": {}})
