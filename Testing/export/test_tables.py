"""The numbers as files: complete, exact, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.assessment import finding_key
from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.export.summary import format_summary
from CardiacSegmentationLib.export.tables import FILES, write_measurements_json, write_slices_csv, write_tables
from CardiacSegmentationLib.findings import Finding
from CardiacSegmentationLib.reading import Conventions, Reading
from CardiacSegmentationLib.segmentation import Label, Papillary, Segmentation
from CardiacSegmentationLib.stack import CineStack, Patient

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.assessment import Assessment


@pytest.fixture
def assessment() -> Assessment:
    """Two slices; ED and ES of three phases labelled; a woman of whom all is known."""
    rows, columns = np.mgrid[:48, :48] - 23.5
    labels = np.zeros((3, 2, 48, 48), np.uint8)
    for phase, radius in ((0, 14), (2, 9)):
        labels[phase][:, np.hypot(rows, columns + 16) < radius - 2] = Label.RV
        labels[phase][:, np.hypot(rows, columns) < radius + 5] = Label.MYO
        labels[phase][:, np.hypot(rows, columns) < radius] = Label.LV
    patient = Patient(sex="F", age_years=61.0, height_cm=165.0, weight_kg=60.0)
    affine = np.diag([1.5, 1.5, -10.0, 1.0])
    stack = CineStack(np.zeros(labels.shape), affine, (0.0, 300.0, 600.0), rr_ms=900.0, patient=patient)
    reading = Reading().decide_counts([(Label.RV, 2, 0)], counts=False)
    return assess(stack, Segmentation.of(labels), reading)


@pytest.fixture
def folder(assessment: Assessment, tmp_path: Path) -> Path:
    write_tables(assessment, tmp_path)
    return tmp_path


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_all_four_files_are_written_and_nothing_else(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)


def test_json_holds_every_number_with_unit_and_code(assessment: Assessment, folder: Path) -> None:
    content = json.loads((folder / "measurements.json").read_text(encoding="utf-8"))
    assert (content["schema"], content["schema_version"]) == ("cardiacseg-measurements", "2.0")
    for side, measurements in (("lv", assessment.lv), ("rv", assessment.rv)):
        for key in ("edv_ml", "esv_ml", "sv_ml", "ef_percent"):
            entry = content[side][key]
            assert entry["value"] == pytest.approx(measurements[key].value, abs=1e-4)
            assert entry["unit"] in ("ml", "%")
            assert set(entry["code"]) == {"scheme", "value", "meaning"}
    assert {"mass_g", "co_l_min"} <= set(content["lv"])
    assert content["lv"]["per_ml_s"]["value"] is None
    assert content["lv"]["per_ml_s"]["note"] == "the volume curve needs the LV labelled in every phase"
    assert content["lv"]["ef_percent"]["reference"]["low"] == 51.0
    assert content["key_phases"]["lv_es"] == {"phase": 3, "time_ms": 600.0}
    assert content["conventions"]["papillary"] == "volume"
    assert content["patient"] == {"sex": "F", "age_years": 61.0, "height_cm": 165.0, "weight_kg": 60.0}
    assert content["provenance"]["program"].startswith("CardiacSegmentation ")
    assert {"phases", "slices", "findings", "segments", "disclaimer"} <= set(content)
    assert [phase["lv_ml"] is None for phase in content["phases"]] == [False, True, False]


def test_slices_add_up_to_the_volumes(assessment: Assessment, folder: Path) -> None:
    rows = read_csv(folder / "slices.csv")
    assert [(row["phase"], row["slice"]) for row in rows] == [("1", "1"), ("1", "2"), ("3", "1"), ("3", "2")]
    for name, label in (("lv", Label.LV), ("myo", Label.MYO), ("rv", Label.RV)):
        for phase in ("1", "3"):
            total = sum(
                float(row[f"{name}_ml"]) for row in rows if row["phase"] == phase and row[f"{name}_included"] == "yes"
            )
            assert total == pytest.approx(assessment.volumes_ml[label - 1, int(phase) - 1], abs=1e-3)
    assert [row["rv_included"] for row in rows] == ["yes", "yes", "no", "yes"]


def test_phases_name_ed_and_es_and_leave_unknown_volumes_empty(folder: Path) -> None:
    rows = read_csv(folder / "phases.csv")
    assert [row["role"] for row in rows] == ["LV ED RV ED", "", "LV ES RV ES"]
    assert rows[1]["lv_ml"] == ""
    assert float(rows[0]["lv_ml"]) > float(rows[2]["lv_ml"])


def test_every_measure_is_one_row(assessment: Assessment, folder: Path) -> None:
    rows = read_csv(folder / "measurements.csv")
    names = [f"{row['part']}.{row['measure']}" for row in rows]
    assert len(set(names)) == len(names)
    assert len(names) == len(assessment.lv) + len(assessment.rv) + len(assessment.heart) + 3 * len(assessment.segments)
    (ef,) = [row for row in rows if row["measure"] == "ef_percent" and row["part"] == "lv"]
    assert (ef["unit"], ef["code_value"], ef["reference_low"]) == ("%", "8811-2", "51.0")


def test_tables_are_rfc_4180_in_utf_8(folder: Path) -> None:
    raw = (folder / "measurements.csv").read_bytes()
    assert raw.endswith(b"\r\n")
    assert raw.count(b"\r\n") == raw.count(b"\n")
    assert "ml/m²" in raw.decode("utf-8")


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_text_is_no_formula_and_negative_numbers_stay_numbers(
    assessment: Assessment, tmp_path: Path, text: str
) -> None:
    reason = Finding("part-not-written-because", parameters={"part": "", "reason": text})
    measurement = replace(assessment.lv["edv_ml"], value=-12.5, title=text, reason=reason)
    evil = replace(assessment, lv={**assessment.lv, "edv_ml": measurement})
    write_tables(evil, tmp_path)
    (row,) = [
        row for row in read_csv(tmp_path / "measurements.csv") if row["measure"] == "edv_ml" and row["part"] == "lv"
    ]
    assert row["title"] == f"'{text}"
    assert float(row["value"]) == -12.5


def test_findings_name_slices_and_phases_from_one(assessment: Assessment, tmp_path: Path) -> None:
    told = replace(
        assessment,
        findings=(Finding("network-unsure", slice=0, phase=2), Finding("apex-first"), Finding("no-range-sex")),
        reading=replace(assessment.reading, acknowledged=frozenset({finding_key(Finding("apex-first"))})),
    )
    write_measurements_json(told, tmp_path / "m.json")
    findings = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))["findings"]
    assert [(one["slice"], one["phase"]) for one in findings] == [(1, 3), (None, None), (None, None)]
    assert [one["acknowledged"] for one in findings] == [False, True, False]
    assert findings[0]["severity"] == "warning"
    assert "in slice 1, most in phase 3" in findings[0]["message"]


def test_a_file_that_cannot_be_written_is_an_error_and_leaves_the_old_one(
    assessment: Assessment, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("kept")
    with pytest.raises(ExportError, match="Choose another folder"):
        write_slices_csv(assessment, blocked / "slices.csv")
    assert blocked.read_text() == "kept"


def test_the_summary_prints_value_unit_limits_conventions_and_findings(assessment: Assessment) -> None:
    mass = replace(
        assessment,
        reading=Reading(conventions=Conventions(papillary=Papillary.MASS, bsa_formula="DuBois")),
        findings=(Finding("apex-not-covered", slice=0),),
    )
    text = format_summary(mass)
    value = f"{assessment.lv['ef_percent'].value:.1f}"
    (line,) = [line for line in text.splitlines() if "LV ejection fraction" in line]
    assert line.split()[3:] == [value, "%", "51–71"]
    for words in (
        "count as muscle", "DuBois", "10.0 mm between slices", "! The stack may not reach the apex",
        "Not a medical device",
        "needs the LV labelled in every phase", "ED phase 1, ES phase 3",
    ):  # fmt: skip
        assert words in text


def test_each_normal_range_stands_with_the_group_it_holds_for(assessment: Assessment) -> None:
    items = (*assessment.lv.values(), *assessment.rv.values())
    ranges = {(item.reference.group, item.reference.source) for item in items if item.reference}
    assert len({group for group, _ in ranges}) > 1
    lines = {line for line in format_summary(assessment).splitlines() if line.startswith("  normal (")}
    assert lines == {f"  normal ({group}): {source}" for group, source in ranges}
