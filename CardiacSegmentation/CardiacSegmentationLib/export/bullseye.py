"""The 17 segments of the left ventricle as the American Heart Association draws them (Cerqueira 2002)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.export.paper import MARGIN_MM, QUIET, Sheet
from CardiacSegmentationLib.export.wording import number_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from CardiacSegmentationLib.export.report_content import Content

THICKNESS_MM, THICKENING_PERCENT = (0.0, 16.0), (0.0, 100.0)  # from the lightest to the darkest colour
SIZE_MM = 44.0


@dataclass(frozen=True)
class Wedge:
    """Where a segment lies: angles in degrees counterclockwise from the patient's left, radii of a disc of radius 1."""

    start: float
    end: float
    inner: float
    outer: float


def _ring(first_number: int, count: int, start: float, inner: float, outer: float) -> dict[int, Wedge]:
    step = 360.0 / count
    return {
        first_number + index: Wedge(start + index * step, start + (index + 1) * step, inner, outer)
        for index in range(count)
    }


# Segment 1 is anterior, at the top; numbers run counterclockwise, so that the septum is on the left.
WEDGES = {
    **_ring(1, 6, 60.0, 0.75, 1.0),
    **_ring(7, 6, 60.0, 0.5, 0.75),
    **_ring(13, 4, 45.0, 0.25, 0.5),
    17: Wedge(0.0, 360.0, 0.0, 0.25),
}


@dataclass(frozen=True)
class Plot:
    """One disc: the number of each segment, how it is written, and its colours."""

    title: str
    values: Mapping[int, float | None]
    limits: tuple[float, float]
    decimals: int
    colors: str


def draw_bullseyes(page: Sheet, content: Content, top: float) -> float:
    """Draw thickness at ED and ES, and thickening; returns where the section ends."""
    segments = content.assessment.segments
    top = page.heading(MARGIN_MM, top, page.inner_mm, content.phrase("wall-title"))
    if not any(segment.thickness_ed_mm or segment.thickness_es_mm for segment in segments):
        page.text(MARGIN_MM, top, content.phrase("wall-none"), 8)
        return top + 6.0
    plots: Sequence[Plot] = (
        Plot("wall-ed", {item.number: item.thickness_ed_mm for item in segments}, THICKNESS_MM, 1, "Blues"),
        Plot("wall-es", {item.number: item.thickness_es_mm for item in segments}, THICKNESS_MM, 1, "Blues"),
        Plot(
            "wall-thickening", {item.number: item.thickening_percent for item in segments}, THICKENING_PERCENT, 0,
            "Greens",
        ),
    )  # fmt: skip
    width = page.inner_mm / len(plots)
    for index, plot in enumerate(plots):
        middle = MARGIN_MM + (index + 0.5) * width
        page.text(middle, top, content.phrase(plot.title), 7.5, align="center")
        draw_bullseye(page.axes(middle - SIZE_MM / 2, top + 7.5, SIZE_MM, SIZE_MM), plot, content.language)
    _name_walls(page, content, MARGIN_MM + 0.5 * width, top)
    return top + SIZE_MM + 13.0


def _name_walls(page: Sheet, content: Content, middle: float, top: float) -> None:
    for x, y, wall, align in (
        (middle, top + 4.2, "anterior", "center"),
        (middle, top + 8.0 + SIZE_MM, "inferior", "center"),
        (middle - SIZE_MM / 2 - 1.0, top + 6.5 + SIZE_MM / 2, "septal", "right"),
        (middle + SIZE_MM / 2 + 1.0, top + 6.5 + SIZE_MM / 2, "lateral", "left"),
    ):
        page.text(x, y, content.phrase(wall), 6, QUIET, align=align)


def draw_bullseye(axes: Axes, plot: Plot, language: str) -> None:
    """Draw one value per segment, as a number on its colour; a segment without one is hatched."""
    from matplotlib import colormaps
    from matplotlib.patches import Wedge as Patch

    axes.set(xlim=(-1.02, 1.02), ylim=(-1.02, 1.02), aspect="equal")
    axes.set_axis_off()
    low, high = plot.limits
    for number, wedge in WEDGES.items():
        value = plot.values.get(number)
        position = 0.0 if value is None else float(np.clip((value - low) / (high - low), 0.0, 1.0))
        face = "white" if value is None else colormaps[plot.colors](0.08 + 0.84 * position)
        axes.add_patch(
            Patch(
                (0, 0),
                wedge.outer,
                wedge.start,
                wedge.end,
                width=wedge.outer - wedge.inner,
                facecolor=face,
                edgecolor="white" if value is not None else "#bbbbbb",
                hatch="////" if value is None else None,
                linewidth=0.8,
            )
        )
        if value is None:
            continue
        middle, radius = np.deg2rad((wedge.start + wedge.end) / 2), (wedge.inner + wedge.outer) / 2
        x, y = (0.0, 0.0) if number == 17 else (radius * np.cos(middle), radius * np.sin(middle))
        dark = np.dot(face[:3], [0.299, 0.587, 0.114]) < 0.55
        text = number_text(f"{round(value, plot.decimals) + 0.0:.{plot.decimals}f}", language)
        axes.text(x, y, text, color="white" if dark else "#1a1a1a", fontsize=6.5, ha="center", va="center")
