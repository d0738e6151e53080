"""The first page: whose heart, its numbers, what the reader says of them, what stays in doubt, who signed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.export.corrections import summarise_corrections
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
from CardiacSegmentationLib.export.report_content import FOOTER_MM
from CardiacSegmentationLib.export.wording import (
    capitalised,
    describe_signature,
    fact_text,
    limits_text,
    measure_text,
    number_text,
    source_text,
)
from CardiacSegmentationLib.findings import Severity, describe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from CardiacSegmentationLib.assessment import Measurement
    from CardiacSegmentationLib.export.report_content import Content

# Findings about the images and the beat rather than about labels and numbers.
QUALITY = (
    "low-contrast", "slice-shifted", "out-of-step", "heart-at-edge", "base-not-covered", "apex-not-covered",
    "missing-slice", "incomplete-slice", "extra-slice", "apart", "irregular-gap", "stack-sheared", "duplicate-frames",
    "unequal-phases", "phase-missing", "images-lost", "no-motion", "heart-rate", "several-beats", "beat-not-covered",
    "rr-assumed", "rr-differs", "rr-varies", "times-assumed", "times-unknown",
)  # fmt: skip
LEFT, RIGHT, HEART = ("left-ventricle", "LV "), ("right-ventricle", "RV "), ("heart", "")
SIGNATURE_MM = 9.0
TEXT = 8.0
DOUBT_LINES = 4  # that the impression leaves free
LABEL_MM = 20.0


def draw_numbers(content: Content) -> list[Sheet]:
    """Draw patient, tables, impression, doubts and signature; an impression that is too long goes on overleaf."""
    page = Sheet(content.paper)
    top = _title(page, content)
    top = _patient(page, content, top + 2.0)
    top = _measures(page, content, top + 3.0)
    bottom = page.height_mm - FOOTER_MM - SIGNATURE_MM
    top, rest = _impression(page, content, top + 3.0, bottom)
    _doubts(page, content, top + 2.5, bottom)
    _signature(page, content, bottom)
    return [page, *_continue_impression(content, rest)]


def _title(page: Sheet, content: Content) -> float:
    site = content.template
    top, left = MARGIN_MM - 4.0, MARGIN_MM
    height = 0.0
    if site.logo is not None:
        rows, columns = site.logo.shape[:2]
        height = min(13.0, 45.0 * rows / columns)
        axes = page.axes(left, top, height * columns / rows, height)
        axes.imshow(site.logo, aspect="auto", interpolation="antialiased")
        axes.set_axis_off()
        left += height * columns / rows + 4.0
    for number, line in enumerate(site.heading[:4]):
        size, weight = (9.0, "bold") if number == 0 else (7.0, "normal")
        page.text(left, top, shorten(line, 0.5 * page.inner_mm, size, weight), size, weight=weight)
        top += line_height_mm(size)
    top = max(top, MARGIN_MM - 4.0 + height)
    top = top + 2.0 if site.heading or site.logo is not None else MARGIN_MM - 2.0
    title = site.title or content.phrase("report-title")
    page.text(MARGIN_MM, top, shorten(title, 0.62 * page.inner_mm, 16, "bold"), 16, weight="bold")
    right = page.width_mm - MARGIN_MM
    page.text(right, top + 0.5, content.phrase("report-subtitle"), 9, QUIET, align="right")
    made = " · ".join(text for text in (content.assessment.provenance.get("program", ""), content.created) if text)
    page.text(right, top + 4.6, made, 7, QUIET, align="right")
    page.rule(MARGIN_MM, top + 8.6, page.inner_mm, INK, 1.2)
    return top + 8.6


def _patient(page: Sheet, content: Content, top: float) -> float:
    """Facts in three columns, read downwards; beneath them why the study was made, and how good its images are."""
    facts = {**content.facts, **_measured_facts(content)}
    whose = facts.pop("Name", facts.pop("Pseudonym", ""))
    indication = facts.pop("Indication", "")
    if whose:
        page.text(MARGIN_MM, top, shorten(whose, page.inner_mm, 11, "bold"), 11, weight="bold")
        top += 6.0
    columns, width = 3, page.inner_mm / 3
    rows = math.ceil(len(facts) / columns)
    entries = [
        (content.word(name), wrap(fact_text(text, content.language), width - LABEL_MM - 3.0, TEXT))
        for name, text in facts.items()
    ]
    ends: list[float] = [top]
    for number, first in enumerate(range(0, len(entries), rows or 1)):
        left, y = MARGIN_MM + number * width, top
        for name, lines in entries[first : first + rows]:
            page.text(left, y + 0.2, shorten(name, LABEL_MM - 1.0, 7), 7, QUIET)
            for line in lines[:2]:
                page.text(left + LABEL_MM, y, line, TEXT)
                y += line_height_mm(TEXT)
            y += 0.4 if lines else 0.4 + line_height_mm(TEXT)
        ends.append(y)
    top = max(ends)
    for name, text in ((content.word("Indication"), indication), (content.phrase("quality"), _quality(content))):
        if text:
            page.text(MARGIN_MM, top + 0.2, name, 7, QUIET)
            left = MARGIN_MM + 36.0
            for line in _cut_lines(wrap(text, page.inner_mm - 36.0, TEXT), 3):
                page.text(left, top, line, TEXT)
                top += line_height_mm(TEXT)
            top += 0.4
    return top


def _measured_facts(content: Content) -> dict[str, str]:
    """What the numbers depend on, and what was scanned."""
    patient, heart, language = content.assessment.patient, content.assessment.heart, content.language
    facts = {
        "Sex": content.word({"M": "male", "F": "female"}.get(patient.sex or "", "")),
        "Age": "" if patient.age_years is None else content.phrase("years", years=math.floor(patient.age_years)),
        "Height": "" if patient.height_cm is None else f"{patient.height_cm:.0f} cm",
        "Weight": "" if patient.weight_kg is None else number_text(f"{patient.weight_kg:.1f} kg", language),
    }
    for key, name in (("bsa_m2", "Body surface"), ("heart_rate_bpm", "Heart rate")):
        if key in heart and heart[key].value is not None:
            facts[name] = f"{measure_text(heart[key], language)} {heart[key].unit}"
    stack = content.stack
    facts["Images"] = content.phrase(
        "images-in-stack",
        slices_shown=stack.slices,
        count=stack.phases,
        distance=number_text(f"{stack.spacing_mm[0]:.1f}", language),
    )
    if stack.phases > 1:
        facts["Time step"] = f"{float(np.median(np.diff(stack.times_ms))):.0f} ms"
    return {name: text for name, text in facts.items() if text}


def _quality(content: Content) -> str:
    remarks = [finding for finding in content.assessment.findings if finding.code in QUALITY]
    if not remarks:
        return content.phrase("quality-nothing")
    return " ".join(dict.fromkeys(describe(finding, content.language) for finding in remarks))


def _cut_lines(lines: list[str], most: int) -> list[str]:
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1][:-2].rstrip()} …"]


def _measures(page: Sheet, content: Content, top: float) -> float:
    gap = 6.0
    width = (page.inner_mm - gap) / 2
    right = MARGIN_MM + width + gap
    assessment = content.assessment
    heart = [item for key, item in assessment.heart.items() if key != "heart_rate_bpm"]
    left_end = _measure_table(page, content, (MARGIN_MM, top, width), LEFT, assessment.lv.values())
    right_end = _measure_table(page, content, (right, top, width), RIGHT, assessment.rv.values())
    right_end = _measure_table(page, content, (right, right_end + 2.5, width), HEART, heart)
    for line in _table_notes(content):
        right_end = page.paragraph(right, right_end + 0.9, width, line, 6.5, color=QUIET)
    return max(left_end, right_end)


def _measure_table(
    page: Sheet,
    content: Content,
    place: tuple[float, float, float],
    of: tuple[str, str],
    items: Iterable[Measurement],
) -> float:
    """A table under its title, which makes a prefix needless in the names (``of``: title and prefix)."""
    left, top, width = place
    title, prefix = of
    top = page.heading(left, top, width, content.phrase(title))
    items = list(items)
    ranges = content.phrase("normal-range") if any(item.reference for item in items) else ""
    columns = [Column("", width - 46.0), Column("", 14.0, "right"), Column("", 13.0), Column(ranges, 19.0, "right")]
    rows = []
    for item in items:
        outside = item.is_outside_reference
        style = (ALARM, "bold") if outside else (INK, "normal")
        text = measure_text(item, content.language)
        value = f"{_arrow(item)} {text}" if outside else text
        limits = " – ".join(limits_text(item.reference, content.language)) if item.reference else ""
        name = capitalised(content.word(item.title).removeprefix(prefix))
        rows.append([Cell(name), Cell(value, *style), Cell(item.unit, QUIET), Cell(limits, QUIET)])
    return page.table(left, top, columns, rows, row_mm=3.95)


def _arrow(item: Measurement) -> str:
    below = item.value is not None and item.reference is not None and item.value < item.reference.low
    return "▼" if below else "▲"


def _table_notes(content: Content) -> list[str]:
    """What the tables cannot say in their cells: what arrows mean, whose range it is, why a number is missing."""
    assessment, language = content.assessment, content.language
    items = [*assessment.lv.values(), *assessment.rv.values(), *assessment.heart.values()]
    sources = {
        (content.word(item.reference.group), source_text(item.reference, language)) for item in items if item.reference
    }
    notes = [content.phrase("normal-range-of", group=group, source=source) for group, source in sorted(sources)]
    if any(item.is_outside_reference for item in items):
        notes.insert(0, content.phrase("arrows"))
    reasons: dict[str, list[str]] = {}
    for item in items:
        if item.value is None:
            why = content.phrase("not-known") if item.reason is None else describe(item.reason, language).rstrip(".")
            reasons.setdefault(why, []).append(content.word(item.title))
    notes += [f"– {', '.join(titles)}: {why}." for why, titles in reasons.items()]
    return notes


def _impression(page: Sheet, content: Content, top: float, bottom: float) -> tuple[float, list[str]]:
    """The reader's words; returns where they end and the lines that did not fit."""
    text = content.assessment.reading.impression.strip()
    top = page.heading(MARGIN_MM, top, page.inner_mm, content.phrase("impression"))
    if not text:
        page.text(MARGIN_MM, top, content.phrase("impression-none"), TEXT, QUIET)
        return top + line_height_mm(TEXT), []
    lines = _impression_lines(page, text)
    room = bottom - top - 9.0 - DOUBT_LINES * line_height_mm(TEXT)
    fitting = max(int(room / line_height_mm(TEXT)), 1)
    for line in lines[:fitting]:
        page.text(MARGIN_MM, top, line, TEXT)
        top += line_height_mm(TEXT)
    return top, lines[fitting:]


def _impression_lines(page: Sheet, text: str) -> list[str]:
    return [line for paragraph in text.splitlines() for line in (wrap(paragraph, page.inner_mm, TEXT) or [""])]


def _continue_impression(content: Content, lines: list[str]) -> list[Sheet]:
    pages: list[Sheet] = []
    while lines:
        page = Sheet(content.paper)
        top = page.heading(MARGIN_MM, MARGIN_MM, page.inner_mm, content.phrase("impression-continued"))
        fitting = int((page.height_mm - FOOTER_MM - top) / line_height_mm(TEXT))
        for line in lines[:fitting]:
            page.text(MARGIN_MM, top, line, TEXT)
            top += line_height_mm(TEXT)
        lines = lines[fitting:]
        pages.append(page)
    return pages


def _doubts(page: Sheet, content: Content, top: float, bottom: float) -> None:
    """What the reader has not ticked off, the gravest first; beneath it what the reader changed, in one line."""
    corrected = summarise_corrections(content.corrections, content.language)
    corrections = _cut_lines(wrap(f"{content.phrase('corrections')}: {corrected}.", page.inner_mm, 7), 2)
    bottom -= (len(corrections) * line_height_mm(7) + 1.0) if corrected else 0.0
    top = page.heading(MARGIN_MM, top, page.inner_mm, content.phrase("doubts"))
    doubts = [finding for finding in content.assessment.open_findings if finding.severity is not Severity.INFO]
    if not doubts:
        page.text(MARGIN_MM, top, content.phrase("doubts-none"), TEXT)
        top += line_height_mm(TEXT)
    for number, finding in enumerate(doubts):
        lines = wrap(f"• {describe(finding, content.language)}", page.inner_mm, TEXT)
        left = len(doubts) - number
        more = line_height_mm(TEXT) if left > 1 else 0.0
        if top + len(lines) * line_height_mm(TEXT) + more > bottom:
            page.text(MARGIN_MM, top, content.phrase("doubts-more", count=left), TEXT, QUIET)
            top += line_height_mm(TEXT)
            break
        color = ALARM if finding.severity is Severity.ERROR else INK
        for line in lines:
            page.text(MARGIN_MM, top, line, TEXT, color)
            top += line_height_mm(TEXT)
    if corrected:
        for line in corrections:
            page.text(MARGIN_MM, top + 1.0, line, 7, QUIET)
            top += line_height_mm(7)


def _signature(page: Sheet, content: Content, top: float) -> None:
    reading = content.assessment.reading
    page.rule(MARGIN_MM, top + 1.5, page.inner_mm, INK)
    text = describe_signature(reading.signature, content.language)
    color = ALARM if reading.signature is None else INK
    page.text(MARGIN_MM, top + 3.0, shorten(text, page.inner_mm - 4.0, 9, "bold"), 9, color, weight="bold")
