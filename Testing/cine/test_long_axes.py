"""Which long-axis cines go with a short-axis stack, and that they are read in step with it."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.cine import find_stacks, read_long_axes, read_stack
from CardiacSegmentationLib.cine.long_axes import phases_in_step, view_of
from CardiacSegmentationLib.phantom.geometry import long_axis_views
from CardiacSegmentationLib.phantom.heart import beating_heart
from CardiacSegmentationLib.phantom.rendering import render_study
from cine.spoiling import SPEC, Spoilable, edit

if TYPE_CHECKING:
    from pathlib import Path


def test_the_phantoms_long_axes_are_found_whatever_the_vendor(every_layout: Path) -> None:
    study = find_stacks(every_layout)
    found = read_long_axes(study)
    assert [one.name for one in found] == ["2CH", "3CH", "4CH"]
    heart = beating_heart(SPEC)
    for one, view in zip(found, long_axis_views(SPEC, heart).values(), strict=True):
        assert one.phases == SPEC.phases
        np.testing.assert_allclose(one.affine[:3, 3], view.corner_mm, atol=1e-4)
        assert abs(one.normal @ view.normal) == pytest.approx(1.0)
        np.testing.assert_allclose(one.spacing_mm, view.pixel_mm)


def test_the_pixels_are_those_of_the_plane(siemens: Spoilable) -> None:
    four = next(one for one in read_long_axes(find_stacks(siemens.folder)) if one.name == "4CH")
    truth = next(one for one in render_study(SPEC, beating_heart(SPEC)) if one.name == "4ch")
    np.testing.assert_array_equal(four.voxels, truth.pixels[:, 0])


def test_a_view_of_another_frame_of_reference_is_left_out(siemens: Spoilable) -> None:
    for path in siemens.images("3ch"):
        edit(path, FrameOfReferenceUID="2.25.1")
    assert [one.name for one in read_long_axes(find_stacks(siemens.folder))] == ["2CH", "4CH"]


def test_a_plane_beside_the_heart_or_across_it_is_left_out(siemens: Spoilable) -> None:
    for path in siemens.images("2ch"):  # 80 mm aside
        edit(path, ImagePositionPatient=[float(v) + 80 * n for v, n in zip(*_place_and_normal(path), strict=True)])
    for path in siemens.images("4ch"):
        edit(path, ImageOrientationPatient=[1.0, 0, 0, 0, 0.7071068, -0.7071068])  # nearly a short axis
    assert [one.name for one in read_long_axes(find_stacks(siemens.folder))] == ["3CH"]


def test_a_view_taken_twice_is_told_apart_by_its_series(siemens: Spoilable) -> None:
    for path in siemens.images("3ch"):
        edit(path, SeriesDescription="cine 4ch again", SeriesNumber=33)
    names = [one.name for one in read_long_axes(find_stacks(siemens.folder))]
    assert len(names) == 3
    assert names[0] == "2CH"
    assert names[2] == "4CH 33"


def test_a_cine_with_other_phases_goes_in_step_by_its_share_of_the_beat() -> None:
    # 4 phases of a beat of 800 ms beside 8 of one of 1000 ms: 0, .25, .5, .75 of it.
    found = phases_in_step((0, 200, 400, 600), 800, tuple(range(0, 1000, 125)), 1000)
    assert found[::2] == [0, 1, 2, 3]
    assert phases_in_step((0, 200, 400, 600), 800, (950.0,), 1000) == [0]  # the next beat's begin is nearer
    assert phases_in_step((0, 1, 2, 3), None, (0, 1), None) == [0, 2]


def test_a_long_axis_with_fewer_phases_is_read_in_step(siemens: Spoilable) -> None:
    images = siemens.images("4ch")
    for path in images[1::2]:
        path.unlink()
    study = find_stacks(siemens.folder)
    four = next(one for one in read_long_axes(study) if one.name == "4CH")
    assert four.phases == SPEC.phases
    truth = next(one for one in render_study(SPEC, beating_heart(SPEC)) if one.name == "4ch")
    np.testing.assert_array_equal(four.voxels[::2], truth.pixels[::2, 0])


def test_a_damaged_view_does_not_take_the_study_with_it(siemens: Spoilable) -> None:
    for path in siemens.images("4ch"):
        path.write_bytes(path.read_bytes()[:-4000])
    study = find_stacks(siemens.folder)
    assert [one.name for one in read_long_axes(study)] == ["2CH", "3CH"]
    assert read_stack(study).slices == SPEC.slices


@pytest.mark.parametrize(
    ("description", "view"),
    [
        ("cine_bSSFP_4ch", "4CH"),
        ("CINE 2-chamber", "2CH"),
        ("4 Kammerblick", "4CH"),
        ("HLA", "4CH"),
        ("LVOT", "3CH"),
        ("cine_trufi_retro", "LAX"),
        ("cine 32ch coil", "LAX"),
    ],
)
def test_views_are_named_by_their_description(description: str, view: str) -> None:
    assert view_of(description) == view


@pytest.mark.real_data
def test_vida_has_four_long_axes_beside_six_slices(real_data: Path, tmp_path: Path) -> None:
    with tarfile.open(real_data / "vida" / "vida.tar.xz") as file:
        file.extractall(tmp_path, filter="data")
    study = find_stacks(tmp_path)
    assert study.chosen == 0
    names = [one.name for one in read_long_axes(study)]
    assert names == ["4CH 14001", "4CH 16001", "2CH 17001", "2CH 19001"]  # the RVOT shows no base plane
    assert all(one.phases == 25 for one in read_long_axes(study))


def _place_and_normal(path: Path) -> tuple[list[float], np.ndarray]:
    import pydicom

    image = pydicom.dcmread(path, stop_before_pixels=True)
    orientation = np.array(image.ImageOrientationPatient, float)
    return list(image.ImagePositionPatient), np.cross(orientation[:3], orientation[3:])
