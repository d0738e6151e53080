"""``cardiactrain ensemble RUN … --out RUN``: the mean of several networks, as a run like any other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which networks."""
    parser.add_argument("runs", type=Path, nargs="+", help="run folders whose networks become one")
    parser.add_argument("--out", type=Path, required=True, help="the ensemble's folder, to evaluate or to teach with")
    parser.add_argument("--weights", default="last", choices=("auto", "best", "last"))


def run(options: argparse.Namespace) -> int:
    """Join them."""
    from cardiactrain.ensemble import join_runs
    from cardiactrain.run import open_run

    joined = join_runs([open_run(folder) for folder in options.runs], options.out, options.weights)
    print(f"{len(options.runs)} networks, {len(joined.validation)} patients left out by all of them: {options.out}")
    return 0
