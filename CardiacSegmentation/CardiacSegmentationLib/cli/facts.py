"""Arguments that several commands share: what the user knows better than the images."""

from __future__ import annotations

import argparse

from CardiacSegmentationLib.segmentation import Papillary


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
