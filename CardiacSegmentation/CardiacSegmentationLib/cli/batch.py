"""``cardiacseg batch``: a folder of studies, one row each in one table."""

from __future__ import annotations

import argparse
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.cli.progress import cancelled_by_signals, duration, print_json
from CardiacSegmentationLib.cli.segment import add_run_arguments, count, further_writers, options_of
from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.network.bundle import load_bundle
from CardiacSegmentationLib.pipeline import Existing
from CardiacSegmentationLib.pipeline.batch import SUMMARY_FILE, SummaryFile, plan_batch, segment_batch
from CardiacSegmentationLib.pipeline.output import check_parts

if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_SOME_FAILED = 3
EPILOG = f"""\
Every entry of ROOT is one study: a folder, an archive, a NIfTI, NRRD or multi-frame DICOM file. DIR then holds a folder
for each study and {SUMMARY_FILE} with a row for each; a study that fails has its error there, and the batch goes on.
Files that are no study are skipped and have a row as well. A batch that was interrupted goes on with --resume: finished
studies are kept, failed ones are tried again.

exit codes:
  0    all studies done
  1    the batch could not begin
  2    wrong usage
  3    some studies failed; {SUMMARY_FILE} says which and why
  130  cancelled

Not a medical device. For research; not for diagnosis or treatment."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``cardiacseg batch``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("root", type=Path, metavar="ROOT", help="folder that holds the studies")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder for the results")
    parser.add_argument(
        "--jobs", type=count, default=1, metavar="N", help="studies at a time (1); they share the cores"
    )
    parser.add_argument("--json-progress", action="store_true", help="one JSON object a study on stdout")
    add_run_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Segment all studies; report each as it ends."""
    options = options_of(arguments)
    load_bundle(options.model)  # what is wrong with all studies is one error at the beginning, not one for each
    check_parts(options.parts, further_writers())
    summary = arguments.out / SUMMARY_FILE
    if summary.exists() and options.existing is Existing.STOP:
        msg = f"{arguments.out} already holds a batch. Go on with --resume, or begin anew with --force."
        raise ExportError(msg)
    tasks, skipped = plan_batch(arguments.root, arguments.out)
    total = len(tasks) + len(skipped)
    tell = _tell_json(total) if arguments.json_progress else _tell_lines(total)
    table = SummaryFile(summary)
    failed = 0
    try:
        with cancelled_by_signals() as is_cancelled:
            rows = segment_batch(
                tasks, options, jobs=arguments.jobs, writers=further_writers(), is_cancelled=is_cancelled
            )
            for row in chain(skipped, rows):
                table.add(row)
                failed += row["status"] == "failed"
                tell(row)
    finally:
        table.close()
    if not arguments.json_progress:
        print(f"{len(tasks) - failed} of {len(tasks)} studies done: {summary}")
    return EXIT_SOME_FAILED if failed else 0


def _tell_json(total: int) -> Callable[[dict[str, Any]], None]:
    done = 0

    def tell(row: dict[str, Any]) -> None:
        nonlocal done
        done += 1
        print_json({"stage": "batch", "fraction": round(done / total, 4), **row})

    return tell


def _tell_lines(total: int) -> Callable[[dict[str, Any]], None]:
    import time

    started, done = time.monotonic(), 0

    def tell(row: dict[str, Any]) -> None:
        nonlocal done
        done += 1
        left = (time.monotonic() - started) / done * (total - done)
        ef = row.get("lv_ef_percent")
        fact = row["error"] if row.get("error") else "" if ef is None else f"LV EF {ef:.0f} %"
        line = f"{done}/{total}  {row['study']}: {row['status']}  {fact}".rstrip()
        print(f"{line}  ({duration(left)} left)", file=sys.stderr, flush=True)

    return tell
