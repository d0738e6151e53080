"""DICOM SEG: valid, readable, in its place, and pointing to the true source images."""

from __future__ import annotations

import dataclasses
import errno
import os
from typing import TYPE_CHECKING, Any

import highdicom
import numpy as np
import pydicom
import pytest
from CardiacSegmentationLib.cine import read_study
from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.export.dicom_objects import save_dicom
from CardiacSegmentationLib.export.dicom_seg import find_algorithm_type, make_segmentations
from CardiacSegmentationLib.export.dicom_source import describe_name, describe_source, read_source
from CardiacSegmentationLib.structures import BY_LABEL
from pydicom.dataelem import RawDataElement

if TYPE_CHECKING:
    from pathlib import Path

ES = 3
LAYOUTS = ["siemens", "ge", "philips", "enhanced"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_labels_read_back_lie_where_they_lay(layout: str, dicom_case: Any, valid_dicom: Any, tmp_path: Path) -> None:
    case = dicom_case(layout)
    path = tmp_path / "seg.dcm"
    save_dicom(make_segmentations(case.stack, case.segmentation, read_source(case.stack), {ES: "ES"})[ES], path)
    valid_dicom(path)

    volume = highdicom.seg.segread(path).get_volume(combine_segments=True)

    labels = case.segmentation.labels[ES]
    inside = np.argwhere(labels > 0)
    points = (case.stack.affine @ np.c_[inside[:, ::-1], np.ones(len(inside))].T)[:3]
    indices = np.linalg.inv(volume.affine) @ np.r_[points, np.ones((1, len(inside)))]
    assert np.allclose(indices[:3], np.rint(indices[:3]), atol=1e-3)
    found = volume.array[tuple(np.rint(indices[:3]).astype(int))]
    assert np.array_equal(found, labels[tuple(inside.T)])
    assert (volume.array > 0).sum() == len(inside)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_frame_points_to_the_source_image_of_its_phase_and_place(layout: str, dicom_case: Any) -> None:
    case = dicom_case(layout)
    source = read_source(case.stack)
    seg = make_segmentations(case.stack, case.segmentation, source, {ES: "ES"})[ES]

    listed = {
        str(item.ReferencedSOPInstanceUID)
        for series in seg.ReferencedSeriesSequence
        for item in series.ReferencedInstanceSequence
    }
    assert listed == set(case.stack.instance_uids[ES])
    for group in seg.PerFrameFunctionalGroupsSequence:
        [item] = group.DerivationImageSequence[0].SourceImageSequence
        [header] = [header for header in source.headers if header.SOPInstanceUID == item.ReferencedSOPInstanceUID]
        assert item.ReferencedSOPClassUID == header.SOPClassUID
        if layout == "enhanced":
            header = header.PerFrameFunctionalGroupsSequence[item.ReferencedFrameNumber - 1]
            delay = header.CardiacSynchronizationSequence[0].NominalCardiacTriggerDelayTime
            position = header.PlanePositionSequence[0].ImagePositionPatient
        else:
            delay, position = header.TriggerTime, header.ImagePositionPatient
        assert float(delay) == pytest.approx(case.stack.times_ms[ES], abs=0.1)
        assert np.allclose(position, group.PlanePositionSequence[0].ImagePositionPatient, atol=1e-3)


def test_patient_and_study_are_those_of_the_source_and_the_series_is_new(dicom_case: Any) -> None:
    case = dicom_case("siemens")
    source = read_source(case.stack)
    segs = make_segmentations(case.stack, case.segmentation, source, {0: "ED", ES: "ES"})
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "StudyInstanceUID", "StudyDate", "StudyID"):
        assert {str(seg[keyword].value) for seg in segs.values()} == {str(source.first[keyword].value)}
    [series] = {seg.SeriesInstanceUID for seg in segs.values()}
    assert series not in {header.SeriesInstanceUID for header in source.headers}
    assert len({seg.SOPInstanceUID for seg in segs.values()}) == 2


def test_segments_carry_names_codes_colours_and_the_network(dicom_case: Any) -> None:
    case = dicom_case("siemens")
    segs = make_segmentations(case.stack, case.segmentation, read_source(case.stack), {0: "ED", ES: "ES"})
    for item in segs[ES].SegmentSequence:
        structure = BY_LABEL[item.SegmentNumber]
        assert item.SegmentLabel == structure.name
        assert item.SegmentedPropertyTypeCodeSequence[0].CodeValue == structure.code.value
        color = highdicom.color.CIELabColor.from_dicom_value(item.RecommendedDisplayCIELabValue).to_rgb(clip=True)
        assert np.allclose(color, structure.color_rgb, atol=3)
        algorithm = item.SegmentationAlgorithmIdentificationSequence[0]
        assert "sha256 0123456789ab" in algorithm.AlgorithmParameters
    assert {item.SegmentAlgorithmType for item in segs[0].SegmentSequence} == {"SEMIAUTOMATIC"}  # slice 2 was edited
    assert {item.SegmentAlgorithmType for item in segs[ES].SegmentSequence} == {"AUTOMATIC"}
    tracking = [[item.TrackingUID for item in seg.SegmentSequence] for seg in segs.values()]
    assert tracking[0] == tracking[1]


def test_labels_made_by_hand_are_called_manual(dicom_case: Any, valid_dicom: Any, tmp_path: Path) -> None:
    case = dicom_case("siemens")
    by_hand = dataclasses.replace(case.segmentation, model=None)
    assert find_algorithm_type(by_hand, 0) == "MANUAL"
    save_dicom(make_segmentations(case.stack, by_hand, read_source(case.stack), {0: "ED"})[0], tmp_path / "seg.dcm")
    valid_dicom(tmp_path / "seg.dcm")


def test_content_is_the_same_apart_from_uids_and_dates(dicom_case: Any) -> None:
    case = dicom_case("siemens")
    source = read_source(case.stack)
    first, second = (make_segmentations(case.stack, case.segmentation, source, {ES: "ES"})[ES] for _ in range(2))
    differing = {element.keyword for element in first if element.VR != "SQ" and element != second.get(element.tag)}
    assert differing <= {
        "SOPInstanceUID", "SeriesInstanceUID", "InstanceCreationDate", "InstanceCreationTime", "ContentDate",
        "ContentTime", "SeriesDate", "SeriesTime", "FrameOfReferenceUID",
    }  # fmt: skip


def test_a_phase_without_labels_is_refused(dicom_case: Any) -> None:
    case = dicom_case("siemens")
    empty = dataclasses.replace(case.segmentation, labels=np.zeros_like(case.segmentation.labels))
    with pytest.raises(ExportError, match="Phase 1 has no labels"):
        make_segmentations(case.stack, empty, read_source(case.stack), {0: "ED"})


def test_images_that_are_not_dicom_give_no_dicom(case: Any) -> None:
    with pytest.raises(ExportError, match="need a DICOM study"):
        read_source(case.stack)


def test_slices_that_were_never_scanned_are_left_out(dicom_case: Any, valid_dicom: Any, tmp_path: Path) -> None:
    case = dicom_case("siemens")
    stack = dataclasses.replace(case.stack, instance_uids=tuple(("", *row[1:]) for row in case.stack.instance_uids))
    seg = make_segmentations(stack, case.segmentation, read_source(stack), {ES: "ES"})[ES]
    save_dicom(seg, tmp_path / "seg.dcm")
    valid_dicom(tmp_path / "seg.dcm")
    [series] = {len(item.ReferencedInstanceSequence) for item in seg.ReferencedSeriesSequence}
    assert series * len(seg.ReferencedSeriesSequence) == stack.slices - 1


def test_a_study_that_lost_files_meanwhile_is_refused(dicom_case: Any) -> None:
    case = dicom_case("siemens")
    uids = (("1.2.3", *case.stack.instance_uids[0][1:]), *case.stack.instance_uids[1:])
    with pytest.raises(ExportError, match=r"1 of the \d+ source images are no longer in"):
        read_source(dataclasses.replace(case.stack, instance_uids=uids))


def test_only_the_headers_of_the_phases_asked_for_are_read(dicom_case: Any) -> None:
    case = dicom_case("siemens")
    source, whole = read_source(case.stack, [ES]), read_source(case.stack)
    assert list(source.images) == [ES]
    assert source.images[ES] == whole.images[ES]
    assert source.first == whole.first == whole.images[0][0].header
    shuffled = dataclasses.replace(case.stack.source, files=case.stack.source.files[::-1])
    assert read_source(dataclasses.replace(case.stack, source=shuffled), [ES]).images == source.images
    lost = dataclasses.replace(case.stack.source, files=(case.stack.source.files[0],))
    assert read_source(dataclasses.replace(case.stack, source=lost), ()).first == source.first


def test_headers_that_lost_elements_or_hold_impossible_dates_still_give_valid_objects(
    dicom_case: Any, valid_dicom: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    for path in dicom_case("siemens").stack.source.path.rglob("*.IMA"):
        image = pydicom.dcmread(path)
        for keyword in ("StudyID", "AccessionNumber", "PatientSex", "FrameOfReferenceUID", "StudyTime"):
            delattr(image, keyword)
        image.SpecificCharacterSet, image.PatientName = "ISO_IR 100", "Müller^Jürgen"
        image["StudyDate"].value, image["PatientBirthDate"].value = "20120000", "00000000"
        image.save_as(folder / path.name)
    stack = read_study(folder)
    segmentation = dicom_case("siemens").segmentation
    save_dicom(make_segmentations(stack, segmentation, read_source(stack), {0: "ED"})[0], tmp_path / "seg.dcm")
    valid_dicom(tmp_path / "seg.dcm")
    assert str(pydicom.dcmread(tmp_path / "seg.dcm").PatientName) == "Müller^Jürgen"


def test_values_that_are_several_or_no_number_are_passed_on_or_left_out(dicom_case: Any, tmp_path: Path) -> None:
    several = {"PhysiciansOfRecord": ["House^Greg", "Wilson^Jim"], "EchoTime": [1.4, 2.8]}
    raw = {"InstitutionName": b"Radiology\\House", "MagneticFieldStrength": b"1.5T", "PatientWeight": b"75kg"}
    for path in dicom_case("siemens").stack.source.path.rglob("*.IMA"):
        image = pydicom.dcmread(path)
        for keyword, value in several.items():
            setattr(image, keyword, value)
        for keyword, content in raw.items():
            tag, vr = pydicom.tag.Tag(keyword), pydicom.datadict.dictionary_VR(keyword)
            image[tag] = RawDataElement(tag, vr, len(content), content, 0, False, True)
        image.save_as(tmp_path / path.name)
    stack = read_study(tmp_path)
    source = read_source(stack)
    facts = describe_source(source.first)
    assert "TE 1.4 ms" in facts["Sequence"]
    assert facts["Institution"] == "Radiology\\House"
    assert facts["Scanner"] == "SIEMENS Avanto"
    seg = make_segmentations(stack, dicom_case("siemens").segmentation, source, {0: "ED"})[0]
    assert seg.PhysiciansOfRecord == several["PhysiciansOfRecord"]
    assert "PatientWeight" not in seg


@pytest.mark.parametrize("stated", [{"SpacingBetweenSlices": 3.0}, {"SpacingBetweenSlices": 0, "SliceThickness": None}])
def test_distance_and_thickness_of_slices_are_those_of_the_stack_whatever_headers_say(
    stated: dict[str, Any], dicom_case: Any, valid_dicom: Any, tmp_path: Path
) -> None:
    case, folder = dicom_case("siemens"), tmp_path / "study"
    folder.mkdir()
    for path in case.stack.source.path.rglob("*.IMA"):
        image = pydicom.dcmread(path)
        for keyword, value in stated.items():
            if value is None:
                delattr(image, keyword)
            else:
                setattr(image, keyword, value)
        image.save_as(folder / path.name)
    stack = read_study(folder)
    save_dicom(make_segmentations(stack, case.segmentation, read_source(stack), {ES: "ES"})[ES], tmp_path / "seg.dcm")
    valid_dicom(tmp_path / "seg.dcm")
    seg = highdicom.seg.segread(tmp_path / "seg.dcm")
    distance = pytest.approx(case.stack.spacing_mm[0], abs=1e-3)
    assert seg.get_volume(combine_segments=True).spacing[0] == distance
    [measures] = seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence
    assert measures.SpacingBetweenSlices == distance
    assert measures.SliceThickness == (distance if "SliceThickness" in stated else case.stack.slice_thickness_mm)


def test_an_empty_group_of_frames_makes_no_image_multi_frame(dicom_case: Any, tmp_path: Path) -> None:
    for path in dicom_case("siemens").stack.source.path.rglob("*.IMA"):
        image = pydicom.dcmread(path)
        image.PerFrameFunctionalGroupsSequence = [pydicom.Dataset()]  # as GE scanners write it
        image.save_as(tmp_path / path.name)
    stack = read_study(tmp_path)
    seg = make_segmentations(stack, dicom_case("siemens").segmentation, read_source(stack), {ES: "ES"})[ES]
    assert not any("ReferencedFrameNumber" in item for item in _references(seg))


def test_frames_of_a_multi_frame_object_without_functional_groups_are_named(dicom_case: Any, tmp_path: Path) -> None:
    case = dicom_case("siemens")
    files = {str(pydicom.dcmread(path).SOPInstanceUID): path for path in case.stack.source.path.rglob("*.IMA")}
    for slice_ in range(case.stack.slices):
        images = [pydicom.dcmread(files[row[slice_]]) for row in case.stack.instance_uids]
        merged = images[0]
        merged.NumberOfFrames, merged.FrameTime = len(images), case.stack.times_ms[1]
        merged.PixelData = b"".join(image.PixelData for image in images)
        merged.save_as(tmp_path / f"{slice_}.dcm")
    stack = read_study(tmp_path)
    assert stack.voxels.shape == case.stack.voxels.shape
    seg = make_segmentations(stack, case.segmentation, read_source(stack), {ES: "ES"})[ES]
    assert {item.ReferencedFrameNumber for item in _references(seg)} == {ES + 1}
    assert {str(item.ReferencedSOPInstanceUID) for item in _references(seg)} <= set(stack.instance_uids[ES])


def _references(seg: Any) -> list[Any]:
    groups = seg.PerFrameFunctionalGroupsSequence
    return [item for group in groups for item in group.DerivationImageSequence[0].SourceImageSequence]


def test_a_full_disc_is_told_in_one_line(dicom_case: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = dicom_case("siemens")
    seg = make_segmentations(case.stack, case.segmentation, read_source(case.stack), {ES: "ES"})[ES]

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setitem(pydicom.filewriter.writers, "OB", (fail, None))  # the pixels; pydicom adds its traceback
    with pytest.raises(ExportError, match=r"seg\.dcm cannot be written \(No space left on device\)\. Choose[^\n]*$"):
        save_dicom(seg, tmp_path / "seg.dcm")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("Doe^John", "Doe John"),
        ("Wang^XiaoDong=王^小东", "Wang XiaoDong (王 小东)"),
        ("=王^小东", "王 小东"),
        ("", ""),
        ("Müller-Łuk^^von^Dr.", "Müller-Łuk von Dr."),
    ],
)
def test_names_are_shown_as_people_write_them(stored: str, shown: str) -> None:
    assert describe_name(stored) == shown


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore:Invalid value for VR UI", "ignore:The string")
def test_a_real_study_with_a_frame_of_reference_per_image_and_invalid_dates(real_data: Path, tmp_path: Path) -> None:
    stack = read_study(real_data / "sunnybrook" / "dicom" / "SCD0000101.tar.xz")
    labels = np.zeros(stack.voxels.shape, np.uint8)
    labels[:, :, 100:140, 100:140] = 2
    labels[:, :, 110:130, 110:130] = 3
    from CardiacSegmentationLib.segmentation import Segmentation

    seg = make_segmentations(stack, Segmentation.of(labels), read_source(stack), {0: "ED"})[0]
    save_dicom(seg, tmp_path / "seg.dcm")
    assert highdicom.seg.segread(tmp_path / "seg.dcm").number_of_segments == 3
