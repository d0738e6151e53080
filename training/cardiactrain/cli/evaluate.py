"""``cardiactrain evaluate RUN``: tables, pictures and one page about the patients a run left out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cardiactrain.cli.shared import add_device

if TYPE_CHECKING:
    import argparse

    from cardiactrain.evaluate.rows import Row


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, on whom."""
    parser.add_argument("runs", type=Path, nargs="+", help="run folders; several are the folds of one cross-validation")
    parser.add_argument("--out", type=Path, help="folder for the results (default: evaluation/ in the first run)")
    parser.add_argument("--store", type=Path, help="another store than the run's own; all its subjects are used")
    parser.add_argument("--weights", default="auto", choices=("auto", "best", "last"))
    add_device(parser)


def run(options: argparse.Namespace) -> int:
    """Label, compare, write."""
    from tqdm import tqdm

    from cardiactrain.distributed import choose_device
    from cardiactrain.evaluate.report import write_report
    from cardiactrain.evaluate.rows import Comparison, compare_subjects
    from cardiactrain.evaluate.trials import describe, prepare_trials
    from cardiactrain.run import open_run

    trials = prepare_trials([open_run(folder) for folder in options.runs], options.store, options.weights)
    recipe = trials[0].run.recipe
    total, judged = Comparison(), []
    for trial in trials:
        predictor = trial.run.predictor(choose_device(options.device), trial.weights)
        with tqdm(total=len(trial.subjects), unit="subject") as bar:
            found = compare_subjects(
                predictor,
                trial.subjects,
                recipe.data.structures,
                recipe.data.assumed_pixel_mm,
                lambda _, bar=bar: bar.update(1),  # type: ignore[misc]
            )
        total.stacks += found.stacks
        total.slices += found.slices
        total.volumes += found.volumes
        judged += [(subject, predictor) for subject in trial.subjects]
    out = options.out or options.runs[0] / "evaluation"
    words = describe(trials)
    tables = write_report(recipe.name, words, total, judged, assumed_mm=recipe.data.assumed_pixel_mm, out=out)
    print_structures(tables["structures"])
    print("", *words, sep="\n")
    print(f"\n{out / 'report.html'}")
    return 0


def print_structures(rows: list[Row]) -> None:
    """The table everybody asks for first."""
    print(
        f"{'data set':<12}{'':<5}{'':<4}{'n':>4}{'missed':>8}{'Dice':>8}{'95 % interval':>18}{'HD mm':>8}{'ASSD mm':>9}"
    )
    for row in rows:
        interval = f"[{row['dice_low']:.3f}, {row['dice_high']:.3f}]"
        print(
            f"{row['dataset']:<12}{row['structure']:<5}{row['phase']:<4}{row['n']:>4}{row['missed']:>8}"
            f"{row['dice']:>8.3f}{interval:>18}{row['hausdorff_mm']:>8.2f}{row['assd_mm']:>9.2f}"
        )
