"""Otsu's threshold: the grey value that parts dark from bright best."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def threshold(
    image: npt.NDArray[np.float32], pixel_mm: tuple[float, float], *, bins: int = 128
) -> npt.NDArray[np.bool_]:
    """Bright pixels of an image scaled to 0–1."""
    del pixel_mm
    return image > otsu(image, bins)


def otsu(image: npt.NDArray[np.float32], bins: int) -> float:
    """The threshold with the largest variance between both sides."""
    counts, edges = np.histogram(image, bins=bins, range=(0, 1))
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = sums / below - (sums[-1] - sums) / above
        variance = np.nan_to_num(below * above * difference**2)
    return float(edges[1 + int(variance.argmax())])
