"""Arguments that several commands take."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cardiactrain.data.splits import fold_of, load_split
from cardiactrain.errors import RecipeError
from cardiactrain.plain import read_yaml

if TYPE_CHECKING:
    from cardiactrain.data.splits import Fold


def add_store(parser: argparse.ArgumentParser) -> None:
    """The data store and which of its patients are left out."""
    parser.add_argument("--store", type=Path, required=True, help="data store made by `data prepare`")
    parser.add_argument("--split", type=Path, required=True, help="split file made by `data split`")
    parser.add_argument("--fold", type=int, default=0, help="fold of the split (default 0)")


def add_seed(parser: argparse.ArgumentParser) -> None:
    """What every draw hangs on."""
    parser.add_argument("--seed", type=_seed, default=1, help="the same seed draws the same (default 1)")


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Single settings of a recipe."""
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change a setting, e.g. optimiser.lr=0.01"
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """Where to compute."""
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))


def read_fold(options: argparse.Namespace) -> Fold:
    """The fold the user chose."""
    return fold_of(load_split(options.split), options.fold, options.split)


def read_settings(pairs: list[str]) -> dict[str, Any]:
    """``KEY=VALUE`` pairs, values read as YAML."""
    settings: dict[str, Any] = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or not key:
            msg = f"--set takes KEY=VALUE, not {pair!r}."
            raise RecipeError(msg)
        settings[key] = read_yaml(value, f"--set {pair}")
    return settings


def _seed(text: str) -> int:
    if not text.isdecimal():
        msg = f"{text} is no whole number from 0"
        raise argparse.ArgumentTypeError(msg)
    return int(text)
