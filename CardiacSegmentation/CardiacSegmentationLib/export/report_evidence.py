"""The page of what the numbers rest on, so that another reader can check them: slices, conventions, findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.export.corrections import list_corrections
from CardiacSegmentationLib.export.paper import (
    ALARM,
    INK,
    MARGIN_MM,
    QUIET,
    Cell,
    Column,
    Sheet,
    line_height_mm,
    wrap,
)
from CardiacSegmentationLib.export.report_content import FOOTER_MM, Content
from CardiacSegmentationLib.export.report_curve import describe_plateau
from CardiacSegmentationLib.export.wording import describe_conventions, describe_signature, number_text
from CardiacSegmentationLib.findings import Severity, describe
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from CardiacSegmentationLib.findings import Finding

SIZE = 7.0
NAME_MM = 27.0


def draw_evidence(content: Content) -> list[Sheet]:
    """Draw slices, conventions, corrections and findings; on a second page where one is not enough."""
    page = Sheet(content.paper)
    top = _slices(page, content, MARGIN_MM)
    top = _origin(page, content, top + 4.0)
    pages = [page]
    if page.height_mm - FOOTER_MM - top < 30.0:
        pages.append(Sheet(content.paper))
        top = MARGIN_MM - 4.0
    _findings(pages[-1], content, top + 4.0)
    return pages


def _slices(page: Sheet, content: Content, top: float) -> float:
    """Areas at ED and ES of each ventricle: with the slice spacing they give every volume of the first page."""
    assessment = content.assessment
    top = page.heading(MARGIN_MM, top, page.inner_mm, content.phrase("slices-title"))
    phases = assessment.key_phases
    shown = [
        (Label.LV, "ED", phases.lv_ed),
        (Label.LV, "ES", phases.lv_es),
        (Label.MYO, "ED", phases.lv_ed),
        (Label.MYO, "ES", phases.lv_es),
        (Label.RV, "ED", phases.rv_ed),
        (Label.RV, "ES", phases.rv_es),
    ]
    present = [(label, moment, phase) for label, moment, phase in shown if phase is not None]
    slices = assessment.areas_mm2.shape[2]
    width = (page.inner_mm - 24.0) / max(len(present), 3)
    columns = [
        Column("", 24.0),
        *(Column(f"{label.name} {moment} (mm²)", width, "right") for label, moment, _ in present),
    ]
    rows = []
    for slice_ in range(slices):
        ends = {0: "base", slices - 1: "apex"} if slices > 1 else {}
        end = f" ({content.phrase(ends[slice_])})" if slice_ in ends else ""
        row = [Cell(f"{slice_ + 1}{end}")]
        for label, _, phase in present:
            area = assessment.areas_mm2[label - 1, phase, slice_]
            share = assessment.shares[label - 1, phase, slice_]
            text = "–" if not area > 0 else f"{area:.0f}" if share == 1 else f"({area:.0f})"
            if area > 0 and 0 < share < 1:  # a base plane cuts the slice
                text = f"{100 * share:.0f} % × {area:.0f}"
            row.append(Cell(text, INK if share > 0 else QUIET))
        rows.append(row)
    total = [Cell(content.phrase("slices-volume"), INK, "bold")]
    for label, _, phase in present:
        volume = assessment.volumes_ml[label - 1, phase]
        text = number_text(f"{volume:.1f}", content.language) if np.isfinite(volume) else "–"
        total.append(Cell(text, INK, "bold"))
    row_mm = 3.9 if slices <= 14 else 3.9 * 14 / slices
    top = page.table(MARGIN_MM, top, columns, [*rows, total], size=7.0 if slices <= 14 else 5.5, row_mm=row_mm)
    distance = number_text(f"{assessment.slice_spacing_mm:.2f}", content.language)
    note = content.phrase("slices-note", distance=distance)
    return page.paragraph(MARGIN_MM, top + 1.0, page.inner_mm, note, 6.5, color=QUIET)


def _origin(page: Sheet, content: Content, top: float) -> float:
    """Conventions, corrections and provenance: what another reader needs to get the same numbers."""
    top = page.heading(MARGIN_MM, top, page.inner_mm, content.phrase("origin-title"))
    reading, provenance = content.assessment.reading, content.assessment.provenance
    sentences = describe_conventions(content.assessment.conventions, content.language)
    corrections = list_corrections(content.corrections, content.segmentation, content.language)
    lines = [
        ("origin-key-phases", content.phrase("key-phase-rule")),
        *(("", line) for line in describe_plateau(content.assessment, content.language)),
        ("origin-papillary", f"{sentences['papillary']} {content.phrase('papillary-rv')}"),
        ("origin-basal", sentences["basal_rule"]),
        ("origin-bsa", sentences["bsa_formula"]),
        ("origin-labels", f"{content.segmentation.model or content.phrase('origin-labels-elsewhere')}."),
        ("corrections", f"{corrections[0]}." if corrections else content.phrase("corrections-none")),
        *(("", f"{line}.") for line in corrections[1:]),
        ("origin-program", f"{provenance.get('program', '')}."),
        ("reader", describe_signature(reading.signature, content.language) if reading.reader else ""),
    ]
    for name, text in lines:
        if text:
            if name:
                page.text(MARGIN_MM, top, content.phrase(name), SIZE, QUIET)
            top = page.paragraph(MARGIN_MM + NAME_MM, top, page.inner_mm - NAME_MM, text, SIZE) + 0.4
    return top


def _findings(page: Sheet, content: Content, top: float) -> None:
    """In the order of what they can do to the EF; what does not fit is counted and left to the files."""
    assessment = content.assessment
    top = page.heading(MARGIN_MM, top, page.inner_mm, content.phrase("findings"))
    ticked = len(assessment.findings) - len(assessment.open_findings)
    bottom = page.height_mm - FOOTER_MM - (line_height_mm(SIZE) if ticked else 0.0)
    if not assessment.findings:
        page.text(MARGIN_MM, top, content.phrase("findings-none"), 7.5)
        return
    for number, finding in enumerate(assessment.open_findings):
        text = f"{describe(finding, content.language).rstrip('.')}{_place(content, finding)}."
        height = len(wrap(text, page.inner_mm - 18.0, SIZE)) * line_height_mm(SIZE) + 0.5
        left = len(assessment.open_findings) - number
        if top + height + (line_height_mm(SIZE) if left > 1 else 0.0) > bottom:
            page.text(MARGIN_MM, top, content.phrase("findings-more", count=left), SIZE, QUIET)
            top += line_height_mm(SIZE)
            break
        color, weight = (ALARM, "bold") if finding.severity is Severity.ERROR else (INK, "normal")
        page.text(MARGIN_MM, top, content.phrase(f"severity-{finding.severity.value}"), SIZE, color, weight=weight)
        top = page.paragraph(MARGIN_MM + 18.0, top, page.inner_mm - 18.0, text, SIZE) + 0.5
    if ticked:
        page.text(MARGIN_MM, top, content.phrase("findings-ticked", count=ticked), SIZE, QUIET)


def _place(content: Content, finding: Finding) -> str:
    """Slice and phase where the sentence does not name them."""
    said = describe(finding, content.language).lower()
    places = [
        content.phrase(f"place-{name}", **{name: index})
        for name, index in (("slice", finding.slice), ("phase", finding.phase))
        if index is not None
    ]
    unsaid = [place for place in places if place.lower() not in said]
    return f" ({', '.join(unsaid)})" if unsaid else ""
