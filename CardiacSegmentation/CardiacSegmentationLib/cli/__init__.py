"""``cardiacseg``: one file per command; a command is a module with ``add_arguments`` and ``run``."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, NoReturn

from CardiacSegmentationLib import __version__
from CardiacSegmentationLib.cli.streams import forget_unheard, open_closed_streams
from CardiacSegmentationLib.errors import Cancelled, CardiacSegmentationError, UsageError, as_error, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

# Before NumPy's first import. Our matrices are small: threads would only wait for each other, in a loop.
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
            print(f"cardiacseg: {as_error(error)}", file=sys.stderr)
        return EXIT_USAGE if isinstance(error, UsageError) else EXIT_ERROR
    return code


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and what was probably meant."""

    _given: Sequence[str] = ()

    def error(self, message: str) -> NoReturn:
        """End with the exit code of wrong usage; what is missing may be missing for a mistyped option."""
        unknown = [text for text in self._given if text.startswith("--") and not self._is_known(text)]
        if unknown and message.startswith("the following arguments are required"):
            message = self._no_option(unknown[0])
        self.exit(EXIT_USAGE, f"{self.prog}: {message} ({self.prog} --help)\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """The arguments; an option that is not known is told together with the one it resembles."""
        self._given = args or ()
        parsed, unknown = super().parse_known_args(args, namespace)
        for text in unknown:
            self.error(self._no_option(text) if text.startswith("-") else f"{text} is one argument too many")
        return parsed, unknown

    def _no_option(self, text: str) -> str:
        name = text.partition("=")[0]
        return f"there is no option {name}{did_you_mean(name, self._option_string_actions)}"

    def _is_known(self, text: str) -> bool:
        """Whether there is such an option; argparse also takes the beginning of one."""
        return any(option.startswith(text.partition("=")[0]) for option in self._option_string_actions)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """A command or value that is not known is told together with the one it resembles."""
        if action.choices is not None and value not in action.choices:
            known = list(map(str, action.choices))
            advice = did_you_mean(str(value), known) or f"; choose from {', '.join(known)}"
            self.error(f"there is no {action.metavar or action.dest} {value}{advice}".replace("COMMAND", "command"))


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
