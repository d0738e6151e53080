"""Damaged, foreign and missing files: a clear error, or a stack with a finding; never anything else."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
import pytest
from CardiacSegmentationLib.cine import find_stacks, read_stack, read_study
from CardiacSegmentationLib.cine import open as opening
from CardiacSegmentationLib.errors import StudyError
from CardiacSegmentationLib.findings import Severity
from cine.spoiling import SPEC, Spoilable, chosen, codes, edit, edit_each
from pydicom.fileset import FileSet

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.stack import CineStack


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"nowhere does not exist\. Name"):
        find_stacks(tmp_path / "nowhere")


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="holds no files"):
        find_stacks(tmp_path)


@pytest.mark.parametrize("content", [b"These are my notes.\n", b"", b"\x08\x00 notes", os.urandom(3000), b"DICM" * 200])
def test_a_file_that_is_only_named_dicom(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "image.dcm").write_bytes(content)
    for path in (tmp_path, tmp_path / "image.dcm"):
        with pytest.raises(StudyError, match=r"image\.dcm.*Name the folder"):
            find_stacks(path)


def test_one_image_alone(ge: Spoilable) -> None:
    with pytest.raises(StudyError, match="one phase only"):
        read_study(ge.images()[0])


def test_a_study_of_truncated_files(ge: Spoilable) -> None:
    for path in ge.folder.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(StudyError, match=r"truncated: the pixel data are cut off"):
        find_stacks(ge.folder)


def test_headers_cut_off(ge: Spoilable) -> None:
    for path in ge.folder.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(StudyError, match="cut off"):
        find_stacks(ge.folder)


def test_a_truncated_file_among_others_is_left_out_and_said(ge: Spoilable) -> None:
    path = ge.slices()[2][4]
    path.write_bytes(path.read_bytes()[:-1000])
    study = find_stacks(ge.folder)
    assert [f.code for f in study.findings] == ["file-damaged"]
    assert path.name in study.findings[0].message
    assert "unequal-phases" in [f.code for f in read_stack(study).findings]


def test_damage_is_in_the_error_that_stops_the_run(ge: Spoilable) -> None:
    for files in ge.slices()[1:]:
        for path in files:
            path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(StudyError, match=r"no short-axis cine.* 40 files .*truncated: the pixel.* Name the folder"):
        read_study(ge.folder)


def test_images_without_geometry_are_in_the_error_that_stops_the_run(ge: Spoilable) -> None:
    for path in ge.images():
        edit(path, PixelSpacing=None)
    with pytest.raises(StudyError, match=r"no short-axis cine.* and 47 more: the pixel size.* is missing .* Name the"):
        read_study(ge.folder)


def test_an_image_cut_off_in_its_header_is_damaged_and_an_object_without_pixels_is_not(ge: Spoilable) -> None:
    path = ge.slices()[2][4]
    edit(path, ge.folder / "spectrum", SOPClassUID="1.2.840.10008.5.1.4.1.1.4.2", PixelData=None, SOPInstanceUID="2.9")
    path.write_bytes(path.read_bytes()[:700])
    study = find_stacks(ge.folder)
    assert [f.code for f in study.findings] == ["file-damaged"]
    assert study.findings[0].message.startswith(f"1 file cannot be used ({path.name}): truncated")
    reasons = {file.name: one.why() for one in study.left_out for file in one.files}
    assert reasons["spectrum"].startswith("no image")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is closed to this user")
def test_a_folder_that_cannot_be_opened_is_said(siemens: Spoilable) -> None:
    folder = siemens.slices()[0][0].parent
    folder.chmod(0)
    try:
        study = find_stacks(siemens.folder)
    finally:
        folder.chmod(0o755)
    (finding,) = study.findings
    assert (finding.code, finding.severity) == ("folder-closed", Severity.ERROR)
    assert folder.name in finding.message


def test_a_folder_that_the_system_refuses_is_said(siemens: Spoilable, monkeypatch: pytest.MonkeyPatch) -> None:
    refused, scan = siemens.slices()[0][0].parent, os.scandir

    def scandir(path: str) -> Any:
        if Path(path) == refused:
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    study = find_stacks(siemens.folder)
    (finding,) = study.findings
    assert (finding.code, finding.severity) == ("folder-closed", Severity.ERROR)
    assert finding.message.startswith(f"1 folder or link cannot be opened ({refused.name})")
    with pytest.raises(StudyError, match=f"{refused.name}: unreadable"):
        find_stacks(refused)


def test_links_to_folders_are_followed_once_and_said_where_they_lead_nowhere(
    siemens: Spoilable, tmp_path: Path, truth: CineStack
) -> None:
    folder = siemens.slices()[0][0].parent
    elsewhere = folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(elsewhere, target_is_directory=True)
    (siemens.folder / "circle").symlink_to(siemens.folder, target_is_directory=True)
    study = find_stacks(siemens.folder)
    assert study.findings == ()
    assert np.array_equal(read_stack(study).voxels, truth.voxels)
    shutil.rmtree(elsewhere)
    (finding,) = find_stacks(siemens.folder).findings
    assert (finding.code, finding.severity) == ("folder-closed", Severity.ERROR)
    assert folder.name in finding.message


@pytest.mark.parametrize("layout", ["rle", "jpeg2000", "jpegls"])
def test_truncated_compressed_files_are_left_out_and_said(
    layout: str, written: Callable[[str], Path], tmp_path: Path
) -> None:
    study = Spoilable(Path(shutil.copytree(written(layout), tmp_path / layout)))
    path = study.slices()[2][4]
    path.write_bytes(path.read_bytes()[:-600])
    assert [f.code for f in find_stacks(study.folder).findings] == ["file-damaged"]


def test_garbled_compressed_pixels_are_a_clear_error(written: Callable[[str], Path], tmp_path: Path) -> None:
    study = Spoilable(Path(shutil.copytree(written("jpeg2000"), tmp_path / "study")))
    path = study.slices()[2][4]
    image = pydicom.dcmread(path)
    image.PixelData = pydicom.encaps.encapsulate([b"\x00" * 500])
    image.save_as(path)
    with pytest.raises(StudyError, match=f"{path.name} cannot be read"):
        read_study(study.folder)


def test_a_truncated_multi_frame_file_loses_its_last_frames(written: Callable[[str], Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(written("enhanced"), tmp_path / "study"))
    (path,) = folder.glob("*sax*.dcm")
    frame = int(pydicom.dcmread(path, stop_before_pixels=True).Rows) ** 2 * 2
    path.write_bytes(path.read_bytes()[: -5 * frame])  # of the last slice, the last five of eight phases
    one = chosen(folder)
    assert (one.slices, codes(one)) == (SPEC.slices - 1, ["incomplete-slice"])


def test_foreign_files_are_left_out_with_a_reason(ge: Spoilable, truth: CineStack) -> None:
    first = ge.images()[0]
    (ge.folder / "report.pdf").write_bytes(b"%PDF-1.4 report")
    (ge.folder / "empty").touch()
    edit(first, ge.folder / "ct.dcm", Modality="CT", SOPInstanceUID="2.25.1")
    edit(first, ge.folder / "capture.dcm", SOPClassUID="1.2.840.10008.5.1.4.1.1.7", SOPInstanceUID="2.25.2")
    edit(first, ge.folder / "rgb.dcm", SamplesPerPixel=3, SOPInstanceUID="2.25.3")
    edit(first, ge.folder / "sr.dcm", PixelData=None, SOPInstanceUID="2.25.4")
    edit(first, ge.folder / "nowhere.dcm", ImagePositionPatient=None, SOPInstanceUID="2.25.5")
    edit(first, ge.folder / "unturned.dcm", ImageOrientationPatient=None, SOPInstanceUID="2.25.6")
    edit(first, ge.folder / "unsized.dcm", PixelSpacing=None, SOPInstanceUID="2.25.7")
    study = find_stacks(ge.folder)
    reasons = {file.name: one.why() for one in study.left_out for file in one.files}
    for name, word in {
        "report.pdf": "not DICOM",
        "empty": "empty",
        "ct.dcm": "CT",
        "capture.dcm": "secondary capture",
        "rgb.dcm": "colour",
        "sr.dcm": "before its pixel data",
        "nowhere.dcm": "ImagePositionPatient",
        "unturned.dcm": "ImageOrientationPatient",
        "unsized.dcm": "PixelSpacing",
    }.items():
        assert word in reasons[name]
    assert np.array_equal(read_stack(study).voxels, truth.voxels)


@pytest.mark.parametrize("keyword", ["ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"])
def test_a_study_without_geometry_is_a_clear_error(ge: Spoilable, keyword: str) -> None:
    ge.keep_only(ge.images())
    edit_each(ge, {"TriggerTime": None})
    for path in ge.images():
        edit(path, **{keyword: None})
    with pytest.raises(StudyError, match=keyword):
        find_stacks(ge.folder)


def test_invalid_dates_odd_texts_and_missing_hints_do_no_harm(ge: Spoilable, truth: CineStack) -> None:
    for path in ge.images():
        data = path.read_bytes()
        data = data.replace(b"20240515", b"20120000").replace(b"19790101", b"00000000")
        path.write_bytes(
            data.replace(b"CINE_BSSFP_SAX", b"Kurzachse \xe4\xff\xfe ").replace(b"ISO_IR 100", b"ISO_IR 999")
        )
    stack = read_study(ge.folder)
    assert np.array_equal(stack.voxels, truth.voxels)
    assert stack.title.startswith("Kurzachse")


@pytest.mark.parametrize(
    ("charset", "raw", "text"),
    [(b"ISO_IR 100", b"Petit axe \xe9t\xe9", "Petit axe été"), (b"ISO_IR 192", "短軸シネ".encode(), "短軸シネ")],
)
def test_descriptions_keep_their_characters(ge: Spoilable, charset: bytes, raw: bytes, text: str) -> None:
    for path in ge.images():
        image = pydicom.dcmread(path)
        image.SpecificCharacterSet = charset.decode()
        image.SeriesDescription = raw.decode("utf-8" if charset.endswith(b"192") else "latin-1")
        image.save_as(path)
    assert chosen(ge.folder).description == text


NUMBERS = {b"NaN": False, b"inf": False, b"1e999": False, b"12 mm": False, b"": False, b"153,8": True, b" 153.80": True}


@pytest.mark.parametrize("raw", NUMBERS)
def test_odd_numbers_in_one_header_cost_nothing_but_a_finding(ge: Spoilable, truth: CineStack, raw: bytes) -> None:
    path = ge.slices()[2][1]
    value = pydicom.dcmread(path)["TriggerTime"].value
    data = path.read_bytes()
    old = str(value).encode()
    element = b"\x18\x00\x60\x10DS"
    at = data.index(element)
    length = int.from_bytes(data[at + 6 : at + 8], "little")
    assert data[at + 8 : at + 8 + length].strip() == old
    new = raw + b" " * (len(raw) % 2)
    path.write_bytes(data[:at] + element + len(new).to_bytes(2, "little") + new + data[at + 8 + length :])
    stack = read_study(ge.folder)
    assert np.array_equal(stack.voxels, truth.voxels)
    assert (codes(stack) == []) == NUMBERS[raw]


# --- archives and DICOMDIR ---


def pack(folder: Path, archive: Path) -> Path:
    """The folder as an archive of the kind its name says."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w") as file:
            for path in folder.rglob("*"):
                file.write(path, path.relative_to(folder))
    else:
        with tarfile.open(
            archive, "w:" + {".tar": "", ".xz": "xz", ".gz": "gz", ".bz2": "bz2"}[archive.suffix]
        ) as file:
            file.add(folder, "study")
    return archive


@pytest.mark.parametrize("name", ["s.zip", "s.tar", "s.tar.gz", "s.tar.bz2", "s.tar.xz"])
def test_an_archive_is_as_good_as_its_folder(
    name: str, written: Callable[[str], Path], tmp_path: Path, truth: CineStack
) -> None:
    archive = pack(written("ge"), tmp_path / name)
    study = find_stacks(archive)
    stack = read_stack(study)
    assert np.array_equal(stack.voxels, truth.voxels)
    assert stack.source is not None
    assert stack.source.path == archive
    unpacked = study.root
    assert unpacked.is_dir()
    del study, stack
    assert not unpacked.exists()


def test_a_damaged_archive_is_a_clear_error(written: Callable[[str], Path], tmp_path: Path) -> None:
    whole = pack(written("ge"), tmp_path / "s.zip").read_bytes()
    for name, content in (("a.zip", whole[:5000]), ("b.tar.xz", b"\xfd7zXZ\x00" + whole[:99]), ("c.zip", b"nothing")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(StudyError, match=rf"{name} cannot be unpacked .*Unpack it by hand"):
            find_stacks(tmp_path / name)
    (tmp_path / "d.zip").write_bytes(whole[: len(whole) // 2] + b"\x00" * 4000 + whole[len(whole) // 2 + 4000 :])
    with pytest.raises(StudyError, match="cannot be unpacked"):
        find_stacks(tmp_path / "d.zip")


def test_an_archive_in_a_folder_or_an_archive_is_said(written: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    pack(written("ge"), tmp_path / "study" / "inner.zip")
    for study in (tmp_path / "study", pack(tmp_path / "study", tmp_path / "outer.zip")):
        with pytest.raises(StudyError, match=r"inner\.zip: an archive; unpack it first"):
            find_stacks(study)


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "a/../../outside", "C:/outside", "..\\outside"])
def test_an_archive_cannot_write_outside_its_folder(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as file:
        file.writestr(name, b"x")
    with tarfile.open(tmp_path / "s.tar", "w") as file:
        file.addfile(tarfile.TarInfo(name), io.BytesIO())
    for archive in ("s.zip", "s.tar"):
        with pytest.raises(StudyError, match="outside the folder"):
            find_stacks(tmp_path / archive)


def test_an_archive_cannot_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MOST_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "s.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros", b"\0" * 100_000)
    with pytest.raises(StudyError, match="too large for a study"):
        find_stacks(tmp_path / "s.zip")


def test_links_in_an_archive_are_not_followed(tmp_path: Path, written: Callable[[str], Path]) -> None:
    archive = tmp_path / "s.tar"
    with tarfile.open(archive, "w") as file:
        file.add(written("ge"), "study")
        link = tarfile.TarInfo("study/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(link)
    study = find_stacks(archive)
    assert study.chosen is not None
    assert "link" not in [file.name for one in study.left_out for file in one.files]


@pytest.fixture
def medium(written: Callable[[str], Path], tmp_path: Path) -> Path:
    """The phantom as on a CD: a DICOMDIR and files it refers to."""
    files = FileSet()
    for path in sorted(written("ge").rglob("*")):
        if path.is_file() and path.suffix not in (".json", ".gz"):
            files.add(path)
    files.write(tmp_path / "cd")
    return tmp_path / "cd"


def test_a_dicomdir_leads_to_its_files(medium: Path, truth: CineStack) -> None:
    for path in (medium / "DICOMDIR", medium):
        stack = read_study(path)
        assert np.array_equal(stack.voxels, truth.voxels)
        assert codes(stack) == []


def test_a_dicomdir_is_no_image(medium: Path) -> None:
    assert find_stacks(medium).left_out == ()


def test_a_medium_in_small_letters_is_read_through_its_dicomdir(medium: Path, truth: CineStack) -> None:
    for path in sorted(medium.rglob("*"), key=lambda path: -len(path.parts)):
        path.rename(path.with_name(path.name.lower()))
    assert np.array_equal(read_study(medium / "dicomdir").voxels, truth.voxels)


def test_a_dicomdir_alone_is_a_clear_error(medium: Path, tmp_path: Path) -> None:
    (tmp_path / "alone").mkdir()
    alone = Path(shutil.copy(medium / "DICOMDIR", tmp_path / "alone"))
    for path in (alone, alone.parent):
        with pytest.raises(
            StudyError, match=r"DICOMDIR names \d+ files, none of which is there. Copy the whole medium"
        ):
            find_stacks(path)


def test_files_missing_from_a_dicomdir_are_said(medium: Path) -> None:
    images = [p for p in medium.rglob("*") if p.is_file() and p.name != "DICOMDIR"]
    shutil.rmtree(images[0].parent) if len({p.parent for p in images}) > 1 else images[0].unlink()
    study = find_stacks(medium / "DICOMDIR")
    assert [f.code for f in study.findings] == ["files-missing"]


def test_a_damaged_dicomdir_is_a_clear_error(medium: Path) -> None:
    (medium / "DICOMDIR").write_bytes(b"nothing")
    with pytest.raises(StudyError, match="no readable DICOMDIR"):
        find_stacks(medium / "DICOMDIR")
