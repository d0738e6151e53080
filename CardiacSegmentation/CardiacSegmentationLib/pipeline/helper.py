"""A second process that writes some of a study's results while this one writes the others.

For a program of its own, as ``cardiacseg segment`` is: inside Slicer, Python cannot start another.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import shutil
import signal
import threading
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.export.result_parts import WRITERS_ABOVE, PartInputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

MOST_BYTES = 256 * 2**20  # of images: it gets a copy of them
FOLDER = "helper"  # beside the results
POLL_S = 0.05
PATIENCE_S = 5.0  # for it to stop


class Helper:
    """The process. It loads its libraries at once: they are there when the study has been segmented.

    It never fails: what it did not write, for whatever reason, is left to the caller. It works in a folder of its own:
    what it leaves unfinished there is no result.
    """

    def __init__(self, parts: Sequence[str]) -> None:
        self.parts = tuple(parts)
        self._folder: Path | None = None
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self.parts), daemon=True)
        with _interrupts_held_back():
            self._process.start()
        theirs.close()

    def begin(self, inputs: PartInputs) -> bool:
        """Let it write; false where it cannot."""
        if inputs.original.voxels.nbytes > MOST_BYTES:
            self.stop()
            return False
        self._folder = inputs.folder / FOLDER
        self._folder.mkdir()
        with contextlib.suppress(OSError):  # it has gone, as waiting for it will show
            self._connection.send({**inputs.values, "folder": self._folder})
        return True

    def wait(self, report: Callable[[], None]) -> bool:
        """Whether everything it was to write is in place; ``report`` is called often, and may raise."""
        assert self._folder is not None
        try:
            while not self._connection.poll(POLL_S):
                report()
            is_written = bool(self._connection.recv())
        except (EOFError, OSError):
            return False
        for path in self._folder.iterdir() if is_written else ():
            path.replace(self._folder.parent / path.name)
        return is_written

    def stop(self) -> None:
        """End it, whatever it does; what it did not finish goes."""
        if self._process.is_alive():
            self._process.terminate()
            self._process.join(PATIENCE_S)
            self._process.kill()
            self._process.join(PATIENCE_S)
        self._connection.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def parts_for_helper(parts: Sequence[str]) -> list[str]:
    """Those that need no other part: about half of the work where all are asked for."""
    return [part for part in parts if part in WRITERS_ABOVE]


def _serve(connection: Connection, parts: Sequence[str]) -> None:
    """The process: inputs in, whether all was written out."""
    from CardiacSegmentationLib.export.results import write_parts

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    for part in parts:
        with contextlib.suppress(ImportError):  # writing will fail, and the parent try for itself
            importlib.import_module(WRITERS_ABOVE[part][0])
    with contextlib.suppress(EOFError, OSError):  # the parent has gone, or has no work
        values = connection.recv()
        try:
            write_parts(PartInputs(**values), parts)
        except Exception:  # the parent tries for itself, and tells the user what is wrong
            connection.send(False)
        else:
            connection.send(True)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """What starts within does not hear of Ctrl-C, which goes to every process of a terminal: its parent ends it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # multiprocessing starts it before the first process, and takes the mask off
    before: Any = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
