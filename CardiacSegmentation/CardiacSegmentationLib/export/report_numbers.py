"""The first page: whose heart, its numbers, its volumes over the cycle."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from CardiacSegmentationLib.export.paper import (
    ALARM,
    INK,
    MARGIN_MM,
    QUIET,
    Cell,
    Column,
    Sheet,
    line_height_mm,
    shorten,
    wrap,
)
from CardiacSegmentationLib.export.report_curve import draw_curve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from CardiacSegmentationLib.assessment import Assessment, Measurement
    from CardiacSegmentationLib.export.report_content import Content
    from CardiacSegmentationLib.stack import CineStack


def draw_numbers(content: Content) -> Sheet:
    """Draw patient, tables and curve."""
    page = Sheet(content.paper)
    top = _title(page, content)
    top = _patient(page, content, top + 2.0)
    top = _measures(page, content.assessment, top + 4.0)
    draw_curve(page, content.assessment, top + 4.0)
    return page


def _title(page: Sheet, content: Content) -> float:
    page.text(MARGIN_MM, MARGIN_MM - 2.0, "Ventricular function", 17, weight="bold")
    right = page.width_mm - MARGIN_MM
    page.text(right, MARGIN_MM - 1.5, "Cine cardiac MR, short axis", 9, QUIET, align="right")
    made = " · ".join(text for text in (content.assessment.provenance.get("program", ""), content.created) if text)
    page.text(right, MARGIN_MM + 2.7, made, 7, QUIET, align="right")
    page.rule(MARGIN_MM, MARGIN_MM + 7.0, page.inner_mm, INK, 1.2)
    return MARGIN_MM + 7.0


def _patient(page: Sheet, content: Content, top: float) -> float:
    """Facts in three columns, read downwards."""
    patient, heart = content.assessment.patient, content.assessment.heart
    facts = dict(content.facts)
    known = {
        "Sex": {"M": "male", "F": "female"}.get(patient.sex or "", ""),
        "Age": f"{patient.age_years:.0f} years" if patient.age_years is not None else "",
        "Height": f"{patient.height_cm:.0f} cm" if patient.height_cm is not None else "",
        "Weight": f"{patient.weight_kg:.1f} kg" if patient.weight_kg is not None else "",
    }
    facts |= {name: text for name, text in known.items() if text}
    for key, name in (("bsa_m2", "Body surface"), ("heart_rate_bpm", "Heart rate")):
        if key in heart and heart[key].value is not None:
            facts[name] = f"{heart[key].text} {heart[key].unit}"
    facts["Images"] = _describe_stack(content.stack)
    whose = facts.pop("Name", facts.pop("Pseudonym", ""))
    if whose:
        page.text(MARGIN_MM, top, shorten(whose, page.inner_mm, 11, "bold"), 11, weight="bold")
        top += 6.2
    columns, width, label = 3, page.inner_mm / 3, 19.0
    rows = math.ceil(len(facts) / columns)
    entries = [(name, wrap(text, width - label - 3.0, 8)) for name, text in facts.items()]
    ends: list[float] = []
    for first in range(0, len(entries), rows):
        left, y = MARGIN_MM + len(ends) * width, top
        for name, lines in entries[first : first + rows]:
            page.text(left, y + 0.2, name, 7, QUIET)
            for line in lines[:2]:
                page.text(left + label, y, line, 8)
                y += line_height_mm(8)
            y += 0.5 if lines else 0.5 + line_height_mm(8)
        ends.append(y)
    return max(ends)


def _describe_stack(stack: CineStack) -> str:
    phases = "1 phase" if stack.phases == 1 else f"{stack.phases} phases"
    return f"{stack.slices} slices × {phases}, {stack.spacing_mm[0]:.1f} mm apart"


def _measures(page: Sheet, assessment: Assessment, top: float) -> float:
    gap = 6.0
    width = (page.inner_mm - gap) / 2
    right = MARGIN_MM + width + gap
    left_end = _measure_table(page, (MARGIN_MM, top, width), "Left ventricle", assessment.lv.values(), "LV ")
    right_end = _measure_table(page, (right, top, width), "Right ventricle", assessment.rv.values(), "RV ")
    heart = [item for key, item in assessment.heart.items() if key != "heart_rate_bpm"]
    right_end = _measure_table(page, (right, right_end + 3.0, width), "Heart", heart, "")
    for line in _table_notes(assessment):
        right_end = page.paragraph(right, right_end + 1.2, width, line, 6.5, color=QUIET)
    return max(left_end, right_end)


def _measure_table(
    page: Sheet, place: tuple[float, float, float], title: str, items: Iterable[Measurement], prefix: str
) -> float:
    left, top, width = place
    top = page.heading(left, top, width, title)
    items = list(items)
    ranges = "normal range" if any(item.reference for item in items) else ""
    columns = [Column("", width - 46.0), Column("", 14.0, "right"), Column("", 13.0), Column(ranges, 19.0, "right")]
    rows = []
    for item in items:
        outside = item.is_outside_reference
        style = (ALARM, "bold") if outside else (INK, "normal")
        name = item.title.replace(prefix, "") if prefix else item.title
        text = item.text.replace("-", "−")
        value = f"{_arrow(item)} {text}" if outside else text
        limits = f"{item.reference.low:g} – {item.reference.high:g}" if item.reference else ""
        rows.append(
            [Cell(name[0].upper() + name[1:]), Cell(value, *style), Cell(item.unit, QUIET), Cell(limits, QUIET)]
        )
    return page.table(left, top, columns, rows)


def _arrow(item: Measurement) -> str:
    below = item.value is not None and item.reference is not None and item.value < item.reference.low
    return "▼" if below else "▲"


def _table_notes(assessment: Assessment) -> list[str]:
    """What the tables cannot say in their cells: what arrows mean, whose range it is, why a number is missing."""
    items = [*assessment.lv.values(), *assessment.rv.values(), *assessment.heart.values()]
    sources = {(item.reference.group, item.reference.source) for item in items if item.reference}
    notes = [f"Normal range of {group}: {source}." for group, source in sorted(sources)]
    if any(item.is_outside_reference for item in items):
        notes.insert(0, "▲ above, ▼ below the normal range.")
    reasons: dict[str, list[str]] = {}
    for item in items:
        if item.value is None:
            reasons.setdefault(item.note or "not known", []).append(item.title)
    notes += [f"– {', '.join(titles)}: {reason}." for reason, titles in reasons.items()]
    return notes
