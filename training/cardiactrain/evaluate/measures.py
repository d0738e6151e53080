"""How alike two masks are. Each measure takes two masks ``[slice, row, column]`` and the spacing in mm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

Mask = npt.NDArray[np.bool_]
Spacing = tuple[float, float, float]


def overlap(truth: Mask, guess: Mask) -> dict[str, float]:
    """Dice, Jaccard, precision and recall; NaN where there is nothing to compare with."""
    both, either = int((truth & guess).sum()), int((truth | guess).sum())
    found, present = int(guess.sum()), int(truth.sum())
    return {
        "dice": _ratio(2 * both, found + present),
        "jaccard": _ratio(both, either),
        "precision": _ratio(both, found),
        "recall": _ratio(both, present),
    }


def distances(truth: Mask, guess: Mask, spacing_mm: Spacing) -> dict[str, float]:
    """Hausdorff distance, its 95th percentile and the mean surface distance (symmetric), in mm.

    Between the outlines of every slice, in space; NaN where either mask is empty or the pixel spacing is unknown.
    """
    if not truth.any() or not guess.any() or not np.isfinite(spacing_mm[1:]).all():
        return {"hausdorff_mm": np.nan, "hd95_mm": np.nan, "assd_mm": np.nan}
    spacing = spacing_mm if np.isfinite(spacing_mm[0]) and len(truth) > 1 else (1e6, *spacing_mm[1:])
    there, back = _surface_distances(truth, guess, spacing), _surface_distances(guess, truth, spacing)
    both = np.concatenate([there, back])
    both = both[both < 1e5]
    if both.size == 0:
        return {"hausdorff_mm": np.nan, "hd95_mm": np.nan, "assd_mm": np.nan}
    return {
        "hausdorff_mm": float(both.max()),
        "hd95_mm": float(np.percentile(both, 95)),
        "assd_mm": float(both.mean()),
    }


def _surface_distances(start: Mask, end: Mask, spacing: Spacing) -> npt.NDArray[Any]:
    """From every outline pixel of ``start`` to the nearest outline pixel of ``end``."""
    from scipy import ndimage

    far = ndimage.distance_transform_edt(~_outline(end), sampling=spacing)
    return np.asarray(far[_outline(start)])


def _outline(mask: Mask) -> Mask:
    from scipy import ndimage

    cross = np.zeros((3, 3, 3), bool)  # neighbours in the plane only: slices are too far apart to have a skin
    cross[1, 1, :] = cross[1, :, 1] = True
    return np.asarray(mask & ~ndimage.binary_erosion(mask, cross))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def agreement(truth: npt.NDArray[Any], guess: npt.NDArray[Any]) -> dict[str, float]:
    """Bias, standard deviation of differences, limits of agreement, mean absolute error, correlation."""
    kept = np.isfinite(truth) & np.isfinite(guess)
    truth, guess = truth[kept], guess[kept]
    if truth.size == 0:
        return {"n": 0.0}
    difference = guess - truth
    bias = float(difference.mean())
    deviation = float(difference.std(ddof=1)) if truth.size > 1 else float("nan")
    varies = truth.size > 2 and truth.std() > 0 and guess.std() > 0
    return {
        "n": float(truth.size),
        "bias": bias,
        "sd": deviation,
        "lower_limit": bias - 1.96 * deviation,
        "upper_limit": bias + 1.96 * deviation,
        "mae": float(np.abs(difference).mean()),
        "correlation": float(np.corrcoef(truth, guess)[0, 1]) if varies else float("nan"),
    }


def confidence_interval(
    values: npt.NDArray[Any], subjects: Sequence[str], draws: int = 2000, seed: int = 1
) -> tuple[float, float]:
    """The 95 % bootstrap interval of a mean; subjects are drawn, each with all its values: those are alike."""
    kept = np.isfinite(values)
    _, whose = np.unique(np.asarray(subjects)[kept], return_inverse=True)
    sums, counts = np.bincount(whose, values[kept]), np.bincount(whose)
    if sums.size < 2:
        return float("nan"), float("nan")
    picked = np.random.default_rng(seed).integers(0, sums.size, (draws, sums.size))
    low, high = np.percentile(sums[picked].sum(axis=1) / counts[picked].sum(axis=1), (2.5, 97.5))
    return float(low), float(high)
