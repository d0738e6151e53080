"""A run that is killed goes on as if nothing had happened; several processes train as one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
import torch
from cardiactrain.checkpoint import LAST, load_checkpoint

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


def fit_command(recipe: Path, store: Path, split: Path, out: Path, *more: str) -> list[str]:
    places = ["--store", str(store), "--split", str(split), "--out", str(out), "--device", "cpu", "--threads", "1"]
    return ["-m", "cardiactrain", "fit", str(recipe), *places, *more]


def weights(run: Path) -> dict[str, torch.Tensor]:
    state = load_checkpoint(run / LAST)
    return {**state["network"], **{f"average.{k}": v for k, v in state["average"]["weights"].items()}}


def test_a_killed_run_ends_with_the_same_weights(tiny_recipe: Path, store: Path, split: Path, tmp_path: Path) -> None:
    settings = ("--set", "train.epochs=8", "--set", "network.dropout=0.2")
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    command = [sys.executable, *fit_command(tiny_recipe, store, split, whole, *settings)]
    subprocess.run(command, check=True, env=ENVIRONMENT, capture_output=True)

    command = [sys.executable, *fit_command(tiny_recipe, store, split, broken, *settings)]
    victim = subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    while not (broken / LAST).exists():
        time.sleep(0.01)
        assert victim.poll() is None, "the run ended before it could be killed"
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    reached = load_checkpoint(broken / LAST)["progress"]["epoch"]
    assert 1 <= reached < 8
    subprocess.run(command, check=True, env=ENVIRONMENT, capture_output=True)

    expected, found = weights(whole), weights(broken)
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    logs = [(run / "log.csv").read_text().splitlines() for run in (whole, broken)]
    assert [line.split(",")[:3] for line in logs[0]] == [line.split(",")[:3] for line in logs[1]]
    assert (whole / "loss.png").stat().st_size > 1000
    assert list((whole / "tensorboard").iterdir())


@pytest.mark.skipif(not torch.distributed.is_available(), reason="this torch has no torch.distributed")
def test_two_processes_train_one_network(tiny_recipe: Path, store: Path, split: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*launcher, *fit_command(tiny_recipe, store, split, out)]
    done = subprocess.run(command, check=False, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    progress = load_checkpoint(out / LAST)["progress"]
    assert (progress["epoch"], progress["step"]) == (3, 9)
    assert progress["best_dice"] >= 0
    assert done.stdout.count("3 epochs, 9 steps") == 1, "only the first process speaks"
