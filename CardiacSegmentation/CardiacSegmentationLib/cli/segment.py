"""``cardiacseg segment``: one study, from images to labels, numbers and every file that leaves the program."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.choices import CHOICES
from CardiacSegmentationLib.cli import EXIT_CANCELLED, EXIT_ERROR
from CardiacSegmentationLib.cli.facts import (
    STUDY_HELP,
    add_choices,
    add_reading_argument,
    add_stack_argument,
    chosen,
    count,
    named_path,
)
from CardiacSegmentationLib.cli.progress import cancelled_by_signals, choose_report, print_json, while_heard
from CardiacSegmentationLib.errors import (
    Cancelled,
    CardiacSegmentationError,
    ExportError,
    UsageError,
    as_error,
    error_to_dict,
)
from CardiacSegmentationLib.pipeline import RECORD_FILE, Existing, Options, Results, segment_study

if TYPE_CHECKING:
    from pathlib import Path

EPILOG = """\
exit codes:
  0    done
  1    an error, told in one line on stderr (with --json-progress also on stdout)
  2    wrong usage
  130  cancelled (Ctrl-C, SIGTERM); no file was left behind

Not a medical device. For research; not for diagnosis or treatment."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``cardiacseg segment``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("study", type=named_path, metavar="STUDY", help=STUDY_HELP)
    parser.add_argument("--out", type=named_path, metavar="DIR", help="folder for the results")
    parser.add_argument(
        "--labels", type=named_path, metavar="FILE.nii.gz", help="the label map, on exactly the images' grid"
    )
    parser.add_argument("--json-progress", action="store_true", help="one JSON object a line on stdout, for programs")
    add_stack_argument(parser)
    add_reading_argument(parser)
    add_run_arguments(parser)


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that one study, a batch and the demo have in common."""
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


def run(arguments: argparse.Namespace) -> int:
    """Segment one study; with ``--json-progress`` errors, too, are JSON lines."""
    if arguments.out is None and arguments.labels is None:
        msg = "Name a folder for the results (--out DIR), or a file for the labels alone (--labels FILE.nii.gz)."
        raise UsageError(msg)
    try:
        with cancelled_by_signals() as is_cancelled:
            results = segment_study(
                arguments.study,
                arguments.out,
                with_helper(options_of(arguments)),
                report=choose_report(arguments.json_progress),
                is_cancelled=is_cancelled,
            )
    except (CardiacSegmentationError, OSError, KeyboardInterrupt) as error:
        if arguments.json_progress:
            cancelled = isinstance(error, (Cancelled, KeyboardInterrupt))
            told = error_to_dict(as_error(error) if str(error) else Cancelled("cancelled"))
            while_heard(print_json)({**told, "kind": type(error).__name__, "cancelled": cancelled})
            return EXIT_CANCELLED if cancelled else EXIT_ERROR
        raise
    if arguments.json_progress:
        while_heard(print_json)(final_report(results, arguments.out))
    else:
        _print_results(results, arguments.out)
    return 0


def final_report(results: Results, folder: Path | None) -> dict[str, Any]:
    """The last line of ``--json-progress``."""
    return {
        "done": True,
        "fraction": 1.0,
        "kept": results.kept,
        "folder": None if folder is None else str(folder.absolute()),
        "files": {_name_in(path, folder): str(path.absolute()) for path in results.files},
        "summary": dict(results.summary),
        "seconds": dict(results.seconds),
    }


def _print_results(results: Results, folder: Path | None) -> None:
    from CardiacSegmentationLib.export.summary import format_summary

    if results.kept:
        print(f"{folder} holds the finished results of this study; they were kept ({RECORD_FILE}).")
        return
    if results.assessment is not None:
        print(format_summary(results.assessment))
    print()
    for path in results.files:
        print(path)


def _name_in(path: Path, folder: Path | None) -> str:
    if folder is not None and path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    return path.name


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
