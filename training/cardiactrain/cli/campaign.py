"""``cardiactrain campaign RECIPE``: folds, their evaluation, then everyone and a bundle; in one go or in pieces."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from CardiacSegmentationLib.cli.arguments import count, positive

from cardiactrain.cli.shared import add_device, add_settings, read_settings
from cardiactrain.errors import RunError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from cardiactrain.recipe import Recipe

UNFINISHED = 75  # exit code when the time was up: the same command goes on


class Step(NamedTuple):
    """One command of a campaign, and how to see that it is done."""

    name: str
    arguments: list[str]
    is_done: Callable[[], bool]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to train on whom, and how long."""
    parser.add_argument("recipe", help="name of a recipe that comes with the package, or a YAML file")
    parser.add_argument("--store", type=Path, required=True, help="data store made by `data prepare` or `data unpack`")
    parser.add_argument("--split", type=Path, required=True, help="split file of several folds, made by `data split`")
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs, their evaluation and the bundle")
    parser.add_argument("--teachers", type=Path, nargs="+", default=[], metavar="RUN", help="of the run on everyone")
    parser.add_argument("--minutes", type=positive, help="stop after so long, at the end of an epoch")
    parser.add_argument("--threads", type=count, help="CPU threads")
    parser.add_argument("--name", default="cardiac-sax", help="of the bundle")
    parser.add_argument("--bundle-version", default="1.0.0")
    add_settings(parser)
    add_device(parser)


def run(options: argparse.Namespace) -> int:
    """Do what is not done yet, in order."""
    from cardiactrain.cli import EXIT_OK, main
    from cardiactrain.distributed import count_processes

    if count_processes() > 1:
        msg = "campaign runs in one process: start it without torchrun; each of its runs may be trained by several."
        raise RunError(msg)
    end = time.monotonic() + 60 * options.minutes if options.minutes is not None else None
    for step in plan_steps(options):
        if step.is_done():
            continue
        arguments = step.arguments
        if end is not None:
            left = (end - time.monotonic()) / 60
            if left <= 0:
                return _stop(step)
            arguments = [*arguments, "--minutes", str(left)] if arguments[0] == "fit" else arguments
        print(f"\n{step.name}", flush=True)
        code = main(arguments)
        if code != EXIT_OK:
            return _stop(step) if code == UNFINISHED else code
    print(f"\nThe campaign is done: {options.out}")
    return EXIT_OK


def plan_steps(options: argparse.Namespace) -> Iterator[Step]:
    """The commands of a campaign."""
    from cardiactrain.data.splits import load_split
    from cardiactrain.recipe import load_recipe

    out, recipe = options.out, load_recipe(options.recipe, read_settings(options.set))
    device = ["--device", options.device]
    common = ["--store", str(options.store), "--split", str(options.split), *device]
    common += ["--threads", str(options.threads)] if options.threads else []
    common += [part for setting in options.set for part in ("--set", setting)]
    folds = [out / f"fold{n}" for n in range(len(load_split(options.split).folds))]
    for n, folder in enumerate(folds):
        fit = ["fit", options.recipe, *common, "--fold", str(n), "--out", str(folder)]
        yield Step(f"fold {n}", fit, partial(is_trained, folder, recipe, options.store))
    judged = out / "cross-validation"
    runs = [str(folder) for folder in folds]
    evaluate = ["evaluate", *runs, "--out", str(judged), "--weights", "last", *device]
    yield Step("cross-validation", evaluate, (judged / "report.html").exists)
    everyone = ["fit", options.recipe, *common, "--everyone", "--out", str(out / "everyone")]
    everyone += ["--teachers", *(str(path) for path in options.teachers)] if options.teachers else []
    yield Step("everyone", everyone, partial(is_trained, out / "everyone", recipe, options.store))
    version = ["--name", options.name, "--bundle-version", options.bundle_version]
    export = ["export", str(out / "everyone"), "--out", str(out / "bundle"), *version]
    yield Step("bundle", export, partial(is_exported, out / "bundle", options.name, options.bundle_version))


def is_trained(folder: Path, recipe: Recipe, store: Path) -> bool:
    """Whether a run has come to its end; not if it is another: then `fit` says so."""
    from cardiactrain.checkpoint import LAST, load_checkpoint
    from cardiactrain.run import open_run

    if not (folder / LAST).exists():
        return False
    run, epoch = open_run(folder), int(load_checkpoint(folder / LAST, "progress")["progress"]["epoch"])
    return (run.recipe, run.store) == (recipe, store.resolve()) and epoch >= recipe.train.epochs


def is_exported(bundle: Path, name: str, version: str) -> bool:
    """Whether the bundle of that name and version is there."""
    from CardiacSegmentationLib.network.bundle import METADATA

    from cardiactrain.files import load_object

    path = bundle / METADATA
    facts = load_object(path).get("cardiacseg", {}) if path.exists() else {}
    return (facts.get("name"), facts.get("version")) == (name, version)


def _stop(step: Step) -> int:
    print(f"The time is up in {step.name!r}; the same command goes on from there.", flush=True)
    return UNFINISHED
