"""What leaves in words and as one row: rounded as the tables, in both languages, judged by limits only."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from CardiacSegmentationLib.assessment import ReferenceRange
from CardiacSegmentationLib.export.letter import letter_text, propose_impressions
from CardiacSegmentationLib.export.results import write_results
from CardiacSegmentationLib.export.study_row import COLUMNS, identifiers_of, study_folder_name, study_row
from CardiacSegmentationLib.export.wording import fact_text
from CardiacSegmentationLib.findings import Finding
from CardiacSegmentationLib.segmentation import Label, Segmentation
from CardiacSegmentationLib.session import StudySession
from CardiacSegmentationLib.session.contour_commands import grow_here
from pydicom import Dataset

if TYPE_CHECKING:
    from pathlib import Path


def test_a_letter_says_the_numbers_of_the_tables_the_impression_and_who_signed(read_case: Any) -> None:
    assessment = read_case.assessment
    text = letter_text(read_case.segmentation, assessment)
    for measures, keys in ((assessment.lv, ("edv_ml", "esvi_ml_m2", "mass_g")), (assessment.rv, ("edv_ml", "sv_ml"))):
        for key in keys:
            assert f"{measures[key].text} {measures[key].unit}" in text
    ef = assessment.lv["ef_percent"]
    assert f"EF {ef.text} % (normal {ef.reference.low:g}–{ef.reference.high:g})" in text
    assert assessment.reading.impression in text
    assert text.endswith("Signed by Ada Reader, 2026-11-28 09:01 UTC.")
    assert "2 slices excluded (RV)" in text
    assert "\n" not in text


def test_a_german_letter_has_german_words_and_numbers(case: Any) -> None:
    text = letter_text(case.segmentation, case.assessment, "de")
    assert f"EDV {case.assessment.lv['edv_ml'].text.replace('.', ',')} ml" in text
    assert "Papillarmuskeln" in text
    assert text.endswith("Vorläufig, nicht unterschrieben.")
    assert "result-" not in text


def test_a_letter_tells_of_contours_although_nothing_else_was_decided(stack: Any, labels: Any) -> None:
    session = StudySession(stack, Segmentation.of(labels, model="a network"))
    before = session.assessment.lv["ef_percent"].text
    for place in (1, 2):
        grow_here(session, (session.assessment.key_phases.lv_ed, place), [Label.LV], 3.0)
    after = session.assessment.lv["ef_percent"].text
    english, german = (letter_text(session.segmentation, session.assessment, language) for language in ("en", "de"))
    assert f"Changed by the reader: LV EF {before} → {after} %; 2 of 48 images corrected." in english
    assert f"LV-EF {before} → {after} %".replace(".", ",") in german


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        (
            50.0,
            "LV systolic function reduced (EF 50.0 %, normal 51–71).",
            "Systolische LV-Funktion eingeschränkt (EF 50,0 %, normal 51–71).",
        ),
        (60.0, "LV systolic function normal (EF 60.0 %).", "Systolische LV-Funktion normal (EF 60,0 %)."),
        (50.96, "LV systolic function normal (EF 51.0 %).", "Systolische LV-Funktion normal (EF 51,0 %)."),
        (
            75.0,
            "LV ejection fraction above the normal range (EF 75.0 %, normal 51–71).",
            "LV-Ejektionsfraktion über dem Normbereich (EF 75,0 %, normal 51–71).",
        ),
    ],
)
def test_function_is_judged_by_its_limits(value: float, english: str, german: str, case: Any) -> None:
    ef = replace(case.assessment.lv["ef_percent"], value=value, reference=ReferenceRange(51, 71, "x 2020", "women"))
    assessment = replace(case.assessment, lv={**case.assessment.lv, "ef_percent": ef})
    assert english in propose_impressions(assessment)
    assert german in propose_impressions(assessment, "de")


def test_what_has_no_limits_is_named_and_not_judged(case: Any) -> None:
    parts = {
        part: {key: replace(item, reference=None) for key, item in getattr(case.assessment, part).items()}
        for part in ("lv", "rv")
    }
    phrases = propose_impressions(replace(case.assessment, **parts))
    assert phrases == [f"{side} ejection fraction {parts[side.lower()]['ef_percent'].text} %." for side in ("LV", "RV")]


def test_size_and_differing_stroke_volumes_are_told(case: Any) -> None:
    size = replace(case.assessment.lv["edvi_ml_m2"], reference=ReferenceRange(10, 20, "x 2020", "women"))
    finding = Finding("stroke-volumes-differ", parameters={"difference_ml": 30.0, "percent": 40.0})
    difference = replace(case.assessment.heart["sv_difference_ml"], value=-30.0)
    assessment = replace(
        case.assessment,
        lv={**case.assessment.lv, "edvi_ml_m2": size},
        heart={**case.assessment.heart, "sv_difference_ml": difference},
        findings=(finding,),
    )
    first, *_, last = propose_impressions(assessment)
    assert first == f"LV enlarged (EDV/BSA {size.text} ml/m², normal 10–20)."
    assert last.startswith("LV and RV stroke volumes differ by 30.0 ml")


def test_the_spreadsheets_row_has_identifiers_conventions_and_numbers_as_shown(dicom_case: Any, tmp_path: Path) -> None:
    case = dicom_case("siemens")
    write_results(tmp_path, case.stack, case.segmentation, case.assessment, ["patient"])
    with (tmp_path / "patient.csv").open(encoding="utf-8", newline="") as file:
        [row] = csv.DictReader(file)
    assert tuple(row) == COLUMNS
    assert (row["patient_id"], row["study_date"]) == ("PHANTOM-0", "2024-05-15")
    assert (row["papillary"], row["bsa_formula"], row["basal_rule"]) == ("volume", "Mosteller", "half")
    for part, key in (("lv", "edvi_ml_m2"), ("lv", "ef_percent"), ("rv", "esv_ml"), ("lv", "mass_index_g_m2")):
        assert float(row[f"{part}_{key}"]) == float(getattr(case.assessment, part)[key].text)
    assert row["heart_rate_bpm"] == case.assessment.heart["heart_rate_bpm"].text
    assert row["lv_es_phase"] == str(case.assessment.key_phases.lv_es + 1)
    assert row["signed"] == ""


def test_a_row_without_headers_tells_of_the_series(read_case: Any) -> None:
    row = study_row(read_case.stack, read_case.assessment)
    assert tuple(row) == COLUMNS
    assert (row["series"], row["patient_id"], row["reader"]) == ("cine_sax", "", "Reader^Ada")
    assert row["signed"] == read_case.assessment.reading.signature.when


@pytest.mark.parametrize(
    ("identifiers", "load", "name"),
    [
        ({"patient_id": "A-17", "study_date": "2024-05-15", "series": "cine_sax b"}, 1, "A-17_2024-05-15_cine-sax-b"),
        ({"patient_id": "../../etc", "series": "a/b\\c:d"}, 1, "etc_a-b-c-d"),
        ({"patient_id": "Ü" * 90}, 2, "Ü" * 40 + "_2"),
        ({}, 1, "study"),
        ({"series": "CON"}, 3, "CON_3"),
    ],
)  # fmt: skip
def test_a_folder_is_named_by_patient_date_and_series(identifiers: Any, load: int, name: str) -> None:
    assert study_folder_name(identifiers, load) == name


def test_identifiers_come_from_a_header() -> None:
    header = Dataset()
    header.PatientID, header.StudyDate, header.SeriesDescription = "7", "20240515", " sax "
    found = identifiers_of(header)
    assert (found["patient_id"], found["study_date"], found["series"]) == ("7", "2024-05-15", "sax")
    assert found["accession_number"] == ""
    header.PatientID = ["7", "8"]  # a backslash in an id makes two values of it
    assert identifiers_of(header)["patient_id"] == "7\\8"


def test_times_and_field_strength_are_written_as_the_language_does_and_names_stay() -> None:
    said = "SIGNA 2.0 HDx 1.5 T, TR 3.35 ms"
    assert fact_text(said, "de") == "SIGNA 2.0 HDx 1,5 T, TR 3,35 ms"
    assert fact_text(said) == said
