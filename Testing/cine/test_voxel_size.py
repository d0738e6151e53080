"""Voxel size and axes as NIfTI and NRRD headers state them: missing, twice, or not at right angles."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.cine import find_stacks, read_labels, read_study
from CardiacSegmentationLib.errors import LabelError, StudyError
from cine.spoiling import codes

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.stack import Array, CineStack

TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def write_nifti(path: Path, voxels: Array, affine: Array | None = None, sizes: Any = (3, 3, 10)) -> Path:
    """A header byte by byte, with a sform where there is an affine: no library writes what is wrong."""
    place = np.zeros((3, 4)) if affine is None else (TO_RAS @ affine)[:3]
    header = bytearray(352)
    for at, kind, values in (
        (0, "<i4", 348),
        (40, "<i2", [voxels.ndim, *voxels.shape[::-1], 1, 1, 1]),
        (70, "<i2", [512, 16]),  # the code of unsigned whole numbers, and their bits
        (76, "<f4", [1, *sizes, 1]),
        (108, "<f4", len(header)),
        (254, "<i2", affine is not None),
        (280, "<f4", place),
        (344, "u1", list(b"n+1")),
    ):
        value = np.array(values, kind).tobytes()
        header[at : at + len(value)] = value
    content = bytes(header) + voxels.astype("<u2").tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def write_nrrd(path: Path, voxels: Array, *lines: str) -> Path:
    header = ["NRRD0005", "type: ushort", f"dimension: {voxels.ndim}", "endian: little", "encoding: raw"]
    header += ["sizes: " + " ".join(map(str, voxels.shape[::-1])), *lines]
    path.write_bytes("\n".join([*header, "", ""]).encode() + voxels.astype("<u2").tobytes())
    return path


def with_length(affine: Array, length: float) -> Array:
    """The affine with another distance between slices."""
    changed = affine.copy()
    changed[:3, 2] *= length / np.linalg.norm(affine[:3, 2])
    return changed


def sheared(affine: Array, degrees: float) -> Array:
    """The affine with its columns leaning towards its rows."""
    rows, columns = affine[:3, 0], affine[:3, 1]
    leaning = affine.copy()
    leaning[:3, 1] = columns + np.tan(np.radians(degrees)) * rows * np.linalg.norm(columns) / np.linalg.norm(rows)
    return leaning


@pytest.mark.parametrize("name", ["cine.nii", "cine.nii.gz"])
@pytest.mark.parametrize("sizes", [(3, 3, 0), (np.nan, 3, 10), (0, 0, 0)])
def test_a_nifti_file_without_voxel_size_is_refused(tmp_path: Path, truth: CineStack, name: str, sizes: Any) -> None:
    path = write_nifti(tmp_path / name, truth.voxels, sizes=sizes)
    with pytest.raises(StudyError, match=rf"{name} has no voxel size .* Convert"):
        read_study(path)
    with pytest.raises(LabelError, match="has no voxel size"):
        read_labels(path, truth)


NO_SIZE = {
    "nothing": (),
    "no number": ("spacings: 3 3 nan nan",),
    "thickness alone": ("spacings: 3 3 nan 50", "thicknesses: nan nan 10 nan"),
}


@pytest.mark.parametrize("lines", NO_SIZE)
def test_a_nrrd_file_without_voxel_size_is_refused(tmp_path: Path, truth: CineStack, lines: str) -> None:
    with pytest.raises(StudyError, match="has no voxel size"):
        read_study(write_nrrd(tmp_path / "cine.nrrd", truth.voxels, *NO_SIZE[lines]))
    three = [line.rpartition(" ")[0] for line in NO_SIZE[lines]]
    with pytest.raises(StudyError, match="has no voxel size"):
        find_stacks(write_nrrd(tmp_path / "frame.nrrd", truth.voxels[0], *three))


SPACINGS = [
    ["spacings: 3 3 10 100"],
    ["# spacings: nan nan nan nan", "SPACINGS:  3\t3 10  100 # mm and ms"],
    ["space dimension: 4", "space directions: (3,0,0,0) (0, 3, 0, 0) (0,0,10,0) (0,0,0,100)"],
    ["space dimension: 4", "spacedirections: (3,0,0,0) (0,3,0,0) (0,0,10,0) (0,0,0,100)"],
]


@pytest.mark.parametrize("lines", SPACINGS)
def test_a_nrrd_file_may_state_its_voxel_size_in_many_ways(tmp_path: Path, truth: CineStack, lines: list[str]) -> None:
    stack = read_study(write_nrrd(tmp_path / "cine.nrrd", truth.voxels, *lines))
    assert stack.spacing_mm == (10, 3, 3)


def test_a_voxel_size_stated_twice_and_differently_is_said(tmp_path: Path, truth: CineStack) -> None:
    sizes = truth.spacing_mm[::-1]
    affine = with_length(truth.affine, 6)
    stack = read_study(write_nifti(tmp_path / "cine.nii", truth.voxels, affine, sizes))
    assert stack.spacing_mm == pytest.approx(truth.spacing_mm)
    (finding,) = [one for one in stack.findings if one.code == "voxel-size-differs"]
    assert f"{sizes[2]:.2f} mm, which is used" in finding.message
    assert "6.00 mm" in finding.message


def test_a_sform_of_pure_1_states_no_voxel_size(tmp_path: Path, truth: CineStack) -> None:
    stack = read_study(write_nifti(tmp_path / "cine.nii", truth.voxels, np.eye(4)))
    assert stack.spacing_mm == (10, 3, 3)
    assert "voxel-size-differs" not in codes(stack)


@pytest.mark.real_data
def test_acdc_states_its_voxel_size_once(real_data: Path) -> None:
    path = real_data / "acdc" / "patient090_4d.nii.gz"
    if not path.is_file():
        pytest.skip("the file of patient 90 is not here")
    stack = read_study(path)
    assert stack.spacing_mm == pytest.approx((10, 1.7857, 1.7857), abs=1e-4)
    assert codes(stack) == ["orientation-unknown", "times-unknown"]


@pytest.mark.parametrize(("degrees", "expected"), [(0, []), (0.002, []), (0.06, ["axes-sheared"])])
def test_axes_a_little_off_a_right_angle_are_put_straight(
    tmp_path: Path, truth: CineStack, degrees: float, expected: list[str]
) -> None:
    affine = sheared(truth.affine, degrees)
    stack = read_study(write_nifti(tmp_path / "cine.nii", truth.voxels, affine, truth.spacing_mm[::-1]))
    assert np.array_equal(stack.voxels, truth.voxels)
    assert np.allclose(stack.affine, truth.affine, atol=5e-3)
    assert [code for code in codes(stack) if code != "times-unknown"] == expected


def test_sheared_axes_are_refused(tmp_path: Path, truth: CineStack) -> None:
    path = write_nifti(tmp_path / "cine.nii", truth.voxels, sheared(truth.affine, 5), truth.spacing_mm[::-1])
    with pytest.raises(StudyError, match=r"sheared by 5\.0°. Resample it"):
        read_study(path)


@pytest.mark.parametrize("name", ["uncertainty.nii.gz", "labels.nii.gz", "segmentation_ed.seg.nrrd"])
def test_results_beside_the_images_are_not_taken_for_images(tmp_path: Path, truth: CineStack, name: str) -> None:
    write_nifti(tmp_path / "cine.nii.gz", truth.voxels)
    (tmp_path / name).write_bytes((tmp_path / "cine.nii.gz").read_bytes())
    study = find_stacks(tmp_path)
    assert [one.description for one in study.stacks] == ["cine.nii.gz"]


# --- units, and sizes that no image of a heart has ---


@pytest.mark.parametrize(("unit", "scale"), [(1, 0.001), (2, 1.0), (3, 1000.0), (0, 1.0)])
def test_nifti_sizes_in_metres_and_micrometres_are_millimetres(
    tmp_path: Path, truth: CineStack, unit: int, scale: float
) -> None:
    affine = truth.affine.copy()
    affine[:3] *= scale
    path = write_nifti(tmp_path / "cine.nii", truth.voxels, affine, np.array(truth.spacing_mm[::-1]) * scale)
    content = bytearray(path.read_bytes())
    content[123] = unit
    path.write_bytes(content)
    stack = read_study(path)
    assert stack.spacing_mm == pytest.approx(truth.spacing_mm, rel=1e-4)
    assert np.allclose(stack.affine, truth.affine, atol=1e-2)


@pytest.mark.parametrize("sizes", [(0.003, 0.003, 0.01), (3000, 3000, 10000), (30, 30, 10), (3, 3, 200)])
def test_sizes_that_no_image_of_a_heart_has_are_refused(tmp_path: Path, truth: CineStack, sizes: Any) -> None:
    with pytest.raises(StudyError, match="as no image of a heart"):
        read_study(write_nifti(tmp_path / "cine.nii", truth.voxels, sizes=sizes))


def test_a_heart_that_does_not_fit_into_the_images_is_told(tmp_path: Path, truth: CineStack) -> None:
    stack = read_study(write_nifti(tmp_path / "cine.nii", truth.voxels, sizes=(0.3, 0.3, 1)))
    assert "small-view" in codes(stack)


@pytest.mark.parametrize(("unit", "scale"), [("m", 0.001), ("um", 1000.0), ("mm", 1.0), ("cm", 0.1)])
def test_nrrd_units_are_heeded(tmp_path: Path, truth: CineStack, unit: str, scale: float) -> None:
    vectors = " ".join("(" + ",".join(f"{v * scale:.9f}" for v in truth.affine[:3, axis]) + ")" for axis in range(3))
    lines = ["space: left-posterior-superior", f"space directions: {vectors} none"]
    lines += [f'space units: "{unit}" "{unit}" "{unit}"']
    stack = read_study(write_nrrd(tmp_path / "cine.nrrd", truth.voxels, *lines))
    assert stack.spacing_mm == pytest.approx(truth.spacing_mm, rel=1e-4)


def test_an_unknown_nrrd_unit_is_refused(tmp_path: Path, truth: CineStack) -> None:
    with pytest.raises(StudyError, match="furlong, which is not known here"):
        read_study(
            write_nrrd(tmp_path / "c.nrrd", truth.voxels, "spacings: 3 3 10 1", 'units: "furlong" "mm" "mm" "s"')
        )


def test_sheared_nrrd_axes_are_refused(tmp_path: Path, truth: CineStack) -> None:
    affine = sheared(truth.affine, 5)
    vectors = " ".join("(" + ",".join(f"{v:.9f}" for v in affine[:3, axis]) + ")" for axis in range(3))
    lines = ["space: left-posterior-superior", f"space directions: {vectors} none"]
    with pytest.raises(StudyError, match=r"sheared by 5\.0°"):
        read_study(write_nrrd(tmp_path / "cine.nrrd", truth.voxels, *lines))


@pytest.mark.parametrize("name", ["cine.nii", "cine.nii.gz"])
def test_a_nifti_file_that_claims_less_than_it_holds_is_refused(tmp_path: Path, truth: CineStack, name: str) -> None:
    path = write_nifti(tmp_path / name, truth.voxels, truth.affine, truth.spacing_mm[::-1])
    content = bytearray(gzip.decompress(path.read_bytes()) if name.endswith("gz") else path.read_bytes())
    content[46:48] = (truth.slices - 1).to_bytes(2, "little")
    path.write_bytes(gzip.compress(bytes(content)) if name.endswith("gz") else content)
    with pytest.raises(StudyError, match="more voxels than its header claims"):
        read_study(path)


def test_an_orientation_stated_twice_and_differently_is_told(tmp_path: Path, truth: CineStack) -> None:
    path = write_nifti(tmp_path / "cine.nii", truth.voxels, truth.affine, truth.spacing_mm[::-1])
    content = bytearray(path.read_bytes())
    content[252:254] = (1).to_bytes(2, "little")  # a quaternion of zeros: no turn at all
    path.write_bytes(content)
    stack = read_study(path)
    assert "orientation-differs" in codes(stack)
    assert np.allclose(stack.affine, truth.affine, atol=1e-2)
