"""Which of the bright blobs is the cavity: round, of a heart's size, near the middle of the image."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SMALLEST_MM2, LARGEST_MM2 = 80.0, 6000.0
REACH_MM = 60.0  # from the middle of the image


def pick_cavity(bright: npt.NDArray[np.bool_], pixel_mm: tuple[float, float]) -> npt.NDArray[np.bool_]:
    """The best blob, its holes (papillary muscles) filled; nothing where no blob can be a cavity."""
    from scipy import ndimage

    opened = ndimage.binary_opening(bright, iterations=1)
    blobs, count = ndimage.label(opened)
    middle = (np.array(bright.shape) - 1) / 2
    best, best_score = 0, 0.0
    for n, box in enumerate(ndimage.find_objects(blobs), start=1):
        blob = blobs[box] == n
        area_mm2 = float(blob.sum()) * pixel_mm[0] * pixel_mm[1]
        if not SMALLEST_MM2 <= area_mm2 <= LARGEST_MM2:
            continue
        centre = np.array(ndimage.center_of_mass(blob)) + np.array([box[0].start, box[1].start])
        away_mm = float(np.linalg.norm((centre - middle) * pixel_mm))
        score = _roundness(blob) * float(np.exp(-((away_mm / REACH_MM) ** 2)))
        if score > best_score:
            best, best_score = n, score
    if count == 0 or best == 0:
        return np.zeros_like(bright)
    return np.asarray(ndimage.binary_fill_holes(blobs == best), bool)


def _roundness(blob: npt.NDArray[np.bool_]) -> float:
    """1 for a disc: the area against that of the disc about the blob's centre that reaches as far."""
    rows, columns = np.nonzero(blob)
    reach = np.hypot(rows - rows.mean(), columns - columns.mean()).max() + 0.5
    return float(blob.sum() / (np.pi * reach**2))
