"""Facts about the patient, and what is impossible about them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from CardiacSegmentationLib.cine.patient import read_patient
from CardiacSegmentationLib.stack import Patient
from cine.spoiling import Spoilable, edit

if TYPE_CHECKING:
    from CardiacSegmentationLib.stack import CineStack

FACTS: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    # what the header says: (elements, what it means, findings)
    "age in months": ({"PatientAge": "006M"}, {"age_years": 0.5}, []),
    "age in weeks": ({"PatientAge": "010W"}, {"age_years": 70 / 365.25}, []),
    "age in days": ({"PatientAge": "003D"}, {"age_years": 3 / 365.25}, []),
    "age from the birth date": (
        {"PatientAge": None, "PatientBirthDate": "19740515", "StudyDate": "20240515"},
        {"age_years": 50},
        [],
    ),
    "no number as age": ({"SpecificCharacterSet": "ISO_IR 100", "PatientAge": "\u00b3Y"}, {"age_years": 45.37}, []),
    "invalid birth date": ({"PatientAge": None, "PatientBirthDate": "00000000"}, {"age_years": None}, []),
    "invalid study date": ({"PatientAge": None, "StudyDate": "20120000"}, {"age_years": None}, []),
    "born after the study": ({"PatientAge": "", "PatientBirthDate": "20300101"}, {"age_years": None}, []),
    "other sex": ({"PatientSex": "O"}, {"sex": None}, []),
    "no sex": ({"PatientSex": ""}, {"sex": None}, []),
    "height in centimetres": ({"PatientSize": "182"}, {"height_cm": 182}, ["height-unit"]),
    "height of zero": ({"PatientSize": "0"}, {"height_cm": None}, []),
    "impossible height": ({"PatientSize": "18"}, {"height_cm": None}, ["height-impossible"]),
    "height beyond the limits of the numbers": ({"PatientSize": "2.55"}, {"height_cm": None}, ["height-impossible"]),
    "weight of a preterm child": ({"PatientWeight": "0.45"}, {"weight_kg": 0.45}, []),
    "impossible weight": ({"PatientWeight": "75000"}, {"weight_kg": None}, ["weight-impossible"]),
    "no weight": ({"PatientWeight": None}, {"weight_kg": None}, []),
}


@pytest.mark.parametrize("name", FACTS)
def test_patient_facts(name: str, ge: Spoilable, truth: CineStack) -> None:
    elements, expected, codes = FACTS[name]
    patient, findings = read_patient(edit(ge.images()[0], **elements))
    usual = truth.patient
    for fact in ("sex", "age_years", "height_cm", "weight_kg"):
        assert getattr(patient, fact) == pytest.approx(expected.get(fact, getattr(usual, fact)), abs=0.01)
    assert [finding.code for finding in findings] == codes


def test_a_study_without_patient_facts(ge: Spoilable) -> None:
    path = ge.images()[0]
    edit(path, PatientSex=None, PatientAge=None, PatientBirthDate=None, PatientSize=None, PatientWeight=None)
    assert read_patient(path) == (Patient(), ())


@pytest.mark.parametrize(("day", "years"), [("20230514", 17), ("20230515", 18), ("20230516", 18)])
def test_a_year_is_completed_on_the_birthday(day: str, years: int, ge: Spoilable) -> None:
    dates = {"PatientAge": None, "PatientBirthDate": "20050515", "StudyDate": day}
    patient, _ = read_patient(edit(ge.images()[0], **dates))
    assert patient.age_years is not None
    assert math.floor(patient.age_years) == years
