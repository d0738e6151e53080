"""The commands, from data to tables, as a user types them."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from cardiactrain.checkpoint import LAST, load_checkpoint
from cardiactrain.cli import COMMANDS, main
from cardiactrain.data.splits import load_split
from cardiactrain.data.store import write_store
from cardiactrain.tune import parse_range, propose_random, search

if TYPE_CHECKING:
    from pathlib import Path

    from cardiactrain.data.subject import Subject

SMALL = ["--set", "view.size=32", "--set", "data.phantoms=0", "--set", "train.batch=4"]


def places(store: Path, split: Path, out: Path) -> list[str]:
    return ["--store", str(store), "--split", str(split), "--out", str(out), "--device", "cpu"]


def test_fit_evaluate_and_their_files(
    tiny_recipe: Path, store: Path, split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert main(["fit", str(tiny_recipe), *places(store, split, run)]) == 0
    assert main(["evaluate", str(run), "--device", "cpu"]) == 0
    assert "LV   ED" in capsys.readouterr().out
    assert {p.name for p in run.iterdir()} >= {"run.json", "log.csv", "loss.png", "last.pt", "best.pt", "evaluation"}
    assert (run / "evaluation" / "report.html").stat().st_size > 50_000


def test_a_run_folder_belongs_to_one_run(
    tiny_recipe: Path, store: Path, split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit = ["fit", str(tiny_recipe), *places(store, split, tmp_path / "run"), "--set", "train.epochs=1"]
    assert main(fit) == 0
    assert main([*fit, "--set", "optimiser.lr=0.5"]) == 1
    assert "holds a run of another recipe" in capsys.readouterr().err


def test_training_may_begin_with_the_weights_of_another_run(
    tiny_recipe: Path, store: Path, split: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    more = ["--everyone", "--start-from", str(first), "--set", "optimiser.lr=0.0"]
    more += ["--set", "optimiser.adam_lr=0.0", "--set", "train.epochs=1"]
    assert main(["fit", str(tiny_recipe), *places(store, split, first), "--set", "train.epochs=1"]) == 0
    assert main(["fit", str(tiny_recipe), *places(store, split, second), *more]) == 0
    before, after = (load_checkpoint(run / LAST)["network"] for run in (first, second))
    assert torch.equal(before["down.0.0.weight"], after["down.0.0.weight"]), "nothing was learned at a rate of 0"
    everyone = json.loads((second / "run.json").read_text())
    assert (len(everyone["training"]), everyone["validation"]) == (10, [])


def test_compare_prints_one_table(store: Path, split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    budget = ["--slices", "8", *SMALL]
    names = ["scmr-workshop", "kayalibay", "baseline-threshold"]
    assert main(["compare", *names, *places(store, split, tmp_path), *budget]) == 0
    table = (tmp_path / "compare.md").read_text()
    assert table in capsys.readouterr().out
    systems, differences = (
        [line.split("|")[1].strip() for line in each.splitlines()[2:]] for each in table.split("\n\n")
    )
    assert systems == names
    assert differences == ["baseline-threshold"], "the others label other structures"
    rows = list(csv.DictReader((tmp_path / "compare.csv").open()))
    assert float(rows[2]["LV ED"]) > 0.6
    assert (int(rows[1]["parameters"]), int(rows[1]["slices"])) == (403212, 8)
    assert main(["compare", *names, *places(store, split, tmp_path), *budget]) == 0
    assert (tmp_path / "compare.md").read_text() == table, "nothing is trained or measured twice"


def test_what_was_measured_is_of_the_files_that_are_there(
    subjects: list[Subject], split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else a network's figures on labels of before a correction stand beside a baseline's on those of now."""
    store = tmp_path / "store"
    write_store(subjects, store)
    compare = ["compare", "kayalibay", *places(store, split, tmp_path / "out"), "--slices", "4", *SMALL]
    assert main(compare) == 0
    left_out = next(s for s in subjects if s.key in load_split(split).folds[0].validation)
    stacks = tuple(replace(stack, labels=stack.labels[::-1].copy()) for stack in left_out.stacks)
    write_store([replace(left_out, stacks=stacks)], store)
    assert main(compare) == 1
    assert "are not those that" in capsys.readouterr().err


def test_a_comparison_goes_through_in_pieces(store: Path, split: Path, tmp_path: Path) -> None:
    """Each call adds an epoch at least, measures what there is, and says after how many slices."""
    command = ["compare", "scmr-workshop", *places(store, split, tmp_path), *SMALL, "--slices", "808"]

    def slices(*more: str) -> int:
        assert main([*command, *more]) == 0
        (row,) = csv.DictReader((tmp_path / "compare.csv").open())
        return int(row["slices"])

    assert slices("--minutes", "0.0001") < slices("--minutes", "0.0001") < slices() == 804
    assert slices("--minutes", "0.0001") == 804, "what is done is done"


@pytest.mark.parametrize("how", ["grid", "random", "optuna"])
def test_tune_searches_and_resumes(how: str, tiny_recipe: Path, store: Path, split: Path, tmp_path: Path) -> None:
    command = ["tune", str(tiny_recipe), *places(store, split, tmp_path / "search"), "--how", how, "--epochs", "1"]
    command += ["--vary", "optimiser.lr=1e-4..1e-2", "--points", "2", "--set", "train.steps_per_epoch=1"]
    assert main([*command, "--trials", "1"]) == 0
    assert main([*command, "--trials", "2"]) == 0
    rows = list(csv.DictReader((tmp_path / "search" / "trials.csv").open()))
    assert len(rows) == 2
    assert len({row["settings"] for row in rows}) == 2


def test_a_finished_trial_is_not_run_again(tmp_path: Path) -> None:
    ranges = [parse_range("lr=1e-4..1e-1"), parse_range("loss.kind=dice,jaccard")]
    asked: list[dict[str, object]] = []

    def objective(settings: dict[str, object], folder: Path) -> float:
        del folder
        asked.append(settings)
        return float(str(settings["lr"]))

    search(propose_random(ranges, 3, seed=5), objective, tmp_path)
    rows = search(propose_random(ranges, 5, seed=5), objective, tmp_path)
    assert len(asked) == 5
    assert [float(r["dice"]) for r in rows] == sorted((float(r["dice"]) for r in rows), reverse=True)


def test_show_draws_pictures(store: Path, tmp_path: Path) -> None:
    assert main(["data", "show", str(store), "--out", str(tmp_path)]) == 0
    assert (tmp_path / "subjects.png").stat().st_size > 20_000
    assert (tmp_path / "augmentations.png").stat().st_size > 100_000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["data", "prepare", "nowhere", "--kind", "acdc", "--out", "x"], "nowhere is no folder"),
        (["data", "split", "nowhere", "--out", "x", "--folds", "5"], "nowhere is no data store"),
        (["evaluate", "nowhere"], "nowhere is no run"),
        (["export", "nowhere", "--out", "x"], "nowhere is no run"),
        (["fit", "no-recipe", "--store", "s", "--split", "s", "--out", "x"], "There is no recipe 'no-recipe'"),
        (["fit", "ours", "--store", "s", "--split", "s", "--out", "x", "--set", "lr"], "--set takes KEY=VALUE"),
        (["fit", "ours", "--store", "s", "--split", "s", "--out", "x", "--set", "view.early=["], "is no valid YAML"),
        (["fit", "ours", "--store", "s", "--split", "missing.json", "--out", "x"], "missing.json is no split file"),
        (
            ["tune", "ours", "--store", "s", "--split", "s", "--out", "x", "--vary", "lr=3..1"],
            "--vary takes KEY=LOW..HIGH",
        ),
    ],
)
def test_mistakes_are_one_line(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["data", "split", "s", "--folds", "2", "--out", "x", "--seed", "-1"],
        ["data", "pack", "s", "--out", "x", "--mib", "0"],
        ["fit", "ours", "--store", "s", "--split", "s", "--out", "x", "--threads", "-1"],
        ["fit", "ours", "--store", "s", "--split", "s", "--out", "x", "--minutes", "nan"],
        ["compare", "ours", "--store", "s", "--split", "s", "--out", "x", "--slices", "-5"],
        ["tune", "ours", "--store", "s", "--split", "s", "--out", "x", "--vary", "loss.kind=dice", "--points", "0"],
    ],
)
def test_numbers_that_cannot_be_are_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert f"argument {arguments[-2]}: {arguments[-1]} is no" in capsys.readouterr().err


def test_trials_are_judged_by_somebody(
    tiny_recipe: Path, store: Path, split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["tune", str(tiny_recipe), *places(store, split, tmp_path / "search"), "--vary", "loss.kind=dice,focal"]
    assert main([*command, "--set", "data.datasets=[sunnybrook]"]) == 1
    assert "fold 0 leaves nobody of data.datasets out" in capsys.readouterr().err
    assert not (tmp_path / "search").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_device_that_is_not_there_is_said(
    tiny_recipe: Path, store: Path, split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", str(tiny_recipe), *places(store, split, tmp_path / "run"), "--device", "cuda"]) == 1
    assert "no cuda device" in capsys.readouterr().err


def test_a_classical_method_has_nothing_to_train(
    store: Path, split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", "baseline-threshold", *places(store, split, tmp_path / "run")]) == 1
    assert "nothing to train" in capsys.readouterr().err


def test_an_empty_selection_is_said(
    tiny_recipe: Path, store: Path, split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit = ["fit", str(tiny_recipe), *places(store, split, tmp_path / "run"), "--set"]
    assert main([*fit, "data.datasets=[mms]"]) == 1
    assert "No subject" in capsys.readouterr().err
    assert main([*fit, "data.share={acdc: 0, sunnybrook: 0}"]) == 1
    assert "The training set has no usable slice: check `data.datasets`, `data.share`" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert "usage: cardiactrain" in capsys.readouterr().out
