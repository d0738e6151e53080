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
from cardiactrain.checkpoint import BEST, LAST, load_checkpoint
from cardiactrain.distributed import World
from cardiactrain.errors import RunError
from cardiactrain.logs import describe_speed
from cardiactrain.optimisers import make_schedule
from cardiactrain.plain import Component
from cardiactrain.recipe import load_recipe
from cardiactrain.trainer import DivergedError, Trainer

if TYPE_CHECKING:
    from pathlib import Path

    from cardiactrain.data.subject import Subject

WORLD = World(0, 1, torch.device("cpu"))
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
    """They meet at this machine's own address; by its name, as ``--standalone`` has it, they wait for a name server.

    Gloo, too, looks for the network of the machine's name.
    """
    out = tmp_path / "run"
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    launcher += ["--local-addr", "127.0.0.1"]
    command = [*launcher, *fit_command(tiny_recipe, store, split, out)]
    environment = ENVIRONMENT | ({"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {})
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    progress = load_checkpoint(out / LAST)["progress"]
    assert (progress["epoch"], progress["step"]) == (3, 9)
    assert progress["best_dice"] >= 0
    assert done.stdout.count("3 epochs, 9 steps") == 1, "only the first process speaks"


def test_a_run_keeps_the_precision_it_began_with(tiny_recipe: Path, subjects: list[Subject], tmp_path: Path) -> None:
    """Wherever it goes on, and whatever is faster there."""
    recipe = load_recipe(tiny_recipe, {"train.precision": "auto", "train.epochs": 1})
    first = Trainer(recipe, subjects[:2], [], tmp_path, WORLD)
    assert first.precision in ("float32", "bfloat16")
    first.precision = "bfloat16"
    first.fit()
    assert Trainer(recipe, subjects[:2], [], tmp_path, WORLD).precision == "bfloat16"


def test_how_fast_it_learns_and_how_long_it_waits_is_said(
    tiny_recipe: Path, subjects: list[Subject], tmp_path: Path
) -> None:
    rows = Trainer(load_recipe(tiny_recipe), subjects[:2], [], tmp_path, WORLD).fit().rows
    for row in rows:
        assert row["examples/s"] == pytest.approx(12 / row["seconds"])
        assert 0 < row["waiting"] < 1
    slow = [row | {"seconds": 1.0, "examples/s": 10.0, "waiting": 0.5} for row in rows]
    assert describe_speed(slow) == "10 examples/s; 50% of the time the network waited for its views"


def test_a_run_goes_on_with_as_many_steps_in_an_epoch(
    tiny_recipe: Path, subjects: list[Subject], tmp_path: Path
) -> None:
    recipe = load_recipe(tiny_recipe, {"train.steps_per_epoch": None, "train.epochs": 1})
    Trainer(recipe, subjects[:2], [], tmp_path, WORLD).fit()
    longer = load_recipe(tiny_recipe, {"train.steps_per_epoch": None, "train.epochs": 2})
    with pytest.raises(RunError, match="as many processes and the subjects it began with"):
        Trainer(longer, subjects[:1], [], tmp_path, WORLD)
    assert Trainer(longer, subjects[:2], [], tmp_path, WORLD).fit().epoch == 2


@pytest.mark.parametrize("kind", ["constant", "cosine", "trapezoid", "polynomial"])
def test_no_rate_is_negative(kind: str) -> None:
    schedule = make_schedule(Component(kind))
    assert min(schedule(step, 100) for step in range(300)) >= 0


def test_a_loss_that_is_no_number_stops_and_is_not_kept(
    tiny_recipe: Path, subjects: list[Subject], tmp_path: Path
) -> None:
    recipe = load_recipe(tiny_recipe, {"train.epochs": 2, "train.validate_every": 1})
    trainer = Trainer(recipe, subjects[:1], subjects[1:2], tmp_path, WORLD)
    trainer.rehearse()
    with torch.no_grad():
        trainer.network.get_parameter("down.0.0.weight").fill_(torch.nan)
    with pytest.raises(DivergedError, match=r"nan in epoch 1, step 1, on acdc-p00\."):
        trainer.fit()
    assert not (tmp_path / LAST).exists()
    assert not (tmp_path / BEST).exists()
