"""DICOM RT Structure Set: valid, the curves of contours.json on their own images, origin and approval told."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
import pytest
from CardiacSegmentationLib.cine import read_study
from CardiacSegmentationLib.contours import find_contours
from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.export.deidentify import Deidentifier
from CardiacSegmentationLib.export.dicom_rtstruct import ROIS, make_structure_sets
from CardiacSegmentationLib.export.dicom_source import read_source
from CardiacSegmentationLib.export.result_parts import ExportOptions
from CardiacSegmentationLib.export.results import write_results
from CardiacSegmentationLib.reading import Reading, Signature
from CardiacSegmentationLib.segmentation import Border, Label

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom import Dataset

ES = 3
DRAWN = (5, 2)  # an image in neither ED nor ES


@pytest.fixture
def drawn_case(dicom_case: Any) -> Any:
    """Makes a study in a vendor's layout in which one image was drawn by hand."""

    def make(layout: str) -> Any:
        case = dicom_case(layout)
        _, row_mm, column_mm = case.stack.spacing_mm
        curves = find_contours(case.segmentation.labels[DRAWN], (row_mm, column_mm))
        smaller = curves.with_borders({Border.ENDO: curves.borders[Border.ENDO] * 0.99})
        segmentation = dataclasses.replace(case.segmentation, contours={DRAWN: smaller})
        return dataclasses.replace(case, segmentation=segmentation)

    return make


def _curves(structures: Dataset) -> dict[tuple[str, str, int], np.ndarray]:
    """Points by the ROI's name and the image the curve names."""
    names = {int(roi.ROINumber): str(roi.ROIName) for roi in structures.StructureSetROISequence}
    found = {}
    for roi in structures.ROIContourSequence:
        for contour in roi.ContourSequence:
            assert contour.ContourGeometricType == "CLOSED_PLANAR"
            (image,) = contour.ContourImageSequence
            points = np.array(contour.ContourData, float).reshape(-1, 3)
            assert len(points) == contour.NumberOfContourPoints
            key = (
                names[roi.ReferencedROINumber],
                str(image.ReferencedSOPInstanceUID),
                image.get("ReferencedFrameNumber", 1),
            )
            found[key] = points
    return found


@pytest.mark.parametrize("layout", ["siemens", "ge", "philips", "enhanced"])
def test_every_curve_of_contours_json_is_there_on_its_own_image(
    layout: str, drawn_case: Any, valid_dicom: Any, tmp_path: Path
) -> None:
    case = drawn_case(layout)
    paths = write_results(tmp_path, case.stack, case.segmentation, case.assessment, ["contours", "dicom-rtstruct"])
    assert {path.name for path in paths} == {
        "contours.json",
        "rtstruct_ED.dcm",
        "rtstruct_ES.dcm",
        "rtstruct_phase006.dcm",
    }
    found = {}
    for path in paths[1:]:
        valid_dicom(path)
        found |= _curves(pydicom.dcmread(path))

    frames = case.stack.frame_numbers
    written = json.loads((tmp_path / "contours.json").read_text())["images"]
    assert any(image["drawn"] for image in written)
    for image in written:
        phase, place = image["phase"] - 1, image["slice"] - 1
        frame = frames[phase][place] if frames else 1
        for border, points in image["borders"].items():
            curve = found[ROIS[Border(border)][0], case.stack.instance_uids[phase][place], frame]
            np.testing.assert_allclose(curve, points, atol=2e-3)
    drawn = [curve for curve in found.values() if len(curve)]
    assert len(drawn) >= sum(len(image["borders"]) for image in written)


def test_curves_lie_on_their_images_where_slices_lie_unevenly_and_lean(dicom_case: Any, tmp_path: Path) -> None:
    case = dicom_case("siemens")
    order = {uid: place for row in case.stack.instance_uids for place, uid in enumerate(row)}
    for path in case.stack.source.path.rglob("*.IMA"):
        image = pydicom.dcmread(path)
        place = order.get(str(image.SOPInstanceUID), 0)
        across, down = np.array(image.ImageOrientationPatient, float).reshape(2, 3)
        moved = image.ImagePositionPatient + 0.7 * place * across + 2.5 * (place % 2) * np.cross(across, down)
        image.ImagePositionPatient = [f"{value:.6f}" for value in moved]
        image.save_as(tmp_path / path.name)
    stack = read_study(tmp_path)
    assert {"stack-sheared", "irregular-gap"} <= {finding.code for finding in stack.findings}
    source = read_source(stack, [ES])
    one = make_structure_sets(stack, case.segmentation, source, {ES: "ES"}, reading=Reading())[ES]
    headers = {str(header.SOPInstanceUID): header for header in source.headers}
    for (name, uid, _), curve in _curves(one).items():
        header = headers[uid]
        across, down = np.array(header.ImageOrientationPatient, float).reshape(2, 3)
        away = curve - np.array(header.ImagePositionPatient, float)
        np.testing.assert_allclose(away @ np.cross(across, down), 0, atol=2e-3)
        border = next(border for border, (title, _) in ROIS.items() if title == name)
        drawn = find_contours(case.segmentation.labels[ES, order[uid]], header.PixelSpacing).borders[border]
        np.testing.assert_allclose(np.c_[away @ down, away @ across], drawn, atol=2e-3)


def test_structures_hang_together_and_belong_to_the_study(drawn_case: Any) -> None:
    case = drawn_case("siemens")
    source = read_source(case.stack)
    made = make_structure_sets(case.stack, case.segmentation, source, {0: "ED", ES: "ES"}, reading=Reading())
    assert len({one.SeriesInstanceUID for one in made.values()}) == 1
    assert len({one.SOPInstanceUID for one in made.values()}) == 2
    for phase, one in made.items():
        assert one.StudyInstanceUID == source.first.StudyInstanceUID
        (frame,) = one.ReferencedFrameOfReferenceSequence
        assert frame.FrameOfReferenceUID == source.first.FrameOfReferenceUID
        (study,) = frame.RTReferencedStudySequence
        assert study.ReferencedSOPInstanceUID == source.first.StudyInstanceUID
        listed = {
            str(image.ReferencedSOPInstanceUID)
            for series in study.RTReferencedSeriesSequence
            for image in series.ContourImageSequence
        }
        assert listed == set(case.stack.instance_uids[phase])
        assert {uid for _, uid, _ in _curves(one)} <= listed
        numbers = [int(roi.ROINumber) for roi in one.StructureSetROISequence]
        assert numbers == [int(roi.ReferencedROINumber) for roi in one.ROIContourSequence]
        assert numbers == [int(roi.ReferencedROINumber) for roi in one.RTROIObservationsSequence]
        assert {str(roi.ReferencedFrameOfReferenceUID) for roi in one.StructureSetROISequence} == {
            str(frame.FrameOfReferenceUID)
        }
    assert [roi.ROIName for roi in made[0].StructureSetROISequence] == [name for name, _ in ROIS.values()]
    assert {roi.ROIGenerationAlgorithm for roi in made[0].StructureSetROISequence} == {"SEMIAUTOMATIC"}
    assert {roi.ROIGenerationAlgorithm for roi in made[ES].StructureSetROISequence} == {"AUTOMATIC"}
    assert (made[0].StructureSetLabel, made[ES].StructureSetLabel) == ("ED", "ES")
    assert "slice 3 by the reader" in made[0].StructureSetDescription


@pytest.mark.parametrize("when", ["2026-11-28T09:00:17Z", "2026-11-28T11:00:17+02:00"])
def test_a_signed_reading_approves_its_contours(when: str, dicom_case: Any, valid_dicom: Any, tmp_path: Path) -> None:
    case = dicom_case("ge")
    reading = dataclasses.replace(case.assessment.reading, reader="Reader^Ada", signature=Signature("Reader^Ada", when))
    assessment = dataclasses.replace(case.assessment, reading=reading)
    (path, _) = write_results(tmp_path, case.stack, case.segmentation, assessment, ["dicom-rtstruct"])
    valid_dicom(path)
    one = pydicom.dcmread(path)
    assert (one.ApprovalStatus, one.ReviewerName, one.OperatorsName) == ("APPROVED", "Reader^Ada", "Reader^Ada")
    local = datetime(2026, 11, 28, 9, 0, 17, tzinfo=timezone.utc).astimezone()
    assert (one.ReviewDate, one.ReviewTime) == (local.strftime("%Y%m%d"), local.strftime("%H%M%S"))


def test_nothing_of_the_patient_or_the_day_leaves_de_identified(
    drawn_case: Any, valid_dicom: Any, tmp_path: Path
) -> None:
    case = drawn_case("enhanced")
    hide = Deidentifier(b"a key", "TRIAL-07")
    reading = dataclasses.replace(case.assessment.reading, reader="Reader^Ada")
    assessment = dataclasses.replace(case.assessment, reading=reading)
    paths = write_results(
        tmp_path,
        case.stack,
        case.segmentation,
        assessment,
        ["dicom-rtstruct"],
        options=ExportOptions(deidentifier=hide),
    )
    source = read_source(case.stack)
    assert paths
    for path in paths:
        valid_dicom(path)
        one = pydicom.dcmread(path)
        assert (one.PatientID, one.StructureSetDate, one.StructureSetTime) == ("TRIAL-07", "19000101", "000000")
        assert {uid for _, uid, _ in _curves(one)} == {hide.uid(source.first.SOPInstanceUID)}
        kept = path.read_bytes()
        for secret in ("Ada", source.first.PatientID, source.first.StudyInstanceUID, source.first.FrameOfReferenceUID):
            assert str(secret).encode() not in kept


def test_images_from_elsewhere_are_refused(case: Any, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="need a DICOM study"):
        write_results(tmp_path, case.stack, case.segmentation, case.assessment, ["dicom-rtstruct"])


def test_a_phase_without_contours_is_left_out(dicom_case: Any) -> None:
    case = dicom_case("siemens")
    labels = case.segmentation.labels.copy()
    labels[ES] = 0
    labels[ES, 2, 10, 10] = Label.RV  # too small for a curve
    segmentation = dataclasses.replace(case.segmentation, labels=labels)
    phases = {0: "ED", ES: "ES"}
    made = make_structure_sets(case.stack, segmentation, read_source(case.stack), phases, reading=Reading())
    assert list(made) == [0]
