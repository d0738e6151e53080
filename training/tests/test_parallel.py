"""Work in processes: in order, and one thread each."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cardiactrain.parallel import count_cores, map_in_processes

if TYPE_CHECKING:
    import pytest


def test_processes_keep_the_order_and_compute_with_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert list(map_in_processes(abs, [-3, -1, -2], processes=2)) == [3, 1, 2]
    assert list(map_in_processes(os.getenv, ["OMP_NUM_THREADS"] * 3, processes=2)) == ["1"] * 3
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_processes_of_one_training_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = count_cores()
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert count_cores() == max(1, alone // 2)
