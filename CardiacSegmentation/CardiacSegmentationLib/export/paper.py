"""A sheet of paper measured in millimetres from its top left corner: text that wraps, tables, drawings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from CardiacSegmentationLib.export.fonts import MM_PER_POINT, choose_font, make_printable, text_width_mm

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZES_MM = {"A4": (210.0, 297.0), "Letter": (215.9, 279.4)}
MARGIN_MM = 14.0
MM_PER_INCH = 25.4

INK, QUIET, RULE, ALARM, BAND = "#1a1a1a", "#666666", "#c8c8c8", "#b00020", "#f3f5f7"


@dataclass(frozen=True)
class Cell:
    """One entry of a table."""

    text: str
    color: str = INK
    weight: str = "normal"


@dataclass(frozen=True)
class Column:
    """One column of a table: heading, width, and to which side it is set."""

    heading: str
    width_mm: float
    align: str = "left"


class Sheet:
    """One page; every position is in mm from the top left corner, every text gives its top edge."""

    def __init__(self, paper: str) -> None:
        from matplotlib.figure import Figure

        self.width_mm, self.height_mm = SIZES_MM[paper]
        self.figure: Figure = Figure(figsize=(self.width_mm / MM_PER_INCH, self.height_mm / MM_PER_INCH))

    @property
    def inner_mm(self) -> float:
        """Width between the margins."""
        return self.width_mm - 2 * MARGIN_MM

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """A drawing area."""
        bottom = self.height_mm - top - height
        box = left / self.width_mm, bottom / self.height_mm, width / self.width_mm, height / self.height_mm
        return self.figure.add_axes(box)

    def text(
        self,
        left: float,
        top: float,
        text: str,
        size: float = 8.0,
        color: str = INK,
        *,
        weight: str = "normal",
        align: str = "left",
        struck: bool = False,
    ) -> None:
        """One line of text; ``left`` is its right edge or its middle where ``align`` says so."""
        printable = make_printable(text)
        if struck and align == "left":
            self.rule(left, top + size * MM_PER_POINT * 0.72, text_width_mm(printable, size, weight), color, 0.5)
        if not printable:
            return
        self.figure.text(
            left / self.width_mm,
            1.0 - (top + size * MM_PER_POINT) / self.height_mm,
            printable,
            fontproperties=choose_font(printable, size, weight),
            color=color,
            ha=align,
            va="baseline",
            parse_math=False,
        )

    def paragraph(
        self, left: float, top: float, width: float, text: str, size: float = 8.0, *, color: str = INK
    ) -> float:
        """Text wrapped to ``width``; returns where the next text may start."""
        for line in wrap(text, width, size):
            self.text(left, top, line, size, color)
            top += line_height_mm(size)
        return top

    def rule(self, left: float, top: float, width: float, color: str = RULE, points: float = 0.6) -> None:
        """A horizontal line."""
        from matplotlib.lines import Line2D

        across = [left / self.width_mm, (left + width) / self.width_mm]
        height = 1.0 - top / self.height_mm
        self.figure.add_artist(Line2D(across, [height, height], color=color, linewidth=points))

    def band(self, left: float, top: float, width: float, height: float) -> None:
        """A filled rectangle behind what is written on it."""
        from matplotlib.patches import Rectangle

        corner = left / self.width_mm, 1.0 - (top + height) / self.height_mm
        size = width / self.width_mm, height / self.height_mm
        self.figure.add_artist(Rectangle(corner, *size, facecolor=BAND, edgecolor="none", zorder=-1))

    def heading(self, left: float, top: float, width: float, text: str) -> float:
        """A section's title with a line under it; returns where its content starts."""
        self.text(left, top, text, 9.5, weight="bold")
        self.rule(left, top + 5.0, width, INK)
        return top + 6.2

    def table(
        self,
        left: float,
        top: float,
        columns: Sequence[Column],
        rows: Iterable[Sequence[Cell]],
        *,
        size: float = 7.5,
        row_mm: float = 4.2,
    ) -> float:
        """Rows with quiet bands; the first column wraps, the others are short. Returns where the table ends."""
        width = sum(column.width_mm for column in columns)
        headings = [Cell(column.heading, QUIET) for column in columns]
        if any(column.heading for column in columns):
            self._row(left, top, columns, headings, size=size - 0.5)
            top += row_mm
        for number, row in enumerate(rows):
            lines = wrap(row[0].text, columns[0].width_mm - 2.0, size)
            height = row_mm + (len(lines) - 1) * line_height_mm(size)
            if number % 2 == 0:
                self.band(left, top, width, height)
            offset = (row_mm - size * MM_PER_POINT * 1.25) / 2
            for line_number, line in enumerate(lines):
                y = top + offset + line_number * line_height_mm(size)
                self.text(left + 1.0, y, line, size, row[0].color, weight=row[0].weight)
            self._row(left, top + offset, columns, [Cell(""), *row[1:]], size=size)
            top += height
        return top

    def _row(self, left: float, top: float, columns: Sequence[Column], cells: Sequence[Cell], *, size: float) -> None:
        for column, cell in zip(columns, cells, strict=True):
            anchor = {"left": left + 1.0, "right": left + column.width_mm - 1.0, "center": left + column.width_mm / 2}
            if cell.text:
                where = anchor[column.align]
                self.text(where, top, cell.text, size, cell.color, weight=cell.weight, align=column.align)
            left += column.width_mm


def line_height_mm(size: float) -> float:
    """From one line to the next."""
    return size * MM_PER_POINT * 1.35


def wrap(text: str, width_mm: float, size: float) -> list[str]:
    """Lines no wider than ``width_mm``; a word that is too long by itself is cut."""
    lines: list[str] = []
    line = ""
    for word in make_printable(text).split():
        longer = f"{line} {word}".strip()
        if text_width_mm(longer, size) <= width_mm:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _cut(word, width_mm, size)
        lines += full
    return [*lines, line] if line or not lines else lines


def shorten(text: str, width_mm: float, size: float, weight: str = "normal") -> str:
    """The text, with its end left out where it would be wider than ``width_mm``."""
    if text_width_mm(make_printable(text), size, weight) <= width_mm:
        return text
    while text and text_width_mm(make_printable(text) + "…", size, weight) > width_mm:
        text = text[:-1]
    return text.rstrip() + "…"


def _cut(word: str, width_mm: float, size: float) -> list[str]:
    pieces, piece = [], ""
    for character in word:
        if piece and text_width_mm(piece + character, size) > width_mm:
            pieces.append(piece)
            piece = ""
        piece += character
    return [*pieces, piece]
