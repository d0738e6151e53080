"""The result folder: complete, whole, replaceable, and without the patient where asked."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.cine import read_study
from CardiacSegmentationLib.errors import Cancelled, ExportError
from CardiacSegmentationLib.export import result_parts
from CardiacSegmentationLib.export.deidentify import KEY_VARIABLE, Deidentifier
from CardiacSegmentationLib.export.dicom_source import read_source
from CardiacSegmentationLib.export.result_parts import PARTS, ExportOptions, name_phases
from CardiacSegmentationLib.export.results import choose_parts, default_parts, part_names, write_results
from CardiacSegmentationLib.export.tables import DISCLAIMER
from CardiacSegmentationLib.findings import Finding
from CardiacSegmentationLib.journal import JournalEntry
from CardiacSegmentationLib.reading import KeyPhases, Reading, Signature
from CardiacSegmentationLib.reading_json import reading_from_dict
from CardiacSegmentationLib.stack import Patient
from pydicom.uid import SegmentationStorage


@pytest.fixture(autouse=True)
def without_slicer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scenes have tests of their own, and take seconds."""
    monkeypatch.setattr(result_parts, "find_spec", lambda _: None)


def _names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


ALWAYS = {
    "measurements.json", "measurements.csv", "patient.csv", "slices.csv", "phases.csv", "reading.json",
    "labels.nii.gz", "contours.json", "report.pdf", "view.html",
    "segmentation_ED.seg.nrrd", "segmentation_ES.seg.nrrd",
}  # fmt: skip
FROM_DICOM = {
    "dicom/seg_ED.dcm", "dicom/seg_ES.dcm", "dicom/sr.dcm", "dicom/report.dcm",
    "dicom/rtstruct_ED.dcm", "dicom/rtstruct_ES.dcm",
}  # fmt: skip


def test_a_dicom_study_gives_everything(dicom_case: Any, valid_dicom: Any, tmp_path: Path) -> None:
    case = dicom_case("siemens")
    heard: list[tuple[str, float]] = []
    written = write_results(
        tmp_path, case.stack, case.segmentation, case.assessment, progress=lambda *news: heard.append(news)
    )
    assert _names(tmp_path) == ALWAYS | FROM_DICOM == {str(path.relative_to(tmp_path)) for path in written}
    for path in tmp_path.glob("dicom/*"):
        valid_dicom(path)
    assert [fraction for _, fraction in heard] == sorted(fraction for _, fraction in heard)
    assert heard[-1][1] == 1.0
    assert heard[0][0] == PARTS["measurements"].title


def test_every_dicom_object_says_that_it_comes_from_no_medical_device(dicom_case: Any, tmp_path: Path) -> None:
    case = dicom_case("siemens")
    parts = ["dicom-seg", "dicom-sr", "dicom-pdf", "dicom-rtstruct"]
    for path in write_results(tmp_path, case.stack, case.segmentation, case.assessment, parts):
        description = pydicom.dcmread(path).SeriesDescription
        assert description.endswith("; not a medical device")
        assert len(description) <= 64
    elements = pydicom.dcmread(tmp_path / "dicom" / "sr.dcm").iterall()
    assert DISCLAIMER in [element.value for element in elements if element.keyword == "TextValue"]


def test_images_from_elsewhere_give_everything_but_dicom(case: Any, tmp_path: Path) -> None:
    write_results(tmp_path, case.stack, case.segmentation, case.assessment)
    assert _names(tmp_path) == ALWAYS
    with pytest.raises(ExportError, match="need a DICOM study"):
        write_results(tmp_path, case.stack, case.segmentation, case.assessment, ["dicom-sr"])


def test_only_the_parts_asked_for_are_written(case: Any, tmp_path: Path) -> None:
    write_results(tmp_path, case.stack, case.segmentation, case.assessment, ["slices", "labels"])
    assert _names(tmp_path) == {"slices.csv", "labels.nii.gz"}
    with pytest.raises(ExportError, match="no result called sclices; did you mean slices"):
        write_results(tmp_path, case.stack, case.segmentation, case.assessment, ["sclices"])


def test_the_structured_report_points_to_segmentations_that_are_written_with_it_alone(
    dicom_case: Any, tmp_path: Path
) -> None:
    case = dicom_case("siemens")
    for parts, folder in ((["dicom-sr"], tmp_path / "alone"), (["dicom-seg", "dicom-sr"], tmp_path / "both")):
        write_results(folder, case.stack, case.segmentation, case.assessment, parts)
        report = pydicom.dcmread(folder / "dicom" / "sr.dcm")
        [study] = report.CurrentRequestedProcedureEvidenceSequence
        evidence = [item for series in study.ReferencedSeriesSequence for item in series.ReferencedSOPSequence]
        pointed_to = {
            item.ReferencedSOPInstanceUID for item in evidence if item.ReferencedSOPClassUID == SegmentationStorage
        }
        assert pointed_to == {pydicom.dcmread(path).SOPInstanceUID for path in folder.glob("dicom/seg_*.dcm")}
    assert pointed_to


def test_a_cancelled_run_leaves_no_half_written_file(case: Any, tmp_path: Path) -> None:
    def cancel(title: str, _: float) -> None:
        if title == PARTS["labels"].title:
            raise Cancelled

    with pytest.raises(Cancelled):
        write_results(tmp_path, case.stack, case.segmentation, case.assessment, progress=cancel)
    assert _names(tmp_path) == {
        "measurements.json", "measurements.csv", "patient.csv", "slices.csv", "phases.csv", "reading.json",
    }  # fmt: skip


def test_a_failing_write_leaves_the_older_file(case: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "report.pdf").write_bytes(b"older")

    def fail(*_: object, **__: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr("CardiacSegmentationLib.export.result_parts.make_report", fail)
    with pytest.raises(MemoryError):
        write_results(tmp_path, case.stack, case.segmentation, case.assessment, ["report"])
    assert _names(tmp_path) == {"report.pdf"}
    assert (tmp_path / "report.pdf").read_bytes() == b"older"


def test_a_place_that_cannot_be_written_is_said(case: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for part in ("measurements", "labels", "slicer", "report"):
        with pytest.raises(ExportError, match="cannot be written"):
            write_results(tmp_path / "file", case.stack, case.segmentation, case.assessment, [part])


def test_headers_that_allow_no_dicom_leave_the_other_results(dicom_case: Any, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    for path in dicom_case("siemens").stack.source.path.rglob("*.IMA"):
        image = pydicom.dcmread(path)
        del image.StudyInstanceUID
        image.save_as(folder / path.name)
    stack, case = read_study(folder), dicom_case("siemens")
    with pytest.raises(ExportError, match="have no StudyInstanceUID"):
        write_results(tmp_path / "out", stack, case.segmentation, case.assessment)
    assert _names(tmp_path / "out") == ALWAYS


def test_a_second_run_replaces_the_first_and_takes_stale_phases_away(case: Any, tmp_path: Path) -> None:
    options = ExportOptions(all_phases=True)
    write_results(tmp_path, case.stack, case.segmentation, case.assessment, ["slicer"], options=options)
    assert len(_names(tmp_path)) == case.stack.phases
    (tmp_path / "notes.txt").write_text("the user's own")
    write_results(tmp_path, case.stack, case.segmentation, case.assessment, ["slicer"])
    assert _names(tmp_path) == {"segmentation_ED.seg.nrrd", "segmentation_ES.seg.nrrd", "notes.txt"}


@pytest.mark.parametrize(
    ("phases", "names"),
    [
        (KeyPhases(0, 9, 0, 9), {0: "ED", 9: "ES"}),
        (KeyPhases(0, 9, 24, 8), {0: "ED", 8: "RV-ES", 9: "ES", 24: "RV-ED"}),
        (KeyPhases(0, 9, 9, 0), {0: "ED", 9: "ES"}),
        (KeyPhases(None, None, 3, None), {3: "RV-ED"}),
        (KeyPhases(), {}),
    ],
)
def test_key_phases_name_the_files(phases: KeyPhases, names: dict[int, str]) -> None:
    assert name_phases(phases) == names


def test_default_parts_are_all_that_source_and_machine_allow(
    dicom_case: Any, case: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_parts, "find_spec", lambda _: object())
    assert default_parts(dicom_case("siemens").stack, uncertainty=True) == list(PARTS)
    assert set(PARTS) - set(default_parts(dicom_case("siemens").stack)) == {"uncertainty"}
    assert not any(name.startswith("dicom") for name in default_parts(case.stack))
    monkeypatch.setattr(result_parts, "find_spec", lambda _: None)
    assert "scene" not in default_parts(case.stack)
    with pytest.raises(ExportError, match="needs Slicer's libraries"):
        write_results(Path("nowhere"), case.stack, case.segmentation, case.assessment, ["scene"])


def test_parts_are_chosen_by_their_names_and_by_those_of_groups() -> None:
    assert choose_parts(["dicom", "tables"]) == [
        "measurements", "patient", "slices", "phases", "dicom-seg", "dicom-sr", "dicom-pdf", "dicom-rtstruct",
    ]  # fmt: skip
    assert choose_parts(["report", "labels"]) == ["labels", "report"]
    assert part_names()[:2] == ["tables", "dicom"]


def test_uncertainty_is_a_part_like_any_other(case: Any, tmp_path: Path) -> None:
    percent = (case.segmentation.labels > 0).astype(np.uint8) * 37
    values = (case.stack, case.segmentation, case.assessment)
    write_results(tmp_path, *values, ["uncertainty"], uncertainty=percent)
    image = SimpleITK.ReadImage(tmp_path / "uncertainty.nii.gz")
    assert np.array_equal(SimpleITK.GetArrayFromImage(image), percent)
    with pytest.raises(ExportError, match="--uncertainty"):
        write_results(tmp_path, *values, ["uncertainty"])


def test_the_scenes_writer_is_found_by_its_name(case: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = ModuleType("a_room_above")
    room.write = lambda path, *values: path.write_text(repr([type(value).__name__ for value in values]))
    monkeypatch.setitem(sys.modules, room.__name__, room)
    monkeypatch.setitem(result_parts.WRITERS_ABOVE, "scene", (room.__name__, "write"))
    monkeypatch.setattr(result_parts, "find_spec", lambda _: object())
    write_results(tmp_path, case.stack, case.segmentation, case.assessment, ["scene"])
    assert (tmp_path / "scene.mrb").read_text() == "['CineStack', 'Segmentation', 'Assessment']"


def test_the_reading_that_is_written_is_the_one_that_was_made(case: Any, tmp_path: Path) -> None:
    write_results(tmp_path, case.stack, case.segmentation, case.assessment, ["reading"])
    written = json.loads((tmp_path / "reading.json").read_text(encoding="utf-8"))
    assert reading_from_dict(written) == case.assessment.reading


# What the phantom's headers say about its patient and its study, and what the tests add to it.
SECRETS = (
    "Phantom^",
    "Beating",
    "PHANTOM-",
    "19790101",
    "1979-01-01",
    "20240515",
    "2024-05-15",
    "Mrs. Smith",
    "Reader",
)


@pytest.fixture(scope="module")
def hidden(dicom_case: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The de-identified results of a study whose importer found something about a file named after the patient."""
    case = dicom_case("siemens")
    finding = Finding("file-damaged", slice=1, parameters={"file": "Mrs. Smith.dcm", "count": 3})
    stack = dataclasses.replace(case.stack, findings=(*case.stack.findings, finding), title="Mrs. Smith")
    when = "2024-05-15T10:00:00Z"
    reading = Reading(
        reader="Reader^Ada",
        impression="Mrs. Smith is well.",
        signature=Signature("Reader^Ada", when),
        patient=Patient(age_years=44.0),
        journal=(
            JournalEntry(when, "leave-out", structure="RV", phase=0, slice=0),
            JournalEntry(when, "patient", subject="age_years", before="45.0", after="44.0"),
            JournalEntry(when, "sign", after="Reader^Ada"),
        ),
    )
    assessment = assess(stack, case.segmentation, reading)
    options = ExportOptions(created="2026-01-02", deidentifier=Deidentifier(b"a key"))
    folder = tmp_path_factory.mktemp("hidden")
    parts = [name for name in default_parts(stack) if name != "scene"]
    write_results(folder, stack, case.segmentation, assessment, parts, options=options)
    return case, folder


def test_no_file_names_the_patient_the_reader_or_a_date(hidden: Any) -> None:
    case, folder = hidden
    uids = {uid for row in case.stack.instance_uids for uid in row}
    uids |= {str(read_source(case.stack).first[name].value) for name in ("StudyInstanceUID", "SeriesInstanceUID")}
    for name in _names(folder):
        content = (folder / name).read_bytes()
        if name == "report.pdf":
            if (program := shutil.which("pdftotext")) is None:
                continue
            content = subprocess.run([program, str(folder / name), "-"], capture_output=True, check=True).stdout
        for secret in (*SECRETS, *uids):
            assert secret.encode() not in content, (name, secret)


def test_the_importers_remarks_keep_their_kind_but_not_their_words(hidden: Any) -> None:
    measurements = json.loads((hidden[1] / "measurements.json").read_text())
    assert measurements["patient"] == {"sex": None, "age_years": None, "height_cm": None, "weight_kg": None}
    [finding] = [finding for finding in measurements["findings"] if finding["code"] == "file-damaged"]
    assert finding["parameters"] == {"file": "…", "count": 3}
    assert finding["slice"] == 2


def test_the_readers_work_stays_without_who_did_it_and_when(hidden: Any) -> None:
    reading = reading_from_dict(json.loads((hidden[1] / "reading.json").read_text()))
    assert (reading.reader, reading.impression, reading.signature) == ("", "", None)
    assert [entry.action for entry in reading.journal] == ["leave-out", "patient", "sign"]
    assert {entry.when for entry in reading.journal} == {""}
    assert pydicom.dcmread(hidden[1] / "dicom" / "sr.dcm").VerificationFlag == "UNVERIFIED"


def test_all_objects_share_one_pseudonym_and_one_substituted_study(hidden: Any, valid_dicom: Any) -> None:
    case, folder = hidden
    objects = [pydicom.dcmread(path) for path in sorted(folder.glob("dicom/*.dcm"))]
    assert len(objects) == 6
    [pseudonym] = {str(item.PatientName) for item in objects} | {str(item.PatientID) for item in objects}
    assert re.fullmatch(r"ANON-[0-9A-F]{12}", pseudonym)
    hide = Deidentifier(b"a key")
    assert {item.StudyInstanceUID for item in objects} == {hide.uid(read_source(case.stack).first.StudyInstanceUID)}
    referenced = {
        str(image.ReferencedSOPInstanceUID)
        for item in objects
        if item.Modality == "SEG"
        for series in item.ReferencedSeriesSequence
        for image in series.ReferencedInstanceSequence
    }
    source = {uid for phase in name_phases(case.assessment.key_phases) for uid in case.stack.instance_uids[phase]}
    assert referenced == {hide.uid(uid) for uid in source}
    for path in folder.glob("dicom/*.dcm"):
        valid_dicom(path)
        item = pydicom.dcmread(path)
        assert item.PatientIdentityRemoved == "YES"
        assert "113100" in {code.CodeValue for code in item.DeidentificationMethodCodeSequence}
        assert {item.get(name, "") for name in ("PatientBirthDate", "PatientSex", "StudyDate", "AccessionNumber")} == {
            ""
        }


def test_a_hidden_stack_knows_no_way_back(dicom_case: Any) -> None:
    stack = dicom_case("siemens").stack
    hide = Deidentifier(b"a key")
    hidden = hide.hide_stack(stack)
    assert (hidden.source, hidden.title, hidden.patient.sex) == (None, "", None)
    assert hidden.instance_uids[2][1] == hide.uid(stack.instance_uids[2][1])
    assert hidden.times_ms == stack.times_ms


def test_multi_frame_headers_are_hidden_too(dicom_case: Any, valid_dicom: Any, tmp_path: Path) -> None:
    case = dicom_case("enhanced")
    options = ExportOptions(deidentifier=Deidentifier(b"a key"))
    parts = ["dicom-seg", "dicom-sr"]
    write_results(tmp_path, case.stack, case.segmentation, case.assessment, parts, options=options)
    paths = list(tmp_path.glob("dicom/*.dcm"))
    assert len(paths) >= len(parts)
    for path in paths:
        valid_dicom(path)
        assert not any(secret.encode() in path.read_bytes() for secret in SECRETS)


def test_the_same_key_gives_the_same_pseudonym_and_another_key_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "of the trial")
    assert Deidentifier.create().name_of("123") == Deidentifier.create().name_of("123")
    assert Deidentifier.create().uid("1.2.3") == Deidentifier.create().uid("1.2.3")
    assert Deidentifier.create().name_of("123") != Deidentifier.create().name_of("124")
    monkeypatch.delenv(KEY_VARIABLE)
    assert Deidentifier.create().name_of("123") != Deidentifier.create().name_of("123")
    assert Deidentifier.create("TRIAL-07").name_of("123") == "TRIAL-07"
    assert "key" not in repr(Deidentifier.create())
