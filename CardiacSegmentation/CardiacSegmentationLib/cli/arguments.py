"""Arguments that several commands share, made from the one description of the choices."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.choices import CHOICES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from CardiacSegmentationLib.choices import Choice

STUDY_HELP = "a DICOM study (folder, zip or tar archive, DICOMDIR), a NIfTI or an NRRD file"


def add_choices(parser: argparse.ArgumentParser, names: Iterable[str]) -> None:
    """One argument for each choice; what is not said stays ``None``, so that a reading or the default decides."""
    for name in names:
        choice = CHOICES[name]
        if choice.is_switch:
            action = "store_false" if choice.default else "store_true"
            parser.add_argument(choice.flag, dest=name, action=action, help=choice.help)
        else:
            parser.add_argument(choice.flag, dest=name, type=_parser_of(choice), **_shown(choice))


def chosen(arguments: argparse.Namespace, names: Iterable[str]) -> dict[str, Any]:
    """What was said of these choices."""
    values = {name: getattr(arguments, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def add_stack_argument(parser: argparse.ArgumentParser) -> None:
    """Which stack of a study to take, where the program's choice is not what the user means."""
    parser.add_argument(
        "--stack", type=_stack_number, metavar="N", help="take this stack, numbered as `cardiacseg info` prints them"
    )


def add_reading_argument(parser: argparse.ArgumentParser) -> None:
    """What a person decided about this study before."""
    parser.add_argument(
        "--reading",
        type=named_path,
        metavar="FILE",
        help="a reading.json: apply what a person decided about this study",
    )


def named_path(text: str) -> Path:
    """A path; an empty one would be the folder at hand, which a script with an empty variable does not mean."""
    if not text.strip():
        msg = "an empty name names nothing"
        raise argparse.ArgumentTypeError(msg)
    return Path(text)


def count(text: str) -> int:
    """A whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        msg = f"{text} is no number from 1"
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


def _parser_of(choice: Choice) -> Any:
    def parse(text: str) -> Any:
        try:
            return choice.parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parse


def _shown(choice: Choice) -> dict[str, Any]:
    """How the help shows a choice."""
    if choice.values:
        default = f" ({choice.default})" if choice.default else ""
        return {"metavar": "{" + ",".join(choice.values) + "}", "help": f"{choice.help}{default}".strip()}
    return {"metavar": choice.unit, "help": choice.help or None}


def _stack_number(text: str) -> int:
    if not text.isdigit():
        msg = f"{text} is no stack; `cardiacseg info` numbers them from 0"
        raise argparse.ArgumentTypeError(msg)
    return int(text)
