"""``cardiacseg``: one file per command; a command is a module with ``add_arguments`` and ``run``."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from difflib import get_close_matches
from importlib import import_module
from io import TextIOWrapper
from typing import Any, NoReturn

from CardiacSegmentationLib import __version__
from CardiacSegmentationLib.cli.streams import forget_unheard, open_closed_streams
from CardiacSegmentationLib.errors import Cancelled, CardiacSegmentationError

# Our matrices are small: more threads than one only wait for each other, above all on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

COMMANDS = {
    "info": "list the cine stacks of a study, and which one would be segmented",
    "segment": "label, measure and report one study",
    "read": "look at a study, correct and sign it, in a browser on this computer",
    "batch": "the same for a folder of studies, with one row each in a table",
    "send": "store the DICOM results of a study in an archive (PACS)",
    "measure": "volumes, ejection fraction and mass from images and a label map",
    "phantom": "write a beating heart with known volumes as a DICOM study",
    "demo": "the whole way on a phantom study, or on a study of your own",
}

EXIT_OK, EXIT_ERROR, EXIT_USAGE, EXIT_CANCELLED = 0, 1, 2, 130


def main(arguments: list[str] | None = None) -> int:
    """Run one command; errors meant for the user become one line on stderr and exit code 1."""
    open_closed_streams()
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser(arguments).parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):  # file names and terminals may know fewer characters than we write
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        return _run(options)
    finally:
        forget_unheard()


def _run(options: argparse.Namespace) -> int:
    try:
        code: int = options.run(options)
    except (KeyboardInterrupt, Cancelled):
        with contextlib.suppress(OSError):
            print("cardiacseg: cancelled", file=sys.stderr)
        return EXIT_CANCELLED
    except BrokenPipeError:  # the reader of our output went away, as `| head` does; the work was done before
        return EXIT_OK
    except (CardiacSegmentationError, OSError) as error:
        with contextlib.suppress(OSError):
            print(f"cardiacseg: {error}", file=sys.stderr)
        return EXIT_ERROR
    return code


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and what was probably meant."""

    def error(self, message: str) -> NoReturn:
        """End with the exit code of wrong usage."""
        self.exit(EXIT_USAGE, f"{self.prog}: {message} ({self.prog} --help)\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """The arguments; an option that is not known is told together with the one it resembles."""
        parsed, unknown = super().parse_known_args(args, namespace)
        for text in unknown:
            name = text.partition("=")[0]
            if not name.startswith("-"):
                self.error(f"{text} is one argument too many")
            similar = get_close_matches(name, list(self._option_string_actions), 1)
            self.error(f"there is no option {name}{f'; did you mean {similar[0]}?' if similar else ''}")
        return parsed, unknown

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """A command or value that is not known is told together with the one it resembles."""
        if action.choices is not None and value not in action.choices:
            known = list(map(str, action.choices))
            similar = get_close_matches(str(value), known, 1)
            advice = f"did you mean {similar[0]}?" if similar else f"choose from {', '.join(known)}"
            self.error(f"there is no {action.metavar or action.dest} {value}; {advice}".replace("COMMAND", "command"))


def _parser(arguments: list[str]) -> argparse.ArgumentParser:
    parser = Parser(
        prog="cardiacseg",
        description="Cine cardiac MR: from a study on disk to ventricular volumes. Not a medical device.",
    )
    parser.add_argument("--version", action="version", version=f"cardiacseg {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, help_text in COMMANDS.items():
        command = commands.add_parser(name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.")
        if name in arguments[:1]:  # only the command at hand is imported: `--help` stays instant
            module = import_module(f"CardiacSegmentationLib.cli.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser
