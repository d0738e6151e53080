"""Signals of tissues in a balanced steady-state image, and how shapes of them are laid over an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CardiacSegmentationLib.stack import Array


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


def lay(image: Array, share: Array, signal: float | Array) -> None:
    """Lay a tissue over the image, in place, where and as far as it covers the pixels."""
    change = signal - image  # in place from here on: these lines are most of what a phantom costs
    change *= share
    image += change


def cover(inside_mm: Array, pixel_mm: float) -> Array:
    """How much of each pixel lies inside a shape, from how far inside its centre is."""
    share: Array = inside_mm * np.float32(1 / pixel_mm)
    share += np.float32(0.5)
    return np.clip(share, 0, 1, out=share)


def inside_ellipsoid(points: Sequence[Array], centre: Sequence[float], radii: Sequence[float | Array]) -> Array:
    """About how far inside an ellipse or ellipsoid these points lie, in mm; the last radius may differ by phase."""
    out = sum(((p - c) / r) ** 2 for p, c, r in zip(points, centre, radii, strict=True))
    inside: Array = (1 - np.sqrt(out)) * np.float32(min(radii[0], radii[1]))
    return inside


def waves(x: Array, y: Array, z: Array, length_mm: float) -> Array:
    """A smooth irregular pattern between about -1 and 1, of grains about this long."""
    k = 1 / length_mm
    pattern: Array = (
        np.sin(k * (0.9 * x + 0.3 * y - 0.4 * z) + 1.3 * np.sin(0.21 * k * (y - x)))
        + np.sin(k * (-0.4 * x + 0.8 * y + 0.5 * z) + 1.1 * np.sin(0.17 * k * (z + x)))
        + np.sin(k * (0.3 * x - 0.5 * y + 0.9 * z) + 1.2 * np.sin(0.19 * k * (y + z)))
    ) / 3
    return pattern
