"""The second page: every slice at end-diastole and end-systole with its contours."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from CardiacSegmentationLib.export.montage import best_columns, draw_montage
from CardiacSegmentationLib.export.paper import (
    MARGIN_MM,
    QUIET,
    Sheet,
)
from CardiacSegmentationLib.export.report_content import FOOTER_MM
from CardiacSegmentationLib.structures import BY_LABEL

if TYPE_CHECKING:
    from CardiacSegmentationLib.export.report_content import Content


def draw_pictures(content: Content) -> Sheet:
    """Draw both montages."""
    page = Sheet(content.paper)
    top = page.heading(MARGIN_MM, MARGIN_MM, page.inner_mm, content.phrase("contours"))
    top = _legend(page, content, top)
    moments = _moments(content)
    height = (page.height_mm - FOOTER_MM - top) / max(len(moments), 1) - 8.0
    for title, phase in moments:
        page.text(MARGIN_MM, top + 1.0, title, 8.5, weight="bold")
        columns = best_columns(content.stack.slices, page.inner_mm, height)
        rows = math.ceil(content.stack.slices / columns)
        tile = min(page.inner_mm / columns, height / rows)
        axes = page.axes(MARGIN_MM, top + 6.0, tile * columns, tile * rows)
        draw_montage(axes, content, phase, columns, tile)
        top += 8.0 + tile * rows
    if not moments:
        page.text(MARGIN_MM, top, content.phrase("contours-none"), 8.5)
    return page


def _legend(page: Sheet, content: Content, top: float) -> float:
    left = MARGIN_MM
    for structure in BY_LABEL.values():
        color = "#{:02x}{:02x}{:02x}".format(*structure.color_rgb)
        page.rule(left, top + 1.7, 5.0, color, 1.6)
        page.text(left + 6.5, top, content.word(structure.name), 7.5)
        left += 34.0
    page.text(page.width_mm - MARGIN_MM, top, content.phrase("contours-dashed"), 7.5, QUIET, align="right")
    return top + 4.5


def _moments(content: Content) -> list[tuple[str, int]]:
    """ED and ES of each ventricle as titles and phases; a phase that is both ventricles' is shown once."""
    phases = content.assessment.key_phases
    whose: dict[tuple[str, int], list[str]] = {}
    for ventricle, moment, phase in (
        ("LV", "moment-ed", phases.lv_ed),
        ("LV", "moment-es", phases.lv_es),
        ("RV", "moment-ed", phases.rv_ed),
        ("RV", "moment-es", phases.rv_es),
    ):
        if phase is not None:
            whose.setdefault((moment, phase), []).append(ventricle)
    return [
        (
            content.phrase(
                "moment",
                moment=content.phrase(moment),
                structure=content.phrase("and").join(ventricles),
                phase=phase,
                time=f"{content.assessment.times_ms[phase]:.0f}",
            ),
            phase,
        )
        for (moment, phase), ventricles in whose.items()
    ]
