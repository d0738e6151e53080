"""Arguments that several commands share: what the user knows better than the images."""

from __future__ import annotations

import argparse

from CardiacSegmentationLib.segmentation import Papillary


def add_stack_argument(parser: argparse.ArgumentParser) -> None:
    """Which stack of a study to take, where the program's choice is not what the user means."""
    parser.add_argument(
        "--stack", type=_stack_number, metavar="N", help="take this stack, numbered as `cardiacseg info` prints them"
    )


def add_reacquired_argument(parser: argparse.ArgumentParser) -> None:
    """Which acquisition of a slice counts."""
    parser.add_argument(
        "--reacquired", choices=("last", "first"), default="last", help="which acquisition of a repeated slice counts"
    )


def add_patient_arguments(parser: argparse.ArgumentParser) -> None:
    """Sex, age, height and weight, in place of those of the images."""
    parser.add_argument("--sex", type=str.upper, choices=("M", "F"), help="these four: instead of what the images say")
    parser.add_argument("--age", type=positive, metavar="YEARS")
    parser.add_argument("--height", type=positive, metavar="CM")
    parser.add_argument("--weight", type=positive, metavar="KG")


def add_papillary_argument(parser: argparse.ArgumentParser) -> None:
    """The convention for the papillary muscles."""
    parser.add_argument(
        "--papillary", choices=[kind.value for kind in Papillary], default=Papillary.VOLUME.value,
        help="papillary muscles of the LV count as blood (volume, the default) or as muscle (mass)",
    )  # fmt: skip


def _stack_number(text: str) -> int:
    if not text.isdigit():
        msg = f"{text} is no stack; `cardiacseg info` numbers them from 0"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def positive(text: str) -> float:
    """A number above zero."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        msg = f"{text} is no positive number"
        raise argparse.ArgumentTypeError(msg)
    return value
