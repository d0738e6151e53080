"""From what a network puts out to chances."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


def softmax(logits: FloatArray) -> FloatArray:
    """Probabilities of the classes (axis 1)."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    shifted /= shifted.sum(axis=1, keepdims=True)
    return shifted


def sigmoid(logits: FloatArray) -> FloatArray:
    """The probability of each."""
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)
