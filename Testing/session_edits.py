"""What a hand does to a session in tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from CardiacSegmentationLib.segmentation import STRUCTURES, Label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from CardiacSegmentationLib.session import StudySession


def copy_pixels(
    session: StudySession, source: int, phase: int, slices: Iterable[int], structures: Iterable[Label] = STRUCTURES
) -> bool:
    """Some structures' pixels of another phase, in some slices, as one step."""
    labels, chosen = session.segmentation.labels, [int(label) for label in structures]
    images = {}
    for place in slices:
        kept = np.where(np.isin(labels[phase, place], chosen), np.uint8(0), labels[phase, place])
        taken = labels[source, place]
        images[phase, place] = np.where(np.isin(taken, chosen), taken, kept)
    return session.put(images, tool="copy")
