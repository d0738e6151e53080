"""Every recipe runs: two steps, one labelled stack, one row of figures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from cardiactrain.baselines import Baseline
from cardiactrain.distributed import World
from cardiactrain.errors import RecipeError
from cardiactrain.evaluate.comparison import summary_line
from cardiactrain.evaluate.rows import compare_subjects
from cardiactrain.recipe import Recipe, list_recipes, load_recipe, parse_recipe, plain_data, shorten
from cardiactrain.trainer import Trainer

if TYPE_CHECKING:
    from pathlib import Path

    from cardiactrain.data.subject import Subject

WORLD = World(0, 1, torch.device("cpu"))
SMALL = {"view.size": 32, "train.batch": 4, "data.phantoms": 0, "train.precision": "float32", "predict.overlap": 0.25}
ACROSS = {"view.together": 2, "network.across": 2}
LIGHTER = {  # the large ones are cut down, or keep no moments of their 46 million weights
    "ismrm-dynunet": {"network.widths": [8, 16, 16, 16]},
    "ismrm-vnet": {"optimiser": {"kind": "sgd", "lr": 0.01}, "train.batch": 1},
    "raddi-lv": {"network.widths": [8, 16, 16, 16, 16]},
}


def train_briefly(recipe: Recipe, subjects: list[Subject], folder: Path) -> Trainer:
    chosen = [s for s in subjects if s.facts.dataset in recipe.data.datasets]
    trainer = Trainer(shorten(recipe, 1, 2), chosen[:3], chosen[3:4], folder, WORLD)
    trainer.fit()
    return trainer


@pytest.mark.parametrize("name", [n for n in list_recipes() if not n.startswith("baseline")])
def test_every_recipe_trains_and_labels(name: str, subjects: list[Subject], tmp_path: Path) -> None:
    recipe = load_recipe(name, SMALL | LIGHTER.get(name, {}))
    trainer = train_briefly(recipe, subjects, tmp_path)
    labels = trainer.predictor().labels(subjects[0].stacks[0].image, (2.0, 2.0))
    assert labels.shape == subjects[0].stacks[0].labels.shape
    row = trainer.progress.rows[0]
    assert 0 < row["loss"] < 20
    assert 0 <= row["dice"] <= 1


@pytest.mark.parametrize("name", [n for n in list_recipes() if n.startswith("baseline")])
def test_classical_methods_find_a_bright_disc(name: str, subjects: list[Subject]) -> None:
    recipe = load_recipe(name)
    assert recipe.baseline is not None
    found = compare_subjects(Baseline(recipe.baseline), subjects[:2], ["LV"], 1.4)
    assert summary_line(found)["LV ED"] > 0.6


def test_a_recipe_survives_being_written_down() -> None:
    for name in list_recipes():
        recipe = load_recipe(name)
        assert parse_recipe(plain_data(recipe), "again") == recipe


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: x\ntrain: {epoch: 3}", r"x\.yaml: train: unknown key 'epoch'"),
        ("description: x", r"x\.yaml: the key 'name' is missing"),
        ("name: x\ntrain: {epochs: many}", r"train: epochs: expected int, found 'many'"),
        ("name: x\ndata: {structures: [LA]}", r"data\.structures has 'LA'"),
        ("name: x\nnetwork: {widths: [4]}", r"network: the key 'kind' is missing"),
        ("name: [", "no valid YAML"),
        ("- a\n- b", "list of keys"),
        ("base: nowhere\nname: x", "no recipe 'nowhere'"),
    ],
)
def test_a_wrong_recipe_names_the_file_and_the_key(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=words):
        load_recipe(path)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"network.kind": "resnet"}, "Unknown network 'resnet': choose one of"),
        ({"network.depth": 3}, "The network 'compact-unet' has no option 'depth'"),
        ({"loss.kind": "hinge"}, "Unknown loss 'hinge'"),
        ({"optimiser.speed": 1}, "The optimiser 'muon' has no option 'speed'"),
        ({"augment": [{"kind": "rotate", "degree": 9}]}, "The augmentation 'rotate' has no option 'degree'"),
        ({"without": ["motion"]}, "Unknown group of augmentations 'motion': choose from geometry, contrast, artefacts"),
        (
            {"augment": [{"kind": "monai", "transform": "RandNothing"}]},
            "MONAI has no dictionary transform RandNothingd",
        ),
        (ACROSS | {"augment": [{"kind": "monai", "transform": "RandFlip"}]}, "MONAI's transforms cannot change slices"),
        (ACROSS | {"view.together": 3}, "train.batch 4 cannot be filled by view.together 3"),
        (ACROSS | {"network.across": 9}, "across counts levels, from 0 to 5"),
        (ACROSS | {"predict.kind": "sliding-window"}, "windows are no stack"),
        ({"augment": [{"kind": "contract", "by": 2}]}, "'contract' has no option 'by'"),
        ({"augment": [{"kind": "reverse-slices", "oftn": 1}]}, "'reverse-slices' has no option 'oftn'"),
        (ACROSS | {"network.across": 0}, "view.together is for 2D networks that look across slices"),
    ],
)
def test_a_wrong_option_is_named(
    settings: dict[str, object], words: str, subjects: list[Subject], tmp_path: Path
) -> None:
    with pytest.raises(RecipeError, match=words):
        train_briefly(load_recipe("ours", SMALL | settings), subjects, tmp_path)


def test_a_rate_may_be_written_with_an_exponent(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("base: ours\nname: x\noptimiser: {lr: 1e-4}\ntrain: {l2: 1e-5}")
    recipe = load_recipe(path)
    assert (recipe.optimiser.options["lr"], recipe.train.l2) == (1e-4, 1e-5)


def test_learning_makes_the_loss_smaller(subjects: list[Subject], tmp_path: Path) -> None:
    recipe = load_recipe("kayalibay", SMALL | {"augment": [], "view.spacing_mm": 3.0, "train.batch": 4})
    trainer = Trainer(shorten(recipe, 5, 8), subjects[:4], [], tmp_path, WORLD)
    trainer.fit()
    losses = [row["loss"] for row in trainer.progress.rows]
    assert losses[-1] < 0.7 * losses[0]


def test_early_stopping_stops(subjects: list[Subject], tmp_path: Path) -> None:
    recipe = load_recipe("kayalibay", SMALL | {"train.early_stopping": 2, "optimiser.lr": 0.0})
    trainer = Trainer(shorten(recipe, 50, 1), subjects[:2], subjects[2:3], tmp_path, WORLD)
    assert trainer.fit().epoch < 50


def test_three_dimensions_need_a_three_dimensional_network(subjects: list[Subject], tmp_path: Path) -> None:
    recipe = load_recipe("raddi-lv", SMALL)
    with pytest.raises(RecipeError, match="is 2D"):
        train_briefly(replace(recipe, view=replace(recipe.view, dims=3, slices=8)), subjects, tmp_path)
