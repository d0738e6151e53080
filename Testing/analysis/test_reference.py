"""Limits of normal stand only beside the numbers of those they were made for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.analysis.measures import MEASURES
from CardiacSegmentationLib.analysis.reference import explain_missing, find_reference, reference_rows
from CardiacSegmentationLib.reading import Conventions, Reading
from CardiacSegmentationLib.segmentation import Papillary
from CardiacSegmentationLib.stack import Patient

MakeHeart = Callable[..., Any]
MAN, WOMAN = Patient(sex="M", age_years=40.0), Patient(sex="F", age_years=40.0)
OLDER_MAN, OLDER_WOMAN = replace(MAN, age_years=60.0), replace(WOMAN, age_years=60.0)


def test_every_row_belongs_to_a_measure_and_names_its_source() -> None:
    names = {measure.name for measure in MEASURES}
    assert len(reference_rows()) >= 24
    for row in reference_rows():
        assert row.measure in names
        assert row.limits.low < row.limits.high
        assert "20" in row.limits.source
        assert "transcription" not in row.limits.source  # only what was read in the source itself
        assert row.age_from >= 18
        assert (row.papillary is None) == row.measure.startswith("rv.")
        assert row.papillary is not None or "RV trabeculae" in row.limits.source


@pytest.mark.parametrize(
    ("measure_name", "patient", "papillary", "limits"),
    [
        ("lv.ef_percent", OLDER_MAN, Papillary.VOLUME, (48, 68)),
        ("lv.ef_percent", OLDER_WOMAN, Papillary.VOLUME, (51, 71)),
        ("lv.mass_index_g_m2", OLDER_WOMAN, Papillary.VOLUME, (28, 56)),
        ("lv.ef_percent", MAN, Papillary.VOLUME, None),
        ("rv.edv_ml", WOMAN, Papillary.VOLUME, (78, 218)),
        ("rv.edv_ml", WOMAN, Papillary.MASS, (78, 218)),  # the LV's muscles, not the RV's
        ("rv.esv_ml", MAN, Papillary.VOLUME, (38, 118)),
        ("rv.edvi_ml_m2", replace(MAN, age_years=65.9), Papillary.VOLUME, (58, 114)),
        ("rv.edvi_ml_m2", replace(MAN, age_years=66.0), Papillary.VOLUME, None),
        ("rv.ef_percent", MAN, Papillary.VOLUME, None),
        ("lv.edv_ml", MAN, Papillary.MASS, (106, 214)),
        ("lv.mass_g", WOMAN, Papillary.MASS, (56, 140)),
        ("lv.mass_g", WOMAN, Papillary.VOLUME, None),
        ("lv.edv_ml", replace(MAN, age_years=12.0), Papillary.VOLUME, None),
        ("lv.edv_ml", replace(MAN, age_years=None), Papillary.VOLUME, None),
        ("lv.edv_ml", replace(MAN, sex=None), Papillary.VOLUME, None),
        ("lv.edv_ml", replace(MAN, sex="O"), Papillary.VOLUME, None),
    ],
)
def test_sex_age_and_convention_choose_the_range(
    measure_name: str, patient: Patient, papillary: Papillary, limits: tuple[float, float] | None
) -> None:
    found = find_reference(measure_name, patient, papillary)
    assert (None if found is None else (found.low, found.high)) == limits


@pytest.mark.parametrize(
    ("patient", "reason"),
    [
        (Patient(), "these facts about the patient are not known: sex, age"),
        (Patient(sex="F"), "the patient's age is not known"),
        (Patient(sex="M", age_years=9.0), "adults of 18 years and older; the patient's age is 9"),
        (Patient(sex="O", age_years=40.0), "for men and for women only"),
        (replace(MAN, age_years=17.9), "adults of 18 years and older; the patient's age is 17"),
        (OLDER_MAN, "the known ones were made with the papillary muscles counted the other way"),
    ],
)
def test_a_finding_says_why_a_range_is_missing(patient: Patient, reason: str) -> None:
    (finding,) = explain_missing(patient, Papillary.VOLUME)
    assert reason in finding.message


@pytest.mark.parametrize("papillary", list(Papillary))
@pytest.mark.parametrize("age", [18.0, 20.5, 40.0, 60.0, 67.0, 72.0, 80.0])
@pytest.mark.parametrize("sex", ["M", "F"])
def test_every_range_that_others_have_is_there_or_missed_with_a_reason(
    sex: str, age: float, papillary: Papillary
) -> None:
    patient = Patient(sex=sex, age_years=age)
    said = {finding.code: finding.parameters["measures"] for finding in explain_missing(patient, papillary)}
    for measure in MEASURES:
        rows = [row for row in reference_rows() if (row.measure, row.sex) == (measure.name, sex)]
        reasons = [code for code, titles in said.items() if measure.title in titles]
        if not rows or find_reference(measure.name, patient, papillary):
            assert not reasons
        elif any(row.papillary in (papillary, None) for row in rows):
            assert reasons == ["no-range-other-age"]
        else:
            assert reasons == ["no-range-convention"]


def test_a_number_outside_its_limits_is_marked(make_heart: MakeHeart) -> None:
    heart = make_heart((32.0, 29.0), slices=9, patient=OLDER_MAN)
    mass = assess(heart.stack, heart.segmentation, Reading(conventions=Conventions(papillary=Papillary.MASS)))
    assert mass.lv["edv_ml"].is_outside_reference
    assert mass.lv["ef_percent"].is_outside_reference
    volume = assess(heart.stack, heart.segmentation)
    assert volume.lv["edv_ml"].reference is None
    assert volume.lv["ef_percent"].reference not in (None, mass.lv["ef_percent"].reference)


def test_a_child_gets_numbers_but_no_ranges(make_heart: MakeHeart) -> None:
    heart = make_heart(patient=Patient(sex="F", age_years=8.0, height_cm=128.0, weight_kg=26.0))
    assessment = assess(heart.stack, heart.segmentation)
    assert assessment.lv["edvi_ml_m2"].value is not None
    assert all(item.reference is None for item in (*assessment.lv.values(), *assessment.rv.values()))
