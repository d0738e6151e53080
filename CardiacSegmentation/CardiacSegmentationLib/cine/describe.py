"""A study as JSON: what was found, assumed, left out and chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.cine.study import Candidate, Study
    from CardiacSegmentationLib.findings import Finding

SCHEMA = "cardiacseg-info/1"


def describe_study(study: Study) -> dict[str, Any]:
    """Plain values, ready for ``json.dump``; file names are relative to the study."""
    return {
        "schema": SCHEMA,
        "path": str(study.path),
        "stacks": [_describe(one, study.root) for one in study.stacks],
        "chosen": study.chosen,
        "reason": study.reason,
        "left_out": [
            {"description": one.description, "reason": one.reason, "files": _names(one.files, study.root)}
            for one in study.left_out
        ],
        "findings": [_finding(one) for one in study.findings],
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
        "findings": [_finding(finding) for finding in one.findings],
        "files": _names(one.files, root),
    }


def _finding(one: Finding) -> dict[str, Any]:
    place = {key: value for key, value in (("slice", one.slice), ("phase", one.phase)) if value is not None}
    return {"code": one.code, "severity": one.severity.value, "message": one.message, **place}


def _names(files: tuple[Path, ...], root: Path) -> list[str]:
    return [file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file) for file in files]
