"""Studies are found wherever they lie, and nothing in the folder of all is passed over unsaid."""

from __future__ import annotations

import tarfile
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.pipeline.plan import plan_batch
from CardiacSegmentationLib.pipeline.record import write_record
from CardiacSegmentationLib.segmentation import Segmentation
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

if TYPE_CHECKING:
    from pathlib import Path

NIFTI_3D = b"\x5c\1\0\0" + bytes(36) + b"\3\0" + bytes(306)
NIFTI_4D = b"\x5c\1\0\0" + bytes(36) + b"\4\0" + bytes(306)


def write_dicom(path: Path, study: str, series: str = "1", frames: int = 1) -> None:
    """A DICOM file with nothing but what tells where it belongs."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    meta.MediaStorageSOPInstanceUID = generate_uid()
    image = FileDataset(str(path), Dataset(), file_meta=meta, preamble=bytes(128))
    image.StudyInstanceUID, image.SeriesInstanceUID = f"1.2.{study}", f"1.2.{study}.{series}"
    image.NumberOfFrames = frames
    image.PixelData = bytes(2)
    image["PixelData"].VR = "OW"
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save_as(path, enforce_file_format=True)


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def planned(root: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Names and sources of the studies, and the rows of the rest by status."""
    tasks, rows = plan_batch(root, root.parent / "out")
    assert all(task.folder == (root.parent / "out" / task.name).absolute() for task in tasks)
    sources = {task.name: task.source.relative_to(root.absolute()).as_posix() for task in tasks}
    return sources, {row["study"]: row["status"] for row in rows}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def test_a_study_is_the_highest_folder_that_holds_nothing_else(root: Path) -> None:
    for series in ("1", "2", "3"):
        write_dicom(root / "north" / "anna" / "DICOM" / f"series{series}" / "im1", "10", series)
    write_dicom(root / "north" / "berta" / "im1", "11")
    write_dicom(root / "south" / "2024" / "clara" / "im1", "12")
    write_dicom(root / "south" / "2024" / "dora" / "im1", "13")
    write_dicom(root / "emma" / "im1", "14")
    assert planned(root) == (
        {name: name for name in ("north/anna", "north/berta", "south/2024/clara", "south/2024/dora", "emma")}, {},
    )  # fmt: skip


def test_copies_are_studies_of_their_own_and_series_side_by_side_are_one(root: Path) -> None:
    for name in ("a", "b"):
        write_dicom(root / name / "im1", "10")
    assert planned(root)[0] == {"a": "a", "b": "b"}
    write_dicom(root.parent / "study" / "slice1" / "im1", "10", "1")
    write_dicom(root.parent / "study" / "slice2" / "im1", "10", "2")
    write(root.parent / "study" / "labels.nii.gz", b"")
    assert planned(root.parent / "study") == ({"study": "."}, {"labels.nii.gz": "skipped"})


def test_a_file_that_is_cut_off_splits_no_study(root: Path) -> None:
    for series in ("1", "2"):
        write_dicom(root / "anna" / f"series{series}" / "im1", "10", series)
        write_dicom(root / "anna" / f"series{series}" / "im2", "10", series)
    first = root / "anna" / "series1" / "im1"
    header = first.read_bytes()
    first.write_bytes(header[: header.index(b"\x20\x00\x0d\x00")])  # StudyInstanceUID
    assert planned(root) == ({"anna": "anna"}, {})


def test_archives_volumes_and_whole_studies_in_one_file_are_found_below_as_well(root: Path) -> None:
    with tarfile.open(root.parent / "empty.tar", "w"):
        pass
    write(root / "site" / "packed.tar", (root.parent / "empty.tar").read_bytes())
    write(root / "site" / "one.nii", NIFTI_4D)
    write(root / "site" / "two.nrrd", b"NRRD0004\ndimension: 4\n")
    write(root / "site" / "two_labels.nii", NIFTI_4D)
    write_dicom(root / "site" / "more" / "x.dcm", "20", frames=9)
    write_dicom(root / "site" / "more" / "y.dcm", "21", frames=9)
    assert planned(root) == (
        {
            "site/packed": "site/packed.tar", "site/one": "site/one.nii", "site/two": "site/two.nrrd",
            "site/more/x": "site/more/x.dcm", "site/more/y": "site/more/y.dcm",
        }, {},
    )  # fmt: skip


def test_one_cine_with_its_phases_and_labels_is_one_study(root: Path) -> None:
    for name, content in (("4d", NIFTI_4D), ("frame01", NIFTI_3D), ("frame01_gt", NIFTI_3D), ("frame12", NIFTI_3D)):
        write(root / "patient001" / f"patient001_{name}.nii", content)
    assert planned(root)[0] == {"patient001": "patient001"}


def test_what_is_no_study_is_tried_or_has_a_row(root: Path) -> None:
    write_dicom(root / "site" / "anna" / "im1", "10")
    write_dicom(root / "site" / "berta" / "im1", "11")
    write(root / "site" / "damaged" / "im1", bytes(1000))
    (root / "site" / "empty").mkdir()
    (root / "nothing").mkdir()
    write(root / "site" / "anna" / "notes" / "converted.nii", NIFTI_4D)
    write(root / "readme.txt", b"text")
    write_dicom(root / "single.dcm", "12")
    sources, rows = planned(root)
    assert set(sources) == {"site/anna", "site/berta", "site/damaged", "nothing"}
    assert rows == {"readme.txt": "skipped", "single.dcm": "skipped", "site/anna/notes/converted.nii": "skipped"}


def test_hidden_folders_links_in_a_circle_and_older_results_are_passed(root: Path) -> None:
    write_dicom(root / "anna" / "im1", "10")
    write_dicom(root / "berta" / "im1", "11")
    write_dicom(root / ".cache" / "im1", "12")
    (root / "anna" / "again").symlink_to(root, target_is_directory=True)
    write_dicom(root / "results" / "anna" / "dicom" / "sr.dcm", "13")
    tasks, rows = plan_batch(root, root / "results")
    assert {task.name for task in tasks} == {"anna", "berta"}
    assert rows == []


def test_results_of_another_run_are_passed(root: Path) -> None:
    write_dicom(root / "anna" / "im1", "10")
    for folder in (root / "anna-results", root / "old-batch" / "site" / "anna"):
        write(folder / "slices.csv", b"")
        write_record(folder, {"files": ["slices.csv"]}, Segmentation.of(np.zeros((1, 1, 2, 2), np.uint8)))
    for name in ("summary.csv", "overview.html", "thumbnails/site/anna.png"):
        write(root / "old-batch" / name, b"")
    assert planned(root) == ({"anna": "anna"}, {})
    write(root / "anna-results" / "im1", bytes(1000))  # something of the user's beside them: what it is, is told
    assert set(planned(root)[0]) == {"anna", "anna-results"}


def test_a_thousand_studies_are_planned_in_seconds(root: Path) -> None:
    write_dicom(root.parent / "a.dcm", "1000")
    one = (root.parent / "a.dcm").read_bytes()
    for number in range(1000):
        study = one.replace(b"1.2.1000", f"1.2.{number + 1000}".encode())
        for series in range(3):
            write(root / f"site{number % 7}" / f"{number:04d}" / f"s{series}" / "im1", study)
    started = process_time()
    sources, _ = planned(root)
    assert process_time() - started < 20
    assert len(sources) == 1000
