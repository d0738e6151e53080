"""``cardiacseg segment``: one study, from images to labels, numbers and every file that leaves the program."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.cli import EXIT_CANCELLED, EXIT_ERROR
from CardiacSegmentationLib.cli.arguments import STUDY_HELP, add_reading_argument, add_stack_argument, named_path
from CardiacSegmentationLib.cli.progress import cancelled_by_signals, choose_report, print_json, while_heard
from CardiacSegmentationLib.cli.run_arguments import add_run_arguments, options_of, with_helper
from CardiacSegmentationLib.errors import (
    Cancelled,
    CardiacSegmentationError,
    UsageError,
    as_error,
    error_to_dict,
)
from CardiacSegmentationLib.pipeline import RECORD_FILE, Results, segment_study

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
