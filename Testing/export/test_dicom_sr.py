"""DICOM SR: valid, readable, and every number in it is the number measured."""

from __future__ import annotations

import copy
import dataclasses
from typing import TYPE_CHECKING, Any

import highdicom
import numpy as np
import pydicom
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.export.dicom_codes import AHA_SEGMENTS
from CardiacSegmentationLib.export.dicom_objects import PRIVATE_SCHEME, save_dicom
from CardiacSegmentationLib.export.dicom_seg import make_segmentations
from CardiacSegmentationLib.export.dicom_source import read_source
from CardiacSegmentationLib.export.dicom_sr import make_measurement_report
from CardiacSegmentationLib.findings import Finding
from CardiacSegmentationLib.reading import Conventions, Reading, Signature
from CardiacSegmentationLib.segmentation import Label, Papillary, Segmentation
from pydicom.sr.codedict import codes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def written(dicom_case: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Case, SEG objects and the report read back, for classic and multi-frame sources."""

    def make(layout: str) -> tuple[Any, Any, Path]:
        case = dicom_case(layout)
        source, phases = read_source(case.stack), case.assessment.key_phases
        segs = make_segmentations(case.stack, case.segmentation, source, {phases.lv_ed: "ED", phases.lv_es: "ES"})
        reading = dataclasses.replace(case.assessment.reading, reader="Reader^Ada")
        assessment = dataclasses.replace(case.assessment, reading=reading)
        report = make_measurement_report(case.segmentation, assessment, source, segs)
        path = tmp_path_factory.mktemp("sr") / "sr.dcm"
        save_dicom(report, path)
        return case, segs, path

    return {layout: make(layout) for layout in ("siemens", "enhanced")}


def _items(container: Any) -> Any:
    for item in container.get("ContentSequence", []):
        yield item
        yield from _items(item)


def _numbers(report: Any) -> dict[str, Any]:
    """Every numeric item by the tracking identifier that stands below it."""
    found = {}
    for item in _items(report):
        if item.ValueType == "NUM":
            names = [
                child.TextValue
                for child in item.get("ContentSequence", [])
                if child.ValueType == "TEXT" and child.ConceptNameCodeSequence[0].CodeValue == "112039"
            ]
            if names:
                assert names[0] not in found, "an identifier stands for one number"
                found[names[0]] = item
    return found


def _references(group: Any) -> list[Any]:
    return [item.ReferencedSOPSequence[0] for item in group[0].ContentSequence if item.ValueType == "IMAGE"]


def _value(item: Any) -> tuple[float, str]:
    measured = item.MeasuredValueSequence[0]
    return float(measured.FloatingPointValue), measured.MeasurementUnitsCodeSequence[0].CodeValue


@pytest.mark.parametrize("layout", ["siemens", "enhanced"])
def test_it_is_valid(layout: str, written: Any, valid_dicom: Any) -> None:
    valid_dicom(written[layout][2])


def test_every_measurement_is_in_it_once_with_its_unit_and_code(written: Any) -> None:
    case, _, path = written["siemens"]
    numbers = _numbers(highdicom.sr.srread(path))
    for part in ("lv", "rv", "heart"):
        for item in getattr(case.assessment, part).values():
            if item.value is None:
                assert f"{part}.{item.key}" not in numbers
                continue
            number = numbers.pop(f"{part}.{item.key}")
            assert _value(number) == (float(item.text), item.ucum)  # as every table shows it
            name = number.ConceptNameCodeSequence[0]
            code = str(name.get("CodeValue") or name.get("LongCodeValue"))
            if item.code:
                assert (name.CodingSchemeDesignator, code) == (item.code.scheme, item.code.value)
            else:
                assert (name.CodingSchemeDesignator, code) == (PRIVATE_SCHEME, f"{part}.{item.key}")
                assert name.CodeMeaning == item.title
    for segment in case.assessment.segments:
        for field in ("thickness_ed_mm", "thickness_es_mm", "thickening_percent"):
            value = getattr(segment, field)
            if value is not None:
                decimals = 0 if field.endswith("percent") else 1
                assert _value(numbers.pop(f"segment_{segment.number}.{field}"))[0] == round(value, decimals)
    for phase in range(case.stack.phases):
        for label in Label(1), Label(2), Label(3):
            value, unit = _value(numbers.pop(f"phase_{phase + 1}.{label.name.lower()}_ml"))
            assert (value, unit) == (round(case.assessment.volumes_ml[label - 1, phase], 1), "mL")
    assert not numbers


def test_what_is_not_known_is_said_with_its_reason(dicom_case: Any) -> None:
    case = dicom_case("siemens")
    reason = Finding("unknown-body", parameters={"facts": ("height",), "count": 1})
    unknown = dataclasses.replace(case.assessment.lv["mass_index_g_m2"], value=None, reason=reason)
    assessment = dataclasses.replace(case.assessment, lv={**case.assessment.lv, unknown.key: unknown})
    report = make_measurement_report(case.segmentation, assessment, read_source(case.stack), {})
    texts = [item.TextValue for item in _items(report) if item.ValueType == "TEXT"]
    assert "LV mass index: the patient's height is not known" in texts


def test_where_nothing_is_labelled_the_reasons_are_told(dicom_case: Any, valid_dicom: Any, tmp_path: Path) -> None:
    stack = dicom_case("siemens").stack
    segmentation = Segmentation.of(np.zeros(stack.voxels.shape, np.uint8), model="net")
    report = make_measurement_report(segmentation, assess(stack, segmentation), read_source(stack, ()), {})
    save_dicom(report, tmp_path / "sr.dcm")
    valid_dicom(tmp_path / "sr.dcm")
    texts = [item.TextValue for item in _items(report) if item.ValueType == "TEXT"]
    assert "LV ejection fraction: no LV is labelled" in texts


def test_volumes_stand_with_the_segment_they_are_of_and_its_source_images(written: Any) -> None:
    case, segs, path = written["siemens"]
    groups = highdicom.sr.srread(path).content.get_volumetric_roi_measurement_groups()
    by_name = {group.tracking_identifier: group for group in groups}
    assert set(by_name) == {f"{name}, end-{when}" for name in ("LV", "MYO", "RV") for when in ("diastole", "systole")}
    es = case.assessment.key_phases.lv_es
    group = by_name["LV, end-systole"]
    segment, *images = _references(group)
    assert segment.ReferencedSOPInstanceUID == segs[es].SOPInstanceUID
    assert segment.ReferencedSegmentNumber == Label.LV
    assert {image.ReferencedSOPInstanceUID for image in images} == set(case.stack.instance_uids[es])
    assert group.finding_type.value == "87878005"
    [volume] = group.get_measurements()
    assert volume.value == float(case.assessment.lv["esv_ml"].text)


def test_frames_of_a_multi_frame_source_are_named(written: Any) -> None:
    case, _, path = written["enhanced"]
    groups = highdicom.sr.srread(path).content.get_volumetric_roi_measurement_groups()
    group = next(group for group in groups if group.tracking_identifier == "LV, end-systole")
    _, image = _references(group)
    assert sorted(image.ReferencedFrameNumber) == sorted(case.stack.frame_numbers[case.assessment.key_phases.lv_es])


def test_wall_segments_lie_at_their_aha_sites_and_codes_are_the_standards() -> None:
    standard = {code.value for code in codes.cid3717.concepts.values()}
    assert {code.value for code in AHA_SEGMENTS.values()} == standard
    assert list(AHA_SEGMENTS) == list(range(1, 18))


@pytest.mark.parametrize(
    ("papillary", "volume", "mass"), [("volume", "Included", "Excluded"), ("mass", "Excluded", "Included")]
)
def test_the_papillary_convention_stands_beside_volume_and_mass(
    papillary: str, volume: str, mass: str, dicom_case: Any
) -> None:
    case = dicom_case("siemens")
    reading = Reading(conventions=Conventions(papillary=Papillary(papillary)))
    assessment = dataclasses.replace(case.assessment, reading=reading)
    numbers = _numbers(make_measurement_report(case.segmentation, assessment, read_source(case.stack), {}))
    for name, expected in (("lv.edv_ml", volume), ("lv.mass_g", mass)):
        meanings = [
            item.ConceptCodeSequence[0].CodeMeaning
            for item in numbers[name].ContentSequence
            if item.ValueType == "CODE"
        ]
        assert f"Papillary Muscle {expected}" in meanings
    assert not any("Papillary" in str(item) for item in numbers["rv.edv_ml"].ContentSequence)


def test_normal_ranges_and_observers_are_in_it(written: Any) -> None:
    case, _, path = written["siemens"]
    report = highdicom.sr.srread(path)
    ef = case.assessment.lv["ef_percent"]
    assert ef.reference is not None
    limits = [
        float(item.MeasuredValueSequence[0].NumericValue)
        for item in _numbers(report)["lv.ef_percent"].ContentSequence
        if item.ValueType == "NUM"
    ]
    assert np.allclose(sorted(limits), [ef.reference.low, ef.reference.high])
    contexts = report.content.get_observer_contexts()
    assert {context.observer_type.meaning for context in contexts} == {"Device", "Person"}
    assert str(report.PatientName) == "Phantom^Beating Heart"
    assert {str(item.CodingSchemeDesignator) for item in report.CodingSchemeIdentificationSequence} >= {PRIVATE_SCHEME}


def test_the_moment_of_a_signature_is_told_in_utc(dicom_case: Any) -> None:
    case = dicom_case("siemens")
    signature = Signature("Reader^Ada", "2026-11-28T11:00:17+02:00")
    reading = dataclasses.replace(case.assessment.reading, reader="Reader^Ada", signature=signature)
    assessment = dataclasses.replace(case.assessment, reading=reading)
    report = make_measurement_report(case.segmentation, assessment, read_source(case.stack), {})
    assert report.VerifyingObserverSequence[0].VerificationDateTime == "20261128090017+0000"


def test_backslashes_in_names_part_no_values(dicom_case: Any, valid_dicom: Any, tmp_path: Path) -> None:
    case = dicom_case("siemens")
    source = read_source(case.stack)
    first = copy.deepcopy(source.first)
    first.InstitutionName = ["Radiology", "House"]
    reader = "HOSPITAL\\ada"
    reading = dataclasses.replace(
        case.assessment.reading, reader=reader, signature=Signature(reader, "2026-11-28T09:00:17Z")
    )
    assessment = dataclasses.replace(case.assessment, reading=reading)
    report = make_measurement_report(case.segmentation, assessment, dataclasses.replace(source, first=first), {})
    save_dicom(report, tmp_path / "sr.dcm")
    valid_dicom(tmp_path / "sr.dcm")
    [observer] = pydicom.dcmread(tmp_path / "sr.dcm").VerifyingObserverSequence
    assert observer.VerifyingObserverName == "HOSPITAL ada^"
    assert observer.VerifyingOrganization == "Radiology House"
