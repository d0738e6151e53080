"""Many studies on many computers, with Dask: its scheduler hands them out and gives a dead worker's to another.

What is ours is only what Dask cannot know: a study that was done before its row got lost is not done again, and a
scheduler that was started anew gets what is still missing.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib import __version__
from CardiacSegmentationLib.errors import Cancelled, ClusterError, FolderBusyError
from CardiacSegmentationLib.network.bundle import is_bundled
from CardiacSegmentationLib.pipeline.batch import CANCELLED, POLL_S, failed, segment_one
from CardiacSegmentationLib.pipeline.options import Existing
from CardiacSegmentationLib.pipeline.output import ADVICE
from CardiacSegmentationLib.pipeline.record import RECORD_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from CardiacSegmentationLib.pipeline.options import Options
    from CardiacSegmentationLib.pipeline.plan import Task

CONNECT_S = 10.0
SCHEDULER_PATIENCE_S = 600.0  # for a scheduler that is started anew
FOLDER_PATIENCE_S = 120.0  # for the end of a worker that its scheduler has given up
INSTALL = "Working on several computers needs Dask: pip install 'cardiacseg[batch]'"


def segment_on_cluster(
    tasks: Sequence[Task],
    options: Options,
    scheduler: str,
    *,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[dict[str, Any]]:
    """A row of the summary for each study, in the order they finish.

    ``scheduler`` is the address of Dask's scheduler. Its workers must see the same folders under the same names and
    have this version of the program. ``options.threads`` is for each study; by default one, as each of Dask's threads
    does one study at a time. A lost scheduler is waited for.
    """
    new, refused = _apart_from_finished(tasks, options)
    yield from refused
    missing = {task.name: task for task in new}
    work = _Work(options)
    patience_s = CONNECT_S
    while missing:
        client = _connect(scheduler, patience_s, is_cancelled)
        try:
            yield from _rows_until_lost(client, work, missing, is_cancelled)
        finally:
            _close(client)
        patience_s = SCHEDULER_PATIENCE_S


class _Work:
    """What a worker does with a task: a function that travels to it, with all that it needs."""

    def __init__(self, options: Options) -> None:
        """Results of this batch that a worker finds are those of one that died before its row was heard."""
        self._may_find = options.existing is not Existing.STOP
        self._options = replace(
            options,
            model=options.model if options.model is None or is_bundled(options.model) else options.model.absolute(),
            threads=options.threads or 1,
            existing=options.existing if self._may_find else Existing.RESUME,
        )
        self._version = __version__

    def __call__(self, task: Task) -> dict[str, Any]:
        """The row of one study."""
        if self._version != __version__:
            error = f"This worker has version {__version__} of the program, and the batch version {self._version}."
            return failed(task, error)
        patience_ends = time.monotonic() + FOLDER_PATIENCE_S
        row = segment_one(task, self._options)
        while row is not None and row.get("kind") == FolderBusyError.__name__ and time.monotonic() < patience_ends:
            time.sleep(1.0)
            row = segment_one(task, self._options)
        assert row is not None  # nobody cancels it here
        return row if self._may_find or row["status"] != "kept" else {**row, "status": "done"}


def _rows_until_lost(
    client: Any, work: _Work, missing: dict[str, Task], is_cancelled: Callable[[], bool]
) -> Iterator[dict[str, Any]]:
    """Rows as they come; each takes its task out of ``missing``. Ends with the last one, or with the scheduler."""
    finished: queue.SimpleQueue[Any] = queue.SimpleQueue()
    tasks = {f"cardiacseg-{uuid.uuid4().hex}": task for task in missing.values()}
    futures = {future.key: future for future in client.map(work, list(tasks.values()), key=list(tasks))}
    for future in futures.values():
        future.add_done_callback(finished.put)
    while missing:
        if is_cancelled():
            client.cancel(list(futures.values()))
            raise Cancelled(CANCELLED)
        try:
            future = finished.get(timeout=POLL_S)
        except queue.Empty:
            if client.status != "running":
                return
            continue
        if future.status not in ("finished", "error"):  # nobody but a scheduler that goes cancels
            return
        task = tasks[future.key]
        row = _row_of(future, task)
        if row is None:
            return
        del missing[task.name], futures[future.key]
        yield row


def _row_of(future: Any, task: Task) -> dict[str, Any] | None:
    """The row that a worker sent, or one that says why there is none; ``None`` where the scheduler is gone."""
    from distributed import CancelledError, KilledWorker, TimeoutError  # noqa: A004

    try:
        row: dict[str, Any] = future.result(timeout=CONNECT_S)
    except KilledWorker as error:
        return failed(task, f"Several workers ended while they did this study (out of memory?): {error}")
    except (CancelledError, TimeoutError, OSError):
        return None
    except Exception as error:  # of another program on the worker's side
        return failed(task, f"The worker cannot do it: {type(error).__name__}: {error}")
    return row


def _connect(scheduler: str, patience_s: float, is_cancelled: Callable[[], bool]) -> Any:
    """A connection to Dask's scheduler, waited for as long as that."""
    try:
        from distributed import Client, TimeoutError  # noqa: A004
    except ImportError as error:
        raise ClusterError(INSTALL) from error
    open_client: Any = Client  # has no types
    _silence_dask()
    patience_ends = time.monotonic() + patience_s
    while True:
        try:
            return open_client(scheduler, timeout=CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError, RuntimeError) as error:
            if time.monotonic() > patience_ends:
                msg = (
                    f"The scheduler at {scheduler} does not answer ({error}). Start it with `dask scheduler`, or mend "
                    "the address. Finished studies are kept; go on with --resume."
                )
                raise ClusterError(msg) from error
        if is_cancelled():
            raise Cancelled(CANCELLED)
        time.sleep(POLL_S)


def _silence_dask() -> None:
    """What matters of its log is told in our words; each of its loggers has a level and a handler of its own."""
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _close(client: Any) -> None:
    with contextlib.suppress(Exception):  # it may be closed already, and its scheduler gone
        client.close(timeout=CONNECT_S)


def _apart_from_finished(tasks: Sequence[Task], options: Options) -> tuple[list[Task], list[dict[str, Any]]]:
    """Tasks to send, and rows for those whose folder holds results that the user has not given up.

    Asked before anything is sent, for later such results may be this batch's own.
    """
    if options.existing is not Existing.STOP:
        return list(tasks), []
    held = {task.name for task in tasks if (task.folder / RECORD_FILE).exists()}
    rows = [failed(task, f"{task.folder} already holds results. {ADVICE}") for task in tasks if task.name in held]
    return [task for task in tasks if task.name not in held], rows
