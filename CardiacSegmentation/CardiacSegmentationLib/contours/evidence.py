"""Evidence: how much of a correction the image speaks for, at each point of a border.

What a reader corrected in one image may be right in another as it is. Where the correction belongs, the image looks
across the moved border as it does across the reader's; where it does not, it looks so across the automatic one. Noise
looks like either now and then: what the image says must be clear, in a stretch of the border and over all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import map_coordinates

from CardiacSegmentationLib.contours.curves import arc_mm, smooth_normals, smooth_ring

if TYPE_CHECKING:
    import numpy.typing as npt

    from CardiacSegmentationLib.segmentation import FloatArray

    Image = npt.NDArray[Any]

ACROSS_MM = np.arange(-5.0, 5.5)  # places along the normal that are looked at
SHARES = np.linspace(0.0, 1.0, 5)  # of a correction that are tried
ALONG_MM = 10.0  # sigma of the stretch of border that is judged together: noise averages out
STRETCH_CLEAR = 2.0  # logarithm of how much likelier a stretch must look moved than as it is, for any share
BORDER_CLEAR = 20.0  # and the whole border, for any of the correction to be taken
NORMAL_POINTS = 2.0  # sigma of the smoothing of normals


def look_across(image: Image, spacing_mm: tuple[float, float], curve: FloatArray, outward_mm: FloatArray) -> FloatArray:
    """Brightness ``[point, …, place]`` across a curve that was moved outwards by ``outward_mm[point, …]``."""
    normals = smooth_normals(curve, NORMAL_POINTS).reshape(len(curve), *[1] * outward_mm.ndim, 2)
    start = curve.reshape(normals.shape)
    places = start + (outward_mm[..., None] + ACROSS_MM)[..., None] * normals
    flat = (places / spacing_mm).reshape(-1, 2).T
    return np.asarray(
        map_coordinates(image, flat, output=np.float64, order=1, mode="nearest").reshape(places.shape[:-1])
    )


def find_shares(
    image: Image, spacing_mm: tuple[float, float], curve: FloatArray, outward_mm: FloatArray, across: FloatArray
) -> FloatArray:
    """The share, 0 to 1, of a correction ``outward_mm`` ``[point]`` for each point of an automatic border.

    ``across[point, place]`` is what the image should look like across the corrected border there. What is left of the
    difference at the best shares is the noise that the evidence is weighed against.
    """
    shown = look_across(image, spacing_mm, curve, outward_mm[:, None] * SHARES)
    unlike = ((shown - across[:, None]) ** 2).mean(axis=2)
    length_mm = arc_mm(curve)[1]
    sigma = min(ALONG_MM * len(curve) / length_mm, len(curve) / 6.0)
    unlike = smooth_ring(unlike, sigma)
    noise, along_mm = float(unlike.min(axis=1).mean()), sigma * length_mm / len(curve)
    pixels_per_mm = float(np.ptp(ACROSS_MM)) / (spacing_mm[0] * spacing_mm[1])
    least = 2.0 * noise * STRETCH_CLEAR / (2.0 * np.sqrt(np.pi) * along_mm * pixels_per_mm)
    best = (unlike + np.where(SHARES > 0.0, least, 0.0)).argmin(axis=1)
    gain = float((unlike[:, 0] - unlike[np.arange(len(curve)), best]).mean())
    if gain * length_mm * pixels_per_mm < 2.0 * noise * BORDER_CLEAR:
        return np.zeros(len(curve))
    return np.clip(smooth_ring(SHARES[best], sigma / 2.0), 0.0, 1.0)
