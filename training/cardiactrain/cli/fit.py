"""``cardiactrain fit RECIPE``. The same command goes on where a stopped run left off."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from CardiacSegmentationLib.cli.arguments import count, positive

from cardiactrain.cli.campaign import UNFINISHED
from cardiactrain.cli.shared import add_device, add_settings, add_store, read_fold, read_settings

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which recipe, on whom, where to."""
    parser.add_argument("recipe", help="name of a recipe that comes with the package, or a YAML file")
    add_store(parser)
    parser.add_argument("--out", type=Path, required=True, help="the run's folder")
    parser.add_argument(
        "--everyone", action="store_true", help="train on the left-out patients, too; nothing is validated"
    )
    parser.add_argument("--start-from", type=Path, metavar="RUN", help="begin with the weights of another run")
    parser.add_argument(
        "--teachers",
        type=Path,
        nargs="+",
        default=[],
        metavar="RUN",
        help="learn from these networks' opinion on every view, too (train.distill is its weight)",
    )
    parser.add_argument("--minutes", type=positive, help="stop after so long, at the end of an epoch (exit code 75)")
    parser.add_argument("--threads", type=count, help="CPU threads of each process")
    add_settings(parser)
    add_device(parser)


def run(options: argparse.Namespace) -> int:
    """Train to the end of the recipe."""
    import torch

    from cardiactrain.data.splits import Fold
    from cardiactrain.distributed import joined_world
    from cardiactrain.logs import RunLog, describe_speed
    from cardiactrain.recipe import load_recipe
    from cardiactrain.run import make_trainer, start_run

    if options.threads:
        torch.set_num_threads(options.threads)
    recipe = load_recipe(options.recipe, read_settings(options.set))
    fold = read_fold(options)
    if options.everyone:
        fold = Fold((*fold.training, *fold.validation), ())
    with joined_world(options.device) as world:
        split = f"{options.split.name} fold {options.fold}"
        started = start_run(
            options.out,
            recipe,
            options.store,
            fold,
            split,
            start=options.start_from,
            teachers=options.teachers,
            is_first=world.is_first,
        )
        trainer = make_trainer(started, world)
        log = RunLog(options.out, recipe.train.epochs, trainer.progress.epoch) if world.is_first else nullcontext()
        with log as report:
            progress = trainer.fit(report, None if options.minutes is None else 60 * options.minutes)
        is_done = trainer.is_done
    if world.is_first:
        best = f", best validation Dice {progress.best_dice:.4f}" if progress.best_dice >= 0 else ""
        print(f"{progress.epoch} epochs, {progress.step} steps{best}: {options.out}")
        print(describe_speed(progress.rows))
    return 0 if is_done else UNFINISHED
