"""Limits of normal, read from ``Resources/ReferenceRanges/adult.csv``; shown only to those they were made for."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from CardiacSegmentationLib.analysis.measures import MEASURES
from CardiacSegmentationLib.assessment import ReferenceRange
from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.resources import resource
from CardiacSegmentationLib.segmentation import Papillary

if TYPE_CHECKING:
    from collections.abc import Collection

    from CardiacSegmentationLib.findings import Parameter
    from CardiacSegmentationLib.stack import Patient

SEXES = {"M": "men", "F": "women"}


@dataclass(frozen=True)
class ReferenceRow:
    """One line of the data file: for whom, measured how, and who says so."""

    measure: str  # ventricle and key: "lv.edv_ml"
    sex: str
    age_from: float
    age_to: float  # the first age it does not hold for
    papillary: Papillary | None  # how those of the LV were counted; of an RV measure it does not matter
    limits: ReferenceRange

    def is_by(self, papillary: Papillary) -> bool:
        """Whether it was made with this convention, or does not depend on it."""
        return self.papillary in (papillary, None)

    def holds_for(self, patient: Patient) -> bool:
        """Whether sex and age allow this range."""
        return (
            self.sex == patient.sex
            and patient.age_years is not None
            and self.age_from <= patient.age_years < self.age_to
        )


def find_reference(measure: str, patient: Patient, papillary: Papillary) -> ReferenceRange | None:
    """The range for ``measure`` ("lv.edv_ml") made on people like the patient with the same papillary convention."""
    for row in reference_rows():
        if row.measure == measure and row.is_by(papillary) and row.holds_for(patient):
            return row.limits
    return None


def explain_missing(patient: Patient, papillary: Papillary) -> list[Finding]:
    """Tells the reader why no limits of normal stand beside some number that has them for other people."""
    missing = tuple(name for name, value in (("sex", patient.sex), ("age", patient.age_years)) if value is None)
    if missing or patient.age_years is None:
        return [Finding("no-range-facts", Severity.INFO, parameters={"facts": missing, "count": len(missing)})]
    if patient.sex not in SEXES:
        return [Finding("no-range-sex", Severity.INFO)]
    age = math.floor(patient.age_years)
    if not any(row.holds_for(patient) for row in reference_rows()):
        youngest = min(row.age_from for row in reference_rows())
        return [Finding("no-range-age", Severity.INFO, parameters={"youngest": youngest, "age": age})]
    rows = [row for row in reference_rows() if row.sex == patient.sex]
    here = {row.measure for row in rows if row.is_by(papillary) and row.holds_for(patient)}
    of_other_age = {row.measure for row in rows if row.is_by(papillary)} - here
    of_other_convention = {row.measure for row in rows} - here - of_other_age
    return [
        *_name_missing("no-range-other-age", of_other_age, age=age),
        *_name_missing("no-range-convention", of_other_convention, convention=papillary.value),
    ]


def _name_missing(code: str, names: Collection[str], **parameters: Parameter) -> list[Finding]:
    titles = tuple(measure.title for measure in MEASURES if measure.name in names)
    return [Finding(code, Severity.INFO, parameters={"measures": titles, **parameters})] if titles else []


@lru_cache(maxsize=1)
def reference_rows() -> tuple[ReferenceRow, ...]:
    """Every row of the data file, in its order; of two that fit, the first counts."""
    with resource("ReferenceRanges", "adult.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_parse(row) for row in csv.DictReader(file))


def _parse(row: dict[str, str]) -> ReferenceRow:
    age_from, age_to = float(row["age_from"] or 0), float(row["age_to"] or "inf")
    ages = f"{age_from:g} years and older" if age_to == float("inf") else f"{age_from:g} to {age_to - 1:g} years"
    source = row["source"] + (f"; {row['note']}" if row["note"] else "")
    limits = ReferenceRange(float(row["low"]), float(row["high"]), source, f"{SEXES[row['sex']]}, {ages}")
    papillary = Papillary(row["papillary"]) if row["papillary"] else None
    return ReferenceRow(row["measure"], row["sex"], age_from, age_to, papillary, limits)
