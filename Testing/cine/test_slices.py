"""Slices: base to apex, evenly spaced, and each acquired once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
import pytest
from CardiacSegmentationLib.cine import Reason, find_stacks, read_study
from CardiacSegmentationLib.findings import Severity
from cine.spoiling import SPEC, At, Spoilable, chosen, codes, copy_slice, edit, edit_each, shift

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from CardiacSegmentationLib.stack import CineStack


def test_slice_location_and_file_names_do_not_matter(ge: Spoilable, truth: CineStack) -> None:
    for number, path in enumerate(ge.images()):
        edit(path, SliceLocation=str(number * 37 % 11))
        path.rename(path.with_name(f"{number * 31 % 97:03d}"))
    assert np.array_equal(read_study(ge.folder).voxels, truth.voxels)


def test_gap_is_spacing_less_thickness(ge: Spoilable) -> None:
    one = chosen(ge.folder)
    assert one.thickness_mm == SPEC.thickness_mm
    assert one.spacing_mm[0] > SPEC.thickness_mm


def test_overlapping_slices_are_fine(ge: Spoilable) -> None:
    edit_each(ge, {"SliceThickness": "30"})
    one = chosen(ge.folder)
    assert one.spacing_mm[0] < 30
    assert one.findings == ()


@pytest.mark.parametrize(("value", "expected"), [(None, []), ("8", ["spacing-differs"])])
def test_spacing_between_slices_is_only_a_check(
    ge: Spoilable, truth: CineStack, value: str | None, expected: list[str]
) -> None:
    edit_each(ge, {"SpacingBetweenSlices": value})
    one = chosen(ge.folder)
    assert one.spacing_mm[0] == pytest.approx(truth.spacing_mm[0])
    assert codes(one) == expected


def test_a_missing_slice_leaves_its_place_empty_and_is_said(ge: Spoilable, truth: CineStack) -> None:
    for path in ge.slices()[2]:
        path.unlink()
    stack = read_study(ge.folder)
    assert np.allclose(stack.affine, truth.affine, atol=1e-6)
    assert not stack.voxels[:, 2].any()
    assert np.array_equal(stack.voxels[:, [0, 1, 3, 4, 5]], truth.voxels[:, [0, 1, 3, 4, 5]])
    (finding,) = stack.findings
    assert (finding.code, finding.slice, finding.severity) == ("missing-slice", 2, Severity.ERROR)
    assert stack.instance_uids[0][2] == ""
    assert not chosen(ge.folder).complete


def test_an_irregular_gap_is_said_and_the_stack_keeps_its_length(ge: Spoilable, truth: CineStack) -> None:
    step = truth.spacing_mm[0]
    move(ge, lambda slice_: 4 if slice_ >= 4 else 0)
    one = chosen(ge.folder)
    assert one.spacing_mm[0] == pytest.approx(step + 4 / 5)
    (finding,) = (one for one in one.findings if one.code == "irregular-gap")
    assert finding.slice == 4
    assert f"{step:.1f} to {step + 4:.1f} mm apart, unevenly from slice 5 on" in finding.message
    assert f"the mean of {step + 0.8:.1f} mm is used" in finding.message


@pytest.mark.parametrize("near_first", [True, False])
def test_how_far_volumes_of_an_uneven_stack_can_be_off_is_said(
    ge: Spoilable, truth: CineStack, near_first: bool
) -> None:
    step = truth.spacing_mm[0]
    near, far = 0.8 * step, 1.2 * step
    steps = [near, near, far, far, far] if near_first else [far, far, far, near, near]
    places = np.cumsum([0, *steps])
    move(ge, lambda slice_: places[slice_] - slice_ * step)
    one = chosen(ge.folder)
    assert one.spacing_mm[0] * 5 == pytest.approx(sum(steps))
    (finding,) = (one for one in one.findings if one.code == "irregular-gap")
    # Three slices among the near ones stand for 0.8 + 0.8 + 1.0 steps, among the far ones for 3 × 1.2: not 3 × 1.04.
    assert "up to 13 % too small or 20 % too large" in finding.message


def test_an_uneven_stack_may_lack_a_slice(ge: Spoilable, truth: CineStack) -> None:
    step = truth.spacing_mm[0]
    move(ge, lambda slice_: 0.25 * step if slice_ >= 4 else 0)
    for path in ge.slices()[2]:
        path.unlink()
    one = chosen(ge.folder)
    assert one.spacing_mm[0] == pytest.approx(step * 5.25 / 5)
    assert {"irregular-gap", "missing-slice"} <= set(codes(one))
    assert one.slices == SPEC.slices


def move(study: Spoilable, mm: Callable[[int], float]) -> None:
    """Shift every slice towards the apex."""
    for number, files in enumerate(study.slices()):
        for path in files:
            edit(path, ImagePositionPatient=shift(path, mm(number)))


def test_an_extra_slice_between_two_others_is_not_counted(ge: Spoilable, truth: CineStack) -> None:
    thin = ge.slices()[2]
    edit_each(ge, {"SliceThickness": "4"})
    copy_slice(thin, 99, mm=truth.spacing_mm[0] / 2)
    one = chosen(ge.folder)
    assert one.slices == SPEC.slices
    assert codes(one) == ["extra-slice"]


@pytest.mark.parametrize("again", [0.0, 1.5])
def test_of_a_reacquired_slice_the_last_is_kept_unless_the_first_is_asked_for(siemens: Spoilable, again: float) -> None:
    copies = copy_slice(siemens.slices()[3], 99, mm=again)
    last, first = chosen(siemens.folder), chosen(siemens.folder, reacquired="first")
    for one in (last, first):
        assert one.slices == SPEC.slices
        (finding,) = one.findings
        assert (finding.code, finding.slice) == ("reacquired-slice", 3)
    assert "series 99 is used" in last.findings[0].message
    assert set(copies) <= set(last.files)
    assert not set(copies) & set(first.files)


def test_where_every_other_slice_is_taken_again_a_little_farther_on_none_is_left_out(
    siemens: Spoilable, truth: CineStack
) -> None:
    step = truth.spacing_mm[0]
    edit_each(siemens, {"SliceThickness": f"{0.8 * step:.1f}"})
    for number, files in enumerate(siemens.slices()):
        if number % 2:
            copy_slice(files, 90 + number, mm=0.3 * step)  # steps of 1.3, 0.7, 1.3 … : their median fits no slice
    one = chosen(siemens.folder)
    assert (one.slices, set(codes(one))) == (SPEC.slices, {"reacquired-slice", "irregular-gap"})
    assert one.spacing_mm[0] == pytest.approx(step * 5.3 / 5)


def test_two_stacks_of_one_image_a_slice_are_no_cine_in_two_series(ge: Spoilable) -> None:
    """As of late enhancement without a name, triggered at two times."""
    late = [files[phase] for files in ge.slices() for phase in (3, 5)]
    ge.keep_only(late)
    for path in late[1::2]:
        edit(path, SeriesInstanceUID="2.25.9", SeriesNumber=9)
    assert {stack.phases for stack in find_stacks(ge.folder).stacks} == {1}


def test_extra_slices_between_several_others_make_no_even_stack_uneven(ge: Spoilable, truth: CineStack) -> None:
    edit_each(ge, {"SliceThickness": "4"})
    for number, files in enumerate(ge.slices()[1:4]):
        copy_slice(files, 90 + number, mm=0.4 * truth.spacing_mm[0])
    one = chosen(ge.folder)
    assert (one.slices, codes(one)) == (SPEC.slices, ["extra-slice"] * 3)
    assert one.spacing_mm[0] == pytest.approx(truth.spacing_mm[0])


def test_a_stack_of_single_series_taken_again_a_third_farther_on_is_another_stack(
    siemens: Spoilable, truth: CineStack
) -> None:
    step = truth.spacing_mm[0]
    for files in siemens.slices():
        for path in files:
            edit(path, SliceThickness=f"{0.8 * step:.1f}")
    for number, files in enumerate(siemens.slices()):
        copy_slice(files, 60 + number, mm=0.35 * step)
    assert [one.slices for one in find_stacks(siemens.folder).stacks if one.is_short_axis] == [SPEC.slices] * 2


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("reacquired", ["first", "last"])
def test_a_breath_hold_that_was_broken_off_takes_no_whole_ones_place(
    siemens: Spoilable, truth: CineStack, reacquired: Any, timed: bool
) -> None:
    broken_off = 99 if reacquired == "last" else -1  # the number of its series
    copies = copy_slice(siemens.slices()[3][:6], broken_off, SeriesInstanceUID="2.25.99")
    if not timed:
        for path in [*siemens.images(), *copies]:
            edit(path, TriggerTime=None)
    stack = read_study(siemens.folder, reacquired=reacquired)
    assert np.array_equal(stack.voxels, truth.voxels)
    assert {finding.slice for finding in stack.findings if finding.code == "reacquired-slice"} == {3}


def test_a_broken_off_breath_hold_is_known_where_it_states_no_heart_rate(siemens: Spoilable, truth: CineStack) -> None:
    for path in copy_slice(siemens.slices()[3][:6], 99, SeriesInstanceUID="2.25.99"):
        edit(path, NominalInterval=None, HeartRate=None, LowRRValue=None, HighRRValue=None)
    assert np.array_equal(read_study(siemens.folder).voxels, truth.voxels)


def test_a_slice_taken_again_with_fewer_phases_of_the_whole_beat_counts(siemens: Spoilable) -> None:
    copies = copy_slice(siemens.slices()[3][::2], 99)
    assert set(copies) <= set(chosen(siemens.folder).files)


@pytest.mark.parametrize("slice_", [0, 3, SPEC.slices - 1])
@pytest.mark.parametrize("timed", [True, False])
def test_a_slice_taken_again_under_the_same_number_is_told_by_the_clock(
    ge: Spoilable, timed: bool, slice_: int
) -> None:
    series = pydicom.dcmread(ge.slices()[slice_][0], stop_before_pixels=True)
    copies = take_again(ge, slice_, "113000")
    if not timed:
        edit_each(ge, {"TriggerTime": None})
        for path in copies:
            edit(path, TriggerTime=None)
    last, first = chosen(ge.folder), chosen(ge.folder, reacquired="first")
    for one, order in ((last, "earlier"), (first, "later")):
        assert (one.slices, one.phases) == (SPEC.slices, SPEC.phases)
        (finding,) = [found for found in one.findings if found.code == "reacquired-slice"]
        assert finding.slice == slice_
        assert f"the {SPEC.phases} {order} images of series {series.SeriesNumber} are not" in finding.message
    assert set(copies) <= set(last.files)
    assert not set(copies) & set(first.files)


def take_again(study: Spoilable, slice_: int, clock: str) -> list[Path]:
    """Take a slice again within its series, numbered on from its last frame."""
    copies = []
    for phase, path in enumerate(study.slices()[slice_]):
        new = {"SOPInstanceUID": f"2.25.99.{phase}", "InstanceNumber": 900 + phase, "AcquisitionTime": clock}
        trigger = float(pydicom.dcmread(path, stop_before_pixels=True).TriggerTime)
        copies.append(edit(path, path.with_name(f"again-{path.name}"), TriggerTime=f"{0.97 * trigger:.1f}", **new))
    return copies


CLOCKS: dict[str, Callable[[At], str]] = {
    "a time for each frame": lambda at: f"09{at.slice:02d}{10 + at.phase / 10:.1f}",
    "a beat that crosses a second": lambda at: f"09{at.slice:02d}{10 + 2 * at.phase // SPEC.phases}",
    "two halves of the beat": lambda at: f"09{at.slice:02d}{10 + 20 * (2 * at.phase // SPEC.phases)}",
    "two times in the series": lambda at: "090000" if at.slice < 2 else "091000",
    "the same everywhere": lambda _: "090000",
    "nothing": lambda _: "",
}


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("timed", [True, False])
def test_clocks_that_tell_no_slice_taken_again(ge: Spoilable, truth: CineStack, clock: str, timed: bool) -> None:
    trigger = {} if timed else {"TriggerTime": None}
    for number, files in enumerate(ge.slices()):  # listed once: their order follows from the trigger times
        for phase, path in enumerate(files):
            edit(path, AcquisitionTime=CLOCKS[clock](At(number, phase)), **trigger)
    stack = read_study(ge.folder)
    assert np.array_equal(stack.voxels, truth.voxels)
    assert "reacquired-slice" not in codes(stack)


def test_frames_that_are_there_twice_are_used_once(ge: Spoilable, truth: CineStack) -> None:
    path = ge.slices()[1][2]
    edit(path, path.with_name("twice"), SOPInstanceUID="2.25.77", InstanceNumber=900)
    stack = read_study(ge.folder)
    assert np.array_equal(stack.voxels, truth.voxels)
    assert codes(stack) == ["duplicate-frames"]


def test_copies_of_files_are_left_out(ge: Spoilable, truth: CineStack) -> None:
    for path in ge.slices()[1]:
        path.with_name(f"copy of {path.name}").write_bytes(path.read_bytes())
    study = find_stacks(ge.folder)
    assert [len(one.files) for one in study.left_out if one.reason is Reason.COPY] == [SPEC.phases]
    assert np.array_equal(read_study(ge.folder).voxels, truth.voxels)


def test_different_images_under_one_uid_are_all_used(ge: Spoilable, truth: CineStack) -> None:
    edit_each(ge, {"SOPInstanceUID": "2.25.1"})
    assert np.array_equal(read_study(ge.folder).voxels, truth.voxels)


def test_a_slice_of_another_size_or_field_of_view_stays_out(ge: Spoilable) -> None:
    for path in ge.slices()[5]:
        edit(path, PixelSpacing=["2", "2"])
    one = chosen(ge.folder)
    assert one.slices == 5
    assert codes(one) == ["adjoining-slices"]
    assert "1 parallel slice that adjoins" in one.findings[0].message


def test_pixels_need_not_be_square(ge: Spoilable) -> None:
    edit_each(ge, {"PixelSpacing": ["3", "2"]})
    assert chosen(ge.folder).spacing_mm[1:] == pytest.approx((3, 2))


@pytest.mark.parametrize("degrees", [1.0, 1.9])
def test_a_slice_tilted_by_a_degree_or_two_stays_in_its_place(ge: Spoilable, truth: CineStack, degrees: float) -> None:
    for path in ge.slices()[2]:
        edit(path, **tilted(path, degrees))
    one = chosen(ge.folder)
    assert (one.slices, codes(one)) == (SPEC.slices, [])
    assert one.spacing_mm[0] == pytest.approx(truth.spacing_mm[0], rel=1e-3)


def test_slices_that_fan_out_keep_their_distance_at_the_heart(ge: Spoilable, truth: CineStack) -> None:
    for slice_, files in enumerate(ge.slices()):
        for path in files:
            edit(path, **tilted(path, 0.3 * slice_))
    one = chosen(ge.folder)
    assert one.slices == SPEC.slices
    assert one.spacing_mm[0] == pytest.approx(truth.spacing_mm[0], rel=2e-3)


@pytest.mark.parametrize(("drift_mm", "expected"), [(0.3, []), (1.5, ["stack-sheared"])])
def test_slices_that_drift_to_the_side_are_said_to_be_out_of_place(
    ge: Spoilable, truth: CineStack, drift_mm: float, expected: list[str]
) -> None:
    for slice_, files in enumerate(ge.slices()):
        for path in files:
            header = pydicom.dcmread(path, stop_before_pixels=True)
            row = np.array(header.ImageOrientationPatient[:3], float)
            place = np.array(header.ImagePositionPatient, float) + slice_ * drift_mm * row
            edit(path, ImagePositionPatient=[round(float(v), 6) for v in place])
    one = chosen(ge.folder)
    assert one.spacing_mm == pytest.approx(truth.spacing_mm)
    assert codes(one) == expected
    assert all("up to 7.5 mm to the side" in finding.message for finding in one.findings)


def tilted(path: Path, degrees: float) -> dict[str, list[float]]:
    """The image turned about the column through its middle."""
    header = pydicom.dcmread(path, stop_before_pixels=True)
    row, column = np.array(header.ImageOrientationPatient, float).reshape(2, 3)
    angle, half_mm = np.radians(degrees), float(header.PixelSpacing[1]) * (header.Columns - 1) / 2
    turned = np.cos(angle) * row + np.sin(angle) * np.cross(row, column)
    place = np.array(header.ImagePositionPatient, float) + half_mm * (row - turned)
    return {
        "ImageOrientationPatient": [round(float(v), 9) for v in (*turned, *column)],
        "ImagePositionPatient": [round(float(v), 6) for v in place],
    }


def test_positions_with_rounded_steps_keep_the_length_of_the_stack(ge: Spoilable, truth: CineStack) -> None:
    step = truth.spacing_mm[0]
    places = np.cumsum([0, 1.04, 1.04, 1.04, 0.94, 0.94]) * step  # their median is 4 % too long
    move(ge, lambda slice_: places[slice_] - slice_ * step)
    one = chosen(ge.folder)
    assert codes(one) == []
    assert one.spacing_mm[0] == pytest.approx(step, rel=1e-4)
