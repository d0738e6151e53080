"""The box around labels."""

from __future__ import annotations

import numpy as np
from CardiacSegmentationLib.box import find_box


def test_the_box_holds_the_labels_of_all_images() -> None:
    labels = np.zeros((2, 3, 8, 9), np.uint8)
    labels[0, 2, 3, 4], labels[1, 0, 5, 2] = 1, 3
    assert find_box(labels) == (slice(3, 6), slice(2, 5))
    assert find_box(labels[0, 2] == 1) == (slice(3, 4), slice(4, 5))


def test_a_margin_ends_at_the_edge_of_the_images() -> None:
    labels = np.zeros((6, 7), np.uint8)
    labels[1, 5] = 1
    assert find_box(labels, margin=2) == (slice(0, 4), slice(3, 7))


def test_nothing_labelled_is_one_pixel() -> None:
    assert find_box(np.zeros((4, 5, 6), np.uint8), margin=2) == (slice(0, 1), slice(0, 1))
