"""From what a network puts out to chances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from CardiacSegmentationLib.segmentation import Float32Array


def softmax(logits: Float32Array) -> Float32Array:
    """Probabilities of the classes (axis 1)."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    shifted /= shifted.sum(axis=1, keepdims=True)
    return shifted


def sigmoid(logits: Float32Array) -> Float32Array:
    """The probability of each."""
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)
