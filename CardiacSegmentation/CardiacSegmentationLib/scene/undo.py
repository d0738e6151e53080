"""Undo and redo per phase.

Slicer's segment editor forgets its history whenever another phase comes on display, so the program keeps its own: label
images before and after each stroke, compressed, for every phase by itself.
"""

from __future__ import annotations

import zlib
from collections import defaultdict, deque
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.labelmaps import Labels

LIMIT = 50  # strokes per phase; a stroke costs a few kilobytes


class FrameHistory:
    """The labels of each phase: as they are, as they were, and as they were before an undo."""

    def __init__(self, labels: Labels) -> None:
        """Start from the labels of all phases."""
        self._shape = labels.shape[1:]
        self._now = [_pack(frame) for frame in labels]
        self._past: dict[int, deque[bytes]] = defaultdict(lambda: deque(maxlen=LIMIT))
        self._future: dict[int, list[bytes]] = defaultdict(list)

    def record(self, phase: int, labels: Labels) -> bool:
        """Note the labels after a stroke; false where they are what they were."""
        packed = _pack(labels)
        if packed == self._now[phase]:
            return False
        self._past[phase].append(self._now[phase])
        self._future[phase].clear()
        self._now[phase] = packed
        return True

    def can_undo(self, phase: int) -> bool:
        """Whether a stroke of this phase can be taken back."""
        return bool(self._past[phase])

    def can_redo(self, phase: int) -> bool:
        """Whether a stroke taken back can be made again."""
        return bool(self._future[phase])

    def undo(self, phase: int) -> Labels:
        """The labels before the last stroke."""
        self._future[phase].append(self._now[phase])
        self._now[phase] = self._past[phase].pop()
        return self._labels(phase)

    def redo(self, phase: int) -> Labels:
        """The labels after the stroke that was taken back last."""
        self._past[phase].append(self._now[phase])
        self._now[phase] = self._future[phase].pop()
        return self._labels(phase)

    def _labels(self, phase: int) -> Labels:
        return np.frombuffer(zlib.decompress(self._now[phase]), np.uint8).reshape(self._shape).copy()


def _pack(labels: Labels) -> bytes:
    return zlib.compress(np.ascontiguousarray(labels), 1)
