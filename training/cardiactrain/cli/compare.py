"""``cardiactrain compare``: recipes side by side, on one split, with one evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cardiactrain.cli.shared import add_device, add_settings, add_store, read_fold, read_settings

if TYPE_CHECKING:
    import argparse

    from cardiactrain.data.splits import Fold
    from cardiactrain.evaluate.rows import Row
    from cardiactrain.recipe import Recipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which recipes, on whom, how long."""
    parser.add_argument("recipes", nargs="*", help="names or files (default: all that come with the package)")
    add_store(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs and the table")
    parser.add_argument("--epochs", type=int, help="a budget for all, instead of each recipe's own")
    parser.add_argument("--steps-per-epoch", type=int)
    parser.add_argument("--dataset", default="acdc", help="data set the means are taken on (default acdc)")
    add_settings(parser)
    add_device(parser)


def run(options: argparse.Namespace) -> int:
    """Train what is not trained yet, evaluate, print and write one table."""
    from cardiactrain.evaluate.comparison import as_markdown
    from cardiactrain.files import save_rows, save_text
    from cardiactrain.recipe import list_recipes

    fold = read_fold(options)
    lines: list[Row] = []
    for name in options.recipes or list_recipes():
        lines.append(_line(name, fold, options))
        print(as_markdown(lines[-1:]).splitlines()[-1], flush=True)
        save_rows(lines, options.out / "compare.csv")
        save_text(as_markdown(lines), options.out / "compare.md")
    print(f"\n{as_markdown(lines)}\n{options.out / 'compare.md'}")
    return 0


def _line(name: str, fold: Fold, options: argparse.Namespace) -> dict[str, Any]:
    """One recipe's line of the table."""
    import time

    from cardiactrain.data.splits import choose
    from cardiactrain.data.store import load_subjects
    from cardiactrain.evaluate.comparison import summary_line
    from cardiactrain.evaluate.rows import compare_subjects
    from cardiactrain.recipe import load_recipe, shorten

    recipe = load_recipe(name, read_settings(options.set))
    if options.epochs:
        recipe = shorten(recipe, options.epochs, options.steps_per_epoch)
    left_out = load_subjects(options.store, choose(fold.validation, [options.dataset]))
    start = time.perf_counter()
    labeller, parameters, epochs = _labeller(recipe, fold, options)
    spent = time.perf_counter() - start
    found = compare_subjects(labeller, left_out, recipe.data.structures, recipe.data.assumed_pixel_mm)
    return {"recipe": recipe.name, "parameters": parameters, "epochs": epochs, "minutes": spent / 60} | summary_line(
        found
    )


def _labeller(recipe: Recipe, fold: Fold, options: argparse.Namespace) -> tuple[Any, int, int]:
    from cardiactrain.baselines import Baseline
    from cardiactrain.distributed import joined_world
    from cardiactrain.run import make_trainer, start_run

    if recipe.baseline is not None:
        return Baseline(recipe.baseline), 0, 0
    with joined_world(options.device) as world:
        folder = options.out / recipe.name
        started = start_run(folder, recipe, options.store, fold, options.split.name)
        trainer = make_trainer(started, world, validate=False)  # no choice by validation: all get the last weights
        trainer.fit()
        parameters = sum(p.numel() for p in trainer.network.parameters())
        return trainer.predictor(), parameters, trainer.progress.epoch
