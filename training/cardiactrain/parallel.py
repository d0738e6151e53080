"""Work shared among processes of one thread each.

A numerical library starts as many threads in each process as there are cores; sixteen processes of sixteen threads
wait for each other most of the time.
"""

from __future__ import annotations

import os
import pickle
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

T = TypeVar("T")
R = TypeVar("R")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
AHEAD = 2  # items for each process
WORTH_A_PROCESS = 40  # things to do: below, a process takes longer to start than it saves


def map_in_processes(function: Callable[[T], R], items: Sequence[T], processes: int | None = None) -> Iterator[R]:
    """What a module's function makes of each item, in their order, by as many processes as there are cores to spare.

    They work a few items ahead, no further: what is not fetched yet does not pile up.
    """
    processes = processes or min(count_cores(), len(items) // WORTH_A_PROCESS)
    if processes < 2:
        yield from map(function, items)
        return
    pool = _start_processes(processes)
    ahead: deque[Future[bytes]] = deque()
    try:
        for item in items:
            ahead.append(pool.submit(_as_bytes, function, item))
            if len(ahead) > AHEAD * processes:
                yield pickle.loads(ahead.popleft().result())
        while ahead:
            yield pickle.loads(ahead.popleft().result())
    finally:
        pool.shutdown(cancel_futures=True)


def _as_bytes(function: Callable[[T], R], item: T) -> bytes:
    """A result as plain bytes: left to itself, torch hands each tensor over as an open file, and runs out of them."""
    return pickle.dumps(function(item), pickle.HIGHEST_PROTOCOL)


def _start_processes(count: int) -> ProcessPoolExecutor:
    with _one_thread_each():
        pool = ProcessPoolExecutor(count, get_context("spawn"))
        list(pool.map(abs, range(count)))  # they start at the first task, and take the environment as it is then
    return pool


def count_cores() -> int:
    """Cores for this process, when others that ``torchrun`` started beside it take as many."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes started in here compute with one thread."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
