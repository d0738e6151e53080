"""A study as JSON: what was found, assumed, left out and chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.findings import COUNTED_FROM_ONE

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.cine.study import Candidate, FoundStudy
    from CardiacSegmentationLib.findings import Finding, Parameter

SCHEMA = "cardiacseg-info/2"


def describe_study(study: FoundStudy) -> dict[str, Any]:
    """Plain values, ready for ``json.dump``; file names are relative to the study."""
    return {
        "schema": SCHEMA,
        "path": str(study.path),
        "stacks": [_describe(one, study.root) for one in study.stacks],
        "chosen": study.chosen,
        "reason": study.reason,
        "left_out": [
            {"description": group.description, "reason": group.why(), "files": _names(group.files, study.root)}
            for group in study.left_out
        ],
        "findings": [describe_finding(finding) for finding in study.findings],
    }


def _describe(one: Candidate, root: Path) -> dict[str, Any]:
    spacing = one.spacing_mm
    return {
        "description": one.description,
        "kind": one.kind,
        "format": one.format,
        "slices": one.slices,
        "phases": one.phases,
        "rows": one.rows,
        "columns": one.columns,
        "spacing_mm": [round(value, 4) for value in spacing],
        "slice_thickness_mm": one.thickness_mm,
        "gap_mm": None if one.thickness_mm is None or one.slices < 2 else round(spacing[0] - one.thickness_mm, 4),
        "affine_lps": [[round(value, 6) for value in row] for row in one.affine.tolist()],
        "rr_ms": one.rr_ms,
        "times_ms": [round(value, 3) for value in one.times_ms],
        "is_short_axis": one.is_short_axis,
        "complete": one.complete,
        "findings": [describe_finding(finding) for finding in one.findings],
        "files": _names(one.files, root),
    }


def describe_finding(finding: Finding) -> dict[str, Any]:
    """A finding as people read it: slices and phases count from 1, in its parameters as well."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "slice": None if finding.slice is None else finding.slice + 1,
        "phase": None if finding.phase is None else finding.phase + 1,
        "parameters": {name: _as_read(name, value) for name, value in finding.parameters.items()},
    }


def _as_read(name: str, value: Parameter) -> Any:
    if isinstance(value, tuple):
        return [_as_read(name, item) for item in value]
    if isinstance(value, float):
        return round(value, 4)
    return value + 1 if isinstance(value, int) and name in COUNTED_FROM_ONE else value


def _names(files: tuple[Path, ...], root: Path) -> list[str]:
    return [file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file) for file in files]
