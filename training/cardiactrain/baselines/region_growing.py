"""Region growing from bright seeds near the middle of the image."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def grow(
    image: npt.NDArray[np.float32], pixel_mm: tuple[float, float], *, reach_mm: float = 50.0, tolerance: float = 0.2
) -> npt.NDArray[np.bool_]:
    """The union of regions grown from the brightest smooth places within ``reach_mm`` of the middle."""
    import SimpleITK
    from scipy import ndimage

    smooth = ndimage.gaussian_filter(image, 3.0 / np.array(pixel_mm))
    picture = SimpleITK.GetImageFromArray(image)
    result = np.zeros(image.shape, bool)
    for row, column in _seeds(smooth, pixel_mm, reach_mm):
        value = float(smooth[row, column])
        grown = SimpleITK.ConnectedThreshold(picture, [(int(column), int(row))], value - tolerance, value + tolerance)
        result |= SimpleITK.GetArrayFromImage(grown).astype(bool)
    return result


def _seeds(smooth: npt.NDArray[np.float32], pixel_mm: tuple[float, float], reach_mm: float) -> npt.NDArray[np.intp]:
    from scipy import ndimage

    rows, columns = np.indices(smooth.shape)
    middle = (np.array(smooth.shape) - 1) / 2
    away_mm = np.hypot((rows - middle[0]) * pixel_mm[0], (columns - middle[1]) * pixel_mm[1])
    size = [max(3, round(20 / mm)) for mm in pixel_mm]
    peaks = (smooth == ndimage.maximum_filter(smooth, size)) & (away_mm < reach_mm) & (smooth > 0.35)
    places = np.argwhere(peaks)
    return places[np.argsort(-smooth[peaks])][:4]
