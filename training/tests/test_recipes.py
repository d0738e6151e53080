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
from cardiactrain.normalise import make_normaliser
from cardiactrain.plain import Component
from cardiactrain.predict import Predictor
from cardiactrain.recipe import Recipe, list_recipes, load_recipe, parse_recipe, plain_data, shorten
from cardiactrain.trainer import Trainer

if TYPE_CHECKING:
    from pathlib import Path

    from cardiactrain.data.subject import Subject

WORLD = World(0, 1, torch.device("cpu"))
SMALL = {"view.size": 32, "train.batch": 4, "data.phantoms": 0, "train.precision": "float32", "predict.overlap": 0.25}
ACROSS = {"view.slices_together": 2, "network.across": 2}
LIGHTER = {  # the large ones are cut down, or keep no moments of their 46 million weights
    "ismrm-dynunet": {"network.widths": [8, 16, 16, 16]},
    "ismrm-vnet": {"optimiser": {"kind": "sgd", "lr": 0.01}, "train.batch": 1},
    "raddi-lv": {"network.widths": [8, 16, 16, 16, 16]},
    "ours-wide": {"network.widths": [8, 16, 16, 16, 16]},
    "ours-residual": {"network.widths": [8, 8, 16, 16, 16], "network.blocks": [1, 1, 1, 1, 1]},
    "ours-mednext": {"network.filters": 4, "network.blocks": [1, 1, 1, 1], "network.bottleneck": 1},
}


def train_briefly(recipe: Recipe, subjects: list[Subject], folder: Path) -> Trainer:
    chosen = [s for s in subjects if s.facts.dataset in recipe.data.datasets]
    trainer = Trainer(shorten(recipe, 1, 2), chosen[:3], chosen[3:4], folder, WORLD)
    trainer.rehearse()
    trainer.fit()
    return trainer


@pytest.mark.parametrize("name", [n for n in list_recipes() if not n.startswith("baseline")])
def test_every_recipe_trains_and_labels(name: str, subjects: list[Subject], tmp_path: Path) -> None:
    recipe = load_recipe(name, SMALL | LIGHTER.get(name, {}))
    trainer = train_briefly(recipe, subjects, tmp_path)
    (labels,) = trainer.predictor().labels([subjects[0].stacks[0].image], (2.0, 2.0))
    assert labels.shape == subjects[0].stacks[0].labels.shape
    row = trainer.progress.rows[0]
    assert 0 < row["loss"] < 20
    assert "dice" in row, "it was validated"
    assert {int(code) for code in labels.ravel()} <= {int(label) for label in recipe.classes}


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
        ("name: Müller", r"x\.yaml is no text in UTF-8"),
        ("- a\n- b", "list of keys"),
        ("base: nowhere\nname: x", "no recipe 'nowhere'"),
        ("base: x\nname: x", "its `base` leads back to itself"),
        ("base: ours", r"x\.yaml: the key 'name' is missing"),
        ("name: x\nview: {slices: 4}", r"x\.yaml: view\.slices is 4; it must be odd in 2D"),
        ("name: x\nview: {spacing_mm: 0}", r"view\.spacing_mm is 0\.0; it must be above 0"),
        ("name: x\nview: {spacing_mm: null}", "predict.kind is 'heart-crop'; it must be another where"),
        ("name: x\ntrain: {validate_every: 0}", r"train\.validate_every is 0; it must be at least 1"),
        ("name: x\ntrain: {epochs: 0}", r"train\.epochs is 0"),
        ("name: x\ntrain: {epochs: yes}", "epochs: expected int, found True"),
        ("name: x\ntrain: {seed: -1}", r"train\.seed is -1"),
        ("name: x\ntrain: {ema: 2}", r"train\.ema is 2\.0"),
        ("name: x\ndata: {share: 5}", "data: share: expected keys with values, found 5"),
        ("name: x\ndata: {share: {acdc: many}}", "data: share: acdc: expected float, found 'many'"),
        ("name: x\ndata: {structures: []}", r"data\.structures is \(\)"),
        ("name: x\ndata: {structures: [LV, LV]}", "structures, each named once"),
        ("name: x\npredict: {present_from: {LV: low}}", "present_from: LV: expected float, found 'low'"),
        ("name: x\npredict: {present_from: {lv: 0.3}}", "chances between 0 and 1, for LV and RV"),
        ("name: x\nview: {early: [{until: 2, size: 64}]}", r"view\.early is"),
    ],
)
def test_a_wrong_recipe_names_the_file_and_the_key(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(RecipeError, match=words):
        load_recipe(path)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"network.kind": "resnet"}, "Unknown network 'resnet': choose one of"),
        ({"network.depth": 3}, "'compact-unet' has no option 'depth'; it has widths, heads"),
        ({"loss.kind": "hinge"}, "Unknown loss 'hinge'"),
        ({"optimiser.speed": 1}, "'muon' has no option 'speed'; it has lr, momentum"),
        ({"augment": [{"kind": "rotate", "degree": 9}]}, "'rotate' has no option 'degree'; it has degrees"),
        ({"without": ["motion"]}, "Unknown group of augmentations 'motion': choose from geometry, contrast, artefacts"),
        (
            {"augment": [{"kind": "monai", "transform": "RandNothing"}]},
            "MONAI has no dictionary transform RandNothingd",
        ),
        (ACROSS | {"augment": [{"kind": "monai", "transform": "RandFlip"}]}, "MONAI's transforms cannot change slices"),
        (ACROSS | {"view.slices_together": 3}, "train.batch 4 cannot be filled by view.slices_together 3"),
        (ACROSS | {"network.across": 9}, "across counts levels, from 0 to 5"),
        (ACROSS | {"predict.kind": "sliding-window"}, "windows are no stack"),
        ({"augment": [{"kind": "contract", "by": 2}]}, "'contract' has no option 'by'"),
        ({"augment": [{"kind": "reverse-slices", "oftn": 1}]}, "'reverse-slices' has no option 'oftn'"),
        ({"augment": [{"kind": "rotate", "degrees": "many"}]}, "'rotate' takes a number for 'degrees', not 'many'"),
        ({"augment": [{"kind": "flip", "often": "never"}]}, "'flip' takes a number for 'often'"),
        ({"optimiser.lr": "fast"}, "'muon' takes a number for 'lr', not 'fast'"),
        ({"optimiser.lr": -1}, "'muon' cannot be made"),
        ({"optimiser": {"kind": "adam", "lr": -1}}, "'adam' cannot be made"),
        ({"schedule.floor": -0.1}, "'trapezoid' cannot be made .* floor is at least 0"),
        ({"schedule": {"kind": "cosine", "warmup": -1}}, "'cosine' cannot be made .* warmup is at least 0"),
        ({"schedule": {"kind": "polynomial", "power": -1}}, "power is at least 0"),
        ({"loss": {"kind": "dice-ce", "dice": -1}}, "'dice-ce' cannot be made .* dice is at least 0"),
        ({"loss": {"kind": "dice", "smooth": -1}}, "smooth is at least 0"),
        ({"loss": {"kind": "focal", "gamma": -1}}, "gamma is at least 0"),
        ({"loss": {"kind": "cross-entropy", "weights": [1, -1, 1, 1]}}, "weights is at least 0, not -1"),
        ({"optimiser": {"kind": "adam", "betas": [0.9]}}, "'adam' cannot be made"),
        ({"optimiser": {"kind": "sgd", "nesterov": 1}}, "'sgd' takes true or false for 'nesterov'"),
        (ACROSS | {"network.across": 0}, "view.slices_together is for 2D networks that look across slices"),
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


def test_a_recipe_laid_over_another_speaks_for_itself(tmp_path: Path) -> None:
    """Its bundle would say that it was trained as the other one is."""
    path = tmp_path / "x.yaml"
    path.write_text("base: ours-wide\nname: x\ntrain: {batch: 4}")
    recipe = load_recipe(path)
    assert (recipe.name, recipe.description, recipe.train.batch) == ("x", "", 4)
    assert recipe.network == load_recipe("ours-wide").network
    assert all(load_recipe(name).description for name in list_recipes())


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


def test_another_kind_brings_its_own_options() -> None:
    assert load_recipe("ismrm-tutorial", {"loss.kind": "cross-entropy"}).loss == Component("cross-entropy")
    recipe = load_recipe("ours", {"optimiser.lr": 0.1, "optimiser.kind": "sgd"})
    assert recipe.optimiser == Component("sgd", {"lr": 0.1}), "in whatever order they are named"
    same = load_recipe("ours", {"optimiser.kind": "muon", "predict.kind": "centre-crop"})
    ours = load_recipe("ours")
    assert (same.optimiser, same.predict.margin_mm) == (ours.optimiser, ours.predict.margin_mm)


@pytest.mark.parametrize("name", ["raddi-lv", "ismrm-tutorial"])
def test_native_pixels_are_predicted_as_they_are_trained(name: str) -> None:
    """The pixels of this image are not square; the network sees the very pixels all the same."""
    recipe = load_recipe(name, {"view.size": 32, "normalise": {"kind": "percentile-range", "low": 0, "high": 100}})
    seen: list[torch.Tensor] = []

    class Watcher(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            seen.append(image)
            return torch.zeros(len(image), len(recipe.classes), *image.shape[2:])

    image = torch.rand(1, 32, 32, generator=torch.Generator().manual_seed(0)).numpy()
    predictor = Predictor(Watcher(), make_normaliser(recipe.normalise), recipe, torch.device("cpu"))
    predictor.probabilities(image, (1.5, 1.0))
    low, high = image.min(), image.max()
    torch.testing.assert_close(seen[0][0, 0], torch.from_numpy((image[0] - low) / (high - low)))
