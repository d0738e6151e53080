"""The image's motion carries drawn contours through the beat."""

from __future__ import annotations

import numpy as np
import pytest
from CardiacSegmentationLib.contours import Contours, draw_labels, find_contours
from CardiacSegmentationLib.contours.motion import Motion, find_motion, follow_motion
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.segmentation import Label
from contours.hearts import assert_whole
from overlap import dice
from scipy.ndimage import gaussian_filter, map_coordinates

PHASES, ES = 16, 6


@pytest.fixture(scope="module")
def beat() -> tuple[Motion, np.ndarray, tuple[float, float]]:
    """Motion, true labels and spacing of one slice of the phantom."""
    stack, segmentation = make_stack(PhantomSpec(phases=PHASES))
    spacing = stack.pixel_mm
    found = np.argwhere(segmentation.labels.any(axis=(0, 1)))
    low, high = found.min(axis=0) - 10, found.max(axis=0) + 11
    box = slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))
    return find_motion(stack.voxels[:, 5:6], spacing, box, is_cyclic=True), segmentation.labels[:, 5], spacing


def test_a_shifted_image_moves_by_its_shift() -> None:
    random = np.random.default_rng(0)
    texture = gaussian_filter(random.normal(size=(80, 90)), 4) * 100 + 20
    grid = np.indices(texture.shape).astype(float)
    shifts = [(0.0, 0.0), (1.5, -2.0), (3.0, -4.0)]
    phases = np.stack(
        [map_coordinates(texture, grid - np.reshape(by, (2, 1, 1)), order=3, mode="nearest") for by in shifts]
    )
    motion = find_motion(phases[:, None], (1.5, 1.5), (slice(0, 80), slice(0, 90)), is_cyclic=False)
    assert motion.phases == 3
    points = np.array([[60.0, 60.0], [50.0, 80.0], [70.0, 65.0]])
    assert motion.follow(points, 0, 0, 2, 1) == pytest.approx(np.add(points, (4.5, -6.0)), abs=0.4)
    assert motion.follow(points, 0, 2, 0, -1) == pytest.approx(np.subtract(points, (4.5, -6.0)), abs=0.4)


def test_contours_of_ed_and_es_follow_the_beat(beat: tuple[Motion, np.ndarray, tuple[float, float]]) -> None:
    motion, labels, spacing = beat
    drawn = {phase: find_contours(labels[phase], spacing) for phase in (0, ES)}
    followed = follow_motion(motion, 0, drawn)
    assert set(followed) == set(range(PHASES)) - {0, ES}
    for phase, contours in followed.items():
        assert_whole(contours)
        found = draw_labels(contours, labels.shape[1:])
        for label, least in ((Label.LV, 0.95), (Label.MYO, 0.86), (Label.RV, 0.93)):
            assert dice(found == label, labels[phase] == label) > least, (phase, label)


def test_following_is_better_than_leaving_ed_where_it_is(beat: tuple[Motion, np.ndarray, tuple[float, float]]) -> None:
    motion, labels, spacing = beat
    followed = follow_motion(motion, 0, {0: find_contours(labels[0], spacing)}, targets=(ES,))
    found = draw_labels(followed[ES], labels.shape[1:])
    for label in (Label.LV, Label.MYO):
        left = dice(labels[0] == label, labels[ES] == label)
        assert dice(found == label, labels[ES] == label) > left + 0.2


def test_nothing_drawn_leads_nowhere(beat: tuple[Motion, np.ndarray, tuple[float, float]]) -> None:
    motion, _, spacing = beat
    assert not follow_motion(motion, 0, {})
    assert not follow_motion(motion, 0, {0: Contours(spacing)}, targets=(0,))
