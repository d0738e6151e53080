"""Every source layout is read from real files, written here as its makers write them."""

from __future__ import annotations

import csv
import gzip
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.errors import StudyError
from cardiactrain.data.readers import read_source
from cardiactrain.data.store import write_store
from cardiactrain.errors import DataError
from drawn_hearts import draw_stack

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom import Dataset


def save_nifti(voxels: np.ndarray, path: Path, spacing: tuple[float, ...] = (1.5, 1.25, 8.0)) -> None:
    """Write [(phase,) slice, row, column] the way NIfTI keeps it, (column, row, slice, phase)."""
    import nibabel

    image = nibabel.Nifti1Image(np.ascontiguousarray(voxels.T), np.eye(4))
    image.header.set_zooms([*spacing[: voxels.ndim], *([1.0] if voxels.ndim == 4 else [])])
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(image, path)


def write_acdc(folder: Path, image: np.ndarray, labels: np.ndarray, name: str = "patient007") -> None:
    place = folder / name
    for frame in (1, 12):
        save_nifti(image, place / f"{name}_frame{frame:02d}.nii.gz")
        save_nifti(labels, place / f"{name}_frame{frame:02d}_gt.nii.gz")
    (place / "Info.cfg").write_text("ED: 1\nES: 12\nGroup: HCM\nHeight: 180.0\nNbFrame: 30\nWeight: 80.0\n")


def test_acdc(tmp_path: Path) -> None:
    image, labels = draw_stack(1)
    write_acdc(tmp_path / "training", image, labels)
    (subject,) = read_source("acdc", tmp_path)
    assert (subject.key, subject.facts.group, subject.facts.licence) == ("acdc-patient007", "HCM", "CC BY-NC-SA 4.0")
    assert subject.spacing_mm == (8.0, 1.25, 1.5)
    assert [s.phase for s in subject.stacks] == ["ED", "ES"]
    np.testing.assert_array_equal(subject.stacks[1].labels, labels)
    assert subject.stacks[0].known.all()


def test_labels_saved_as_scaled_integers_keep_their_codes(tmp_path: Path) -> None:
    image, labels = draw_stack(1)
    write_acdc(tmp_path, image, labels * 0.9999)
    (subject,) = read_source("acdc", tmp_path)
    np.testing.assert_array_equal(subject.stacks[0].labels, labels)


@pytest.mark.parametrize(("units", "factor"), [("mm", 1.0), ("unknown", 1.0), ("meter", 1e-3), ("micron", 1e3)])
def test_the_spacing_is_in_millimetres_whatever_the_unit(units: str, factor: float, tmp_path: Path) -> None:
    import nibabel

    image, labels = draw_stack(1)
    write_acdc(tmp_path, image, labels)
    for path in tmp_path.rglob("*_frame*.nii.gz"):
        old = nibabel.load(path)
        new = nibabel.Nifti1Image(np.asarray(old.dataobj), None)
        new.header.set_zooms([size * factor for size in old.header.get_zooms()])
        new.header.set_xyzt_units(units)
        nibabel.save(new, path)
    (subject,) = read_source("acdc", tmp_path)
    np.testing.assert_allclose(subject.spacing_mm, (8.0, 1.25, 1.5), rtol=1e-6)


def test_an_image_without_voxel_size_is_refused(tmp_path: Path) -> None:
    image, labels = draw_stack(1)
    write_acdc(tmp_path, image, labels)
    path = tmp_path / "patient007" / "patient007_frame01.nii.gz"
    header = bytearray(gzip.decompress(path.read_bytes()))
    header[80:92] = bytes(12)  # pixdim[1..3]
    path.write_bytes(gzip.compress(bytes(header)))
    with pytest.raises(StudyError, match=r"patient007_frame01.*voxel size"):
        list(read_source("acdc", tmp_path))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda labels: labels * 0.8, "no whole numbers"),
        (lambda labels: np.where(labels == 3, 5, labels), "from 0 to 5"),
        (lambda labels: np.where(labels == 3, -1, labels.astype(np.int16)), "from -1 to 2"),
        (lambda labels: np.where(labels == 3, np.nan, labels), "no whole numbers"),
        (lambda labels: labels[1:], "image .5, 64, 64., labels .4, 64, 64."),
        (lambda labels: labels[0], "2 dimensions"),
    ],
)
def test_labels_that_cannot_be_are_refused_and_their_file_named(change, said: str, tmp_path: Path) -> None:
    image, labels = draw_stack(1)
    write_acdc(tmp_path, image, change(labels))
    with pytest.raises(DataError, match=rf"patient007.*{said}"):
        list(read_source("acdc", tmp_path))


def write_mms(folder: Path, labels: np.ndarray, ed: str = "0") -> None:
    """A patient with labels as M&Ms counts them, and one without any."""
    image, _ = draw_stack(2)
    for name, has_labels in (("A1B2C3", True), ("D4E5F6", False)):
        place = folder / "Labeled" / name
        save_nifti(np.stack([image] * 4), place / f"{name}_sa.nii.gz")
        if has_labels:
            save_nifti(np.stack([labels, 0 * labels, labels, 0 * labels]), place / f"{name}_sa_gt.nii.gz")
    with (folder / "info.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", "External code", "VendorName", "Vendor", "Centre", "ED", "ES", "Pathology"])
        writer.writerows([[0, "A1B2C3", "Philips", "B", 2, ed, 2, "DCM"], [1, "D4E5F6", "GE", "C", 3, 0, 2, "NOR"]])


@pytest.mark.parametrize("ed", ["0", "0.0"])
def test_mms_counts_its_labels_the_other_way_round(ed: str, tmp_path: Path) -> None:
    _, labels = draw_stack(2)
    write_mms(tmp_path, np.array([0, 3, 2, 1], np.uint8)[labels], ed)
    (subject,) = read_source("mms", tmp_path)
    assert (subject.facts.vendor, subject.facts.group) == ("Philips", "DCM")
    for stack in subject.stacks:
        np.testing.assert_array_equal(stack.labels, labels)


@pytest.mark.parametrize(("code", "ed", "said"), [(4, "0", "from 0 to 4"), (3, "", "frame of ED"), (3, "7", "has 4")])
def test_what_is_wrong_in_mms_names_the_patient(code: int, ed: str, said: str, tmp_path: Path) -> None:
    labels = draw_stack(2)[1]
    write_mms(tmp_path, np.where(labels == 3, code, labels), ed)
    with pytest.raises(DataError, match=rf"A1B2C3.*{said}"):
        list(read_source("mms", tmp_path))


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


def write_sunnybrook_table(folder: Path) -> None:
    (folder / "scd_patientdata.csv").write_text(
        "PatientID,OriginalID\nSCD0000101,SC-HF-I-1\nSCD0004501,SC-N-40\n", encoding="utf-8"
    )


def test_sunnybrook_contours_of_others_get_no_images_of_the_only_series(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_sunnybrook(tmp_path, {1: 8.0, 5: 7.0, 3: 5.0, 7: 4.0})
    write_sunnybrook_table(tmp_path)
    (alone,) = read_source("sunnybrook", tmp_path)
    shutil.copytree(tmp_path / "contours" / "SC-HF-I-1", tmp_path / "contours" / "SC-N-40")
    for path in (tmp_path / "contours" / "SC-N-40").rglob("*.txt"):
        np.savetxt(path, np.loadtxt(path) - [12, 4], fmt="%.2f")
    (subject,) = read_source("sunnybrook", tmp_path)
    np.testing.assert_array_equal(subject.stacks[0].labels, alone.stacks[0].labels)
    assert "SC-N-40 is left out: no folder named SC-N-40 or SCD0004501" in caplog.text


def test_sunnybrook_names_are_the_same_with_and_without_a_leading_zero(tmp_path: Path) -> None:
    write_sunnybrook(tmp_path, {1: 8.0, 3: 5.0})
    write_sunnybrook_table(tmp_path)
    (tmp_path / "contours" / "SC-HF-I-1").rename(tmp_path / "contours" / "SC-HF-I-01")
    shutil.copytree(tmp_path / "SCD0000101", tmp_path / "SCD0004501")
    (subject,) = read_source("sunnybrook", tmp_path)
    assert subject.key == "sunnybrook-SCD0000101"


HEADER = "Subjects,Disease,Pixel Size (dx),Pixel Size (dy),Slice Thickness,Spacing Between Slices"


def write_chla(folder: Path, apart: float = 0.0, scale: float = 1.0, resampled: str = "bicubic") -> None:
    """A subject as the authors' repository holds it; the RV's frames are ``apart`` from the LV's."""
    from scipy.io import savemat

    image, labels = draw_stack(3)
    for side, code in (("LV", 3), ("RV", 1)):
        (folder / resampled / side).mkdir(parents=True)
        moved = (image + (apart if side == "RV" else 0)) * scale
        for phase in ("ED", "ES"):
            for kind, stack in (("image", moved), ("mask", (labels == code).astype(np.uint8))):
                path = folder / resampled / side / f"Sbj_10_{side}{phase}_{kind}.mat"
                savemat(path, {kind: np.moveaxis(stack, 0, -1)})
    (folder / "Metadata.csv").write_text(f"{HEADER}\n9,ToF,1.5,1.5,5,5\n10,Tetralogy of Fallot,1.9,1.8,8,8.8\n")


def test_chla_as_downloaded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_chla(tmp_path)
    write_chla(tmp_path, scale=2.0, resampled="nearest")
    (subject,) = read_source("chla", tmp_path)
    image, labels = draw_stack(3)
    assert (subject.key, subject.facts.group) == ("chla-Sbj_10", "Tetralogy of Fallot")
    assert subject.spacing_mm == (8.8, 1.8, 1.9)
    np.testing.assert_array_equal(subject.stacks[0].image, image)
    np.testing.assert_array_equal(subject.stacks[0].labels, np.where(labels == 2, 0, labels))
    assert f"left out: {tmp_path / 'nearest'}" in caplog.text


@pytest.mark.parametrize("scale", [1.0, 16.0])
@pytest.mark.parametrize(("apart", "phases", "used"), [(0.0, 2, 10), (2.0, 4, 20), (9.0, 4, 0)])
def test_chla_ventricles_drawn_on_different_frames_stay_apart(
    apart: float, phases: int, used: int, scale: float, tmp_path: Path
) -> None:
    write_chla(tmp_path, apart, scale)
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


def test_what_is_wrong_in_chla_names_the_file(tmp_path: Path) -> None:
    from scipy.io import savemat

    write_chla(tmp_path)
    mask = tmp_path / "bicubic" / "RV" / "Sbj_10_RVED_mask.mat"
    savemat(mask, {"mask": np.zeros((64, 64, 3))})
    with pytest.raises(DataError, match=r"RVED_mask\.mat holds \(3, 64, 64\)"):
        list(read_source("chla", tmp_path))
    mask.write_bytes(mask.read_bytes()[:300])
    with pytest.raises(DataError, match=r"RVED_mask\.mat cannot be read"):
        list(read_source("chla", tmp_path))
    (tmp_path / "Metadata.csv").write_text(f"{HEADER}\n9,ToF,1.5,1.5,5,5\n")
    with pytest.raises(DataError, match=r"Sbj_10.*no such subject"):
        list(read_source("chla", tmp_path))


def test_a_broken_compact_file_is_named(tmp_path: Path) -> None:
    image, labels = draw_stack(1)
    facts = {"subject": "p", "group": "DCM", "nb_frame": 30, "spacing_mm": np.ones(3)}
    np.savez_compressed(tmp_path / "incomplete.npz", image=image[None], label=labels[None], **facts)
    with pytest.raises(DataError, match=r"incomplete\.npz cannot be read \(IndexError"):
        list(read_source("compact", tmp_path))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "incomplete.npz").read_bytes()[:2000])
    with pytest.raises(DataError, match=r"cut\.npz cannot be read"):
        list(read_source("compact", tmp_path))


def write_own_study(folder: Path, edv: float = 150.0) -> tuple[np.ndarray, np.ndarray, dict[int, Dataset]]:
    """A study with its DICOM SEG as the product writes it; returns images, labels and the SEG objects."""
    from CardiacSegmentationLib.phantom.spec import PhantomSpec
    from CardiacSegmentationLib.phantom.study import make_stack, write_study

    spec = PhantomSpec(slices=8, phases=4, pixel_mm=2.5, lv_edv_ml=edv)
    write_study(folder, spec)
    _, truth = make_stack(spec)
    voxels, objects = segment(folder, truth)
    for phase, item in objects.items():
        item.save_as(folder / f"seg{phase}.dcm")
    return voxels, truth.labels, objects


def segment(folder: Path, segmentation) -> tuple[np.ndarray, dict[int, Dataset]]:
    from CardiacSegmentationLib.cine.find import find_stacks
    from CardiacSegmentationLib.cine.read import read_stack
    from CardiacSegmentationLib.export.dicom_seg import make_segmentations
    from CardiacSegmentationLib.export.dicom_source import read_source as read_dicom_source

    stack = read_stack(find_stacks(folder))
    return stack.voxels, make_segmentations(stack, segmentation, read_dicom_source(stack), {0: "ED", 2: "ES"})


def test_our_own_studies_come_back_as_training_data(tmp_path: Path) -> None:
    """What the product writes (DICOM SEG beside the images), training reads."""
    voxels, labels, _ = write_own_study(tmp_path / "case")
    (subject,) = read_source("dicom-seg", tmp_path)
    assert subject.facts.dataset == "own"
    assert subject.stacks[0].known.all()
    for found, phase in zip(subject.stacks, (0, 2), strict=True):
        np.testing.assert_array_equal(found.labels, labels[phase])
        np.testing.assert_array_equal(found.image, voxels[phase])


def test_what_a_reader_took_away_stays_away(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from CardiacSegmentationLib.phantom.spec import PhantomSpec
    from CardiacSegmentationLib.phantom.study import make_stack

    _, labels, first = write_own_study(tmp_path / "case")
    _, truth = make_stack(PhantomSpec(slices=8, phases=4, pixel_mm=2.5, lv_edv_ml=150.0))
    corrected = labels.copy()
    corrected[:, :3] = 0
    _, objects = segment(tmp_path / "case", replace(truth, labels=corrected))
    for phase, item in objects.items():
        item.ContentDate, item.ContentTime = "29991231", "120000"
        item.save_as(tmp_path / "case" / f"a{phase}.dcm")
    (subject,) = read_source("dicom-seg", tmp_path)
    for found, phase in zip(subject.stacks, (0, 2), strict=True):
        np.testing.assert_array_equal(found.labels, corrected[phase])
    assert "seg0.dcm, seg2.dcm" in caplog.text
    objects[0].ContentDate, objects[0].ContentTime = first[0].ContentDate, first[0].ContentTime
    objects[0].save_as(tmp_path / "case" / "a0.dcm")
    with pytest.raises(DataError, match=r"a0\.dcm.*seg0\.dcm.*neither is newer"):
        list(read_source("dicom-seg", tmp_path))


def test_studies_of_one_patient_are_known_to_be_hers_without_naming_her(tmp_path: Path) -> None:
    import pydicom
    from pydicom.misc import is_dicom

    for name, edv in (("baseline", 120.0), ("followup", 150.0)):
        write_own_study(tmp_path / name, edv)
        for path in (p for p in (tmp_path / name).rglob("*") if p.is_file() and is_dicom(p)):
            header = pydicom.dcmread(path)
            header.PatientID, header.Manufacturer = "4711-JANE", "GE MEDICAL SYSTEMS"
            header.save_as(path)
    first, second = read_source("dicom-seg", tmp_path)
    assert first.key != second.key
    assert first.patient == second.patient != first.key
    assert "4711" not in str(first.facts)
    assert first.facts.vendor == "GE"


@pytest.mark.parametrize("kind", ["acdc", "compact", "chla", "sunnybrook", "dicom-seg"])
def test_an_empty_folder_is_said_to_be_empty(kind: str, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    with pytest.raises(DataError, match="No subject was found"):
        write_store(read_source(kind, tmp_path / "source"), tmp_path / "store")


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere is no folder"):
        read_source("acdc", tmp_path / "nowhere")


@pytest.mark.real_data
def test_the_shared_compact_files(real_data: Path) -> None:
    kinds = {}
    for folder in ("chla", "sunnybrook"):
        for subject in read_source("compact", real_data / folder):
            kinds.setdefault(subject.facts.dataset, []).append(subject)
    assert len(kinds["chla"]) == 26
    assert len(kinds["sunnybrook"]) == 41, "one of the 42 files holds a patient that another file holds more of"
    assert not any(s.known[:, 1].any() for subject in kinds["chla"] for s in subject.stacks)
