"""The numbers as files: JSON for programs, CSV tables for spreadsheets.

Phases and slices are counted from 1 in every file, as on the screen; slice 1 is the most basal.
"""

from __future__ import annotations

import csv
import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.analysis.volumes import MM3_PER_ML
from CardiacSegmentationLib.assessment import finding_key
from CardiacSegmentationLib.errors import ExportError, reason_of
from CardiacSegmentationLib.export.corrections import corrections_as_dict, find_corrections
from CardiacSegmentationLib.export.files import atomic_path
from CardiacSegmentationLib.findings import finding_to_dict
from CardiacSegmentationLib.journal import describe_entry
from CardiacSegmentationLib.reading_json import conventions_to_dict, entry_to_dict, reading_to_dict
from CardiacSegmentationLib.segmentation import STRUCTURES, Label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from CardiacSegmentationLib.assessment import Assessment, Code, Measurement, WallSegment
    from CardiacSegmentationLib.findings import Finding
    from CardiacSegmentationLib.reading import Reading
    from CardiacSegmentationLib.segmentation import Segmentation

SCHEMA = "cardiacseg-measurements"
SCHEMA_VERSION = "2.0"  # the first number changes when a reader of older files would break
DISCLAIMER = "Not a medical device. For research; not for diagnosis or treatment."
# What of a reading stands in measurements.json: all that numbers depend on, and who answers for them.
DECISIONS = ("key_phases", "counts", "base_lines", "patient", "reader", "impression", "signature")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

Cell = str | float | int | bool | None


def write_tables(assessment: Assessment, folder: Path) -> None:
    """All four files, each under its usual name."""
    for name, write in FILES.items():
        write(assessment, folder / name)


def write_measurements_json(assessment: Assessment, path: Path, segmentation: Segmentation | None = None) -> None:
    """Every number with unit, code, range and note, and all that stands behind it."""
    _write_json(measurements_as_dict(assessment, segmentation), path)


def write_reading_json(reading: Reading, path: Path) -> None:
    """What the reader decided, for ``--reading``: another run, or another segmentation, can take it up."""
    _write_json(reading_to_dict(reading), path)


def _write_json(content: dict[str, Any], path: Path) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    try:
        with atomic_path(path) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ExportError.of("file-unwritable", path=path, reason=reason_of(error)) from error


def write_measurements_csv(assessment: Assessment, path: Path) -> None:
    """One row per measure, then one per wall segment and number."""
    header = (
        "part", "measure", "title", "value", "unit", "reference_low", "reference_high", "outside_reference",
        "reference_group", "reference_source", "code_scheme", "code_value", "code_meaning", "ucum", "note",
    )  # fmt: skip
    _write_csv(path, header, _measure_rows(assessment))


def write_phases_csv(assessment: Assessment, path: Path) -> None:
    """One row per phase: its time and the three volumes."""
    header = ("phase", "time_ms", "lv_ml", "myo_ml", "rv_ml", "role")
    _write_csv(path, header, (tuple(row.values()) for row in _phases(assessment)))


def write_patient_csv(row: Mapping[str, Cell], path: Path) -> None:
    """One row for the whole study, as :func:`study_row` makes it."""
    _write_csv(path, tuple(row), [tuple(row.values())])


def write_slices_csv(assessment: Assessment, path: Path) -> None:
    """One row per labelled phase and slice: areas, volumes, and whether they count."""
    structures = [label.name.lower() for label in reversed(STRUCTURES)]
    columns = [f"{name}_{what}" for name in structures for what in ("mm2", "ml", "included", "share")]
    _write_csv(path, ("phase", "slice", "time_ms", *columns), (tuple(row.values()) for row in _slices(assessment)))


def measurements_as_dict(assessment: Assessment, segmentation: Segmentation | None = None) -> dict[str, Any]:
    """The content of ``measurements.json``; without the segmentation it does not say how many images were corrected."""
    reading = reading_to_dict(assessment.reading)
    decided = {name: reading[name] for name in DECISIONS}
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "disclaimer": DISCLAIMER,
        **{part: _measures(values) for part, values in _parts(assessment).items()},
        "segments": [_segment(segment) for segment in assessment.segments],
        "key_phases": {
            role: None if phase is None else {"phase": phase + 1, "time_ms": _number(assessment.times_ms[phase])}
            for role, phase in asdict(assessment.key_phases).items()
        },
        "phases": list(_phases(assessment)),
        "slices": list(_slices(assessment)),
        "slice_spacing_mm": _number(assessment.slice_spacing_mm),
        "conventions": conventions_to_dict(assessment.conventions),
        "reading": decided,
        "corrections": corrections_as_dict(find_corrections(segmentation, assessment)),
        "journal": [
            {**entry_to_dict(entry), "text": describe_entry(entry, asdict(assessment.key_phases))}
            for entry in assessment.reading.journal
        ],
        "findings": [_finding(finding, assessment) for finding in assessment.findings],
        "patient": asdict(assessment.patient),
        "provenance": dict(assessment.provenance),
    }


FILES: Mapping[str, Callable[[Assessment, Path], None]] = {
    "measurements.json": write_measurements_json,
    "measurements.csv": write_measurements_csv,
    "phases.csv": write_phases_csv,
    "slices.csv": write_slices_csv,
}


def _parts(assessment: Assessment) -> dict[str, Mapping[str, Measurement]]:
    return {"lv": assessment.lv, "rv": assessment.rv, "heart": assessment.heart}


def _measures(measurements: Mapping[str, Measurement]) -> dict[str, Any]:
    return {
        key: {
            "title": item.title,
            "value": _number(item.value),
            "unit": item.unit,
            "ucum": item.ucum,
            "code": _code(item.code),
            "reference": asdict(item.reference) if item.reference else None,
            "outside_reference": item.is_outside_reference if item.reference and item.value is not None else None,
            "note": item.note,
            "definition": item.definition,
        }
        for key, item in measurements.items()
    }


def _code(code: Code | None) -> dict[str, str] | None:
    return asdict(code) if code else None


def _segment(segment: WallSegment) -> dict[str, Any]:
    return {key: _number(value) if isinstance(value, float) else value for key, value in asdict(segment).items()}


def _finding(finding: Finding, assessment: Assessment) -> dict[str, Any]:
    acknowledged = finding_key(finding) in assessment.reading.acknowledged
    return {**finding_to_dict(finding), "message": finding.message, "acknowledged": acknowledged}


def _number(value: float | None) -> float | None:
    """A float a file can hold: NaN and infinity become null, digits nobody measured are dropped."""
    return None if value is None or not math.isfinite(value) else round(float(value), 4)


def _phases(assessment: Assessment) -> Iterable[dict[str, Cell]]:
    names = {"lv_ed": "LV ED", "lv_es": "LV ES", "rv_ed": "RV ED", "rv_es": "RV ES"}
    roles = asdict(assessment.key_phases)
    for phase, time_ms in enumerate(assessment.times_ms):
        volumes = {
            f"{label.name.lower()}_ml": _number(float(assessment.volumes_ml[label - 1, phase]))
            for label in reversed(STRUCTURES)
        }
        role = " ".join(names[key] for key, value in roles.items() if value == phase)
        yield {"phase": phase + 1, "time_ms": _number(time_ms), **volumes, "role": role}


def _slices(assessment: Assessment) -> Iterable[dict[str, Cell]]:
    _, phases, slices = assessment.areas_mm2.shape
    for phase in range(phases):
        if not math.isfinite(assessment.areas_mm2[Label.LV - 1, phase].sum()):
            continue  # nobody labelled this phase
        for slice_ in range(slices):
            row: dict[str, Cell] = {
                "phase": phase + 1,
                "slice": slice_ + 1,
                "time_ms": _number(assessment.times_ms[phase]),
            }
            for label in reversed(STRUCTURES):
                area = float(assessment.areas_mm2[label - 1, phase, slice_])
                name = label.name.lower()
                row[f"{name}_mm2"] = _number(area)
                row[f"{name}_ml"] = _number(area * assessment.slice_spacing_mm / MM3_PER_ML)
                row[f"{name}_included"] = bool(assessment.counted[label - 1, phase, slice_])
                row[f"{name}_share"] = _number(float(assessment.shares[label - 1, phase, slice_]))
            yield row


def _measure_rows(assessment: Assessment) -> Iterable[Sequence[Cell]]:
    for part, measurements in _parts(assessment).items():
        for item in measurements.values():
            limits, code = item.reference, item.code
            yield (
                part, item.key, item.title, _number(item.value), item.unit,
                limits.low if limits else None, limits.high if limits else None,
                item.is_outside_reference if limits and item.value is not None else None,
                limits.group if limits else None, limits.source if limits else None,
                code.scheme if code else None, code.value if code else None, code.meaning if code else None,
                item.ucum, item.note,
            )  # fmt: skip
    for segment in assessment.segments:
        for key, title, value, unit in (
            ("thickness_ed_mm", "wall thickness at end-diastole", segment.thickness_ed_mm, "mm"),
            ("thickness_es_mm", "wall thickness at end-systole", segment.thickness_es_mm, "mm"),
            ("thickening_percent", "wall thickening", segment.thickening_percent, "%"),
        ):
            name = f"{segment.number} {segment.name}: {title}"
            yield ("segment", f"segment_{segment.number}_{key}", name, _number(value), unit, *[None] * 8, unit, None)


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """RFC 4180, UTF-8, decimal points."""
    try:
        with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows([safe_cell(value) for value in row] for row in rows)
    except OSError as error:
        raise ExportError.of("file-unwritable", path=path, reason=reason_of(error)) from error


def safe_cell(value: Cell) -> str | float | int:
    """One cell; text a spreadsheet would run as a formula gets an apostrophe before it, numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
