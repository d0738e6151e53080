"""Hearts of a few discs."""

from __future__ import annotations

import numpy as np

SIZE, SLICES = 64, 5


def draw_stack(seed: int, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """A ring of muscle around blood, and a second chamber beside it, on a grey chest."""
    random = np.random.default_rng(seed)
    rows, columns = np.indices((SIZE, SIZE))
    centre = 32 + random.uniform(-3, 3, 2)
    labels = np.zeros((SLICES, SIZE, SIZE), np.uint8)
    for k in range(SLICES):
        radius = (9 - 1.2 * k) * scale
        away = np.hypot(rows - centre[0], columns - centre[1])
        right = np.hypot(rows - centre[0], columns - centre[1] + 11)
        labels[k][(right < radius + 1) & (away >= radius + 3)] = 1
        labels[k][away < radius + 3] = 2
        labels[k][away < radius] = 3
    signal = np.array([60, 200, 90, 220])[labels]
    return (signal + random.normal(0, 8, labels.shape)).clip(0).astype(np.int16), labels
