"""Headers that claim something else than the file holds, and images that are lost: refused or told, never believed."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
import pytest
from CardiacSegmentationLib.cine import Candidate, Reason, find_stacks, read_stack, read_study
from CardiacSegmentationLib.errors import StudyError
from CardiacSegmentationLib.findings import Finding, Severity
from cine.spoiling import SPEC, Spoilable, chosen, codes, edit, edit_each

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.cine import FoundStudy
    from CardiacSegmentationLib.stack import CineStack


@pytest.fixture
def enhanced(written: Callable[[str], Path], tmp_path: Path) -> Path:
    """A copy of the phantom's short axis as one enhanced file, alone in a folder."""
    (source,) = written("enhanced").glob("*sax*.dcm")
    (tmp_path / "enhanced").mkdir()
    return Path(shutil.copy(source, tmp_path / "enhanced" / "sax.dcm"))


def find(code: str, candidate: Candidate | CineStack) -> Finding:
    (finding,) = [finding for finding in candidate.findings if finding.code == code]
    return finding


def reasons(study: FoundStudy) -> dict[str, Reason]:
    return {file.name: group.reason for group in study.left_out for file in group.files}


# --- lost images ---


def test_slices_filled_with_zeros_are_an_error_that_says_how_far_volumes_can_be_off(siemens: Spoilable) -> None:
    for files in siemens.slices()[:2]:
        for path in files:
            path.write_bytes(bytes(path.stat().st_size))
    stack = read_study(siemens.folder)
    lost = find("images-lost", stack)
    assert lost.severity is Severity.ERROR
    assert (lost.parameters["count"], lost.parameters["lost_slices"]) == (2 * SPEC.phases, 2)
    # two of six slices: the widest third of half an ellipsoid, (1/3 − 1/81) / (2/3)
    assert lost.parameters["percent"] == pytest.approx(100 * (1 / 3 - 1 / 81) * 1.5)
    assert not chosen(siemens.folder).complete


@pytest.mark.parametrize("keyword", ["ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"])
def test_a_slice_without_geometry_is_an_error(ge: Spoilable, keyword: str) -> None:
    for path in ge.slices()[0]:
        edit(path, **{keyword: None})
    assert find("images-lost", chosen(ge.folder)).parameters["lost_slices"] == 1


def test_pixels_in_floating_point_numbers_are_called_so(ge: Spoilable) -> None:
    for path in ge.slices()[0]:
        image = pydicom.dcmread(path)
        image.FloatPixelData = image.pixel_array.astype("<f4").tobytes()
        del image.PixelData
        image.BitsAllocated = 32
        image.save_as(path)
    study = find_stacks(ge.folder)
    assert list(reasons(study).values()).count(Reason.FLOAT_PIXELS) == SPEC.phases
    assert find("images-lost", read_stack(study)).parameters["lost_slices"] == 1


@pytest.mark.parametrize("content", [b"", b"nothing that DICOM would be"])
def test_files_named_as_images_that_are_none_are_an_error(ge: Spoilable, content: bytes) -> None:
    for path in ge.slices()[-1]:
        path.write_bytes(content)
    assert find("images-lost", chosen(ge.folder)).parameters["count"] == SPEC.phases


def test_other_files_beside_the_images_are_no_loss(ge: Spoilable) -> None:
    for path in ge.images("2ch"):
        edit(path, ImagePositionPatient=None)
    (ge.folder / "report.pdf").write_bytes(b"%PDF-1.4 report")
    (ge.folder / "notes").write_text("These are my notes.")
    (ge.folder / "protocol.txt").touch()
    assert "images-lost" not in codes(chosen(ge.folder))


def test_a_stacks_files_are_gathered_once_however_many_others_lie_beside_them(
    ge: Spoilable, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(200):
        (ge.folder / f"note {number}.txt").write_text("These are my notes.")
    asked: list[Candidate] = []
    files = Candidate.files.fget
    assert files is not None
    monkeypatch.setattr(Candidate, "files", property(lambda one: (asked.append(one), files(one))[1]))
    find_stacks(ge.folder)
    assert len(asked) < 10


def test_a_loss_that_a_gap_accounts_for_is_told_once(ge: Spoilable) -> None:
    for path in ge.slices()[2]:
        path.write_bytes(bytes(4000))
    assert codes(chosen(ge.folder)) == ["missing-slice"]


# --- a phase that no slice has ---


@pytest.mark.parametrize("keyword", ["TriggerTime", "InstanceNumber"])
def test_a_phase_missing_from_every_slice_is_told(ge: Spoilable, keyword: str) -> None:
    for files in ge.slices():
        files[4].unlink()
    if keyword != "TriggerTime":
        ge.keep_only(ge.images())
        for path in ge.images():
            edit(path, TriggerTime=None)
    missing = find("phase-missing", chosen(ge.folder))
    assert missing.phase == 3
    assert "phases 4 and the next" in missing.message


# --- headers of single images ---


LIES: dict[str, dict[str, Any]] = {
    "rows": {"Rows": 60},
    "columns": {"Columns": 60},
    "bits": {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7},
}


@pytest.mark.parametrize("lie", LIES)
def test_images_smaller_than_their_pixels_are_refused(ge: Spoilable, lie: str) -> None:
    ge.keep_only(ge.images())
    edit_each(ge, LIES[lie])
    with pytest.raises(StudyError, match="fewer or smaller images than the file holds"):
        find_stacks(ge.folder)


def test_padding_after_the_pixels_is_no_lie(ge: Spoilable, truth: CineStack) -> None:
    path = ge.images()[0]
    image = pydicom.dcmread(path)
    image.PixelData += b"\0\0"
    image.save_as(path)
    assert np.array_equal(read_study(ge.folder).voxels, truth.voxels)


# --- enhanced files ---


def change(path: Path, change_it: Callable[[pydicom.Dataset], None]) -> None:
    image = pydicom.dcmread(path)
    change_it(image)
    image.save_as(path)


def more_groups(image: pydicom.Dataset) -> None:
    image.PerFrameFunctionalGroupsSequence.extend(image.PerFrameFunctionalGroupsSequence[:2])


def fewer_groups(image: pydicom.Dataset) -> None:
    image.PerFrameFunctionalGroupsSequence = image.PerFrameFunctionalGroupsSequence[:-2]


def fewer_frames(image: pydicom.Dataset) -> None:
    image.NumberOfFrames = 40


def contradiction(image: pydicom.Dataset) -> None:
    own = copy.deepcopy(image.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence)
    own[0].PixelSpacing = [1.0, 1.0]
    image.PerFrameFunctionalGroupsSequence[3].PixelMeasuresSequence = own


ENHANCED_LIES = {
    more_groups: Reason.CLAIMS_LESS,
    fewer_groups: Reason.GROUPS_MISSING,
    fewer_frames: Reason.CLAIMS_LESS,
    contradiction: Reason.GROUPS_CONTRADICT,
}


@pytest.mark.parametrize("lie", ENHANCED_LIES, ids=lambda lie: lie.__name__)
def test_an_enhanced_file_that_contradicts_itself_is_refused(
    enhanced: Path, lie: Callable[[pydicom.Dataset], None], ge: Spoilable
) -> None:
    change(enhanced, lie)
    shutil.copy(enhanced, ge.folder / "enhanced.dcm")  # beside a sound study, so that there is one to list
    study = find_stacks(ge.folder)
    assert reasons(study)["enhanced.dcm"] is ENHANCED_LIES[lie]
    with pytest.raises(StudyError):
        read_study(enhanced)


@pytest.mark.parametrize("per_file", [1, SPEC.phases, 3 * SPEC.phases])
def test_an_enhanced_object_in_many_files_is_one_stack(enhanced: Path, truth: CineStack, per_file: int) -> None:
    """Single-frame objects, and the files of a concatenation."""
    whole = pydicom.dcmread(enhanced)
    pixels = whole.pixel_array
    enhanced.unlink()
    for first in range(0, len(pixels), per_file):
        part = copy.deepcopy(whole)
        part.NumberOfFrames = per_file
        part.PerFrameFunctionalGroupsSequence = whole.PerFrameFunctionalGroupsSequence[first : first + per_file]
        part.PixelData = pixels[first : first + per_file].tobytes()
        part.SOPInstanceUID = part.file_meta.MediaStorageSOPInstanceUID = f"{whole.SOPInstanceUID[:50]}.{first + 1}"
        part.ConcatenationUID, part.ConcatenationFrameOffsetNumber = "1.2.3", first
        part.save_as(enhanced.with_name(f"{first:03}.dcm"))
    stack = read_study(enhanced.parent)
    assert np.array_equal(stack.voxels, truth.voxels)
    assert np.allclose(stack.affine, truth.affine, atol=1e-3)
    assert stack.times_ms == pytest.approx(truth.times_ms, abs=0.5)


# --- what vendors write ---


def test_an_export_that_the_console_resampled_is_a_cine(ge: Spoilable, truth: CineStack) -> None:
    """As Argus writes it: derived, and with the times of the heart beat."""
    kind = ["DERIVED", "SECONDARY", "M", "RETRO", "DIS2D", "CSA RESAMPLED"]
    ge.keep_only(ge.images())
    edit_each(ge, {"ImageType": kind})
    stack = read_study(ge.folder)
    assert codes(stack) == ["resampled"]
    assert find("resampled", stack).severity is Severity.INFO
    assert np.array_equal(stack.voxels, truth.voxels)
    edit_each(ge, {"TriggerTime": None})
    with pytest.raises(StudyError, match="resampled, not a plain cine"):
        read_study(ge.folder)


def test_identifiers_that_are_none_are_told_once(ge: Spoilable) -> None:
    ge.keep_only(ge.images())
    for number, path in enumerate(ge.images()):
        edit(path, SOPInstanceUID=f"image.{number}")
    odd = find("uids-odd", chosen(ge.folder))
    assert (odd.severity, odd.parameters["count"]) == (Severity.INFO, SPEC.slices * SPEC.phases)


def test_a_study_is_listed_once_and_its_archive_unpacked_once(ge: Spoilable, tmp_path: Path) -> None:
    from CardiacSegmentationLib.cine import open_study

    archive = Path(shutil.make_archive(str(tmp_path / "study"), "zip", ge.folder))
    files = open_study(archive)
    assert files.on_disk == (archive,)
    stack = read_stack(find_stacks(files))
    assert stack.source is not None
    assert len(stack.source.files) == SPEC.slices * SPEC.phases
    folder = files.root
    assert all(path.is_file() and path.is_relative_to(folder) for path in stack.source.files)
    del files
    assert folder.is_dir()  # as long as the stack is there
    del stack
    assert not folder.exists()
