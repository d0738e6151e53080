"""Many studies, one after the other or several at a time; one that fails, or crashes, stops no other."""

from __future__ import annotations

import csv
import multiprocessing
import os
import queue
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.cine.open import ARCHIVE_ENDINGS, VOLUME_ENDINGS, is_archive_by_name, is_volume_file
from CardiacSegmentationLib.cine.parse import read_header
from CardiacSegmentationLib.errors import Cancelled, CardiacSegmentationError, StudyError
from CardiacSegmentationLib.export.tables import safe_cell
from CardiacSegmentationLib.pipeline.record import RECORD_FILE, read_record
from CardiacSegmentationLib.pipeline.study import SUMMARY, segment_study

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

    from CardiacSegmentationLib.pipeline.options import Options
    from CardiacSegmentationLib.pipeline.output import Writer

SUMMARY_FILE = "summary.csv"
COLUMNS = ("study", "status", "error", "seconds", *SUMMARY)
POLL_S = 0.2
PATIENCE_S = 20.0  # for a worker to stop cleanly
ENDINGS = sorted((*VOLUME_ENDINGS, *ARCHIVE_ENDINGS, ".dcm", ".ima"), key=len, reverse=True)  # the longest first
NO_STUDY = "no study: neither a folder nor an archive, a NIfTI, NRRD or multi-frame DICOM file"
SINGLE_FILE = "a single DICOM file: put the files of each study into a folder of its own"


@dataclass(frozen=True)
class Task:
    """One study of a batch, and where its results go."""

    source: Path
    folder: Path


def plan_batch(root: Path, out: Path) -> tuple[list[Task], list[dict[str, Any]]]:
    """A task for each study in a folder, and a row for each entry that is none."""
    if not root.is_dir():
        msg = f"{root} is no folder. Name the folder that holds the studies, one folder or file for each."
        raise StudyError(msg)
    tasks: dict[str, Task] = {}
    skipped: list[dict[str, Any]] = []
    for source in sorted(path for path in root.iterdir() if not _is_ours(path, root, out)):
        reason = _why_no_study(source)
        if reason:
            skipped.append({"study": source.name, "status": "skipped", "error": reason})
            continue
        name = stem_of(source) if source.is_file() else source.name
        while name in tasks:
            name += "-2"
        tasks[name] = Task(source, out / name)
    if not tasks:
        msg = f"{root} holds no studies. Each study is a folder, an archive, or a NIfTI or NRRD file in it."
        raise StudyError(msg)
    return list(tasks.values()), skipped


def _is_ours(path: Path, root: Path, out: Path) -> bool:
    """Hidden files and results are no entries of a folder of studies, even where they are written into it."""
    if path.name.startswith(".") or path.resolve() == out.resolve():
        return True
    if root.resolve() != out.resolve():
        return False
    made_of_file = (path / RECORD_FILE).exists() and any(
        other.is_file() and stem_of(other) == path.name for other in root.iterdir()
    )
    return path.name == SUMMARY_FILE or made_of_file


def stem_of(path: Path) -> str:
    """A file's name without its ending, ``.nii.gz`` being one."""
    ending = next((ending for ending in ENDINGS if path.name.lower().endswith(ending)), "")
    return path.name[: len(path.name) - len(ending)]


def _why_no_study(path: Path) -> str:
    """Nothing where an entry may be a study; whether it is one, and whole, the attempt to segment it tells."""
    if path.is_dir() or is_volume_file(path) or is_archive_by_name(path):
        return ""
    try:
        header = read_header(path)
    except Exception:  # damaged or not to be read
        return ""
    if header is None:
        return NO_STUDY
    return "" if (header.elements.integer("NumberOfFrames") or 1) > 1 else SINGLE_FILE


def segment_batch(
    tasks: Sequence[Task],
    options: Options,
    *,
    jobs: int = 1,
    writers: Mapping[str, Writer] | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[dict[str, Any]]:
    """A row of the summary for each study, in the order they finish. ``writers`` must be importable functions."""
    threads = options.threads or max(1, (os.cpu_count() or 1) // jobs)
    waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
    finished: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    for task in tasks:
        waiting.put(task)
    workers = [
        threading.Thread(
            target=_serve,
            args=(waiting, finished, replace(options, threads=threads), dict(writers or {}), is_cancelled),
            daemon=True,
        )
        for _ in range(min(jobs, len(tasks)))
    ]
    for worker in workers:
        worker.start()
    alive = len(workers)
    while alive:
        row = finished.get()
        if row is None:
            alive -= 1
        else:
            yield row
    if is_cancelled():
        msg = "The batch was cancelled. Finished studies are kept; go on with --resume."
        raise Cancelled(msg)


class SummaryFile:
    """``summary.csv``: a row is on disk as soon as its study is done."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(COLUMNS)
        self._file.flush()

    def add(self, row: Mapping[str, Any]) -> None:
        """Write one row."""
        self._writer.writerow([safe_cell(row.get(name)) for name in COLUMNS])
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _serve(
    waiting: queue.SimpleQueue[Task],
    finished: queue.SimpleQueue[dict[str, Any] | None],
    options: Options,
    writers: dict[str, Writer],
    is_cancelled: Callable[[], bool],
) -> None:
    """One worker process at a time, replaced when it dies, until nothing is waiting."""
    worker: _Worker | None = None
    try:
        while not waiting.empty() and not is_cancelled():
            try:
                task = waiting.get_nowait()
            except queue.Empty:
                break
            if worker is None or not worker.is_alive:
                worker = _Worker(options, writers)
            row = worker.run(task, is_cancelled)
            if row is not None:
                finished.put(row)
    finally:
        if worker is not None:
            worker.stop()
        finished.put(None)


class _Worker:
    """A process of its own, so that a crash or a lack of memory costs one study only."""

    def __init__(self, options: Options, writers: dict[str, Writer]) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, options, writers), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def run(self, task: Task, is_cancelled: Callable[[], bool]) -> dict[str, Any] | None:
        """The study's row; ``None`` where it was cancelled."""
        started = time.monotonic()
        try:
            self._connection.send(task)
            while not self._connection.poll(POLL_S):
                if is_cancelled():
                    self.stop()
                    return None
            row: dict[str, Any] | None = self._connection.recv()
        except (EOFError, OSError):
            self._process.join(PATIENCE_S)
            error = f"The process ended with code {self._process.exitcode} (out of memory?)."
            row = {"status": "failed", "error": error}
        return (
            None if row is None else {"study": task.folder.name, "seconds": round(time.monotonic() - started, 1), **row}
        )

    def stop(self) -> None:
        """Ask the process to end; insist when it does not."""
        if self._process.is_alive():
            self._process.terminate()
            self._process.join(PATIENCE_S)
            self._process.kill()


def _work(connection: Connection, options: Options, writers: dict[str, Writer]) -> None:
    """The worker process: studies in, rows out."""
    import signal

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    while not stopped.is_set():
        if connection.poll(POLL_S):
            try:
                task: Task = connection.recv()
            except EOFError:
                return
            connection.send(_segment_one(task, options, writers, stopped.is_set))


def _segment_one(
    task: Task, options: Options, writers: dict[str, Writer], is_cancelled: Callable[[], bool]
) -> dict[str, Any] | None:
    try:
        results = segment_study(task.source, task.folder, options, is_cancelled=is_cancelled, writers=writers)
    except Cancelled:
        return None
    except (CardiacSegmentationError, OSError) as error:
        return {"status": "failed", "error": str(error)}
    except Exception as error:  # a defect of ours must not cost the user the other nine thousand studies
        return {"status": "failed", "error": f"unexpected {type(error).__name__}: {error}"}
    record = read_record(task.folder)  # its summary also counts what could not be written
    return {"status": "kept" if results.kept else "done", **(record["summary"] if record else results.summary)}
