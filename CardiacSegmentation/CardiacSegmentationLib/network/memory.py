"""Memory that the C library keeps of what was freed."""

from __future__ import annotations

import contextlib


def give_back_memory() -> None:
    """Let glibc return freed memory to the system; elsewhere nothing is done.

    The network's activations of a large study leave it hundreds of megabytes in pieces that it would keep.
    """
    import ctypes

    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library; Windows
        ctypes.CDLL(None).malloc_trim(0)
