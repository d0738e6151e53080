"""Volume over the heart cycle: the curve, and the numbers it is drawn from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.export.paper import (
    INK,
    MARGIN_MM,
    QUIET,
    Cell,
    Column,
    Sheet,
)
from CardiacSegmentationLib.export.report_content import FOOTER_MM
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.structures import BY_LABEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from CardiacSegmentationLib.assessment import Assessment

PHASES_PER_ROW = 25


def draw_curve(page: Sheet, assessment: Assessment, top: float) -> None:
    """Draw the section below ``top``, down to the end of the page."""
    top = page.heading(MARGIN_MM, top, page.inner_mm, "Volume over the heart cycle")
    if np.isfinite(assessment.volumes_ml).any(axis=0).sum() < 2:
        page.text(MARGIN_MM, top, "Fewer than two phases are labelled: there is no curve.", 8)
        return
    blocks = math.ceil(len(assessment.times_ms) / PHASES_PER_ROW)
    table = blocks * (5 * 3.4 + 1.5)
    room = page.height_mm - FOOTER_MM - top - table - 3.0
    height = min(room, 80.0)
    axes = page.axes(MARGIN_MM + 14.0, top + 5.0, page.inner_mm - 15.0, height - 13.0)
    _plot_volumes(axes, assessment)
    top += height + 2.0
    per_block = math.ceil(len(assessment.times_ms) / blocks)
    for first in range(0, len(assessment.times_ms), per_block):
        top = _phase_table(page, assessment, range(first, min(first + per_block, len(assessment.times_ms))), top) + 1.5


def _plot_volumes(axes: Axes, assessment: Assessment) -> None:
    times = np.asarray(assessment.times_ms)
    for label in (Label.LV, Label.RV, Label.MYO):
        structure, volumes = BY_LABEL[label], assessment.volumes_ml[label - 1]
        known = np.isfinite(volumes)
        style = {"linewidth": 1.0, "linestyle": "--"} if label is Label.MYO else {"linewidth": 1.6}
        color = tuple(channel / 255 for channel in structure.color_rgb)
        axes.plot(times[known], volumes[known], marker="o", color=color, markersize=2.4, label=structure.name, **style)
    phases = assessment.key_phases
    marks = {"LV ED": phases.lv_ed, "LV ES": phases.lv_es, "RV ED": phases.rv_ed, "RV ES": phases.rv_es}
    for phase in sorted({phase for phase in marks.values() if phase is not None}):
        names = [name for name, marked in marks.items() if marked == phase]
        axes.axvline(times[phase], color="#999999", linewidth=0.7, linestyle=":")
        text = f"{names[0][-2:]}" if len(names) == 2 else ", ".join(names)
        is_last = times[phase] > times[0] + 0.9 * (times[-1] - times[0])
        axes.annotate(
            text,
            (times[phase], 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(-2 if is_last else 2, -2),
            textcoords="offset points",
            fontsize=6.5,
            color=QUIET,
            ha="right" if is_last else "left",
            va="top",
        )
    highest = np.nanmax(assessment.volumes_ml) if np.isfinite(assessment.volumes_ml).any() else 1.0
    axes.set(ylim=(0, highest * 1.12), xlim=(times[0] - 5, times[-1] * 1.01 + 5))
    axes.set_xlabel("time (ms)", fontsize=7, color=QUIET, labelpad=1.5)
    axes.set_ylabel("volume (ml)", fontsize=7, color=QUIET, labelpad=2)
    axes.tick_params(labelsize=6.5, colors=QUIET, length=2)
    axes.grid(visible=True, axis="y", color="#e5e5e5", linewidth=0.5)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#999999")
    axes.legend(fontsize=6.5, frameon=False, loc="lower right", ncols=3, bbox_to_anchor=(1.0, 1.005), borderaxespad=0.0)


def _phase_table(page: Sheet, assessment: Assessment, phases: range, top: float) -> float:
    """The numbers behind the curve, one column per phase; ED and ES stand out by their numbers."""
    name_mm = 14.0
    width = (page.inner_mm - name_mm) / max(len(phases), 12)
    size = 5.6 if width < 8.0 else 6.2
    marked = set(vars(assessment.key_phases).values())
    rows = [
        [
            Cell("Phase", QUIET),
            *(Cell(str(phase + 1), INK, "bold" if phase in marked else "normal") for phase in phases),
        ],
        [Cell("Time (ms)", QUIET), *(Cell(f"{assessment.times_ms[phase]:.0f}") for phase in phases)],
    ]
    for label in (Label.LV, Label.RV, Label.MYO):
        volumes = assessment.volumes_ml[label - 1, phases.start : phases.stop]
        texts = [f"{volume:.1f}" if np.isfinite(volume) else "–" for volume in volumes]
        rows.append([Cell(f"{label.name} (ml)", QUIET), *map(Cell, texts)])
    columns = [Column("", name_mm), *(Column("", width, "right") for _ in phases)]
    return page.table(MARGIN_MM, top, columns, rows, size=size, row_mm=3.4)
