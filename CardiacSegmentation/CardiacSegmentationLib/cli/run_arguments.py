"""The arguments of a run, which one study, a batch and the demo share, and the pipeline's options from them."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace

from CardiacSegmentationLib.choices import CHOICES
from CardiacSegmentationLib.cli.arguments import add_choices, chosen, count
from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.pipeline import Existing, Options


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """All choices of a run, and what to do with results that are there."""
    add_choices(parser, CHOICES)
    parser.add_argument(
        "--only", type=_parts, metavar="PART,…", help="write only these parts of the results, for example tables,labels"
    )
    parser.add_argument("--threads", type=count, metavar="N", help="processor cores to use (all)")
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument("--resume", action="store_true", help="keep finished results of the same study and options")
    existing.add_argument("--force", action="store_true", help="replace results that are there")


def options_of(arguments: argparse.Namespace) -> Options:
    """The pipeline's options from the command line's."""
    return Options.choose(
        **chosen(arguments, CHOICES),
        stack=getattr(arguments, "stack", None),
        reading=getattr(arguments, "reading", None),
        parts=arguments.only,
        existing=Existing.RESUME if arguments.resume else Existing.REPLACE if arguments.force else Existing.STOP,
        threads=arguments.threads,
        labels_file=getattr(arguments, "labels", None),
    )


def with_helper(options: Options) -> Options:
    """The options of a run that may use a second process, where there is a core for it."""
    return replace(options, helper=(options.threads or os.cpu_count() or 1) > 1)


def _parts(text: str) -> tuple[str, ...]:
    from CardiacSegmentationLib.export.results import choose_parts

    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        msg = "name at least one part, for example tables"
        raise argparse.ArgumentTypeError(msg)
    try:
        choose_parts(names)
    except ExportError as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from error
    return names
