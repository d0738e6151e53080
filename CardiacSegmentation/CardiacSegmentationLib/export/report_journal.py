"""The last pages: the journal of the reader's work, as the audit trail."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from CardiacSegmentationLib.export.paper import INK, MARGIN_MM, QUIET, RULE, Sheet, line_height_mm, wrap
from CardiacSegmentationLib.export.report_content import FOOTER_MM, Content
from CardiacSegmentationLib.export.wording import phrase
from CardiacSegmentationLib.journal import describe_entry, value_change

if TYPE_CHECKING:
    from CardiacSegmentationLib.journal import JournalEntry

SIZE = 7.0
NUMBER_MM, WHEN_MM, WHAT_MM = 9.0, 31.0, 62.0  # widths of the columns; the rest is for before and after
GAP_MM = 0.8


def draw_journal(content: Content) -> list[Sheet]:
    """Every entry in its order, on as many pages as it takes; no page where there is none."""
    pages: list[Sheet] = []
    top = float("inf")
    for number, entry in enumerate(content.assessment.reading.journal, 1):
        row = _Row(content, number, entry)
        if not pages or top + row.height_mm(pages[-1]) > pages[-1].height_mm - FOOTER_MM:
            pages.append(Sheet(content.paper))
            top = _heading(pages[-1], content, len(pages))
        top = row.draw(pages[-1], top)
    return pages


def _heading(page: Sheet, content: Content, number: int) -> float:
    title = phrase("journal-title" if number == 1 else "journal-title-continued", content.language)
    top = page.heading(MARGIN_MM, MARGIN_MM, page.inner_mm, title)
    if number > 1:
        return top
    return (
        page.paragraph(MARGIN_MM, top, page.inner_mm, phrase("journal-note", content.language), SIZE, color=QUIET) + 1.5
    )


class _Row:
    """One entry: its number, when, what, and the value before and after; struck through where it was taken back."""

    def __init__(self, content: Content, number: int, entry: JournalEntry) -> None:
        what = describe_entry(entry, asdict(content.assessment.key_phases), content.language)
        self._undone = entry.undone
        self._number, self._when = str(number), entry.when.replace("T", " ").rstrip("Z")
        self._what = what[:1].upper() + what[1:]
        undone = phrase("undone", content.language) if entry.undone else ""
        self._change = " · ".join(text for text in (value_change(entry), undone) if text)

    def _lines(self, page: Sheet) -> tuple[list[str], list[str]]:
        rest = page.inner_mm - NUMBER_MM - WHEN_MM - WHAT_MM
        return wrap(self._what, WHAT_MM - 3.0, SIZE), wrap(self._change, rest, SIZE)

    def height_mm(self, page: Sheet) -> float:
        """How much room it takes."""
        return max(map(len, (*self._lines(page), "1"))) * line_height_mm(SIZE) + GAP_MM

    def draw(self, page: Sheet, top: float) -> float:
        """Draw it; returns where the next may start."""
        color = QUIET if self._undone else INK
        page.text(MARGIN_MM, top, self._number, SIZE, QUIET)
        page.text(MARGIN_MM + NUMBER_MM, top, self._when, SIZE, QUIET)
        what, change = self._lines(page)
        left = MARGIN_MM + NUMBER_MM + WHEN_MM
        for number, line in enumerate(what):
            page.text(left, top + number * line_height_mm(SIZE), line, SIZE, color, struck=self._undone)
        for number, line in enumerate(change):
            page.text(left + WHAT_MM, top + number * line_height_mm(SIZE), line, SIZE, color)
        bottom = top + self.height_mm(page)
        page.rule(MARGIN_MM, bottom - GAP_MM * 0.6, page.inner_mm, RULE, 0.3)
        return bottom
