"""``cardiactrain``: one file per command; a command is a module with ``add_arguments`` and ``run``."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from CardiacSegmentationLib.errors import CardiacSegmentationError

from cardiactrain import __version__

COMMANDS = {
    "data": "prepare, split and look at data",
    "fit": "train a recipe, or go on with a run that was stopped",
    "evaluate": "measure a run on the patients left out",
    "compare": "many recipes on one split, one table",
    "tune": "search a recipe's settings",
    "ensemble": "several networks as one",
    "campaign": "five folds, their evaluation, everyone, and a bundle; in one go or in pieces",
    "export": "write a bundle for CardiacSegmentation",
}
EXIT_OK, EXIT_ERROR, EXIT_CANCELLED = 0, 1, 130


def main(arguments: list[str] | None = None) -> int:
    """Run one command; errors meant for the user become one line on stderr and exit code 1."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser(arguments).parse_args(arguments)
    try:
        code: int = options.run(options)
    except KeyboardInterrupt:
        print("cardiactrain: stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return EXIT_CANCELLED
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        sys.stderr.close()
        return EXIT_OK
    except (CardiacSegmentationError, OSError) as error:
        print(f"cardiactrain: {error}", file=sys.stderr)
        return EXIT_ERROR
    return code


def _parser(arguments: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cardiactrain", description="Train networks for CardiacSegmentation. Not a medical device."
    )
    parser.add_argument("--version", action="version", version=f"cardiactrain {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, help_text in COMMANDS.items():
        command = commands.add_parser(name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.")
        if name in arguments[:1]:  # only the command at hand is imported: `--help` stays instant
            module = import_module(f"cardiactrain.cli.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser
