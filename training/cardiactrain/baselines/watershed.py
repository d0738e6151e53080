"""Watershed: basins of the gradient, from dark and bright markers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cardiactrain.baselines.threshold import otsu


def flood(
    image: npt.NDArray[np.float32], pixel_mm: tuple[float, float], *, sigma_mm: float = 1.5
) -> npt.NDArray[np.bool_]:
    """Bright basins; each bright blob's core is a marker, and so is everything clearly dark."""
    import SimpleITK
    from scipy import ndimage

    sigma = sigma_mm / np.array(pixel_mm)
    gradient = ndimage.gaussian_gradient_magnitude(image, sigma)
    level = otsu(image, 128)
    depth = ndimage.distance_transform_edt(image > level, sampling=pixel_mm)
    cores, _ = ndimage.label(depth > 4.0)
    dark = ndimage.gaussian_filter(image, sigma) < 0.7 * level
    markers = np.where(cores > 0, cores + 1, np.where(dark, 1, 0)).astype(np.uint16)
    basins = SimpleITK.MorphologicalWatershedFromMarkers(
        SimpleITK.GetImageFromArray(gradient.astype(np.float32)),
        SimpleITK.GetImageFromArray(markers),
        markWatershedLine=True,
    )
    return np.asarray(SimpleITK.GetArrayFromImage(basins) > 1, bool)
