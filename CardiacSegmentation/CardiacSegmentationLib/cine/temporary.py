"""Folders for what is unpacked; those of runs that were killed are removed by the next run."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX = "cardiacseg-unpacked-"
LOCK_FILE = ".cardiacseg-in-use"


class TemporaryFolder:
    """A folder that is deleted when nobody holds this value any more, at the latest when the program ends."""

    def __init__(self) -> None:
        remove_abandoned()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        lock = os.open(self.path / LOCK_FILE, os.O_CREAT | os.O_RDWR, 0o600)
        _try_lock(lock)
        self.close: Callable[[], object] = weakref.finalize(self, _remove, self.path, lock)

    def __reduce__(self) -> tuple[type[Path], tuple[str]]:
        """A copy in another process owns nothing: it is the path alone."""
        return Path, (str(self.path),)


def remove_abandoned() -> None:
    """Remove the folders of runs that ended without tidying up: nobody holds their locks any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            lock = os.open(folder / LOCK_FILE, os.O_RDWR)
        except OSError:  # of another user, or only just made
            continue
        if _try_lock(lock):
            _remove(folder, lock)
        else:
            os.close(lock)


def _remove(folder: Path, lock: int) -> None:
    os.close(lock)
    shutil.rmtree(folder, ignore_errors=True)


def _try_lock(file: int) -> bool:
    """Take the lock of an open file, unless another process has it; the system releases it when a process ends."""
    try:
        import fcntl
    except ImportError:  # Windows
        return _try_lock_on_windows(file)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _try_lock_on_windows(file: int) -> bool:
    from importlib import import_module
    from typing import Any

    msvcrt: Any = import_module("msvcrt")
    try:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True
