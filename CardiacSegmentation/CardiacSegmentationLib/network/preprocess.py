"""From voxels to what the network sees, and back: the one implementation that training and inference share.

A *view* is an upright rectangle on the stack's grid, sampled at a spacing of its own. The network sees two kinds: the
whole field of view at a coarse spacing, to find the heart, and the heart at the working spacing, to label it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from CardiacSegmentationLib.box import find_box

if TYPE_CHECKING:
    from CardiacSegmentationLib.segmentation import Float32Array, Mask


@dataclass(frozen=True)
class Preprocessing:
    """How images become network input; stored in the bundle as data, so that every bundle brings its own."""

    spacing_mm: float = 1.4
    coarse_spacing_mm: float = 2.8
    size_multiple: int = 32
    smallest_view: int = 96  # pixels; smaller views give the deepest level too little to see
    margin_mm: float = 22.0  # kept around the heart that the coarse pass found
    context_slices: int = 1  # neighbours on either side that the network sees with each slice
    percentiles: tuple[float, float] = (1.0, 99.0)
    trained_size: int = 128  # pixels of the views it was trained on; it labels views of that size best

    def __post_init__(self) -> None:
        low, high = self.percentiles
        if not 0 <= low < high <= 100 or min(self.spacing_mm, self.coarse_spacing_mm) <= 0:
            msg = "Preprocessing needs percentiles in order within 0–100 and positive spacings."
            raise ValueError(msg)
        object.__setattr__(self, "percentiles", (float(low), float(high)))  # JSON knows no tuples

    @property
    def channels(self) -> int:
        """Number of input channels: the slice and its neighbours."""
        return 2 * self.context_slices + 1


@dataclass(frozen=True)
class View:
    """A rectangle of ``size`` pixels of ``spacing_mm``, centred on a place of the native grid (in native pixels)."""

    centre: tuple[float, float]
    size: tuple[int, int]
    spacing_mm: float
    native_spacing_mm: tuple[float, float]


def whole_view(shape: tuple[int, int], spacing_mm: tuple[float, float], pre: Preprocessing) -> View:
    """The whole field of view at the coarse spacing."""
    extent = [n * mm / pre.coarse_spacing_mm for n, mm in zip(shape, spacing_mm, strict=True)]
    centre = ((shape[0] - 1) / 2, (shape[1] - 1) / 2)
    rows, columns = (_round_up(n, pre.size_multiple) for n in extent)
    return View(centre, (rows, columns), pre.coarse_spacing_mm, spacing_mm)


def heart_view(mask: Mask, spacing_mm: tuple[float, float], pre: Preprocessing) -> View:
    """The view around a heart at the working spacing; ``mask[row, column]`` is its shadow on the native grid."""
    if not mask.any():
        msg = "There is no heart in an empty mask."
        raise ValueError(msg)
    centre, size = [], []
    for span, pixel_mm in zip(find_box(mask), spacing_mm, strict=True):
        centre.append((span.start + span.stop - 1) / 2)
        extent_mm = (span.stop - span.start) * pixel_mm + 2 * pre.margin_mm
        size.append(max(_round_up(extent_mm / pre.spacing_mm, pre.size_multiple), pre.smallest_view))
    return View((centre[0], centre[1]), (size[0], size[1]), pre.spacing_mm, spacing_mm)


def take_view(images: npt.NDArray[Any], view: View) -> Float32Array:
    """Sample ``images[..., row, column]`` on a view: linear, smoothed where the view is coarser, 0 outside."""
    steps = [view.spacing_mm / mm for mm in view.native_spacing_mm]
    starts = [c - (n - 1) / 2 * step for c, n, step in zip(view.centre, view.size, steps, strict=True)]
    return _resample(images, starts, steps, view.size)


def put_back(probabilities: npt.NDArray[Any], view: View, shape: tuple[int, int]) -> Float32Array:
    """Bring ``probabilities[..., class, row, column]`` from a view to the native grid; all outside is background."""
    steps = [mm / view.spacing_mm for mm in view.native_spacing_mm]
    starts = [(n - 1) / 2 - c * step for c, n, step in zip(view.centre, view.size, steps, strict=True)]
    structures = _resample(probabilities[..., 1:, :, :], starts, steps, shape)
    background = 1 - structures.sum(axis=-3, keepdims=True)
    return np.concatenate([background, structures], axis=-3)


def from_darkest(images: npt.NDArray[Any]) -> Float32Array:
    """Grey values counted from the darkest one, so that a view's 0 outside of the image is as dark as that."""
    return np.asarray(images.astype(np.float32) - np.float32(images.min()), np.float32)


def with_neighbours(slices: npt.NDArray[Any], context: int) -> npt.NDArray[Any]:
    """Give each of ``slices[slice, row, column]`` its neighbours as channels; the ends repeat their own slice."""
    count = len(slices)
    offsets = np.arange(-context, context + 1)
    places = np.arange(count)[:, None] + offsets[None]
    own = np.broadcast_to(np.arange(count)[:, None], places.shape)
    return slices[np.where((places < 0) | (places >= count), own, places)]


def to_input(views: npt.NDArray[Any], pre: Preprocessing) -> Float32Array:
    """The slices of one phase ``views[slice, row, column]`` as a network's input ``[slice, channel, row, column]``."""
    return normalise(with_neighbours(views, pre.context_slices), pre)


def normalise(views: npt.NDArray[Any], pre: Preprocessing) -> Float32Array:
    """Clip each of ``views[view, channel, row, column]`` at its percentiles, then to zero mean and unit deviation.

    Percentiles are the nearest ranks of every second row and column: a quarter of the work, the same to the eye.
    """
    flat = np.ascontiguousarray(views[..., ::2, ::2], dtype=np.float32).reshape(len(views), -1)
    ranks = [round(p / 100 * (flat.shape[1] - 1)) for p in pre.percentiles]
    ordered = np.partition(flat, ranks, axis=1)
    low, high = (ordered[:, rank].reshape(-1, 1, 1, 1) for rank in ranks)
    clipped = np.clip(views.astype(np.float32), low, high)
    mean = clipped.mean(axis=(1, 2, 3), keepdims=True)
    deviation = clipped.std(axis=(1, 2, 3), keepdims=True)
    return np.asarray((clipped - mean) / np.maximum(deviation, 1e-6), np.float32)


def _resample(images: npt.NDArray[Any], starts: list[float], steps: list[float], size: tuple[int, int]) -> Float32Array:
    """Image by image, which stays in the processor's cache.

    A product with matrices would do the same, but threads of BLAS wait in a loop, and take the cores from the network.
    """
    rows, columns = (
        _taps(start, step, wanted, present)
        for start, step, wanted, present in zip(starts, steps, size, images.shape[-2:], strict=True)
    )
    flat = images.reshape(-1, *images.shape[-2:])
    result = np.empty((len(flat), *size), np.float32)
    for image, place in zip(flat, result, strict=True):
        place[:] = _mix_rows(_mix_rows(image.astype(np.float32), *rows).T, *columns).T
    return result.reshape(*images.shape[:-2], *size)


def _mix_rows(image: Float32Array, places: npt.NDArray[np.intp], weights: Float32Array) -> Float32Array:
    """Each row of the result is a weighted sum of rows: ``weights[row, n]`` times the row ``places[row, n]``."""
    whole = np.ascontiguousarray(image)
    mixed = np.zeros((len(places), whole.shape[1]), np.float32)
    for place, weight in zip(places.T, weights.T, strict=True):
        mixed += whole[place] * weight[:, None]
    return mixed


def _taps(start: float, step: float, wanted: int, present: int) -> tuple[npt.NDArray[np.intp], Float32Array]:
    """A triangle filter: linear interpolation, widened where samples are sparser.

    For each of the ``wanted`` samples the places among those ``present``, and their weights.
    """
    support = max(1.0, step)
    positions = start + step * np.arange(wanted)
    reach = int(np.ceil(support))
    places = np.floor(positions)[:, None].astype(np.intp) + np.arange(-reach, reach + 2)
    weights = np.maximum(0, 1 - np.abs(places - positions[:, None]) / support)
    weights /= weights.sum(axis=1, keepdims=True)  # before the outside is dropped: outside counts as 0, not as missing
    weights[(places < 0) | (places >= present)] = 0
    heaviest = np.argsort(-weights, axis=1)[:, : max(1, int(np.count_nonzero(weights, axis=1).max()))]
    chosen = np.take_along_axis(places, heaviest, axis=1).clip(0, present - 1)
    return chosen, np.take_along_axis(weights, heaviest, axis=1).astype(np.float32)


def _round_up(pixels: float, multiple: int) -> int:
    return max(1, int(np.ceil(round(pixels, 6) / multiple))) * multiple
