"""The third page: what the numbers rest on, so that another reader can check them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.export.bullseye import draw_bullseye
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
from CardiacSegmentationLib.export.tables import MM3_PER_ML
from CardiacSegmentationLib.export.wording import describe_conventions
from CardiacSegmentationLib.findings import Severity
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.findings import Finding

THICKNESS_MM, THICKENING_PERCENT = (0.0, 16.0), (0.0, 100.0)  # from the lightest to the darkest colour
SEVERITY_TEXT = {Severity.ERROR: "Error", Severity.WARNING: "Warning", Severity.INFO: "Note"}


def draw_evidence(content: Content) -> Sheet:
    """Draw wall segments, slices, conventions and findings."""
    page = Sheet(content.paper)
    top = _bullseyes(page, content.assessment, MARGIN_MM)
    top = _slices(page, content.assessment, top)
    top = _origin(page, content, top + 4.0)
    _findings(page, content.assessment.open_findings, top + 4.0)
    return page


def _bullseyes(page: Sheet, assessment: Assessment, top: float) -> float:
    top = page.heading(MARGIN_MM, top, page.inner_mm, "Wall of the left ventricle, AHA segments")
    thickness_ed = {segment.number: segment.thickness_ed_mm for segment in assessment.segments}
    thickness_es = {segment.number: segment.thickness_es_mm for segment in assessment.segments}
    thickening = {segment.number: segment.thickening_percent for segment in assessment.segments}
    if not any(value is not None for value in (*thickness_ed.values(), *thickness_es.values())):
        page.text(MARGIN_MM, top, "No wall thickness could be measured.", 8)
        return top + 6.0
    width = page.inner_mm / 3
    size = 44.0
    plots: Sequence[tuple[str, Mapping[int, float | None], tuple[float, float], int, str]] = (
        ("Thickness at end-diastole (mm)", thickness_ed, THICKNESS_MM, 1, "Blues"),
        ("Thickness at end-systole (mm)", thickness_es, THICKNESS_MM, 1, "Blues"),
        ("Thickening (%)", thickening, THICKENING_PERCENT, 0, "Greens"),
    )
    for index, (title, values, limits, decimals, colors) in enumerate(plots):
        middle = MARGIN_MM + (index + 0.5) * width
        page.text(middle, top, title, 7.5, align="center")
        draw_bullseye(page.axes(middle - size / 2, top + 7.5, size, size), values, limits, decimals, colors)
        walls = (
            ()
            if index
            else (
                (middle, top + 4.2, "anterior", "center"),
                (middle, top + 8.0 + size, "inferior", "center"),
                (middle - size / 2 - 1.0, top + 6.5 + size / 2, "septal", "right"),
                (middle + size / 2 + 1.0, top + 6.5 + size / 2, "lateral", "left"),
            )
        )
        for x, y, text, align in walls:
            page.text(x, y, text, 6, QUIET, align=align)
    return top + size + 13.0


def _slices(page: Sheet, assessment: Assessment, top: float) -> float:
    """Areas at ED and ES of each ventricle: with the slice spacing they give every volume of the first page."""
    top = page.heading(MARGIN_MM, top, page.inner_mm, "Slices included")
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
        ends = {0: " (base)", slices - 1: " (apex)"} if slices > 1 else {}
        row = [Cell(f"{slice_ + 1}{ends.get(slice_, '')}")]
        for label, _, phase in present:
            area = assessment.areas_mm2[label - 1, phase, slice_]
            counts = assessment.counted[label - 1, phase, slice_]
            row.append(
                Cell("–" if not area > 0 else f"{area:.0f}" if counts else f"({area:.0f})", INK if counts else QUIET)
            )
        rows.append(row)
    total = [Cell("Volume (ml)", INK, "bold")]
    total += [Cell(_volume_text(assessment.volumes_ml[label - 1, phase]), INK, "bold") for label, _, phase in present]
    row_mm = 3.9 if slices <= 14 else 3.9 * 14 / slices
    top = page.table(MARGIN_MM, top, columns, [*rows, total], size=7.0 if slices <= 14 else 5.5, row_mm=row_mm)
    text = (
        f"Volume = sum of areas × {assessment.slice_spacing_mm:.2f} mm (distance between slices) / {MM3_PER_ML:.0f}. "
        "Areas in brackets are not counted. Mass = myocardial volume × 1.05 g/ml."
    )
    return page.paragraph(MARGIN_MM, top + 1.0, page.inner_mm, text, 6.5, color=QUIET)


def _volume_text(volume: float) -> str:
    return f"{volume:.1f}" if np.isfinite(volume) else "–"


def _origin(page: Sheet, content: Content, top: float) -> float:
    """Conventions and provenance: what another reader needs to get the same numbers."""
    top = page.heading(MARGIN_MM, top, page.inner_mm, "How the numbers came about")
    provenance, reading = content.assessment.provenance, content.assessment.reading
    sentences = describe_conventions(content.assessment.conventions)
    corrections = list_corrections(content.corrections, content.segmentation)
    lines = {
        "Papillary muscles": sentences["papillary"],
        "Basal rule": sentences["basal_rule"],
        "Body surface": sentences["bsa_formula"],
        "Labels": f"{provenance.get('labels', 'not known')}.",
        "Corrections": "; ".join(corrections) + "." if corrections else "None.",
        "Program": f"{provenance.get('program', 'not known')}; images: {provenance.get('images', 'not known')}.",
        "Reader": reading.reader,
    }
    for name, text in lines.items():
        if text:
            page.text(MARGIN_MM, top, name, 7, QUIET)
            top = page.paragraph(MARGIN_MM + 27.0, top, page.inner_mm - 27.0, text, 7) + 0.4
    return top


def _findings(page: Sheet, findings: Sequence[Finding], top: float) -> None:
    """The worst first; what does not fit is counted and named as left to the files."""
    top = page.heading(MARGIN_MM, top, page.inner_mm, "Findings")
    if not findings:
        page.text(MARGIN_MM, top, "None.", 7.5)
        return
    worst_first = sorted(findings, key=lambda finding: list(SEVERITY_TEXT).index(finding.severity))
    bottom = page.height_mm - FOOTER_MM
    for number, finding in enumerate(worst_first):
        text = f"{finding.message.rstrip('.')}{_place(finding)}."
        height = len(wrap(text, page.inner_mm - 18.0, 7)) * line_height_mm(7) + 0.5
        left = len(findings) - number
        if top + height + (line_height_mm(7) if left > 1 else 0.0) > bottom:
            page.text(MARGIN_MM, top, f"… and {left} more: see measurements.json.", 7, QUIET)
            return
        color, weight = (ALARM, "bold") if finding.severity is Severity.ERROR else (INK, "normal")
        page.text(MARGIN_MM, top, SEVERITY_TEXT[finding.severity], 7, color, weight=weight)
        top = page.paragraph(MARGIN_MM + 18.0, top, page.inner_mm - 18.0, text, 7) + 0.5


def _place(finding: Finding) -> str:
    parts = [
        f"{name} {index + 1}"
        for name, index in (("slice", finding.slice), ("phase", finding.phase))
        if index is not None and f"{name} {index + 1}" not in finding.message.lower()
    ]
    return f" ({', '.join(parts)})" if parts else ""
