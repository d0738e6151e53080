"""Small phantom studies, and what their truth says about them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.phantom import PhantomSpec

if TYPE_CHECKING:
    from pathlib import Path


def a_small_spec(layout: str, **choices: Any) -> PhantomSpec:
    return PhantomSpec(layout=layout, **{"phases": 4, "slices": 7, "pixel_mm": 4.0, **choices})


def the_truth(folder: Path) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return truth


def the_short_axis_files(folder: Path) -> list[Path]:
    series = [entry for entry in the_truth(folder)["series"] if "sax" in entry["description"].lower()]
    return [folder / name for entry in series for name in entry["files"]]
