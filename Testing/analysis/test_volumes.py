"""Volumes, and the phases they choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.analysis.phases import check_key_phases, choose_key_phases, find_key_phases
from CardiacSegmentationLib.analysis.volumes import sum_slices
from CardiacSegmentationLib.errors import LabelError
from CardiacSegmentationLib.findings import Severity, describe
from CardiacSegmentationLib.reading import ByRules, Conventions, KeyPhases, Reading, all_counted
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
    volumes = volumes_of([100, 60, 40, 90], [90, 99, 60, 55])
    found = find_key_phases(volumes)
    assert found == KeyPhases(lv_ed=0, lv_es=2, rv_ed=1, rv_es=3)
    assert not check_key_phases(volumes, found, KeyPhases())


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
    assert find_key_phases(volumes_of(volumes, volumes)).lv_ed == phase


def test_a_phase_of_the_plateau_that_was_chosen_by_hand_is_no_finding() -> None:
    volumes = volumes_of([77.1, 78.5, 78.3, 75.0, 40.0, 60.0], [90, 99, 60, 55, 60, 70])
    decided = KeyPhases(lv_ed=1)
    found = choose_key_phases(decided, KeyPhases(), volumes)
    assert found.lv_ed == 1
    assert not check_key_phases(volumes, found, decided)


def test_a_phase_the_reader_fixed_stays_and_is_told() -> None:
    volumes, decided = volumes_of([100, 60, 40, 90], [90, 99, 60, 55]), KeyPhases(lv_es=1, rv_ed=1)
    found = choose_key_phases(decided, KeyPhases(), volumes)
    assert (found.lv_ed, found.lv_es, found.rv_ed) == (0, 1, 1)
    (finding,) = check_key_phases(volumes, found, decided)
    assert (finding.code, finding.severity, finding.phase) == ("key-phase-smallest", Severity.INFO, 1)
    assert finding.message == "LV: end-systole is phase 2; the volume is smallest in phase 3 (-20 ml)."


def test_a_proposed_phase_that_is_not_the_extreme_any_more_is_a_doubt() -> None:
    volumes = volumes_of([100, 60, 40, 104], [90, 99, 60, 55])
    found = choose_key_phases(KeyPhases(), KeyPhases(0, 2, 1, 3), volumes)
    assert found == KeyPhases(0, 2, 1, 3)
    (finding,) = check_key_phases(volumes, found, KeyPhases())
    assert (finding.code, finding.severity) == ("key-phase-largest", Severity.WARNING)
    assert finding.parameters["other_phase"] == 3
    assert "Phase 4 (+4 ml)" in describe(finding, "de")


def test_end_diastole_and_end_systole_are_two_phases_where_the_volume_hardly_falls() -> None:
    nan = float("nan")
    found = find_key_phases(volumes_of([nan, 100.0, 99.6, nan], [nan, 80.0, 79.9, nan]))
    assert found == KeyPhases(lv_ed=1, lv_es=2, rv_ed=1, rv_es=2)


@pytest.mark.parametrize(
    ("fixed", "expected"),
    [(KeyPhases(), (1, None)), (KeyPhases(lv_es=1), (None, 1)), (KeyPhases(lv_ed=1), (1, None))],
)
def test_a_single_labelled_phase_is_never_both_ed_and_es(
    fixed: KeyPhases, expected: tuple[int | None, int | None]
) -> None:
    nan = np.nan
    volumes = volumes_of([nan, 80, nan], [nan, nan, nan])
    found = choose_key_phases(fixed, find_key_phases(volumes), volumes)
    assert (found.lv_ed, found.lv_es) == expected
    assert (found.rv_ed, found.rv_es) == (None, None)
    codes = [finding.code for finding in check_key_phases(volumes, found, fixed)]
    assert codes == (["single-phase"] if found.lv_ed is not None else [])


def test_the_phase_that_a_reader_took_for_one_moment_is_not_the_other_one_as_well() -> None:
    volumes = volumes_of([100, 60, 40, 90], [90, 99, 60, 55])
    found = choose_key_phases(KeyPhases(lv_es=0, rv_ed=3), find_key_phases(volumes), volumes)
    assert found == KeyPhases(lv_ed=None, lv_es=0, rv_ed=3, rv_es=None)


def test_a_phase_the_study_does_not_have_is_an_error(make_heart: MakeHeart) -> None:
    heart = make_heart()
    with pytest.raises(LabelError, match="LV ES: phase 9 was chosen, of 2"):
        assess(heart.stack, heart.segmentation, Reading(key_phases=KeyPhases(lv_es=8)))


@pytest.mark.parametrize(
    "reading",
    [
        Reading(counts=(((Label.LV, 0, 6), False),)),
        Reading(counts=(((Label.LV, 2, 0), False),)),
        Reading(by_rules=ByRules(KeyPhases(), all_counted(3, 6))),
    ],
)
def test_a_reading_of_another_stack_is_an_error(make_heart: MakeHeart, reading: Reading) -> None:
    heart = make_heart(slices=6)
    with pytest.raises(LabelError, match="made on another stack"):
        assess(heart.stack, heart.segmentation, reading)


def test_an_unknown_formula_is_an_error(make_heart: MakeHeart) -> None:
    heart = make_heart()
    with pytest.raises(LabelError, match="no formula for body surface; use Mosteller"):
        assess(heart.stack, heart.segmentation, Reading(conventions=Conventions(bsa_formula="Boyd")))


def test_labels_of_another_grid_are_an_error(make_heart: MakeHeart) -> None:
    heart, other = make_heart(slices=6), make_heart(slices=5)
    with pytest.raises(LabelError, match="do not lie on the grid"):
        assess(heart.stack, other.segmentation)
