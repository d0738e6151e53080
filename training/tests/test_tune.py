"""A search goes on where it stopped, and never passes off another search's trials as its own."""

from __future__ import annotations

import argparse
import csv
from typing import TYPE_CHECKING, Any

import pytest
from cardiactrain.cli import main, tune
from cardiactrain.errors import RecipeError
from cardiactrain.tune import parse_range, propose_grid, search, search_optuna

if TYPE_CHECKING:
    from pathlib import Path

RANGES = [parse_range("lr=1e-4..1e-1")]


class Stopped(BaseException):
    """As a kill: nothing that runs afterwards."""


def test_a_finer_grid_keeps_every_trial_in_its_folder(tmp_path: Path) -> None:
    folders: dict[str, Path] = {}

    def objective(settings: dict[str, Any], folder: Path) -> float:
        assert folder not in folders.values()
        folders[str(settings)] = folder
        return 0.5

    search(propose_grid(RANGES, 2), objective, tmp_path)
    assert len(search(propose_grid(RANGES, 3), objective, tmp_path)) == 3
    assert len(folders) == 3


def test_a_stopped_trial_of_optuna_goes_on(tmp_path: Path) -> None:
    asked: list[tuple[dict[str, Any], Path]] = []

    def stop(settings: dict[str, Any], folder: Path) -> float:
        asked.append((settings, folder))
        raise Stopped

    def finish(settings: dict[str, Any], folder: Path) -> float:
        asked.append((settings, folder))
        return 0.5

    with pytest.raises(Stopped):
        search_optuna(RANGES, 2, 1, stop, tmp_path)
    rows = search_optuna(RANGES, 2, 1, finish, tmp_path)
    assert asked[1] == asked[0]
    assert len(rows) == 2
    assert len(asked) == 3


def test_a_search_belongs_to_one_recipe_and_budget(
    tiny_recipe: Path, store: Path, split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ["--store", str(store), "--split", str(split), "--out", str(tmp_path / "search"), "--device", "cpu"]
    command = ["tune", str(tiny_recipe), *places, "--how", "grid", "--vary", "optimiser.lr=1e-30,1e30", "--epochs", "1"]
    command += ["--steps-per-epoch", "2", "--set", "optimiser={kind: sgd, lr: 1}"]
    assert main(command) == 0
    rows = list(csv.DictReader((tmp_path / "search" / "trials.csv").open()))
    assert len(rows) == 2
    assert min(float(row["dice"]) for row in rows) == 0, "a trial that diverges is no reason to stop"
    assert main([*command, "--epochs", "2"]) == 1
    assert "holds a search with another recipe" in capsys.readouterr().err


def test_a_search_runs_in_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    out = tmp_path / "search"
    command = ["tune", "ours", "--store", "s", "--split", "s", "--out", str(out), "--vary", "optimiser.lr=1,2"]
    assert main(command) == 1
    assert "without torchrun" in capsys.readouterr().err
    assert not out.exists()


def test_a_budget_replaces_what_it_names(tiny_recipe: Path, tmp_path: Path) -> None:
    places = ["--store", str(tmp_path), "--split", str(tmp_path), "--out", str(tmp_path), "--vary", "optimiser.lr=1,2"]
    parser = argparse.ArgumentParser()
    tune.add_arguments(parser)

    def budget(*arguments: str) -> tuple[int, int | None]:
        train = tune._read_recipe(parser.parse_args([str(tiny_recipe), *places, *arguments]), {}).train
        return train.epochs, train.steps_per_epoch

    assert budget() == (3, 3)
    assert budget("--epochs", "1") == (1, 3), "the recipe's own steps stay"
    assert budget("--steps-per-epoch", "2") == (3, 2)
    with pytest.raises(RecipeError, match="at least 1"):
        budget("--epochs", "0")
