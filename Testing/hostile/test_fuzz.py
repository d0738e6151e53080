"""Spoiled inputs with fixed numbers: refused, told, or none the worse. ``./run fuzz`` goes on from here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hostile.mutations import KINDS, Seeds, spoil
from hostile.oracle import judge

if TYPE_CHECKING:
    from pathlib import Path

CASES_OF_EACH = 40


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Seeds:
    """Sound inputs."""
    return Seeds.write(tmp_path_factory.mktemp("seeds") / "sound")


@pytest.mark.parametrize("number", range(CASES_OF_EACH * len(KINDS)))
def test_no_spoiled_input_crashes_or_changes_a_stack_without_a_word(number: int, seeds: Seeds, tmp_path: Path) -> None:
    case = spoil(number, seeds, tmp_path)
    verdict = judge(case)
    assert not verdict.wrong, f"{case.kind} {case.lie}: {verdict.wrong}"
