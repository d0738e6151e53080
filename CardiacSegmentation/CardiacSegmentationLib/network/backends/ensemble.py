"""Several networks as one: the mean of the chances they give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.network.activations import sigmoid, softmax

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CardiacSegmentationLib.network.backends import Backend, FloatArray

SURE = 1e-7  # no chance is smaller, nor larger than one less this


class EnsembleBackend:
    """Backends of the networks of one bundle; it says of each image the mean of what they say."""

    def __init__(self, members: Sequence[Backend]) -> None:
        self._members = tuple(members)
        self.name = f"{self._members[0].name}, mean of {len(self._members)} networks"
        self.workers = min(member.workers for member in self._members)
        faster = [member.faster for member in self._members if member.faster is not None]
        self.faster: Backend | None = EnsembleBackend(faster) if len(faster) == len(self._members) else None

    def run(self, images: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Logits of the mean chances of a batch."""
        chances, present = [], []
        for member in self._members:
            logits, presence = member.run(images)
            chances.append(softmax(logits))
            present.append(sigmoid(presence))
        mean, there = (np.clip(np.mean(each, axis=0), SURE, 1 - SURE) for each in (chances, present))
        return np.log(mean, dtype=np.float32), np.log(there / (1 - there)).astype(np.float32)
