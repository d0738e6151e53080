"""Many studies on this computer, several at a time; one that fails, or crashes, stops no other."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.errors import Cancelled, CardiacSegmentationError, as_error
from CardiacSegmentationLib.export.overview import write_thumbnail
from CardiacSegmentationLib.pipeline.record import read_record
from CardiacSegmentationLib.pipeline.study import segment_study

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

    from CardiacSegmentationLib.pipeline.options import Options
    from CardiacSegmentationLib.pipeline.plan import Task

POLL_S = 0.2
PATIENCE_S = 20.0  # for a worker to stop cleanly
CANCELLED = "The batch was cancelled. Finished studies are kept; go on with --resume."


def segment_batch(
    tasks: Sequence[Task],
    options: Options,
    *,
    jobs: int = 1,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[dict[str, Any]]:
    """A row of the summary for each study, in the order they finish."""
    threads = options.threads or max(1, (os.cpu_count() or 1) // jobs)
    waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
    finished: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    for task in tasks:
        waiting.put(task)
    workers = [
        threading.Thread(
            target=_serve,
            args=(waiting, finished, replace(options, threads=threads), is_cancelled),
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
        raise Cancelled(CANCELLED)


def segment_one(
    task: Task, options: Options, is_cancelled: Callable[[], bool] = lambda: False
) -> dict[str, Any] | None:
    """The row of one study, also of one that fails; ``None`` where it was cancelled."""
    started = time.monotonic()
    try:
        row = _segment(task, options, is_cancelled)
    except Cancelled:
        return None
    except (CardiacSegmentationError, OSError) as error:
        row = failed(task, str(as_error(error)), type(error).__name__)
    except Exception as error:  # a defect of ours must not cost the user the other nine thousand studies
        row = failed(task, f"unexpected {type(error).__name__}: {error}", type(error).__name__)
    return {"study": task.name, "seconds": round(time.monotonic() - started, 1), **row}


def failed(task: Task, error: str, kind: str = "") -> dict[str, Any]:
    """The row of a study that there are no results of."""
    return {"study": task.name, "status": "failed", "error": error, "kind": kind}


def _segment(task: Task, options: Options, is_cancelled: Callable[[], bool]) -> dict[str, Any]:
    results = segment_study(task.source, task.folder, options, is_cancelled=is_cancelled)
    if results.stack is not None and results.segmentation is not None:
        with contextlib.suppress(OSError):  # the study is done, with or without its picture
            write_thumbnail(results.stack, results.segmentation, task.thumbnail)
    record = read_record(task.folder)  # its summary also counts what could not be written
    return {"status": "kept" if results.kept else "done", **(record["summary"] if record else results.summary)}


def _serve(
    waiting: queue.SimpleQueue[Task],
    finished: queue.SimpleQueue[dict[str, Any] | None],
    options: Options,
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
                worker = _Worker(options)
            row = worker.run(task, is_cancelled)
            if row is not None:
                finished.put(row)
    finally:
        if worker is not None:
            worker.stop()
        finished.put(None)


class _Worker:
    """A process of its own, so that a crash or a lack of memory costs one study only."""

    def __init__(self, options: Options) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, options), daemon=True)
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
            return {**failed(task, error), "seconds": round(time.monotonic() - started, 1)}
        return row

    def stop(self) -> None:
        """Ask the process to end; insist when it does not."""
        if self._process.is_alive():
            self._process.terminate()
            self._process.join(PATIENCE_S)
            self._process.kill()


def _work(connection: Connection, options: Options) -> None:
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
            connection.send(segment_one(task, options, stopped.is_set))
