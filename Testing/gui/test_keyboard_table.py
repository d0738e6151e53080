"""The keys in the guide are those that the panel has, and no others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slicer_stand_in.hand import Hand

GUIDE = Path(__file__).parents[2] / "docs" / "slicer.md"
NAMES = {"←": "Left", "→": "Right", "↑": "Up", "↓": "Down", "−": "-"}
WITH_THE_MOUSE = {"Shift while pulling", "Wheel, Shift + wheel"}


def keys_of_the_guide() -> list[str]:
    """The first column of the table, key by key: ``R, L``, ``← →`` and ``1 … 4`` are several."""
    table = GUIDE.read_text(encoding="utf-8").split("| Key | |\n|---|---|\n")[1].split("\n\n")[0]
    cells = [line.split("|")[1].strip() for line in table.splitlines()]
    keys: list[str] = []
    for cell in cells:
        if cell in WITH_THE_MOUSE:
            continue
        span = re.fullmatch(r"(\d) … (\d)", cell)
        names = map(str, range(int(span[1]), int(span[2]) + 1)) if span else re.split(r",? ", cell)
        keys += [NAMES.get(name, name) for name in names]
    return keys


def test_every_key_is_in_the_guide_once(a_hand: Hand) -> None:
    keys = keys_of_the_guide()
    assert sorted(keys) == sorted(set(keys))
    assert set(keys) == set(a_hand.panel._shortcuts.actions())
