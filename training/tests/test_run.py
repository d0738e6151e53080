"""A run's folder knows its recipe, its patients, and those its weights had learned from before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cardiactrain.cli import main
from cardiactrain.data.splits import Split, fold_of, load_split, save_split
from cardiactrain.run import open_run

if TYPE_CHECKING:
    from pathlib import Path


def fit(recipe: Path, store: Path, split: Path, out: Path, *more: str) -> int:
    places = ["--store", str(store), "--split", str(split), "--out", str(out), "--device", "cpu"]
    return main(["fit", str(recipe), *places, "--set", "train.epochs=1", "--set", "train.steps_per_epoch=1", *more])


@pytest.fixture
def turned(split: Path, tmp_path: Path) -> Path:
    """A split whose left-out patients are those the other one trains on."""
    fold = fold_of(load_split(split), 0, split)
    path = tmp_path / "turned.json"
    save_split(Split("turned", 0, (type(fold)(fold.validation, fold.training),)), path)
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


def test_a_student_remembers_what_its_teachers_saw(
    tiny_recipe: Path, store: Path, split: Path, turned: Path, tmp_path: Path
) -> None:
    teacher, taught = tmp_path / "teacher", tmp_path / "taught"
    assert fit(tiny_recipe, store, split, teacher) == 0
    assert main(["teach", str(teacher), "--out", str(taught), "--device", "cpu"]) == 0
    student, alone = tmp_path / "student", tmp_path / "alone"
    assert fit(tiny_recipe, taught, turned, student, "--set", "data.opinion=0.5") == 0
    assert fit(tiny_recipe, taught, turned, alone) == 0
    assert open_run(student).seen == {*open_run(teacher).training, *open_run(student).training}
    assert open_run(alone).seen == set(open_run(alone).training)


def test_a_run_of_an_older_version_is_opened_and_goes_on(
    tiny_recipe: Path, store: Path, split: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    assert fit(tiny_recipe, store, split, run) == 0
    content = json.loads((run / "run.json").read_text())
    old = {key: content[key] for key in ("recipe", "store", "split", "training", "validation")}
    (run / "run.json").write_text(json.dumps(old))
    assert open_run(run).seen == set(content["training"])
    assert fit(tiny_recipe, store, split, run) == 0
