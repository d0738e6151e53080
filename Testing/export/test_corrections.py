"""What the reader changed is told in every result, with the numbers before and after."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pydicom
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.export.corrections import (
    corrections_as_dict,
    find_corrections,
    list_corrections,
    name_ranges,
    summarise_corrections,
)
from CardiacSegmentationLib.export.dicom_seg import describe_origin, find_algorithm_type
from CardiacSegmentationLib.export.results import write_results
from CardiacSegmentationLib.findings import describe
from CardiacSegmentationLib.reading import BaseLine, Reading
from CardiacSegmentationLib.reading_json import entry_from_dict
from CardiacSegmentationLib.segmentation import Label, Origin, Segmentation
from export.conftest import MODEL, corrected, read_by_a_person

if TYPE_CHECKING:
    from pathlib import Path


def test_a_fresh_study_has_none(stack: Any, labels: Any) -> None:
    segmentation = Segmentation.of(labels, model=MODEL)
    corrections = find_corrections(segmentation, assess(stack, segmentation))
    assert not corrections.are_any
    assert summarise_corrections(corrections) == ""
    assert list_corrections(corrections, segmentation) == []


def test_one_line_says_numbers_images_slices_and_phases(read_case: Any) -> None:
    corrections = find_corrections(read_case.segmentation, read_case.assessment)
    automatic, now = (item.lv["ef_percent"].text for item in (read_case.assessment.automatic, read_case.assessment))
    assert automatic != now
    said = summarise_corrections(corrections)
    assert said.startswith(f"LV EF {automatic} → {now} %; RV EF ")
    assert "2 of 48 images corrected; 2 slices excluded (RV); fixed by the reader: LV ES" in said
    german = summarise_corrections(corrections, "de")
    assert german.startswith(f"LV-EF {automatic.replace('.', ',')} → {now.replace('.', ',')} %; ")
    assert "2 von 48 Bildern korrigiert; 2 Schichten ausgeschlossen (RV); vom Befunder festgelegt: LV ES" in german


def test_a_base_plane_is_told_in_every_list(stack: Any, labels: Any) -> None:
    segmentation = Segmentation.of(labels, model=MODEL)
    column, row = (stack.affine[:3, axis] / stack.spacing_mm[2 - axis] for axis in (0, 1))
    middle = stack.affine[:3, 3] + 0.7 * stack.affine[:3, 2] + 30 * column + 30 * row  # cuts the second slice
    ends = tuple(tuple(float(v) for v in middle + side * 15 * column) for side in (-1, 1))
    lines = [
        BaseLine(int(Label.LV), "4CH", phase, ends, tuple(map(float, row)), is_followed=phase == 1)
        for phase in (0, 1, 3)
    ]
    assessment = assess(stack, segmentation, Reading(base_lines=tuple(sorted(lines))))
    corrections = find_corrections(segmentation, assessment)
    assert corrections.are_any
    assert "base plane LV set on 4CH, phase 1, 4" in list_corrections(corrections, segmentation)
    assert summarise_corrections(corrections, "de").endswith("Basisebene LV gesetzt auf 4CH, Phase 1, 4")
    assert corrections_as_dict(corrections)["base_planes"] == [{"structure": "LV", "views": ["4CH"], "phases": [1, 4]}]
    assert assessment.shares[Label.LV - 1, 0].tolist()[:3] == pytest.approx([0.0, 0.8, 1.0])
    assert "the base plane, set in phase 1, 4," in {f.code: f.message for f in assessment.findings}["base-plane"]


def test_excluded_slices_alone_are_corrections_too(stack: Any, labels: Any) -> None:
    segmentation = Segmentation.of(labels, model=MODEL)
    cells = [(Label.RV, phase, place) for phase in (0, 3) for place in range(3)]
    assessment = assess(stack, segmentation, Reading().decide_counts(cells, counts=False))
    corrections = find_corrections(segmentation, assessment)
    lines = list_corrections(corrections, segmentation)
    assert "RV excluded: slice 1–3, phase 1, 4" in lines
    before, after = (item.rv["edv_ml"].text for item in (assessment.automatic, assessment))
    assert f"RV end-diastolic volume: {before} → {after} ml" in lines
    assert "3 slices excluded (RV)" in summarise_corrections(corrections)


def test_labels_corrected_elsewhere_have_no_numbers_before(stack: Any, labels: Any) -> None:
    segmentation = corrected(Segmentation.of(labels, model=MODEL), (0, 2), (0, 3), (0, 5), (4, 1))
    lines = list_corrections(find_corrections(segmentation, assess(stack, segmentation)), segmentation)
    assert lines == [
        "The automatic labels are not known: the numbers before correction cannot be given",
        "Images corrected – phase 1: slice 3–4, 6; phase 5: slice 2",
    ]


def test_measurements_hold_decisions_journal_and_automatic_beside_corrected(read_case: Any, tmp_path: Path) -> None:
    write_results(tmp_path, read_case.stack, read_case.segmentation, read_case.assessment, ["measurements"])
    content = json.loads((tmp_path / "measurements.json").read_text(encoding="utf-8"))
    assessment = read_case.assessment
    for part, keys in {"lv": ("edv_ml", "esv_ml", "ef_percent", "mass_g"), "rv": ("edv_ml", "ef_percent")}.items():
        for key in keys:
            number = content["corrections"]["numbers"][part][key]
            assert number["automatic"] == pytest.approx(getattr(assessment.automatic, part)[key].value, abs=1e-4)
            assert number["corrected"] == content[part][key]["value"]
    assert (content["corrections"]["images_corrected"], content["corrections"]["images"]) == (2, 48)
    assert {(item["structure"], item["slice"], item["counts"]) for item in content["corrections"]["slices"]} == {
        ("RV", 1, False), ("RV", 2, False),
    }  # fmt: skip
    assert content["corrections"]["slices"][0]["phases"] == list(range(1, 9))
    assert content["conventions"] == {
        "papillary": "volume",
        "bsa_formula": "Mosteller",
        "basal_rule": "half",
        "papillary_percent": 50,
    }
    assert content["reading"]["key_phases"]["lv_es"] == 4
    assert content["reading"]["signature"]["reader"] == "Reader^Ada"
    entries = assessment.reading.journal
    assert [entry_from_dict(item) for item in content["journal"]] == list(entries)
    assert content["journal"][0]["text"] == "erase myocardium, LV, slice 3, ES"
    assert [item["undone"] for item in content["journal"]] == [entry.undone for entry in entries]
    assert [item["acknowledged"] for item in content["findings"]].count(True) == 1


def test_the_structured_report_is_verified_and_holds_the_journal(
    dicom_case: Any, valid_dicom: Any, tmp_path: Path
) -> None:
    untouched = dicom_case("siemens")
    origin = untouched.segmentation.origin * 0 + Origin.NETWORK
    case = read_by_a_person(untouched.stack, replace(untouched.segmentation, origin=origin))
    for path in write_results(tmp_path, case.stack, case.segmentation, case.assessment, ["dicom-seg", "dicom-sr"]):
        valid_dicom(path)
    report = pydicom.dcmread(tmp_path / "dicom" / "sr.dcm")
    assert (report.CompletionFlag, report.VerificationFlag) == ("COMPLETE", "VERIFIED")
    [observer] = report.VerifyingObserverSequence
    assert observer.VerifyingObserverName == "Reader^Ada"
    when = case.assessment.reading.signature.when
    assert str(observer.VerificationDateTime) == re.sub(r"[-:TZ]", "", when) + "+0000"
    texts = [str(element.value) for element in report.iterall() if element.keyword == "TextValue"]
    assert case.assessment.reading.impression in texts
    assert any("RV excluded: slice 1–2, all phases" in text for text in texts)
    journal = [text for text in texts if text.startswith("2026-11-28 09:")]
    assert len(journal) == len(case.assessment.reading.journal)
    assert sum(text.endswith("(undone)") for text in journal) == 1
    basal = "Slices at the base count for the LV where myocardium surrounds at least half of the cavity (SCMR 2020)."
    assert basal in texts
    ticked = set(case.assessment.findings) - set(case.assessment.open_findings)
    assert ticked
    assert not {describe(finding) for finding in ticked} & set(texts)


def test_a_segmentation_says_who_made_its_labels(read_case: Any, stack: Any, labels: Any) -> None:
    segmentation = read_case.segmentation
    assert find_algorithm_type(segmentation, 0) == "AUTOMATIC"
    assert describe_origin(segmentation, 0) == MODEL
    assert find_algorithm_type(segmentation, 3) == "SEMIAUTOMATIC"
    assert describe_origin(segmentation, 3) == f"{MODEL}; slices 3–4 by the reader"
    by_hand = Segmentation.of(labels)
    by_hand.origin[3, 1] = Origin.PROPAGATED
    assert find_algorithm_type(by_hand, 3) == "MANUAL"
    assert describe_origin(by_hand, 3).endswith("another program; slice 2 propagated from the reader's")


def test_numbers_are_written_as_ranges() -> None:
    assert name_ranges([0, 1, 2, 6, 8, 9]) == "1–3, 7, 9–10"
    assert name_ranges([]) == ""
