"""``cardiactrain compare``: recipes side by side, on one split, with one evaluation."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from CardiacSegmentationLib.cli.arguments import count, positive

from cardiactrain.cli.shared import add_device, add_settings, add_store, read_fold, read_settings
from cardiactrain.errors import DataError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from cardiactrain.data.splits import Fold
    from cardiactrain.distributed import World
    from cardiactrain.evaluate.rows import Labeller, Row
    from cardiactrain.recipe import Recipe

BY_SUBJECT = "by subject"  # of a line: it is no column
STEPS_PER_EPOCH = 100  # where --slices says how long: as often a stopped run is kept, and its curve drawn


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which recipes, on whom, how long."""
    parser.add_argument("recipes", nargs="*", help="names or files (default: all that come with the package)")
    add_store(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs and the table")
    parser.add_argument(
        "--slices",
        type=count,
        help="train each on so many slices (a slice of a volume counts), instead of its own time",
    )
    parser.add_argument(
        "--minutes",
        type=positive,
        help="stop each training at the end of an epoch after so many minutes, and measure it as it is; the same "
        "command goes on",
    )
    parser.add_argument("--dataset", default="acdc", help="data set the means are taken on (default acdc)")
    add_settings(parser)
    add_device(parser)


def run(options: argparse.Namespace) -> int:
    """Train and measure what was not yet, print and write one table, and the curves of all trainings."""
    from cardiactrain.distributed import joined_world
    from cardiactrain.evaluate.comparison import as_markdown, compare_with_first
    from cardiactrain.files import save_rows, save_text
    from cardiactrain.logs import draw_all_curves
    from cardiactrain.recipe import list_recipes, load_recipe

    fold = read_fold(options)
    left_out = _left_out(fold, options)
    lines: list[Row] = []
    dice: dict[str, dict[str, float]] = {}
    with joined_world(options.device) as world:
        for name in options.recipes or list_recipes():
            recipe = load_recipe(name, read_settings(options.set))
            if recipe.baseline:
                line = _measure_baseline(recipe, left_out, options)
            else:
                line = _train(recipe, fold, left_out, options, world)
            if world.is_first:
                dice[recipe.name] = line.pop(BY_SUBJECT, {})
                lines.append({"recipe": recipe.name} | line)
                print(as_markdown(lines[-1:]).splitlines()[-1], flush=True)
                save_rows(lines, options.out / "compare.csv")
                save_text(as_markdown(lines), options.out / "compare.md")
                draw_all_curves([options.out / str(line["recipe"]) for line in lines], options.out / "curves.png")
    if lines:
        tables = [as_markdown(lines), *filter(None, [as_markdown(compare_with_first(lines, dice))])]
        save_text("\n".join(tables), options.out / "compare.md")
        print("", *tables, options.out / "compare.md", sep="\n")
    return 0


def _left_out(fold: Fold, options: argparse.Namespace) -> list[str]:
    """Whom to measure on; that there is anyone is known before anything is trained."""
    from cardiactrain.data.splits import choose

    keys = choose(fold.validation, [options.dataset])
    if not keys:
        msg = f"{options.split} fold {options.fold} leaves nobody of {options.dataset} out: name another --dataset."
        raise DataError(msg)
    return keys


def _measure_baseline(recipe: Recipe, left_out: Sequence[str], options: argparse.Namespace) -> Row:
    from cardiactrain.baselines import Baseline

    assert recipe.baseline is not None
    nothing = {"parameters": 0, "slices": 0, "minutes": 0.0}
    return nothing | _measure(Baseline(recipe.baseline), recipe, left_out, options)


def _train(recipe: Recipe, fold: Fold, left_out: Sequence[str], options: argparse.Namespace, world: World) -> Row:
    """A network's line: all get the last weights, none are chosen by validation.

    What was measured at the end of its training is read again.
    """
    from cardiactrain.files import save_text
    from cardiactrain.logs import RunLog
    from cardiactrain.recipe import shorten
    from cardiactrain.run import make_trainer, start_run, with_files

    slices_per_step = recipe.slices_per_step * world.size
    if options.slices:
        steps = max(1, options.slices // slices_per_step)
        epochs = -(-steps // STEPS_PER_EPOCH)
        recipe = shorten(recipe, epochs, steps // epochs)
    folder = options.out / recipe.name
    started = start_run(folder, recipe, options.store, fold, options.split.name, is_first=world.is_first)
    measured = folder / f"measured-{options.dataset}.json"
    if measured.exists():
        with_files(started, world)
        return dict(json.loads(measured.read_text()))
    trainer = make_trainer(started, world, validate=False)
    log = RunLog(folder, recipe.train.epochs, trainer.progress.epoch) if world.is_first else nullcontext()
    with log as report:
        progress = trainer.fit(report, options.minutes * 60 if options.minutes is not None else None)
    is_done = trainer.is_done
    line: Row = {
        "parameters": sum(p.numel() for p in trainer.network.parameters()),
        "slices": progress.step * slices_per_step,
        "minutes": sum(row["seconds"] for row in progress.rows) / 60,
    }
    if world.is_first:
        line |= _measure(trainer.predictor(), recipe, left_out, options)
        if is_done:
            save_text(json.dumps(line) + "\n", measured)
    return line


def _measure(labeller: Labeller, recipe: Recipe, left_out: Sequence[str], options: argparse.Namespace) -> Row:
    """Its figures on the patients left out."""
    from cardiactrain.data.store import load_subjects
    from cardiactrain.evaluate.comparison import dice_by_subject, summary_line
    from cardiactrain.evaluate.rows import compare_subjects

    subjects = load_subjects(options.store, left_out)
    found = compare_subjects(labeller, subjects, recipe.data.structures, recipe.data.assumed_pixel_mm)
    return summary_line(found) | {BY_SUBJECT: dice_by_subject(found)}
