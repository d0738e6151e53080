"""Volumes, and the phases they choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.analysis.phases import find_key_phases
from CardiacSegmentationLib.analysis.volumes import sum_slices
from CardiacSegmentationLib.errors import LabelError
from CardiacSegmentationLib.reading import KeyPhases
from CardiacSegmentationLib.segmentation import Label, Segmentation
from CardiacSegmentationLib.stack import CineStack

MakeHeart = Callable[..., Any]


def test_a_gap_counts_thickness_eight_every_ten_millimetres_is_ten_per_slice(make_heart: MakeHeart) -> None:
    heart = make_heart((25.0,), slices=7)
    stack = replace(heart.stack, slice_thickness_mm=8.0)
    volume = assess(stack, heart.segmentation).lv["edv_ml"].value
    assert volume == pytest.approx(np.pi * 25.0**2 * 7 * 10 / 1000, rel=0.01)


@pytest.mark.parametrize("pixel_mm", [1.0, 1.4, 2.0])
def test_an_ellipsoid_is_met_within_one_percent(pixel_mm: float) -> None:
    """Both ends of the ellipsoid lie inside the stack, where Simpson's rule has its say: the tips are half slices."""
    spacing, half_length, radius = 10.0, 50.0, 26.0
    rows, columns = np.mgrid[:80, :80] * pixel_mm
    labels = np.zeros((1, 12, 80, 80), np.uint8)
    for index in range(12):
        z = (index - 5.5) * spacing
        width = radius * np.sqrt(max(0.0, 1 - (z / half_length) ** 2))
        labels[0, index, np.hypot(rows - 40.3 * pixel_mm, columns - 39.8 * pixel_mm) < width] = Label.LV
    stack = CineStack(np.zeros(labels.shape), np.diag([pixel_mm, pixel_mm, -spacing, 1.0]), (0.0,))
    truth = 4 / 3 * np.pi * radius**2 * half_length / 1000
    assert assess(stack, Segmentation.of(labels)).lv["edv_ml"].value == pytest.approx(truth, rel=0.01)


def test_slices_left_out_do_not_count_and_phases_without_labels_are_unknown() -> None:
    areas = np.ones((3, 2, 4)) * 100.0
    areas[:, 1] = np.nan
    included = np.ones((3, 2, 4), bool)
    included[Label.LV - 1, 0, 3] = False
    volumes = sum_slices(areas, included, 10.0)
    assert volumes[Label.LV - 1, 0] == 3.0
    assert volumes[Label.RV - 1, 0] == 4.0
    assert np.isnan(volumes[:, 1]).all()


def volumes_of(lv: list[float], rv: list[float]) -> np.ndarray:
    return np.array([rv, [np.nan] * len(lv), lv])


def test_the_largest_and_smallest_volume_choose_the_phases_of_each_ventricle() -> None:
    found, findings = find_key_phases(volumes_of([100, 60, 40, 90], [90, 99, 60, 55]), KeyPhases())
    assert found == KeyPhases(lv_ed=0, lv_es=2, rv_ed=1, rv_es=3)
    assert not findings


@pytest.mark.parametrize(
    ("volumes", "phase"),
    [
        ([77.1, 78.5, 78.3, 75.0, 40.0, 60.0], 2),  # two nearly the same: the last before the fall
        ([99.8, 70.0, 40.0, 60.0, 90.0, 100.0], 0),  # the plateau goes on at the beginning of the beat
        ([100.0, 99.4, 40.0, 60.0, 99.9, 99.9], 0),
        ([100.0, float("nan"), 40.0, 100.0, 60.0, 70.0], 0),
        ([50.0, 50.0, 50.0], 0),
    ],
)
def test_end_diastole_is_the_last_of_the_largest_volumes(volumes: list[float], phase: int) -> None:
    assert find_key_phases(volumes_of(volumes, volumes), KeyPhases())[0].lv_ed == phase


def test_a_phase_of_the_plateau_that_was_chosen_by_hand_is_no_finding() -> None:
    volumes = volumes_of([77.1, 78.5, 78.3, 75.0, 40.0, 60.0], [90, 99, 60, 55, 60, 70])
    found, findings = find_key_phases(volumes, KeyPhases(lv_ed=1))
    assert found.lv_ed == 1
    assert not findings


def test_a_phase_the_reader_fixed_stays_and_is_told() -> None:
    found, findings = find_key_phases(volumes_of([100, 60, 40, 90], [90, 99, 60, 55]), KeyPhases(lv_es=1, rv_ed=1))
    assert (found.lv_ed, found.lv_es, found.rv_ed) == (0, 1, 1)
    assert [finding.code for finding in findings] == ["key-phase-by-hand"]
    assert "phase 2 by hand; phase 3 has the smallest volume" in findings[0].message


@pytest.mark.parametrize(
    ("fixed", "expected"),
    [(KeyPhases(), (1, None)), (KeyPhases(lv_es=1), (None, 1)), (KeyPhases(lv_ed=1), (1, None))],
)
def test_a_single_labelled_phase_is_never_both_ed_and_es(
    fixed: KeyPhases, expected: tuple[int | None, int | None]
) -> None:
    nan = np.nan
    found, _ = find_key_phases(volumes_of([nan, 80, nan], [nan, nan, nan]), fixed)
    assert (found.lv_ed, found.lv_es) == expected
    assert (found.rv_ed, found.rv_es) == (None, None)


def test_a_phase_the_study_does_not_have_is_an_error() -> None:
    with pytest.raises(LabelError, match="phase 9 was chosen, but the study has 2 phases"):
        find_key_phases(volumes_of([100, 60], [90, 50]), KeyPhases(lv_es=8))


def test_labels_of_another_grid_are_an_error(make_heart: MakeHeart) -> None:
    heart, other = make_heart(slices=6), make_heart(slices=5)
    with pytest.raises(LabelError, match="do not lie on the grid"):
        assess(heart.stack, other.segmentation)
