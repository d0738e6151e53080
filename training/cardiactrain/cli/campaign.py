"""``cardiactrain campaign RECIPE``: folds, their evaluation, then everyone and a bundle; in one go or in pieces."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cardiactrain.cli.shared import add_device, add_settings
from cardiactrain.errors import RunError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

UNFINISHED = 75  # exit code when the time was up: the same command goes on


class Step(NamedTuple):
    """One command of a campaign, and the file that says it is done."""

    name: str
    arguments: list[str]
    done: Path | None  # None: the command itself knows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to train on whom, and how long."""
    parser.add_argument("recipe", help="name of a recipe that comes with the package, or a YAML file")
    parser.add_argument("--store", type=Path, required=True, help="data store made by `data prepare` or `data unpack`")
    parser.add_argument("--split", type=Path, required=True, help="split file of several folds, made by `data split`")
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs, their evaluation and the bundle")
    parser.add_argument("--teachers", type=Path, nargs="+", default=[], metavar="RUN", help="of the run on everyone")
    parser.add_argument("--minutes", type=float, help="stop after so long, at the end of an epoch")
    parser.add_argument("--threads", type=int, help="CPU threads")
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
    end = time.monotonic() + 60 * options.minutes if options.minutes else None
    for step in plan_steps(options):
        if step.done is not None and step.done.exists():
            continue
        arguments = step.arguments
        if end is not None:
            left = (end - time.monotonic()) / 60
            if left <= 0:
                return _stop(step)
            arguments = [*arguments, "--minutes", f"{left:.3f}"] if arguments[0] == "fit" else arguments
        print(f"\n{step.name}", flush=True)
        code = main(arguments)
        if code != EXIT_OK:
            return _stop(step) if code == UNFINISHED else code
    print(f"\nThe campaign is done: {options.out}")
    return EXIT_OK


def plan_steps(options: argparse.Namespace) -> Iterator[Step]:
    """The commands of a campaign."""
    from cardiactrain.data.splits import load_split

    out = options.out
    device = ["--device", options.device]
    common = ["--store", str(options.store), "--split", str(options.split), *device]
    common += ["--threads", str(options.threads)] if options.threads else []
    common += [part for setting in options.set for part in ("--set", setting)]
    folds = [out / f"fold{n}" for n in range(len(load_split(options.split).folds))]
    for n, folder in enumerate(folds):
        fit = ["fit", options.recipe, *common, "--fold", str(n), "--out", str(folder)]
        yield Step(f"fold {n}", fit, None)
    judged = out / "cross-validation"
    runs = [str(folder) for folder in folds]
    evaluate = ["evaluate", *runs, "--out", str(judged), "--weights", "last", *device]
    yield Step("cross-validation", evaluate, judged / "report.html")
    everyone = ["fit", options.recipe, *common, "--everyone", "--out", str(out / "everyone")]
    everyone += ["--teachers", *(str(path) for path in options.teachers)] if options.teachers else []
    yield Step("everyone", everyone, None)
    version = ["--name", options.name, "--bundle-version", options.bundle_version]
    export = ["export", str(out / "everyone"), "--out", str(out / "bundle"), *version]
    yield Step("bundle", export, out / "bundle" / "configs" / "metadata.json")


def _stop(step: Step) -> int:
    print(f"The time is up in {step.name!r}; the same command goes on from there.", flush=True)
    return UNFINISHED
