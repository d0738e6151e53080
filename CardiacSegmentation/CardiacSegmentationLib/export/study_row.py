"""One row per study for a spreadsheet: whose it is, by which conventions, every number as the tables show it.

``patient.csv`` holds one such row, the summary of a batch one for each study.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.analysis.measures import MEASURES
from CardiacSegmentationLib.choices import CONVENTIONS
from CardiacSegmentationLib.export.dicom_source import text_in
from CardiacSegmentationLib.findings import Severity
from CardiacSegmentationLib.reading import Conventions
from CardiacSegmentationLib.reading_json import conventions_to_dict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydicom import Dataset

    from CardiacSegmentationLib.assessment import Assessment, Measurement
    from CardiacSegmentationLib.stack import CineStack

IDENTIFIERS = {  # by their elements in the headers
    "patient_name": "PatientName",
    "patient_id": "PatientID",
    "birth_date": "PatientBirthDate",
    "accession_number": "AccessionNumber",
    "study_date": "StudyDate",
    "study_uid": "StudyInstanceUID",
    "series": "SeriesDescription",
}
PATIENT = ("sex", "age_years", "height_cm", "weight_kg")
KEY_PHASES = ("lv_ed", "lv_es", "rv_ed", "rv_es")
_MEASURES = tuple(measure.key if measure.part == "heart" else f"{measure.part}_{measure.key}" for measure in MEASURES)
COLUMNS = (
    *IDENTIFIERS,
    *PATIENT,
    *CONVENTIONS,
    "slices",
    "phases",
    *_MEASURES,
    *(f"{name}_phase" for name in KEY_PHASES),
    "reader",
    "signed",
    "impression",
    "errors",
    "warnings",  # errors among them
    "warning_codes",
)
WHOLE_NUMBERS = (
    *(name for name, value in conventions_to_dict(Conventions()).items() if isinstance(value, int)),
    *("slices", "phases", *(f"{name}_phase" for name in KEY_PHASES), "errors", "warnings"),
)
NUMBERS = ("age_years", "height_cm", "weight_kg", *_MEASURES)  # all other columns are texts


def study_row(stack: CineStack, assessment: Assessment, identifiers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The row, by ``COLUMNS``; numbers are rounded as the tables show them, phases count from 1.

    ``identifiers`` are those of :func:`identifiers_of`; without them the row tells of the series' title only.
    """
    reading = assessment.reading
    parts = {"lv": assessment.lv, "rv": assessment.rv, "heart": assessment.heart}
    doubts = [finding for finding in assessment.open_findings if finding.severity is not Severity.INFO]
    row: dict[str, Any] = {name: (identifiers or {"series": stack.title}).get(name, "") for name in IDENTIFIERS}
    row |= {name: _tidy(getattr(assessment.patient, name)) for name in PATIENT}
    row |= conventions_to_dict(assessment.conventions)
    row |= {"slices": stack.slices, "phases": stack.phases}
    for column, measure in zip(_MEASURES, MEASURES, strict=True):
        row[column] = shown_number(parts[measure.part][measure.key])
    for name, phase in asdict(assessment.key_phases).items():
        row[f"{name}_phase"] = None if phase is None else phase + 1
    row["reader"] = reading.reader
    row["signed"] = "" if reading.signature is None else reading.signature.when
    row["impression"] = reading.impression
    row["errors"] = sum(finding.severity is Severity.ERROR for finding in doubts)
    row["warnings"] = len(doubts)
    row["warning_codes"] = " ".join(sorted({finding.code for finding in doubts}))
    return {column: row[column] for column in COLUMNS}


def shown_number(item: Measurement) -> float | int | None:
    """The value as every table shows it; ``None`` where it cannot be known."""
    return item.shown if item.shown is None or item.decimals else int(item.shown)


def identifiers_of(header: Dataset) -> dict[str, str]:
    """Whose study it is and which, from one header."""
    found = {name: text_in(header, keyword).strip() for name, keyword in IDENTIFIERS.items()}
    for name in ("birth_date", "study_date"):
        date = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", found[name])
        found[name] = "-".join(date.groups()) if date else found[name]
    return found


def study_folder_name(identifiers: Mapping[str, str], load: int = 1) -> str:
    """A folder for the results of a study, named so that people find it: patient, date, series.

    ``load`` tells loads of one study apart: the second one's folder ends in ``_2``.

    >>> study_folder_name({"patient_id": "A/17", "study_date": "2024-05-15", "series": "cine sax"}, load=2)
    'A-17_2024-05-15_cine-sax_2'
    """
    parts = [file_name(identifiers.get(name, "")) for name in ("patient_id", "study_date", "series")]
    name = "_".join(part for part in parts if part) or "study"
    return name if load <= 1 else f"{name}_{load}"


def file_name(text: str) -> str:
    """What may stand in a file's name on every system, 40 characters at most."""
    kept = "".join(character if character.isalnum() else "-" for character in text.strip())
    return re.sub(r"-+", "-", kept).strip("-")[:40].strip("-")


def _tidy(value: str | float | None) -> str | float | int | None:
    return round(value, 1) if isinstance(value, float) else value
