"""Everything about one evaluation on one HTML page, pictures included."""

from __future__ import annotations

import base64
import html
import math
from typing import TYPE_CHECKING, Any

from cardiactrain.files import save_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cardiactrain.evaluate.rows import Row

TITLES = {
    "structures": "By structure and phase",
    "agreement": "Volumes and ejection fraction: network − reader",
    "positions": "By position in the stack (n: slices)",
    "degenerate": "Slices on which a structure was missed or invented",
    "vendors": "By vendor",
    "groups": "By group",
}
NOTES = (
    "Intervals are 95 % bootstrap intervals of the mean over subjects; ± is the standard deviation.",
    "Missed: the structure was there, and nothing of it was found: Dice and volume are 0, and there is no distance.",
    "Precision and ejection fraction are of those found; n mm is how many have a distance.",
)
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; font-size: 13px; margin: .5rem 0 2rem } td, th { padding: .2rem .6rem; border-bottom:
1px solid #ddd; text-align: right } td:first-child, th:first-child { text-align: left } img { max-width: 100% }
.wide { overflow-x: auto }
"""


def write_page(
    title: str, words: Sequence[str], tables: Mapping[str, Sequence[Row]], pictures: Sequence[Path], path: Path
) -> None:
    """Write the page."""
    parts = [f"<h1>{html.escape(title)}</h1>", *(f"<p>{html.escape(text)}</p>" for text in (*words, *NOTES))]
    for name, heading in TITLES.items():
        if tables.get(name):
            parts.append(f"<h2>{heading}</h2><div class=wide>{_table(tables[name])}</div>")
    for picture in pictures:
        data = base64.b64encode(picture.read_bytes()).decode()
        heading = html.escape(picture.stem.replace("-", " ").capitalize())
        parts.append(f'<h2>{heading}</h2><img alt="{heading}" src="data:image/png;base64,{data}">')
    body = "\n".join(parts)
    save_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style><body>{body}</body></html>\n",
        path,
    )


def _table(rows: Sequence[Row]) -> str:
    every = dict.fromkeys(key for row in rows for key in row)
    columns = [key for key in every if not key.endswith("_sd") and key not in ("dice_low", "dice_high")]
    head = "".join(f"<th>{html.escape(c.replace('_', ' '))}</th>" for c in columns)
    lines = ("".join(f"<td>{_cell(row, c)}</td>" for c in columns) for row in rows)
    return f"<table><tr>{head}</tr>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _cell(row: Row, column: str) -> str:
    value: Any = row.get(column, "")
    if not isinstance(value, float):
        return html.escape(str(value))
    if math.isnan(value):
        return "–"
    digits = 0 if column == "n" else (3 if column in ("dice", "jaccard", "precision", "recall", "correlation") else 2)
    text = f"{value:.{digits}f}"
    if not math.isnan(row.get(f"{column}_sd", math.nan)):
        text += f" ± {row[f'{column}_sd']:.{digits}f}"
    if column == "dice" and not math.isnan(row.get("dice_low", math.nan)):
        text += f" [{row['dice_low']:.3f}, {row['dice_high']:.3f}]"
    return text
