"""The second page: volume over the heart cycle with the numbers it is drawn from, and the wall."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.analysis.phases import PLATEAU
from CardiacSegmentationLib.export.bullseye import draw_bullseyes
from CardiacSegmentationLib.export.fonts import text_width_mm
from CardiacSegmentationLib.export.paper import (
    INK,
    MARGIN_MM,
    QUIET,
    Cell,
    Column,
    Sheet,
    line_height_mm,
    wrap,
)
from CardiacSegmentationLib.export.report_content import FOOTER_MM
from CardiacSegmentationLib.export.wording import number_text, phrase, word
from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE
from CardiacSegmentationLib.segmentation import VENTRICLES, Label
from CardiacSegmentationLib.structures import BY_LABEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.export.report_content import Content

PHASES_PER_ROW = 25
HIGHEST_MM, WALL_MM = 95.0, 68.0  # of the curve, and what the wall below it takes
MARK_SIZE = NOTE_SIZE = 6.5
ROW_MM = 3.4
ORDER = (Label.LV, Label.RV, Label.MYO)


def draw_function(content: Content) -> Sheet:
    """Draw the curve, the volumes and the wall."""
    page = Sheet(content.paper)
    top = _draw_curve(page, content, MARGIN_MM)
    draw_bullseyes(page, content, top + 4.0)
    return page


def describe_plateau(assessment: Assessment, language: str = DEFAULT_LANGUAGE) -> list[str]:
    """Where end-diastole is not the phase of the largest volume, for the volume stays nearly the same till later."""
    sentences = []
    for label in VENTRICLES:
        name = f"{label.name.lower()}_ed"
        phase = getattr(assessment.key_phases, name)
        volumes = assessment.volumes_ml[label - 1]
        if phase is None or getattr(assessment.reading.key_phases, name) is not None or not np.isfinite(volumes[phase]):
            continue
        largest = int(np.nanargmax(volumes))
        if volumes[phase] < volumes[largest] and volumes[phase] >= (1 - PLATEAU) * volumes[largest]:
            texts = (number_text(f"{volumes[at]:.1f}", language) for at in (phase, largest))
            sentences.append(
                phrase(
                    "plateau",
                    language,
                    structure=label.name,
                    phase=phase,
                    other_phase=largest,
                    **dict(zip(("volume", "largest"), texts, strict=True)),
                )
            )
    return sentences


def _draw_curve(page: Sheet, content: Content, top: float) -> float:
    assessment = content.assessment
    top = page.heading(MARGIN_MM, top, page.inner_mm, content.phrase("curve-title"))
    if np.isfinite(assessment.volumes_ml).any(axis=0).sum() < 2:
        page.text(MARGIN_MM, top, content.phrase("curve-none"), 8)
        return top + 6.0
    notes = [line for note in _notes(content) for line in wrap(note, page.inner_mm, NOTE_SIZE)]
    blocks = math.ceil(len(assessment.times_ms) / PHASES_PER_ROW)
    table_mm, notes_mm = blocks * (5 * ROW_MM + 1.5), len(notes) * line_height_mm(NOTE_SIZE)
    height = min(page.height_mm - FOOTER_MM - WALL_MM - table_mm - notes_mm - top - 4.0, HIGHEST_MM)
    axes = page.axes(MARGIN_MM + 14.0, top + 5.0, page.inner_mm - 15.0, height - 13.0)
    _plot_volumes(axes, content, page.inner_mm - 15.0)
    top += height
    per_block = math.ceil(len(assessment.times_ms) / blocks)
    for first in range(0, len(assessment.times_ms), per_block):
        top = _phase_table(page, content, range(first, min(first + per_block, len(assessment.times_ms))), top) + 1.5
    for line in notes:
        page.text(MARGIN_MM, top, line, NOTE_SIZE, QUIET)
        top += line_height_mm(NOTE_SIZE)
    return top


def _notes(content: Content) -> list[str]:
    notes = describe_plateau(content.assessment, content.language)
    return [*notes, content.phrase("curve-automatic-note")] if _shows_automatic(content.assessment) else notes


def _shows_automatic(assessment: Assessment) -> bool:
    automatic = assessment.automatic
    return automatic is not None and not np.array_equal(automatic.volumes_ml, assessment.volumes_ml, equal_nan=True)


def _plot_volumes(axes: Axes, content: Content, width_mm: float) -> None:
    assessment = content.assessment
    times = np.asarray(assessment.times_ms)
    everything = [assessment.volumes_ml]
    if assessment.automatic is not None and _shows_automatic(assessment):
        everything.append(assessment.automatic.volumes_ml)
        for label in ORDER:
            _plot_line(axes, times, assessment.automatic.volumes_ml[label - 1], label, linestyle=(0, (3, 2)), alpha=0.6)
    for label in ORDER:
        width = 0.9 if label is Label.MYO else 1.6
        name = word(BY_LABEL[label].name, content.language)
        _plot_line(axes, times, assessment.volumes_ml[label - 1], label, marker="o", label=name, linewidth=width)
    highest = float(np.nanmax(np.stack(everything)))
    rows = _mark_key_phases(axes, assessment, width_mm)
    axes.set(ylim=(0, highest * (1.06 + 0.055 * rows)), xlim=_time_limits(times))
    axes.set_xlabel(content.phrase("curve-time"), fontsize=7, color=QUIET, labelpad=1.5)
    axes.set_ylabel(content.phrase("curve-volume"), fontsize=7, color=QUIET, labelpad=2)
    axes.tick_params(labelsize=MARK_SIZE, colors=QUIET, length=2)
    axes.grid(visible=True, axis="y", color="#e5e5e5", linewidth=0.5)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#999999")
    axes.legend(
        fontsize=MARK_SIZE, frameon=False, loc="lower right", ncols=3, bbox_to_anchor=(1.0, 1.005), borderaxespad=0.0
    )


def _plot_line(axes: Axes, times: np.ndarray, volumes: np.ndarray, structure: Label, **style: Any) -> None:
    known = np.isfinite(volumes)
    color = tuple(channel / 255 for channel in BY_LABEL[structure].color_rgb)
    settings: dict[str, Any] = {"linewidth": 1.0, "markersize": 2.4, "color": color, **style}
    axes.plot(times[known], volumes[known], **settings)


def _time_limits(times: np.ndarray) -> tuple[float, float]:
    return float(times[0]) - 5.0, float(times[-1]) * 1.01 + 5.0


def _mark_key_phases(axes: Axes, assessment: Assessment, width_mm: float) -> int:
    """A line at ED and ES of each ventricle, named above the curves; returns in how many rows the names stand."""
    times = np.asarray(assessment.times_ms)
    names: dict[int, list[str]] = {}
    for name, phase in vars(assessment.key_phases).items():
        if phase is not None:
            names.setdefault(phase, []).append(name.upper().replace("_", " "))
    first, last = _time_limits(times)
    ends: list[float] = []  # where the names of each row end, in mm
    for phase, its in sorted(names.items()):
        text = its[0][-2:] if len(its) == 2 and its[0][-2:] == its[1][-2:] else ", ".join(its)
        width = text_width_mm(text, MARK_SIZE) + 2.0
        at = (times[phase] - first) / (last - first) * width_mm
        left = at + 0.6 if at + 0.6 + width <= width_mm else at + 1.4 - width  # right of its line, or left of it
        row = next((number for number, end in enumerate(ends) if end <= left), len(ends))
        ends[row : row + 1] = [left + width]
        axes.axvline(times[phase], color="#999999", linewidth=0.7, linestyle=":")
        axes.annotate(
            text,
            (left / width_mm, 1.0),
            xycoords="axes fraction",
            xytext=(0, -2 - row * MARK_SIZE * 1.25),
            textcoords="offset points",
            fontsize=MARK_SIZE,
            color=QUIET,
            ha="left",
            va="top",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4},  # lines of neighbours pass behind
        )
    return len(ends)


def _phase_table(page: Sheet, content: Content, phases: range, top: float) -> float:
    """The numbers behind the curve, one column per phase; ED and ES stand out by their numbers."""
    name_mm, assessment = 14.0, content.assessment
    width = (page.inner_mm - name_mm) / max(len(phases), 12)
    size = 5.6 if width < 8.0 else 6.2
    marked = set(vars(assessment.key_phases).values())
    rows = [
        [
            Cell(content.phrase("phase"), QUIET),
            *(Cell(str(phase + 1), INK, "bold" if phase in marked else "normal") for phase in phases),
        ],
        [
            Cell(content.phrase("time-row"), QUIET),
            *(Cell(f"{assessment.times_ms[phase]:.0f}") for phase in phases),
        ],
    ]
    for label in ORDER:
        volumes = assessment.volumes_ml[label - 1, phases.start : phases.stop]
        texts = [number_text(f"{volume:.1f}", content.language) if np.isfinite(volume) else "–" for volume in volumes]
        rows.append([Cell(f"{label.name} (ml)", QUIET), *map(Cell, texts)])
    columns = [Column("", name_mm), *(Column("", width, "right") for _ in phases)]
    return page.table(MARGIN_MM, top, columns, rows, size=size, row_mm=ROW_MM)
