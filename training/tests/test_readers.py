"""Every source layout is read from real files, written here as its makers write them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest
from cardiactrain.data.readers import read_source
from cardiactrain.data.store import load_subjects, read_index, write_store
from cardiactrain.data.subject import Subject, load_subject
from cardiactrain.errors import DataError
from drawn_hearts import draw_stack

if TYPE_CHECKING:
    from pathlib import Path


def save_nifti(voxels: np.ndarray, path: Path, spacing: tuple[float, ...] = (1.5, 1.25, 8.0)) -> None:
    """Write [(phase,) slice, row, column] the way NIfTI keeps it, (column, row, slice, phase)."""
    import nibabel

    image = nibabel.Nifti1Image(np.ascontiguousarray(voxels.T), np.eye(4))
    image.header.set_zooms([*spacing, *([1.0] if voxels.ndim == 4 else [])])
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(image, path)


def test_acdc(tmp_path: Path) -> None:
    image, labels = draw_stack(1)
    place = tmp_path / "training" / "patient007"
    for frame in (1, 12):
        save_nifti(image, place / f"patient007_frame{frame:02d}.nii.gz")
        save_nifti(labels, place / f"patient007_frame{frame:02d}_gt.nii.gz")
    (place / "Info.cfg").write_text("ED: 1\nES: 12\nGroup: HCM\nHeight: 180.0\nNbFrame: 30\nWeight: 80.0\n")
    (subject,) = read_source("acdc", tmp_path)
    assert (subject.key, subject.facts.group, subject.facts.licence) == ("acdc-patient007", "HCM", "CC BY-NC-SA 4.0")
    assert subject.spacing_mm == (8.0, 1.25, 1.5)
    assert [s.phase for s in subject.stacks] == ["ED", "ES"]
    np.testing.assert_array_equal(subject.stacks[1].labels, labels)
    assert subject.stacks[0].known.all()


def test_mms_counts_its_labels_the_other_way_round(tmp_path: Path) -> None:
    image, labels = draw_stack(2)
    theirs = np.array([0, 3, 2, 1], np.uint8)[labels]
    for name, has_labels in (("A1B2C3", True), ("D4E5F6", False)):
        save_nifti(np.stack([image] * 4), tmp_path / "Labeled" / name / f"{name}_sa.nii.gz")
        if has_labels:
            save_nifti(
                np.stack([theirs, 0 * theirs, theirs, 0 * theirs]), tmp_path / "Labeled" / name / f"{name}_sa_gt.nii.gz"
            )
    with (tmp_path / "info.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", "External code", "VendorName", "Vendor", "Centre", "ED", "ES", "Pathology"])
        writer.writerows([[0, "A1B2C3", "Philips", "B", 2, 0, 2, "DCM"], [1, "D4E5F6", "GE", "C", 3, 0, 2, "NOR"]])
    (subject,) = read_source("mms", tmp_path)
    assert (subject.facts.vendor, subject.facts.group) == ("Philips", "DCM")
    for stack in subject.stacks:
        np.testing.assert_array_equal(stack.labels, labels)


def write_sunnybrook(folder: Path, masks: dict[int, float]) -> None:
    """Three slices of four phases as DICOM; circles as contours on the named images, by image number."""
    import pydicom
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    images = folder / "SCD0000101" / "CINESAX_300"
    images.mkdir(parents=True)
    for number in range(1, 13):
        header = pydicom.Dataset()
        header.PatientID, header.InstanceNumber, header.TriggerTime = "SCD0000101", number, 100.0 * ((number - 1) % 4)
        header.ImageOrientationPatient, header.PixelSpacing = [1, 0, 0, 0, 1, 0], [1.5, 1.25]
        header.ImagePositionPatient = [0, 0, -10.0 * ((number - 1) // 4)]
        header.Rows = header.Columns = 32
        header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
        header.BitsAllocated = header.BitsStored = 16
        header.HighBit, header.PixelRepresentation = 15, 0
        header.PixelData = np.full((32, 32), number, np.uint16).tobytes()
        header.SOPClassUID, header.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4", generate_uid()
        header.file_meta = pydicom.dataset.FileMetaDataset()
        header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        header.save_as(images / f"IM-0001-{number:04d}.dcm", enforce_file_format=True)
    contours = folder / "contours" / "SC-HF-I-1" / "contours-manual" / "IRCCI-expert"
    contours.mkdir(parents=True)
    turn = np.linspace(0, 2 * np.pi, 60)
    for number, radius in masks.items():
        for kind, more in (("i", 0.0), *([("o", 3.0)] if radius > 6 else [])):
            points = np.column_stack([20 + (radius + more) * np.cos(turn), 12 + (radius + more) * np.sin(turn)])
            np.savetxt(contours / f"IM-0001-{number:04d}-{kind}contour-manual.txt", points, fmt="%.2f")


def test_sunnybrook_contours_fall_on_their_images(tmp_path: Path) -> None:
    write_sunnybrook(tmp_path, {1: 8.0, 5: 7.0, 3: 5.0, 7: 4.0})
    (subject,) = read_source("sunnybrook", tmp_path)
    diastole, systole = subject.stacks
    assert (subject.key, subject.facts.group, subject.spacing_mm) == (
        "sunnybrook-SCD0000101",
        "HF-I",
        (10.0, 1.5, 1.25),
    )
    assert diastole.image[:, 0, 0].tolist() == [1, 5, 9]
    assert systole.image[:, 0, 0].tolist() == [3, 7, 11]
    areas = (diastole.labels == 3).sum((1, 2))
    assert areas[0] == pytest.approx(np.pi * 64, rel=0.05)
    assert areas[2] == 0
    assert np.argwhere(diastole.labels[0] == 3).mean(axis=0) == pytest.approx([12, 20], abs=0.05)
    assert diastole.known.tolist() == [[False, True, True], [False, True, True], [False, False, True]]
    assert not systole.known[:, :2].any()


def chla_parts(apart: float) -> dict[str, np.ndarray]:
    image, labels = draw_stack(3)
    labels = np.where(labels == 2, 0, labels)
    parts = {}
    for phase in ("ed", "es"):
        for side, code in (("lv", 3), ("rv", 1)):
            moved = image + (apart if side == "rv" else 0)
            parts[f"{phase}_image_{side}"] = np.moveaxis(moved, 0, -1).astype(float)
            parts[f"{phase}_mask_{side}"] = np.moveaxis(labels == code, 0, -1).astype(np.uint8)
    return parts | {"spacing_mm": np.array([8.0, 1.9, 1.9]), "disease": "Tetralogy of Fallot"}


@pytest.mark.parametrize(("apart", "phases", "used"), [(0.0, 2, 10), (2.0, 4, 20), (9.0, 4, 0)])
def test_chla_ventricles_drawn_on_different_frames_stay_apart(
    apart: float, phases: int, used: int, tmp_path: Path
) -> None:
    from scipy.io import savemat

    savemat(tmp_path / "Sbj_1.mat", chla_parts(apart))
    (subject,) = read_source("chla", tmp_path)
    assert len(subject.stacks) == phases
    assert not any(stack.known[:, 1].any() for stack in subject.stacks), "there is no MYO in CHLA"
    assert sum(int(stack.used.sum()) for stack in subject.stacks) == used
    if apart:
        left, right = subject.stacks[:2]
        assert (left.phase, right.phase) == ("ED", "ED-RV")
        assert left.known[:, 2].all()
        assert not left.known[:, 0].any()
        assert set(np.unique(left.labels)) == {0, 3}
        assert set(np.unique(right.labels)) == {0, 1}


def test_our_own_studies_come_back_as_training_data(tmp_path: Path) -> None:
    """What the product writes (DICOM SEG beside the images), training reads."""
    from CardiacSegmentationLib.cine.find import find_stacks
    from CardiacSegmentationLib.cine.read import read_stack
    from CardiacSegmentationLib.export.dicom_seg import make_segmentations
    from CardiacSegmentationLib.export.dicom_source import read_source as read_dicom_source
    from CardiacSegmentationLib.phantom.spec import PhantomSpec
    from CardiacSegmentationLib.phantom.study import make_stack, write_study

    spec = PhantomSpec(slices=8, phases=4, pixel_mm=2.5)
    write_study(tmp_path / "studies" / "case", spec)
    _, truth = make_stack(spec)
    stack = read_stack(find_stacks(tmp_path / "studies" / "case"))
    objects = make_segmentations(stack, truth, read_dicom_source(stack), {0: "ED", 2: "ES"})
    for phase, item in objects.items():
        item.save_as(tmp_path / "studies" / "case" / f"seg{phase}.dcm")
    (subject,) = read_source("dicom-seg", tmp_path / "studies")
    assert subject.facts.dataset == "own"
    assert subject.stacks[0].known.all()
    for found, phase in zip(subject.stacks, (0, 2), strict=True):
        np.testing.assert_array_equal(found.labels, truth.labels[phase])
        np.testing.assert_array_equal(found.image, stack.voxels[phase])


@pytest.mark.parametrize("kind", ["acdc", "compact", "chla", "sunnybrook", "dicom-seg"])
def test_an_empty_folder_is_said_to_be_empty(kind: str, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    with pytest.raises(DataError, match="No subject was found"):
        write_store(read_source(kind, tmp_path / "source"), tmp_path / "store")


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere is no folder"):
        read_source("acdc", tmp_path / "nowhere")


def test_a_store_gives_back_what_it_got(store: Path, subjects: list[Subject]) -> None:
    rows = read_index(store)
    assert len(rows) == len(subjects)
    again = load_subjects(store, [subjects[0].key])[0]
    assert again.facts == subjects[0].facts
    np.testing.assert_array_equal(again.stacks[1].image, subjects[0].stacks[1].image)
    assert next(r for r in rows if r["dataset"] == "sunnybrook")["labels"] == "LV"


def test_a_cut_off_file_is_named(tmp_path: Path, store: Path, subjects: list[Subject]) -> None:
    path = tmp_path / "cut.npz"
    path.write_bytes((store / f"{subjects[0].key}.npz").read_bytes()[:2000])
    with pytest.raises(DataError, match=r"cut\.npz is not a subject"):
        load_subject(path)


@pytest.mark.real_data
def test_the_shared_compact_files(real_data: Path) -> None:
    kinds = {}
    for folder in ("chla", "sunnybrook"):
        for subject in read_source("compact", real_data / folder):
            kinds.setdefault(subject.facts.dataset, []).append(subject)
    assert len(kinds["chla"]) == 26
    assert len(kinds["sunnybrook"]) == 41, "one of the 42 files holds a patient that another file holds more of"
    assert not any(s.known[:, 1].any() for subject in kinds["chla"] for s in subject.stacks)
