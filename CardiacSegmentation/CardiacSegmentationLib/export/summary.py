"""The numbers as text for a terminal: value, unit, limits of normal, and beneath them what they rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from CardiacSegmentationLib.export.tables import DISCLAIMER
from CardiacSegmentationLib.export.wording import describe_conventions, phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from CardiacSegmentationLib.assessment import Assessment, Measurement

_MARKS = {"info": "·", "warning": "!", "error": "✗"}


def format_summary(assessment: Assessment) -> str:
    """The whole text."""
    parts = (("Left ventricle", assessment.lv), ("Right ventricle", assessment.rv), ("Heart", assessment.heart))
    rows = [row for title, measurements in parts for row in _section(title, measurements.values())]
    blocks = [_align(rows), *_segments(assessment), _conventions(assessment), *_findings(assessment), DISCLAIMER]
    return "\n\n".join(blocks)


def _section(title: str, measurements: Iterable[Measurement]) -> list[tuple[str, ...]]:
    """One row per known number; what is not known stands in one line each, with its reason."""
    items = list(measurements)
    rows: list[tuple[str, ...]] = [(title, "", "", "normal" if any(item.reference for item in items) else "")]
    for item in items:
        if item.value is None:
            rows.append((f"  {item.title}", item.text, "", item.note))
            continue
        limits = f"{item.reference.low:g}–{item.reference.high:g}" if item.reference else ""
        flag = "  *" if item.is_outside_reference else ""
        rows.append((f"  {item.title}", item.text, item.unit, limits + flag))
    return rows


def _align(rows: Sequence[tuple[str, ...]]) -> str:
    name, value, unit = (max(len(row[column]) for row in rows) for column in range(3))
    return "\n".join(
        f"{row[0]:<{name}}  {row[1]:>{value}} {row[2]:<{unit}}  {row[3]}".rstrip() for row in rows
    )  # fmt: skip


def _segments(assessment: Assessment) -> list[str]:
    known = [segment for segment in assessment.segments if segment.thickness_ed_mm is not None]
    if not known:
        return []
    rows = [("Wall thickness, AHA segments", "ED mm", "ES mm", "thickening %")]
    rows += [
        (
            f"  {segment.number:>2} {segment.name}",
            _one_decimal(segment.thickness_ed_mm),
            _one_decimal(segment.thickness_es_mm),
            _one_decimal(segment.thickening_percent),
        )
        for segment in known
    ]
    return ["\n".join(f"{row[0]:<30}{row[1]:>8}{row[2]:>8}{row[3]:>14}" for row in rows)]


def _one_decimal(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _conventions(assessment: Assessment) -> str:
    sentences = describe_conventions(assessment.conventions)
    ranges = dict.fromkeys(
        (item.reference.group, item.reference.source)
        for measurements in (assessment.lv, assessment.rv)
        for item in measurements.values()
        if item.reference
    )
    lines = [
        "Conventions",
        f"  {_phases(assessment)}",
        f"  {sentences['papillary']} {phrase('papillary-rv')}",
        f"  volume = area × {assessment.slice_spacing_mm:.1f} mm between slices; mass = 1.05 g/ml at end-diastole",
        f"  {sentences['basal_rule']}",
        f"  body surface area: {sentences['bsa_formula']}",
        *(f"  normal ({group}): {source}" for group, source in ranges),
    ]
    if any(item.is_outside_reference for item in (*assessment.lv.values(), *assessment.rv.values())):
        lines.append("  * outside the limits of normal")
    return "\n".join(lines)


def _phases(assessment: Assessment) -> str:
    keys = assessment.key_phases
    words = []
    for side, ed, es in (("LV", keys.lv_ed, keys.lv_es), ("RV", keys.rv_ed, keys.rv_es)):
        moments = [f"{name} phase {phase + 1}" for name, phase in (("ED", ed), ("ES", es)) if phase is not None]
        words.append(f"{side}: {', '.join(moments) or 'no phase'}")
    return f"{'; '.join(words)} (of {len(assessment.times_ms)}, counted from 1)"


def _findings(assessment: Assessment) -> list[str]:
    if not assessment.open_findings:
        return []
    lines = [f"  {_MARKS[finding.severity.value]} {finding.message}" for finding in assessment.open_findings]
    return ["\n".join(["Findings", *lines])]
