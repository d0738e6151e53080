"""Real studies, as scanners wrote them."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.cine import find_stacks, read_stack, read_study
from cine.spoiling import chosen, codes

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real_data


@pytest.fixture(params=["archive", "folder"])
def unpacked(request: pytest.FixtureRequest, real_data: Path, tmp_path: Path) -> dict[str, Path]:
    """The two DICOM studies, as archives and unpacked."""
    (sunnybrook,) = (real_data / "sunnybrook" / "dicom").glob("*.tar.xz")
    (philips,) = (real_data / "philips").glob("*.tar.xz")
    studies = {"sunnybrook": sunnybrook, "philips": philips}
    if request.param == "archive":
        return studies
    for name, archive in studies.items():
        with tarfile.open(archive) as file:
            file.extractall(tmp_path / name, filter="data")
        studies[name] = tmp_path / name
    return studies


def test_sunnybrook_is_12_slices_of_20_phases(unpacked: dict[str, Path]) -> None:
    study = find_stacks(unpacked["sunnybrook"])
    assert study.chosen == 0
    one = study.stacks[0]
    assert (one.slices, one.phases, one.complete, one.is_short_axis) == (12, 20, True, True)
    assert one.spacing_mm[0] == pytest.approx(10.0, abs=0.005)
    assert one.rr_ms == pytest.approx(759, abs=15)
    stack = read_stack(study)
    assert stack.voxels.dtype == np.int16
    assert codes(stack) == ["uids-odd"]
    assert (stack.patient.age_years, stack.patient.sex) == (None, None)  # born on 00000000, studied on 20120000


def test_sunnybrook_files_are_in_the_order_that_its_contours_use(real_data: Path) -> None:
    """As the data set tells: file n is slice (n-1) // 20, phase (n-1) % 20."""
    (archive,) = (real_data / "sunnybrook" / "dicom").glob("*.tar.xz")
    one = chosen(archive)
    for slice_, row in enumerate(one.frames):
        assert [int(frame.file.path.stem) for frame in row if frame] == [slice_ * 20 + p + 1 for p in range(20)]


def test_philips_has_3_whole_slices_and_one_that_is_cut_off(unpacked: dict[str, Path]) -> None:
    study = find_stacks(unpacked["philips"])
    assert study.chosen == 0
    one = study.stacks[0]
    assert (one.slices, one.phases, one.complete) == (3, 30, False)
    assert one.spacing_mm[0] == pytest.approx(10.0, abs=0.005)
    assert one.thickness_mm == 8
    (finding,) = one.findings
    assert finding.code == "incomplete-slice"
    assert "only 10 of 30 phases" in finding.message
    stack = read_stack(study)
    assert stack.voxels.dtype == np.float32  # a slope of 4.65
    assert stack.rr_ms == pytest.approx(60_000 / 61, abs=1)


def test_acdc_files_run_from_base_to_apex_and_say_that_this_is_assumed(real_data: Path) -> None:
    stack = read_study(real_data / "acdc" / "patient090_4d.nii.gz")
    assert stack.voxels.shape == (12, 7, 224, 154)
    assert {"orientation-unknown", "times-unknown"} == set(codes(stack))
    frames = np.load(real_data / "acdc" / "patient090.npz")
    assert np.array_equal(stack.voxels[frames["frames"] - 1], frames["image"])


def test_in_all_of_acdc_the_first_slice_is_the_base(real_data: Path) -> None:
    """What the assumption for files without orientation rests on: ventricles taper towards the last slice."""
    for path in sorted((real_data / "acdc").glob("patient*.npz")):
        labels = np.load(path)["label"][0]
        area = (labels > 0).sum(axis=(1, 2))
        drawn = area[area > 0]
        assert drawn[: len(drawn) // 2].sum() > drawn[-(len(drawn) // 2) :].sum(), path.stem
