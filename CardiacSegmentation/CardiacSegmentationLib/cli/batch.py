"""``cardiacseg batch``: a folder of studies, one row each in one table."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from itertools import chain
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.cli.facts import count, named_path
from CardiacSegmentationLib.cli.progress import cancelled_by_signals, duration, print_json, while_heard
from CardiacSegmentationLib.cli.segment import add_run_arguments, options_of
from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.locks import locked
from CardiacSegmentationLib.network.bundle import load_bundle
from CardiacSegmentationLib.pipeline import Existing
from CardiacSegmentationLib.pipeline.batch import segment_batch
from CardiacSegmentationLib.pipeline.cluster import segment_on_cluster
from CardiacSegmentationLib.pipeline.plan import OVERVIEW_FILE, SUMMARY_FILE, plan_batch
from CardiacSegmentationLib.pipeline.table import BatchTables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from CardiacSegmentationLib.pipeline import Options
    from CardiacSegmentationLib.pipeline.plan import Task

EXIT_SOME_FAILED = 3
SILENT_S = 10.0  # so long nobody waits for a sign of life
EPILOG = f"""\
Studies are found anywhere below ROOT: a folder whose DICOM files belong to one study, an archive, a NIfTI or NRRD file;
right in ROOT also a multi-frame DICOM file. DIR then holds a folder for each study, named like the way to it, and
{SUMMARY_FILE} with a row for each (summary.parquet, too, where pyarrow is installed); {OVERVIEW_FILE} shows them, those
that need a reader first. A study that fails has its error in the table, and the batch goes on. Files that are no study
are skipped and have a row as well. A batch that was interrupted goes on with --resume: finished studies are kept,
failed ones are tried again.

With --scheduler the studies are done by the workers of a Dask cluster, which must see the same folders.

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
    parser.add_argument("root", type=named_path, metavar="ROOT", help="folder that holds the studies")
    parser.add_argument("--out", type=named_path, metavar="DIR", required=True, help="folder for the results")
    parser.add_argument(
        "--jobs", type=count, default=1, metavar="N", help="studies at a time (1); they share the cores"
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="have a Dask cluster do the work, for example tcp://node1:8786"
    )
    parser.add_argument("--json-progress", action="store_true", help="one JSON object a study on stdout")
    add_run_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Segment all studies; report each as it ends."""
    options = options_of(arguments)
    load_bundle(options.model)  # what is wrong with all studies is one error at the beginning, not one for each
    with locked(arguments.out):
        return _run(arguments, options)


def _run(arguments: argparse.Namespace, options: Options) -> int:
    summary = arguments.out / SUMMARY_FILE
    if summary.exists() and options.existing is Existing.STOP:
        msg = f"{arguments.out} already holds a batch. Go on with --resume, or begin anew with --force."
        raise ExportError(msg)
    tasks, told = plan_batch(arguments.root, arguments.out)
    tables = BatchTables(arguments.out, deidentify=options.deidentify)
    failed = 0
    try:
        with BatchProgress(len(tasks) + len(told), as_json=arguments.json_progress) as progress:
            for row in chain(told, _segment(tasks, arguments, options)):
                tables.add(row)
                failed += row["status"] == "failed"
                progress.tell(row)
    finally:
        tables.close()
    if not arguments.json_progress:
        print(f"{len(tasks) - failed} of {len(tasks)} studies done: {summary}")
    return EXIT_SOME_FAILED if failed else 0


def _segment(tasks: list[Task], arguments: argparse.Namespace, options: Options) -> Iterator[dict[str, Any]]:
    with cancelled_by_signals() as is_cancelled:
        if arguments.scheduler:
            yield from segment_on_cluster(tasks, options, arguments.scheduler, is_cancelled=is_cancelled)
        else:
            yield from segment_batch(tasks, options, jobs=arguments.jobs, is_cancelled=is_cancelled)


class BatchProgress:
    """A line for each study, and a sign of life while a long one goes on; with ``as_json`` objects for programs.

    What cannot be told, because nobody listens any more, costs no result.
    """

    def __init__(self, total: int, *, as_json: bool) -> None:
        self._total, self._done, self._failed, self._worked = total, 0, 0, 0
        self._started = self._last = time.monotonic()
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._print = while_heard(print_json if as_json else self._print_row)
        self._as_json, self._print_alive = as_json, while_heard(self._print_line)

    def __enter__(self) -> BatchProgress:
        if not self._as_json:
            threading.Thread(target=self._show_life, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()

    def tell(self, row: dict[str, Any]) -> None:
        """A study is done."""
        with self._lock:
            self._done += 1
            self._failed += row["status"] == "failed"
            self._worked += row["status"] in ("done", "failed")
            self._last = time.monotonic()
            fraction = round(self._done / self._total, 4)
            self._print({"stage": "batch", "fraction": fraction, "seconds_left": self._seconds_left(), **row})

    def _seconds_left(self) -> float | None:
        """By those that had to be done; results that are kept cost next to nothing."""
        if not self._worked:
            return None
        return round((time.monotonic() - self._started) / self._worked * (self._total - self._done), 1)

    def _print_row(self, row: dict[str, Any]) -> None:
        ef = row.get("lv_ef_percent")
        fact = row["error"] if row.get("error") else "" if ef is None else f"LV EF {ef:.0f} %"
        self._print_line(f"{self._done}/{self._total}  {row['study']}: {row['status']}  {fact}".rstrip())

    def _print_line(self, text: str) -> None:
        seconds = self._seconds_left()
        left = "" if seconds is None else f"  ({duration(seconds)} left)"
        print(f"{text}{left}", file=sys.stderr, flush=True)

    def _show_life(self) -> None:
        while not self._ended.wait(1.0):
            with self._lock:
                if time.monotonic() - self._last > SILENT_S:
                    self._last = time.monotonic()
                    self._print_alive(f"{self._done} of {self._total} studies done, {self._failed} failed")
