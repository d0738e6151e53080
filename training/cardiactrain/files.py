"""Files written whole or not at all."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

from cardiactrain.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def load_object(path: Path) -> dict[str, Any]:
    """The JSON object of a file."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError) as error:
        msg = f"{path} is no JSON object: {error}"
        raise RunError(msg) from error


def save_text(text: str, path: Path) -> None:
    """Write text, then give it its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8", newline="\n")
    part.replace(path)


def save_rows(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write rows as CSV; the columns are those of all rows, in the order they appear."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    part = path.with_name(path.name + ".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    part.replace(path)


def load_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def save_figure(figure: Any, path: Path, dpi: int = 110) -> None:
    """Write a figure as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    figure.savefig(part, format="png", dpi=dpi)
    part.replace(path)
