"""A batch that is killed loses nothing. ``./run kill`` goes on from here."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from dask_cluster import ENVIRONMENT
from hostile.kills import batch, kill_and_resume, read_rows, what_differs, what_is_left, write_studies

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_batch_that_is_killed_again_and_again_accounts_for_every_study(tmp_path: Path, painted_bundle: Path) -> None:
    write_studies(tmp_path / "studies", 6)
    choices = ["--model", str(painted_bundle), "--backend", "onnx", "--jobs", "2", "--resume"]
    subprocess.run(batch(tmp_path / "studies", tmp_path / "calm", *choices), env=ENVIRONMENT, check=True)
    told = kill_and_resume(batch(tmp_path / "studies", tmp_path / "out", *choices), tmp_path / "out", kills=4)
    assert told["exit_code"] == 0
    assert told["kills"] >= 2
    assert what_is_left(tmp_path / "out") == []
    rows, calm = read_rows(tmp_path / "out"), read_rows(tmp_path / "calm")
    assert what_differs(rows, calm) == []
    assert what_differs(rows[1:], calm), "a study that is missing is seen"
    assert what_differs([{**rows[0], "lv_edv_ml": "1"}, *rows[1:]], calm), "and another number"
