"""The report as PDF: what a reader signs, and from which every number can be checked."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.export.files import atomic_path
from CardiacSegmentationLib.export.fonts import BASE_FONT, text_width_mm
from CardiacSegmentationLib.export.paper import ALARM, MARGIN_MM, QUIET, SIZES_MM, Sheet, shorten
from CardiacSegmentationLib.export.report_content import Content
from CardiacSegmentationLib.export.report_curve import draw_function
from CardiacSegmentationLib.export.report_evidence import draw_evidence
from CardiacSegmentationLib.export.report_journal import draw_journal
from CardiacSegmentationLib.export.report_numbers import draw_numbers
from CardiacSegmentationLib.export.report_pictures import draw_pictures
from CardiacSegmentationLib.export.report_template import SiteTemplate
from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack

DOTS_PER_INCH = 200  # of the images; everything else is drawn as lines


def write_report(
    stack: CineStack, segmentation: Segmentation, assessment: Assessment, path: Path, **details: Any
) -> None:
    """Write the report; ``details`` are those of :func:`make_report`."""
    content = make_report(stack, segmentation, assessment, **details)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def make_report(
    stack: CineStack,
    segmentation: Segmentation,
    assessment: Assessment,
    *,
    facts: Mapping[str, str] | None = None,
    paper: str = "A4",
    created: str = "",
    language: str = DEFAULT_LANGUAGE,
    template: SiteTemplate | None = None,
) -> bytes:
    """The report as PDF. ``facts`` are what the source says about patient and study, printed in their order.

    The same values give the same bytes: a date stands in it only where ``created`` gives one.
    """
    if paper not in SIZES_MM:
        raise ExportError.of("no-such-paper", paper=paper, known=tuple(SIZES_MM))
    import matplotlib as mpl
    from matplotlib.backends.backend_pdf import PdfPages

    content = Content(
        stack, segmentation, assessment, facts or {}, paper, created, language, template or SiteTemplate()
    )
    facts_of_file = {"Title": content.phrase("report-title"), "Creator": "CardiacSegmentation", "CreationDate": None}
    pdf = BytesIO()
    with (
        mpl.rc_context({"pdf.fonttype": 42, "font.family": BASE_FONT}),  # 42: text that can be searched and copied
        PdfPages(pdf, metadata=facts_of_file) as document,
    ):
        for page in make_pages(content):
            page.figure.savefig(document, format="pdf", dpi=DOTS_PER_INCH)
    return pdf.getvalue()


def make_pages(content: Content) -> list[Sheet]:
    """The pages in their order: numbers and impression, curve and wall, contours, evidence, journal."""
    pages = [
        *draw_numbers(content),
        draw_function(content),
        draw_pictures(content),
        *draw_evidence(content),
        *draw_journal(content),
    ]
    for number, page in enumerate(pages, 1):
        _footer(page, content, number, len(pages))
    return pages


def _footer(page: Sheet, content: Content, number: int, pages: int) -> None:
    top = page.height_mm - 9.5
    page.rule(MARGIN_MM, top - 1.2, page.inner_mm)
    page.text(MARGIN_MM, top, content.phrase("disclaimer"), 7, ALARM, weight="bold")
    right = page.width_mm - MARGIN_MM
    page.text(right, top, f"{number} / {pages}", 7, QUIET, align="right")
    room = page.inner_mm - 18.0 - text_width_mm(content.phrase("disclaimer"), 7, "bold")
    page.text(right - 10.0, top, shorten(_whose(content.facts), room, 7), 7, QUIET, align="right")


def _whose(facts: Mapping[str, str]) -> str:
    return " · ".join(facts[name] for name in ("Name", "Patient ID", "Pseudonym") if name in facts)
