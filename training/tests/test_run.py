"""A run's folder knows its recipe, its patients, and those its weights had learned from before."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from cardiactrain.cli import main
from cardiactrain.cli.shared import read_settings
from cardiactrain.data.splits import Fold, Split, fold_of, load_split, save_split
from cardiactrain.data.store import write_store
from cardiactrain.data.subject import save_subject
from cardiactrain.distributed import World
from cardiactrain.errors import RecipeError, RunError
from cardiactrain.recipe import load_recipe
from cardiactrain.run import make_trainer, open_run, start_run

if TYPE_CHECKING:
    from pathlib import Path

    from cardiactrain.data.subject import Subject


def fit(recipe: Path, store: Path, split: Path, out: Path, *more: str) -> int:
    places = ["--store", str(store), "--split", str(split), "--out", str(out), "--device", "cpu"]
    return main(["fit", str(recipe), *places, "--set", "train.epochs=1", "--set", "train.steps_per_epoch=1", *more])


@pytest.fixture
def turned(split: Path, tmp_path: Path) -> Path:
    """A split whose left-out patients are those the other one trains on."""
    fold = fold_of(load_split(split), 0, split)
    path = tmp_path / "turned.json"
    save_split(Split("turned", 0, (Fold(fold.validation, fold.training),)), path)
    return path


def test_weights_remember_every_patient(
    tiny_recipe: Path, store: Path, split: Path, turned: Path, tmp_path: Path
) -> None:
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    assert fit(tiny_recipe, store, split, first, "--set", "data.datasets=[sunnybrook]") == 0
    assert fit(tiny_recipe, store, turned, second, "--set", "data.datasets=[acdc]", "--start-from", str(first)) == 0
    assert fit(tiny_recipe, store, turned, third, "--set", "data.datasets=[acdc]", "--start-from", str(second)) == 0
    assert open_run(first).datasets == ("sunnybrook",)
    assert open_run(second).seen == {*open_run(first).training, *open_run(second).training}
    assert open_run(third).seen == open_run(second).seen
    assert open_run(third).datasets == ("acdc", "sunnybrook")


def test_a_run_of_an_older_version_is_opened(tiny_recipe: Path, store: Path, split: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert fit(tiny_recipe, store, split, run) == 0
    content = json.loads((run / "run.json").read_text())
    old = {key: content[key] for key in ("recipe", "store", "split", "training", "validation")}
    old["recipe"]["view"]["together"] = old["recipe"]["view"].pop("slices_together")  # as it was called then
    old["recipe"]["data"]["opinion"] = 0.0
    (run / "run.json").write_text(json.dumps(old))
    assert open_run(run).seen == set(content["training"])
    assert open_run(run).recipe == load_recipe(tiny_recipe, {"train.epochs": 1, "train.steps_per_epoch": 1})
    assert fit(tiny_recipe, store, split, tmp_path / "next", "--start-from", str(run)) == 0


def test_changed_files_are_noticed(
    tiny_recipe: Path, subjects: list[Subject], split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, run = tmp_path / "store", tmp_path / "run"
    write_store(subjects, store)
    assert fit(tiny_recipe, store, split, run) == 0
    chosen = next(s for s in subjects if s.key in open_run(run).training)
    stacks = tuple(replace(stack, image=stack.image + 1) for stack in chosen.stacks)
    save_subject(replace(chosen, stacks=stacks), store)
    assert fit(tiny_recipe, store, split, run) == 1
    assert "are not those that" in capsys.readouterr().err


def test_who_is_left_out_is_said(
    tiny_recipe: Path, store: Path, split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--set", "data.datasets=[acdc]", "--set", "data.share={mine: 2}"]
    assert fit(tiny_recipe, store, split, tmp_path / "run", *more) == 0
    told = capsys.readouterr().out.splitlines()[0]
    count = len(open_run(tmp_path / "run").training)
    assert told.startswith(f"tiny: trains on {count} subjects (acdc {count}); left out because of data.datasets: sunn")
    assert "--set 'data.datasets=[acdc, sunnybrook]'" in told
    assert "data.share speaks of mine" in told


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["view.size=30", "network.widths=[4, 8, 8, 8, 8]"], "cannot be trained as it is"),
        (["loss={kind: cross-entropy, weights: [1, 2]}"], "2 weights for 4 classes"),
        (["augment=[{kind: noise, often: 0.01, largest: many}]"], "many"),
        (["network.widths=[4, 0, 8]"], "has no weights in places"),
        (["network.widths=[4, -8, 8]"], "cannot be made"),
        (["optimiser.lr=.nan"], "takes a number for 'lr', not nan"),
        (["normalise.low=95", "normalise.high=5"], "percentiles in order"),
        (["normalise={kind: percentile-range, low: 95, high: 5}"], "percentiles stand in order"),
        (["network={kind: classic-unet}", "normalise={kind: featurewise}", "view.size=64"], "must match the size"),
    ],
)
def test_what_cannot_be_trained_is_said_before_anything_is_written(
    settings: list[str], words: str, tiny_recipe: Path, subjects: list[Subject], tmp_path: Path
) -> None:
    recipe = load_recipe(tiny_recipe, read_settings(settings))
    store, run = tmp_path / "store", tmp_path / "run"
    write_store(subjects[:2], store)
    fold = Fold((subjects[0].key,), (subjects[1].key,))
    with pytest.raises(RecipeError, match=words):
        make_trainer(start_run(run, recipe, store, fold), World(0, 1, torch.device("cpu")))
    assert not (run / "run.json").exists()


def test_weights_of_another_network_are_refused(
    tiny_recipe: Path, store: Path, split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert fit(tiny_recipe, store, split, first) == 0
    wider = ["--set", "network.widths=[4, 8, 12]"]
    assert fit(tiny_recipe, store, split, second, "--start-from", str(first), *wider) == 1
    assert "another network" in capsys.readouterr().err
    assert fit(tiny_recipe, store, split, second, "--start-from", str(first)) == 0, "nothing stands in the way"
    (first / "last.pt").write_bytes((second / "best.pt").read_bytes())
    assert fit(tiny_recipe, store, split, first) == 1
    assert "last.pt holds no network" in capsys.readouterr().err
    (first / "run.json").write_text("[1]")
    assert main(["evaluate", str(first)]) == 1
    assert "run.json is no JSON object" in capsys.readouterr().err


def test_as_many_processes_go_on(
    tiny_recipe: Path, store: Path, split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert fit(tiny_recipe, store, split, run) == 0
    content = json.loads((run / "run.json").read_text())
    assert content["processes"] == 1
    (run / "run.json").write_text(json.dumps(content | {"processes": 2}))
    assert fit(tiny_recipe, store, split, run) == 1
    assert "is trained by 2 processes, not 1; start as many again" in capsys.readouterr().err


@pytest.mark.parametrize("content", ['{"recipe": []}', '{"recipe": null}', "{}", "[]", "{"])
def test_a_damaged_run_file_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(RunError, match=r"run\.json is (incomplete or damaged|no JSON object)"):
        open_run(tmp_path)


def test_a_checkpoint_belongs_to_the_run_that_its_folder_names(
    tiny_recipe: Path, store: Path, split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without its name, weights of any other recipe and patients would go on as this run's."""
    run = tmp_path / "run"
    assert fit(tiny_recipe, store, split, run) == 0
    (run / "run.json").write_text("{}")
    assert fit(tiny_recipe, store, split, run) == 1
    assert "run.json is incomplete or damaged" in capsys.readouterr().err
    (run / "run.json").unlink()
    assert fit(tiny_recipe, store, split, run) == 1
    assert "it has no run.json" in capsys.readouterr().err


def test_a_damaged_checkpoint_says_what_can_be_done(
    tiny_recipe: Path, store: Path, split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert fit(tiny_recipe, store, split, run) == 0
    (run / "best.pt").write_bytes(b"")
    assert main(["evaluate", str(run)]) == 1
    assert "best.pt is damaged (EOFError). --weights last takes the last ones." in capsys.readouterr().err
    (run / "last.pt").write_bytes(b"")
    assert fit(tiny_recipe, store, split, run) == 1
    assert "last.pt is damaged (EOFError). Delete it to start the run again." in capsys.readouterr().err
