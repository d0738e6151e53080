"""``cardiactrain teach RUN … --out STORE``: the opinion of trained networks, as soft labels for a student."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cardiactrain.cli.shared import add_device
from cardiactrain.errors import DataError

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Who teaches, on what."""
    parser.add_argument("runs", type=Path, nargs="+", help="run folders whose networks give their opinion together")
    parser.add_argument("--store", type=Path, help="the subjects to look at (default: the first run's store)")
    parser.add_argument("--out", type=Path, required=True, help="a new store: the same subjects, with the opinion")
    parser.add_argument("--weights", default="auto", choices=("auto", "best", "last"))
    add_device(parser)


def run(options: argparse.Namespace) -> int:
    """Look at every subject with every network."""
    from tqdm import tqdm

    from cardiactrain.data.store import load_subjects, read_index, write_store
    from cardiactrain.distributed import choose_device
    from cardiactrain.run import open_run
    from cardiactrain.teach import record_teachers, teach

    runs = [open_run(folder) for folder in options.runs]
    store = options.store or runs[0].store
    if options.out.resolve() == store.resolve():
        msg = f"{options.out} is the store itself; give --out another folder."
        raise DataError(msg)
    teachers = [trained.predictor(choose_device(options.device), options.weights) for trained in runs]
    keys = [row["key"] for row in read_index(store)]
    taught = (teach(load_subjects(store, [key])[0], teachers) for key in tqdm(keys, unit="subject"))
    record_teachers(options.out, frozenset[str]().union(*(trained.seen for trained in runs)))
    count = write_store(taught, options.out)
    print(f"{count} subjects, seen by {len(teachers)} networks: {options.out}")
    return 0
