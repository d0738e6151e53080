"""A trained network on a whole stack: from grey values to class probabilities on the native grid."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from CardiacSegmentationLib.network.infer import SIDES, empty_blank_slices
from CardiacSegmentationLib.network.locate import cast_shadow, frame_heart, larger_view
from CardiacSegmentationLib.network.preprocess import (
    Preprocessing,
    View,
    from_darkest,
    put_back,
    take_view,
    whole_view,
    with_neighbours,
)
from CardiacSegmentationLib.network.slices import drop_absent_ends

from cardiactrain.networks import as_output

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from cardiactrain.normalise import Normaliser
    from cardiactrain.recipe import Recipe

Array = npt.NDArray[Any]
PixelSpacing = tuple[float, float]
WINDOWS = 32  # of a sliding window at a time
LARGER_VIEWS = 2  # how often a view that cuts the heart is made larger


class Seen(NamedTuple):
    """Class shares ``[slice, class, …]``, and the chance that LV and RV are in the slice where the network says so."""

    shares: Array
    presence: Array | None = None


@dataclass(frozen=True, eq=False)
class Predictor:
    """A network with all it needs to label a stack the way its recipe says."""

    network: nn.Module
    normaliser: Normaliser
    recipe: Recipe
    device: torch.device

    @property
    def preprocessing(self) -> Preprocessing:
        """The recipe's geometry in the Lib's words."""
        return preprocessing_of(self.recipe)

    def see(self, image: Array, pixel_mm: PixelSpacing) -> Seen:
        """What the network says of ``image[slice, row, column]``, on the same grid."""
        self.network.eval()
        if self.recipe.view.spacing_mm is None:  # native pixels, be they square or not: a pixel is the unit
            pixel_mm = (1.0, 1.0)
        with torch.inference_mode():
            return PREDICTIONS[self.recipe.predict.kind](self, image, pixel_mm)

    def labels(self, image: Array, pixel_mm: PixelSpacing) -> npt.NDArray[np.uint8]:
        """Label codes of a stack."""
        codes = np.array([int(c) for c in self.recipe.classes], np.uint8)
        seen = self.see(image, pixel_mm)
        labels: npt.NDArray[np.uint8] = codes[seen.shares.argmax(1)]
        if self.recipe.predict.present_from and seen.presence is not None:
            labels = drop_absent_ends(labels[None], seen.presence.T[:, None], False, 1.0)[0][0]
        return keep_largest(labels) if self.recipe.predict.largest_component else labels

    def run(self, images: Array) -> Seen:
        """What the network says of views ``[view, channel, …]``, in the order of their slices."""
        batch = torch.from_numpy(np.ascontiguousarray(images, np.float32)).to(self.device)
        output = as_output(self.network(self.normaliser(batch)))
        shares = torch.softmax(output.logits.float(), 1).cpu().numpy()
        if output.presence is None:
            return Seen(shares)
        border = self._presence_border().to(self.device)
        return Seen(shares, torch.sigmoid(output.presence.float() - border).cpu().numpy())

    def exported_network(self) -> nn.Module:
        """A copy of the network on the CPU whose presence says one half where the recipe draws the border."""
        network: Any = copy.deepcopy(self.network).cpu().eval()
        if self.recipe.predict.present_from:
            network.presence.bias.data -= self._presence_border()
        return network  # type: ignore[no-any-return]

    def _presence_border(self) -> torch.Tensor:
        wanted = self.recipe.predict.present_from
        return torch.logit(torch.tensor([wanted.get(side.name, 0.5) for side in SIDES]))


def preprocessing_of(recipe: Recipe) -> Preprocessing:
    """What the bundle of a recipe says about preprocessing."""
    options = recipe.normalise.options
    return Preprocessing(
        spacing_mm=recipe.view.spacing_mm or 1.0,
        coarse_spacing_mm=recipe.view.coarse_spacing_mm,
        margin_mm=recipe.predict.margin_mm,
        context_slices=recipe.view.slices // 2,
        percentiles=(float(options.get("low", 1.0)), float(options.get("high", 99.0))),
        trained_size=recipe.view.size,
    )


def keep_largest(labels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Only the largest connected part of every structure."""
    from scipy import ndimage

    result = labels.copy()
    for code in np.unique(labels[labels > 0]):
        parts, count = ndimage.label(labels == code, ndimage.generate_binary_structure(3, 3))
        if count > 1:
            sizes = np.bincount(parts.ravel())
            sizes[0] = 0
            result[(parts > 0) & (parts != sizes.argmax())] = 0
    return result


def _heart_crop(predictor: Predictor, image: Array, pixel_mm: PixelSpacing) -> Seen:
    """Find the heart in the whole field of view, then label it at the working spacing."""
    pre = predictor.preprocessing
    shape = (image.shape[-2], image.shape[-1])
    coarse = _see(predictor, image, whole_view(shape, pixel_mm, pre)).shares
    body = keep_largest((coarse[:, 0] < 0.5).astype(np.uint8)).astype(bool)
    view = frame_heart(cast_shadow(body), pixel_mm, pre) if body.any() else _centred(predictor, shape, pixel_mm)
    seen = _see(predictor, image, view)
    for _ in range(LARGER_VIEWS):
        larger = larger_view(seen.shares.argmax(1).astype(np.uint8)[None], view, pre)
        if larger is None:
            break
        view, seen = larger, _see(predictor, image, larger)
    return seen


def _centre_crop(predictor: Predictor, image: Array, pixel_mm: PixelSpacing) -> Seen:
    """The view the network was trained on, around the middle of the image."""
    return _see(predictor, image, _centred(predictor, (image.shape[-2], image.shape[-1]), pixel_mm))


def _sliding_window(predictor: Predictor, image: Array, pixel_mm: PixelSpacing) -> Seen:
    """The whole image at the working spacing, window by window, overlapping."""
    from monai.inferers import sliding_window_inference

    recipe = predictor.recipe
    shape = (image.shape[-2], image.shape[-1])
    spacing_mm = predictor.preprocessing.spacing_mm
    full = whole_view(shape, pixel_mm, Preprocessing(coarse_spacing_mm=spacing_mm, size_multiple=1))
    volume = take_view(from_darkest(image), full)
    window: tuple[int, ...] = (recipe.view.size, recipe.view.size)
    if recipe.view.dims == 2:
        views = torch.from_numpy(with_neighbours(volume, recipe.view.slices // 2))
    else:
        views, window = torch.from_numpy(volume)[None, None], (recipe.view.slices, *window)

    def label(batch: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(predictor.run(batch.cpu().numpy()).shares)

    shares = sliding_window_inference(views, window, WINDOWS, label, overlap=recipe.predict.overlap, mode="gaussian")
    result: Array = shares.numpy()
    return Seen(put_back(result if recipe.view.dims == 2 else np.moveaxis(result[0], 1, 0), full, shape))


def _see(predictor: Predictor, image: Array, view: View) -> Seen:
    """What the network says of a view of every slice, on the native grid."""
    recipe = predictor.recipe
    seen = take_view(from_darkest(image), view)
    if recipe.view.dims == 2:
        said = predictor.run(with_neighbours(seen, recipe.view.slices // 2))
    else:
        said = Seen(_in_depth(predictor, seen))
    empty_blank_slices(image, said.shares, said.presence)
    return said._replace(shares=put_back(said.shares, view, (image.shape[-2], image.shape[-1])))


def _in_depth(predictor: Predictor, seen: Array) -> Array:
    """Class shares from a 3D network: windows of slices, averaged where they overlap."""
    depth, count = predictor.recipe.view.slices, len(seen)
    padded = np.concatenate([seen, np.zeros((max(0, depth - count), *seen.shape[1:]), seen.dtype)])
    total = np.zeros((len(padded), len(predictor.recipe.classes), *seen.shape[1:]), np.float32)
    times = np.zeros(len(padded), np.float32)
    last = len(padded) - depth
    for first in sorted({*range(0, last, max(1, depth // 2)), last}):
        shares = predictor.run(padded[None, None, first : first + depth]).shares[0]
        total[first : first + depth] += np.moveaxis(shares, 1, 0)
        times[first : first + depth] += 1
    return total[:count] / times[:count, None, None, None]


def _centred(predictor: Predictor, shape: tuple[int, int], pixel_mm: PixelSpacing) -> View:
    recipe = predictor.recipe
    size = (recipe.view.size, recipe.view.size)
    centre = ((shape[0] - 1) / 2, (shape[1] - 1) / 2)
    return View(centre, size, predictor.preprocessing.spacing_mm, pixel_mm)


PREDICTIONS: dict[str, Callable[[Predictor, Array, PixelSpacing], Seen]] = {
    "heart-crop": _heart_crop,
    "centre-crop": _centre_crop,
    "sliding-window": _sliding_window,
}
