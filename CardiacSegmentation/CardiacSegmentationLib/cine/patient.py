"""Facts about the patient that numbers depend on; what is impossible is left out and said."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from CardiacSegmentationLib.choices import HEIGHT_CM, WEIGHT_KG
from CardiacSegmentationLib.cine.elements import Elements, quietly
from CardiacSegmentationLib.cine.parse import read_header
from CardiacSegmentationLib.findings import Finding
from CardiacSegmentationLib.stack import Patient

if TYPE_CHECKING:
    from pathlib import Path

_AGE_UNITS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}


def read_patient(path: Path) -> tuple[Patient, tuple[Finding, ...]]:
    """Sex, age, height and weight from a DICOM file."""
    with quietly():
        header = read_header(path)
    if header is None:
        return Patient(), ()
    facts = header.elements
    findings: list[Finding] = []
    sex = facts.text("PatientSex").upper()
    patient = Patient(
        sex=sex if sex in ("M", "F") else None,
        age_years=_age_years(facts),
        height_cm=_height_cm(facts, findings),
        weight_kg=_weight_kg(facts, findings),
    )
    return patient, tuple(findings)


def _age_years(facts: Elements) -> float | None:
    text = facts.text("PatientAge").upper()
    if text[-1:] in _AGE_UNITS and text[:-1].isdecimal():
        age = int(text[:-1]) * _AGE_UNITS[text[-1]]
        if age < 130:
            return age
    born, seen = _date(facts.text("PatientBirthDate")), _date(facts.text("StudyDate"))
    if born and seen and 0 <= (seen - born).days < 130 * 365.25:
        birthdays = seen.year - born.year - ((seen.month, seen.day) < (born.month, born.day))
        return max((seen - born).days / 365.25, float(birthdays))  # on a birthday the days may be one too few
    return None


def _date(text: str) -> date | None:
    """A date, or nothing for what anonymisers leave behind, such as 20120000 and 00000000."""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None


def _height_cm(facts: Elements, findings: list[Finding]) -> float | None:
    """PatientSize is in metres; 170 can only be centimetres."""
    size = facts.number("PatientSize")
    if not size:
        return None
    low_cm, high_cm = HEIGHT_CM
    if low_cm <= size * 100 <= high_cm:
        return size * 100
    if low_cm <= size <= high_cm:
        findings.append(Finding("height-unit", parameters={"size": size}))
        return size
    findings.append(Finding("height-impossible", parameters={"size": size}))
    return None


def _weight_kg(facts: Elements, findings: list[Finding]) -> float | None:
    weight = facts.number("PatientWeight")
    if not weight:
        return None
    if WEIGHT_KG[0] <= weight <= WEIGHT_KG[1]:
        return weight
    findings.append(Finding("weight-impossible", parameters={"weight": weight}))
    return None
