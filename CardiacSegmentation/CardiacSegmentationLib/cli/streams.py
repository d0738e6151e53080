"""Standard streams that may be closed, or break while we write: neither may cost a result, or change a file."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TextIO


def open_closed_streams() -> None:
    """Let every standard stream lead somewhere.

    Where one is closed, the next file that is opened gets its number, and what a library prints would end up in it.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def forget_unheard() -> None:
    """Drop what nobody reads any more: Python would complain about it at its end, and spoil the exit code."""
    _flush_or_forget(sys.stdout)
    _flush_or_forget(sys.stderr)


def _flush_or_forget(stream: TextIO) -> None:
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
