"""Several networks as one: the mean of the chances they give, and of their logits of presence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.network.activations import softmax

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CardiacSegmentationLib.network.backends import Backend
    from CardiacSegmentationLib.segmentation import Float32Array

SMALLEST = 1e-7  # chance: its logarithm is finite


class EnsembleBackend:
    """Backends of the networks of one bundle; it says of each image the mean of what they say."""

    def __init__(self, members: Sequence[Backend]) -> None:
        self._members = tuple(members)
        self.name = f"{self._members[0].name}, mean of {len(self._members)} networks"
        self.workers = min(member.workers for member in self._members)
        faster = [member.faster for member in self._members if member.faster is not None]
        self.faster: Backend | None = EnsembleBackend(faster) if len(faster) == len(self._members) else None

    def run(self, images: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Logits of the mean chances of a batch."""
        said = [member.run(images) for member in self._members]
        chances = np.mean([softmax(logits) for logits, _presence in said], axis=0)
        presence = np.mean([presence for _logits, presence in said], axis=0)
        return np.log(np.maximum(chances, SMALLEST), dtype=np.float32), presence.astype(np.float32)
