"""An evaluation on disk: CSV tables, pictures and one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cardiactrain.evaluate.page import write_page
from cardiactrain.evaluate.pictures import draw_bland_altman, draw_boxes, draw_cases
from cardiactrain.evaluate.tables import all_tables
from cardiactrain.files import save_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cardiactrain.data.subject import Subject
    from cardiactrain.evaluate.rows import Comparison, Labeller, Row


def write_report(
    title: str,
    words: Sequence[str],
    result: Comparison,
    judged: Sequence[tuple[Subject, Labeller]],
    *,
    assumed_mm: float,
    out: Path,
) -> dict[str, list[Row]]:
    """Write everything about subjects, and what labelled each, into a folder; returns the tables.

    ``words`` say what a reader must know to judge the figures.
    """
    tables = all_tables(result)
    for name, rows in {**tables, "stacks": result.stacks, "slices": result.slices, "volumes": result.volumes}.items():
        if rows:
            save_rows(rows, out / f"{name}.csv")
    pictures = [out / "dice.png"]
    draw_boxes(result.stacks, pictures[0])
    if result.volumes:
        pictures.append(out / "bland-altman.png")
        draw_bland_altman(result.volumes, pictures[-1])
    pictures.append(out / "best-median-worst.png")
    draw_cases(judged, result.stacks, assumed_mm, pictures[-1])
    write_page(title, words, tables, pictures, out / "report.html")
    return tables
