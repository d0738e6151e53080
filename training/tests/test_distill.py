"""A student learns from labels and from teachers that see its very views; what teachers saw, the student has seen."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from cardiactrain.checkpoint import LAST, load_checkpoint
from cardiactrain.cli import main
from cardiactrain.data.views import Views
from cardiactrain.distill import check_teachers, teach
from cardiactrain.errors import RecipeError
from cardiactrain.networks.output import NetworkOutput
from cardiactrain.normalise import make_normaliser
from cardiactrain.objective import Objective
from cardiactrain.predict import Predictor
from cardiactrain.recipe import load_recipe

if TYPE_CHECKING:
    from pathlib import Path

    from cardiactrain.data.subject import Subject

CPU = torch.device("cpu")


class Sure(torch.nn.Module):
    """A network that calls everything one class."""

    def __init__(self, label: int) -> None:
        super().__init__()
        self.label = label
        self.seen: list[torch.Tensor] = []

    def forward(self, image: torch.Tensor) -> NetworkOutput:
        self.seen.append(image)
        logits = torch.full((len(image), 4, *image.shape[2:]), -20.0)
        logits[:, self.label] = 20.0
        return NetworkOutput(logits, (), torch.tensor([[20.0, -20.0]]).expand(len(image), -1))


def teacher(label: int) -> Predictor:
    recipe = load_recipe("ours")
    return Predictor(Sure(label), make_normaliser(recipe.normalise), recipe, CPU)


def test_teachers_see_the_very_views_and_tell_of_every_structure(subjects: list[Subject]) -> None:
    """Of a subject with LV labels alone, too."""
    batch = Views(subjects[-1:], load_recipe("ours", {"view.size": 32})).draw(range(4), None, torch.Generator())
    assert not bool(batch.known.all())
    teachers = [teacher(2), teacher(3)]
    taught = teach(batch, teachers)
    assert bool(taught.known.all())
    torch.testing.assert_close(taught.target[:, 2], torch.full((4, 32, 32), 0.5))
    torch.testing.assert_close(taught.target[:, 3], torch.full((4, 32, 32), 0.5))
    assert taught.presence_known.all()
    torch.testing.assert_close(taught.presence, torch.tensor([[1.0, 0.0]]).expand(4, -1), atol=1e-6, rtol=0)
    normalised = make_normaliser(load_recipe("ours").normalise)(batch.image)
    assert torch.equal(teachers[0].network.seen[0], normalised)  # type: ignore[union-attr,index]


def test_a_student_that_says_what_its_teacher_says_has_nothing_to_learn(subjects: list[Subject]) -> None:
    recipe = load_recipe("ours", {"view.size": 32})
    batch = Views(subjects[:1], recipe).draw(range(4), None, torch.Generator())
    right, wrong = teacher(3), teacher(1)
    taught = teach(batch, [right])
    objective = Objective.of(recipe)
    losses = [float(objective(t.network(batch.image), taught, t.network)) for t in (right, wrong)]
    assert losses[0] == pytest.approx(0, abs=1e-6)
    assert losses[1] > 10


def test_teachers_of_other_views_are_refused() -> None:
    student = load_recipe("ours")
    check_teachers([teacher(1)], student)
    with pytest.raises(RecipeError, match=r"'ours' \(3 slices, 2D, RV, MYO, LV\) cannot teach 'ours' \(5 slices"):
        check_teachers([teacher(1)], replace(student, view=replace(student.view, slices=5)))
    with pytest.raises(RecipeError, match="cannot teach"):
        check_teachers([teacher(1)], load_recipe("ours", {"data.structures": ["LV"]}))


def test_networks_teach_a_student(tiny_recipe: Path, store: Path, split: Path, tmp_path: Path) -> None:
    """The weights change with the teacher's weight; the run goes on with the same teachers only."""
    places = ["--store", str(store), "--split", str(split), "--device", "cpu", "--set", "train.epochs=1"]
    runs = {name: tmp_path / name for name in ("teacher", "alone", "student")}
    fit = ["fit", str(tiny_recipe), *places, "--out"]
    assert main([*fit, str(runs["teacher"])]) == 0
    assert main([*fit, str(runs["alone"]), "--set", "train.seed=2"]) == 0
    taught = [*fit, str(runs["student"]), "--set", "train.seed=2", "--teachers", str(runs["teacher"])]
    assert main(taught) == 0
    alone, student = (load_checkpoint(runs[name] / LAST)["network"] for name in ("alone", "student"))
    assert not torch.equal(alone["down.0.0.weight"], student["down.0.0.weight"])
    known = json.loads((runs["student"] / "run.json").read_text())
    assert list(known["teachers"]) == [str(runs["teacher"].resolve())]
    assert set(known["ancestors"]) == set(json.loads((runs["teacher"] / "run.json").read_text())["training"])
    assert main([*taught[:-1], str(runs["alone"])]) == 1, "other teachers are another training"
