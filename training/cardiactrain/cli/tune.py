"""``cardiactrain tune RECIPE --vary optimiser.lr=1e-4..1e-2``. Stopped searches are resumed by the same command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.cli.arguments import count

from cardiactrain.cli.shared import add_device, add_seed, add_settings, add_store, read_fold, read_settings
from cardiactrain.errors import DataError, RunError

if TYPE_CHECKING:
    import argparse

    from cardiactrain.recipe import Recipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to vary, and how."""
    parser.add_argument("recipe")
    add_store(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder for the trials")
    parser.add_argument(
        "--vary", action="append", required=True, metavar="KEY=LOW..HIGH|KEY=A,B", help="a setting and its range"
    )
    parser.add_argument("--how", choices=("grid", "random", "optuna"), default="random")
    parser.add_argument(
        "--points", type=count, default=3, help="grid: values of each range, on a log scale (default 3)"
    )
    parser.add_argument("--trials", type=count, default=10, help="random and optuna: how many (default 10)")
    add_seed(parser)
    parser.add_argument("--epochs", type=int, help="a budget for each trial, instead of the recipe's own")
    parser.add_argument("--steps-per-epoch", type=int)
    add_settings(parser)
    add_device(parser)


def run(options: argparse.Namespace) -> int:
    """Search, and print the trials from best to worst."""
    from dataclasses import asdict

    from cardiactrain.data.splits import choose
    from cardiactrain.distributed import count_processes
    from cardiactrain.recipe import plain_data
    from cardiactrain.tune import begin_search, parse_range, propose_grid, propose_random, search, search_optuna

    if count_processes() > 1:
        msg = "tune searches in one process: start it without torchrun; what it finds may be trained by several."
        raise RunError(msg)
    ranges = [parse_range(text) for text in options.vary]
    recipe, fold = _read_recipe(options, {}), read_fold(options)
    if not choose(fold.validation, recipe.data.datasets):
        msg = f"{options.split} fold {options.fold} leaves nobody of data.datasets out to judge the trials by."
        raise DataError(msg)
    common = {"recipe": plain_data(recipe), "store": str(options.store.resolve())}
    common |= {"split": asdict(fold), "how": options.how, "vary": sorted(options.vary)}
    begin_search(options.out, common)

    def objective(settings: dict[str, Any], folder: Path) -> float:
        dice = _fit(options, settings, folder)
        print(f"{dice:.4f}  {settings}", flush=True)
        return dice

    if options.how == "optuna":
        rows = search_optuna(ranges, options.trials, options.seed, objective, options.out)
    else:
        is_grid = options.how == "grid"
        proposals = (
            propose_grid(ranges, options.points) if is_grid else propose_random(ranges, options.trials, options.seed)
        )
        rows = search(proposals, objective, options.out)
    print("\nbest first:")
    for row in rows:
        print(f"{float(row['dice']):.4f}  {row['settings']}")
    return 0


def _fit(options: argparse.Namespace, settings: dict[str, Any], folder: Path) -> float:
    """The best validation Dice of one trial, 0 where it diverged; a trial that was stopped goes on."""
    from cardiactrain.distributed import joined_world
    from cardiactrain.run import make_trainer, start_run
    from cardiactrain.trainer import DivergedError

    recipe = _read_recipe(options, settings)
    with joined_world(options.device) as world:
        started = start_run(
            folder, recipe, options.store, read_fold(options), options.split.name, is_first=world.is_first
        )
        try:
            return make_trainer(started, world).fit().best_dice
        except DivergedError as error:
            print(error)
            return 0.0


def _read_recipe(options: argparse.Namespace, settings: dict[str, Any]) -> Recipe:
    """The recipe of a trial, on the budget of the search."""
    from cardiactrain.recipe import load_recipe

    asked = {"train.epochs": options.epochs, "train.steps_per_epoch": options.steps_per_epoch}
    budget = {key: value for key, value in asked.items() if value is not None}
    return load_recipe(options.recipe, read_settings(options.set) | budget | settings)
