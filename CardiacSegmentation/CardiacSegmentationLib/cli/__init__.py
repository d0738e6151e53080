"""``cardiacseg``: one file per command; a command is a module with ``add_arguments`` and ``run``."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from importlib import import_module
from io import TextIOWrapper

from CardiacSegmentationLib import __version__
from CardiacSegmentationLib.cli.streams import forget_unheard, open_closed_streams
from CardiacSegmentationLib.errors import Cancelled, CardiacSegmentationError

# Our matrices are small: more threads than one only wait for each other, above all on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

COMMANDS = {
    "info": "list the cine stacks of a study, and which one would be segmented",
    "segment": "label, measure and report one study",
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


def _parser(arguments: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
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
