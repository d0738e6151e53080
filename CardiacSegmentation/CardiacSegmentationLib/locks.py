"""Folders that one run works in at a time. The lock is the operating system's: it ends with its process, however that
ends, and holds between computers where the file system shares locks.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import sys
import time
from typing import IO, TYPE_CHECKING, Any

from CardiacSegmentationLib.errors import FolderBusyError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK_FILE = "._cardiacseg-lock"  # names that begin like this are never taken for part of a study
SETTLED_S = 10.0  # a folder this old has been locked by whoever made it


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder, which is made when missing and removed again when it stays empty.

    Raises :class:`FolderBusyError`, which names the owner, where another run is in it. Where there can be no lock (a
    file system without, a folder that may not be written to) the work goes on without one.
    """
    made = _make(folder)
    try:
        lock = hold(folder)
    except BlockingIOError as error:
        raise FolderBusyError.of("folder-busy", folder=folder, owner=read_owner(folder)) from error
    try:
        yield
    finally:
        if lock is not None:
            release(folder, lock)
        for one in made:
            with contextlib.suppress(OSError):  # not empty
                one.rmdir()


def hold(folder: Path) -> IO[str] | None:
    """The open lock file of a folder, or ``None`` where there can be none; ``BlockingIOError`` where another has it."""
    path = folder / LOCK_FILE
    for _ in range(10):  # its owner may be removing it at this moment
        try:
            file = path.open("a+", encoding="utf-8")
        except OSError:
            return None
        try:
            _lock(file)
            if os.fstat(file.fileno()).st_ino == path.stat().st_ino:
                _write_owner(file)
                return file
        except FileNotFoundError:
            pass
        except BlockingIOError:
            file.close()
            raise
        except OSError:
            release(folder, file)
            return None
        file.close()
    return None


def release(folder: Path, lock: IO[str]) -> None:
    """Give a folder free."""
    if os.name == "nt":  # which removes no open file
        lock.close()
    with contextlib.suppress(OSError):
        (folder / LOCK_FILE).unlink()
    lock.close()


def read_owner(folder: Path) -> str:
    """Who holds a folder, for people."""
    try:
        owner = json.loads((folder / LOCK_FILE).read_text(encoding="utf-8"))
        return f"process {owner['process']} of {owner['user']} on {owner['computer']}, since {owner['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "it does not say whose"


def remove_abandoned(parent: Path, pattern: str) -> None:
    """Remove folders whose owner has died without doing it; all that is here or was made just now stays."""
    for folder in parent.glob(pattern):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime < SETTLED_S or not os.access(folder, os.W_OK):
                continue
            lock = hold(folder)
            if lock is not None:
                lock.close()
                shutil.rmtree(folder, ignore_errors=True)


def is_alive(process: int) -> bool:
    """Whether a process of this number runs, be it another user's."""
    if process <= 0:  # to the system that is no process but a group, or all
        return False
    if sys.platform == "win32":
        return _is_alive_in_windows(process)
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it lives, and is another user's
        return True
    return True


def _is_alive_in_windows(process: int) -> bool:
    """By a handle on the process: ``os.kill`` would end it there, whatever the signal."""
    import ctypes
    from ctypes import wintypes

    synchronize, access_denied, wait_timeout = 0x00100000, 5, 0x102
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]
    kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
    kernel.OpenProcess.restype = wintypes.HANDLE
    kernel.WaitForSingleObject.argtypes = (wintypes.HANDLE, wintypes.DWORD)
    kernel.WaitForSingleObject.restype = wintypes.DWORD
    kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
    handle = kernel.OpenProcess(synchronize, False, process)
    if not handle:
        return bool(ctypes.get_last_error() == access_denied)  # type: ignore[attr-defined]
    try:  # the number stays taken as long as anybody holds a handle; whether it has ended is what waiting tells
        return bool(kernel.WaitForSingleObject(handle, 0) == wait_timeout)
    finally:
        kernel.CloseHandle(handle)


def _make(folder: Path) -> list[Path]:
    """The folders that had to be made, the innermost first."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    with contextlib.suppress(OSError):  # writing the results will say what is wrong
        folder.mkdir(parents=True, exist_ok=True)
    return missing


def _write_owner(file: IO[str]) -> None:
    file.truncate(0)
    json.dump(_owner(), file)
    file.flush()


def _owner() -> dict[str, Any]:
    """Asked of nobody else: where users are kept in a directory, looking a name up would go over the network."""
    known = (os.environ.get(name) for name in ("LOGNAME", "USER", "USERNAME"))
    user = next(filter(None, known), None) or (f"user {os.getuid()}" if hasattr(os, "getuid") else "somebody")
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    return {"process": os.getpid(), "user": user, "computer": socket.gethostname(), "since": since}


def _lock(file: IO[str]) -> None:
    """Lock an open file without waiting; raises ``BlockingIOError`` where another has it."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(2**20)  # beyond the text, which others must be able to read
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError from error
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
