"""Memory that is taken where it need not be: by empty images, and by the C library of what was freed."""

from __future__ import annotations

import contextlib
import math
import mmap
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from CardiacSegmentationLib.segmentation import Labels


def empty_images(shape: tuple[int, ...]) -> Labels:
    """Zeros that take memory only where something is written: a heart fills a small part of its images.

    NumPy would ask for pages of 2 MB, and every one of them holds a piece of the heart.
    """
    private = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
    return np.frombuffer(mmap.mmap(-1, math.prod(shape), **private), np.uint8).reshape(shape)


def give_back_memory() -> None:
    """Let glibc return freed memory to the system; elsewhere nothing is done.

    The network's activations of a large study leave it hundreds of megabytes in pieces that it would keep.
    """
    import ctypes

    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library; Windows
        ctypes.CDLL(None).malloc_trim(0)
