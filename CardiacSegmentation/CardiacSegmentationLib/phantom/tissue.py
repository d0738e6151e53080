"""Signals of tissues in a balanced steady-state image, and how one is laid over another."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float32]


class Tissue:
    """Signal relative to that of blood."""

    BLOOD: Final = 1.0
    MYOCARDIUM: Final = 0.36
    FAT: Final = 0.95
    MUSCLE: Final = 0.24
    LUNG: Final = 0.05
    LUNG_VESSEL: Final = 0.55
    BONE: Final = 0.5
    LIVER: Final = 0.33
    SPLEEN: Final = 0.45
    STOMACH: Final = 0.5
    FLUID: Final = 1.15


def cover(inside_mm: Image, pixel_mm: float) -> Image:
    """How much of each pixel lies inside, from how far inside its centre is."""
    return np.clip(inside_mm * np.float32(1 / pixel_mm) + np.float32(0.5), 0, 1)


def lay(image: Image, share: Image, signal: float | Image) -> None:
    """Lay a tissue over the image, in place, where and as far as it covers the pixels."""
    image += share * (signal - image)


def waves(x: Image, y: Image, z: Image, length_mm: float) -> Image:
    """A smooth irregular pattern between about -1 and 1, of grains about this long."""
    k = 1 / length_mm
    return (
        np.sin(k * (0.9 * x + 0.3 * y - 0.4 * z) + 1.3 * np.sin(0.21 * k * (y - x)))
        + np.sin(k * (-0.4 * x + 0.8 * y + 0.5 * z) + 1.1 * np.sin(0.17 * k * (z + x)))
        + np.sin(k * (0.3 * x - 0.5 * y + 0.9 * z) + 1.2 * np.sin(0.19 * k * (y + z)))
    ) / 3
