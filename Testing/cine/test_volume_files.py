"""NIfTI and NRRD images and label maps through the same door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from CardiacSegmentationLib.cine import find_stacks, read_labels, read_stack, read_study
from CardiacSegmentationLib.errors import LabelError, StudyError
from CardiacSegmentationLib.phantom import make_stack
from CardiacSegmentationLib.segmentation import Label
from cine.spoiling import SPEC, codes

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.stack import Array, CineStack


def write(path: Path, voxels: Array, affine: Array, step: float = 1.0, vector: bool = False, **facts: str) -> Path:
    """Voxels [phase, slice, row, column] (or 3D) as a volume file, with SimpleITK."""
    if voxels.ndim == 4 and not vector:
        image = sitk.JoinSeries([sitk.GetImageFromArray(volume) for volume in voxels], 0.0, step)
    else:
        image = sitk.GetImageFromArray(np.moveaxis(voxels, 0, -1) if vector else voxels, isVector=vector)
    size = image.GetDimension()
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    direction = np.eye(size)
    direction[:3, :3] = affine[:3, :3] / spacing
    image.SetSpacing([*map(float, spacing), step][:size])
    image.SetOrigin([*map(float, affine[:3, 3]), 0.0][:size])
    image.SetDirection(direction.ravel().tolist())
    for key, value in facts.items():
        image.SetMetaData(key.replace("__", " "), value)
    sitk.WriteImage(image, str(path), useCompression=True)
    return path


def flipped(affine: Array, slices: int) -> Array:
    """The affine of the same slices in the opposite order."""
    turned = affine.copy()
    turned[:3, 3] += (slices - 1) * turned[:3, 2]
    turned[:3, 2] *= -1
    return turned


@pytest.mark.parametrize("name", ["cine.nii.gz", "cine.nii", "cine.nrrd"])
@pytest.mark.parametrize("apex_first", [False, True])
def test_a_4d_file_gives_the_same_stack(tmp_path: Path, truth: CineStack, name: str, apex_first: bool) -> None:
    voxels, affine = truth.voxels, truth.affine
    if apex_first:
        voxels, affine = voxels[:, ::-1], flipped(affine, truth.slices)
    stack = read_study(write(tmp_path / name, voxels, affine, step=115.0))
    assert np.array_equal(stack.voxels, truth.voxels)
    assert np.allclose(stack.affine, truth.affine, atol=1e-3)
    assert stack.rr_ms == pytest.approx(8 * 115)
    assert codes(stack) == ["rr-assumed"]
    assert stack.source is not None
    order = range(truth.slices)
    assert stack.source.slice_order == tuple(reversed(order) if apex_first else order)


def test_a_slicer_sequence_keeps_its_times(tmp_path: Path, truth: CineStack) -> None:
    """Slicer's .seq.nrrd holds the phases as the first axis, with their times in the header."""
    path = tmp_path / "cine.seq.nrrd"
    write_sequence(path, truth.voxels, truth.affine, truth.times_ms)
    stack = read_study(path)
    assert np.array_equal(stack.voxels, truth.voxels)
    assert np.allclose(stack.affine, truth.affine, atol=1e-3)
    assert np.allclose(stack.times_ms, truth.times_ms, atol=0.01)
    assert stack.source is not None
    assert stack.source.format == "NRRD"


def test_the_rr_of_a_sequence_follows_from_all_of_its_times(tmp_path: Path, truth: CineStack) -> None:
    times = (0.0, *(time + 60 for time in truth.times_ms[1:]))  # the first step is longer than the others
    write_sequence(tmp_path / "cine.seq.nrrd", truth.voxels, truth.affine, times)
    stack = read_study(tmp_path / "cine.seq.nrrd")
    assert stack.times_ms == pytest.approx(times, abs=0.01)
    assert stack.rr_ms == pytest.approx(truth.rr_ms + 60 * 8 / 7, rel=0.001)


def test_two_phases_of_a_sequence_tell_no_rr(tmp_path: Path, truth: CineStack) -> None:
    write_sequence(tmp_path / "cine.seq.nrrd", truth.voxels[[0, 3]], truth.affine, (0.0, 350.0))
    stack = read_study(tmp_path / "cine.seq.nrrd")
    assert stack.times_ms == (0.0, 350.0)
    assert stack.rr_ms is None


def write_sequence(path: Path, voxels: Array, affine: Array, times: tuple[float, ...]) -> None:
    """As Slicer's sequence storage node lays it out: list axis first, then i, j, k."""
    phases, slices, rows, columns = voxels.shape
    vectors = " ".join("(" + ",".join(f"{v:.9f}" for v in affine[:3, axis]) + ")" for axis in range(3))
    header = (
        "NRRD0005\ntype: uint16\ndimension: 4\nspace: left-posterior-superior\n"
        f"sizes: {phases} {columns} {rows} {slices}\nspace directions: none {vectors}\n"
        "kinds: list domain domain domain\nendian: little\nencoding: raw\n"
        f"space origin: ({','.join(f'{v:.9f}' for v in affine[:3, 3])})\n"
        "axis 0 index type:=numeric\naxis 0 index unit:=ms\n"
        f"axis 0 index values:={' '.join(f'{time:.4f}' for time in times)}\n\n"
    )
    path.write_bytes(header.encode() + np.ascontiguousarray(np.moveaxis(voxels, 0, -1)).astype("<u2").tobytes())


def test_times_in_seconds_are_understood(tmp_path: Path, truth: CineStack) -> None:
    stack = read_study(write(tmp_path / "cine.nii.gz", truth.voxels, truth.affine, step=0.115))
    assert stack.rr_ms == pytest.approx(920)


def test_unknown_times_are_said(tmp_path: Path, truth: CineStack) -> None:
    stack = read_study(write(tmp_path / "cine.nii.gz", truth.voxels, truth.affine, step=1.0))
    assert stack.rr_ms is None
    assert codes(stack) == ["times-unknown"]


def test_a_file_without_orientation_keeps_its_order_and_says_so(tmp_path: Path, truth: CineStack) -> None:
    affine = np.diag([3.0, 3.0, 10.0, 1.0])
    stack = read_study(write(tmp_path / "cine.nii.gz", truth.voxels, affine, step=100))
    assert np.array_equal(stack.voxels, truth.voxels)
    assert "orientation-unknown" in codes(stack)


def test_a_3d_file_is_a_stack_of_one_phase(tmp_path: Path, truth: CineStack) -> None:
    stack = read_study(write(tmp_path / "frame01.nii.gz", truth.voxels[2], truth.affine))
    assert stack.phases == 1
    assert np.array_equal(stack.voxels[0], truth.voxels[2])


def test_whole_numbers_stored_as_floats_become_integers(tmp_path: Path, truth: CineStack) -> None:
    stack = read_study(write(tmp_path / "cine.nii.gz", truth.voxels.astype(np.float32), truth.affine))
    assert stack.voxels.dtype == np.int16
    half = read_study(write(tmp_path / "half.nii.gz", truth.voxels.astype(np.float32) / 2 + 0.25, truth.affine))
    assert half.voxels.dtype == np.float32


def test_a_long_axis_volume_is_not_chosen(tmp_path: Path, truth: CineStack) -> None:
    affine = truth.affine[:, [2, 0, 1, 3]]  # slices along the rows of the short axis
    path = write(tmp_path / "cine.nii.gz", truth.voxels, affine)
    with pytest.raises(StudyError, match="not a short-axis orientation"):
        read_study(path)


def test_a_folder_of_volume_files_offers_the_4d_image(tmp_path: Path, truth: CineStack) -> None:
    """ACDC's folders: the whole cine, single frames of it, and label maps."""
    write(tmp_path / "patient001_4d.nii.gz", truth.voxels, truth.affine, step=115)
    write(tmp_path / "patient001_frame01.nii.gz", truth.voxels[0], truth.affine)
    write(tmp_path / "patient001_frame01_gt.nii.gz", (truth.voxels[0] > 900).astype(np.uint8), truth.affine)
    (tmp_path / "damaged.nii.gz").write_bytes(b"nothing")
    (tmp_path / "Info.cfg").write_text("ED: 1\n")
    study = find_stacks(tmp_path)
    assert study.chosen is not None
    assert study.stacks[study.chosen].description == "patient001_4d.nii.gz"
    left_out = {file.name for one in study.left_out for file in one.files}
    assert left_out == {"patient001_frame01_gt.nii.gz", "damaged.nii.gz", "Info.cfg"}
    assert read_stack(study).phases == SPEC.phases


def test_of_several_cines_as_volume_files_none_is_taken_for_the_other(tmp_path: Path, truth: CineStack) -> None:
    for name in ("anna.nii.gz", "bert.nii.gz"):
        write(tmp_path / name, truth.voxels, truth.affine, step=115)
    with pytest.raises(StudyError, match=r"stack 0 \(anna\.nii\.gz\); stack 1 \(bert\.nii\.gz\)\. Name .*--stack N"):
        read_study(tmp_path)
    assert read_study(tmp_path, stack=1).title == "bert.nii.gz"


@pytest.mark.parametrize("name", ["a.nii.gz", "a.nii", "a.nrrd"])
@pytest.mark.parametrize("content", [b"", b"nothing", b"NRRD0004\ntype: float\n\n"])
def test_a_damaged_volume_file_is_a_clear_error(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StudyError, match=rf"^[^ ]*{name} ") as error:
        read_study(tmp_path / name)
    assert str(error.value).count(name) == 1


def test_a_truncated_volume_file_is_a_clear_error(tmp_path: Path, truth: CineStack) -> None:
    for name in ("a.nii.gz", "a.nii", "a.nrrd"):
        path = write(tmp_path / name, truth.voxels, truth.affine)
        path.write_bytes(path.read_bytes()[:-4000])
        with pytest.raises(StudyError, match=name):
            read_study(path)


def test_nan_in_a_volume_file_is_a_clear_error(tmp_path: Path, truth: CineStack) -> None:
    voxels = truth.voxels.astype(np.float32)
    voxels[0, 0, 0, 0] = np.nan
    with pytest.raises(StudyError, match="no numbers"):
        read_study(write(tmp_path / "cine.nrrd", voxels, truth.affine))


@pytest.mark.filterwarnings("error")
def test_bits_that_are_no_number_are_refused_in_silence(tmp_path: Path, truth: CineStack) -> None:
    path = write(tmp_path / "cine.nii", truth.voxels, truth.affine)
    content = bytearray(path.read_bytes())
    content[252:256] = (1).to_bytes(2, "little") + bytes(2)  # the quaternion counts, and no matrix
    content[268:272] = bytes.fromhex("010080ff")  # a signalling NaN as the first offset
    path.write_bytes(content)
    with pytest.raises(StudyError, match=r"cine\.nii"):
        read_study(path)


# --- label maps ---


@pytest.fixture(scope="module")
def labels() -> Array:
    """The phantom's true labels."""
    return make_stack(SPEC)[1].labels


TURNS: dict[str, tuple[Any, Any]] = {
    # how another program may have stored the same map: (voxels, affine)
    "as the images": (lambda v: v, lambda a, _: a),
    "apex first": (lambda v: v[:, ::-1], lambda a, s: flipped(a, s[0])),
    "rows and columns swapped": (lambda v: v.swapaxes(2, 3), lambda a, _: a[:, [1, 0, 2, 3]]),
    "rows from below": (
        lambda v: v[:, :, ::-1],
        lambda a, s: a @ np.array([[1, 0, 0, 0], [0, -1, 0, s[1] - 1], [0, 0, 1, 0], [0, 0, 0, 1]]),
    ),
    "slices last and columns from the right": (
        lambda v: v.transpose(0, 2, 3, 1)[:, :, ::-1],
        lambda a, s: (a @ np.array([[-1, 0, 0, s[2] - 1], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))[:, [2, 0, 1, 3]],
    ),
}


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("name", ["labels.nii.gz", "labels.nrrd"])
def test_a_label_map_lands_on_the_images_however_it_is_turned(
    tmp_path: Path, truth: CineStack, labels: Array, turn: str, name: str
) -> None:
    voxels, affine = TURNS[turn]
    path = write(tmp_path / name, voxels(labels), affine(truth.affine, truth.voxels.shape[1:]))
    found = read_labels(path, truth)
    assert found.labels.dtype == np.uint8
    assert np.array_equal(found.labels, labels)
    assert found.labelled.all()


def test_a_3d_label_map_needs_its_phase(tmp_path: Path, truth: CineStack, labels: Array) -> None:
    path = write(tmp_path / "ed.nii.gz", labels[3], truth.affine)
    with pytest.raises(LabelError, match="Say which phase"):
        read_labels(path, truth)
    with pytest.raises(LabelError, match="no phase 9: the images have 8"):
        read_labels(path, truth, phase=8)
    found = read_labels(path, truth, phase=3)
    assert np.array_equal(found.labels[3], labels[3])
    assert found.labelled.tolist() == [phase == 3 for phase in range(8)]


def test_only_phases_with_labels_count_as_labelled(tmp_path: Path, truth: CineStack, labels: Array) -> None:
    some = labels.copy()
    some[[1, 2, 4]] = 0
    found = read_labels(write(tmp_path / "some.nii.gz", some, truth.affine), truth)
    assert np.flatnonzero(~found.labelled).tolist() == [1, 2, 4]


def test_other_codes_are_translated_and_unknown_ones_refused(tmp_path: Path, truth: CineStack, labels: Array) -> None:
    codes_there = np.array([0, 600, 200, 500], np.uint16)[labels]  # as the MM-WHS data set codes them
    path = write(tmp_path / "other.nii.gz", codes_there, truth.affine)
    with pytest.raises(LabelError, match="unknown meaning: 200, 500, 600"):
        read_labels(path, truth)
    found = read_labels(path, truth, codes={600: Label.RV, 200: Label.MYO, 500: Label.LV})
    assert np.array_equal(found.labels, labels)
    with pytest.raises(LabelError, match="no label codes"):
        read_labels(write(tmp_path / "image.nii.gz", labels + np.float32(0.5), truth.affine), truth)


def test_labels_stored_as_floats_are_fine(tmp_path: Path, truth: CineStack, labels: Array) -> None:
    found = read_labels(write(tmp_path / "f.nii.gz", labels.astype(np.float64), truth.affine), truth)
    assert np.array_equal(found.labels, labels)


MISFITS: dict[str, tuple[Any, Any, str]] = {
    "fewer slices": (lambda v: v[:, :5], lambda a: a, r"has .* × 5 voxels, the images .* × 6\."),
    "fewer phases": (lambda v: v[:3], lambda a: a, "has 3 phases, the images 8"),
    "other voxels": (lambda v: v, lambda a: a @ np.diag([0.5, 0.5, 1, 1]), r"has voxels of 1\.50"),
    "turned": (lambda v: v, lambda a: turn_about_z(25) @ a, "is turned against the images"),
    "elsewhere": (lambda v: v, lambda a: shift_left(50) @ a, "lies elsewhere"),
}


def turn_about_z(degrees: float) -> Array:
    angle = np.radians(degrees)
    turned = np.eye(4)
    turned[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return turned


def shift_left(mm: float) -> Array:
    shifted = np.eye(4)
    shifted[0, 3] = mm
    return shifted


@pytest.mark.parametrize("misfit", MISFITS)
def test_a_label_map_of_other_images_is_refused(tmp_path: Path, truth: CineStack, labels: Array, misfit: str) -> None:
    voxels, affine, words = MISFITS[misfit]
    with pytest.raises(LabelError, match=words):
        read_labels(write(tmp_path / "labels.nii.gz", voxels(labels), affine(truth.affine)), truth)


def test_missing_and_foreign_label_files_are_clear_errors(tmp_path: Path, truth: CineStack) -> None:
    with pytest.raises(LabelError, match="does not exist"):
        read_labels(tmp_path / "none.nii.gz", truth)
    (tmp_path / "labels.txt").write_text("1")
    with pytest.raises(LabelError, match="neither NIfTI nor NRRD"):
        read_labels(tmp_path / "labels.txt", truth)
    (tmp_path / "labels.nrrd").write_text("1")
    with pytest.raises(LabelError, match="damaged"):
        read_labels(tmp_path / "labels.nrrd", truth)
