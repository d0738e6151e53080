"""A trained network on whole stacks: through the product's own way of finding and labelling the heart.

Recipes of other authors cut their images differently: around the middle of the image, or window by window. Those ways
are here; all that frames the heart is the Lib's.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from CardiacSegmentationLib.network.infer import predict_phase
from CardiacSegmentationLib.network.preprocess import (
    Preprocessing,
    View,
    from_darkest,
    put_back,
    take_view,
    whole_view,
    with_neighbours,
)
from CardiacSegmentationLib.network.protocol import Network, Seen
from CardiacSegmentationLib.network.segment import segment_stack
from CardiacSegmentationLib.segmentation import VENTRICLES, Label
from CardiacSegmentationLib.stack import CineStack

from cardiactrain.networks import as_output, members_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from cardiactrain.normalise import Normaliser
    from cardiactrain.recipe import Recipe

Array = npt.NDArray[Any]
Labels = npt.NDArray[np.uint8]
PixelSpacing = tuple[float, float]
WINDOWS = 32  # of a sliding window at a time
HEART_CROP = "heart-crop"


@dataclass(eq=False)
class Predictor:
    """A network in training, with all it needs to label a stack the way its recipe says: a ``Network`` of the Lib."""

    network: nn.Module
    normaliser: Normaliser
    recipe: Recipe
    device: torch.device
    faster: Network | None = None
    workers: int = 1  # a network in training mode elsewhere must not be looked at from two threads
    training_range: None = None

    @property
    def identity(self) -> str:
        """The recipe's name."""
        return self.recipe.name

    @property
    def engine(self) -> str:
        """PyTorch and its device."""
        return f"torch ({self.device.type.upper()}, float32)"

    @property
    def preprocessing(self) -> Preprocessing:
        """The recipe's geometry in the Lib's words."""
        return preprocessing_of(self.recipe)

    def labels(self, images: Sequence[Array], pixel_mm: PixelSpacing) -> list[Labels]:
        """Label codes of the phases of a subject, each ``image[slice, row, column]``.

        Phases on one grid are labelled together, as the product labels a cine.
        """
        if self.recipe.predict.kind != HEART_CROP:
            return [self._labels_elsewhere(image, pixel_mm) for image in images]
        found: dict[int, Labels] = {}
        for shape in dict.fromkeys(image.shape for image in images):
            places = [place for place, image in enumerate(images) if image.shape == shape]
            stack = make_stack([images[place] for place in places], pixel_mm)
            found |= dict(zip(places, segment_stack(stack, self).segmentation.labels, strict=True))
        return [found[place] for place in range(len(images))]

    def probabilities(self, image: Array, pixel_mm: PixelSpacing) -> Array:
        """The chance of every label ``[slice, label, row, column]`` on the grid of ``image[slice, row, column]``.

        For recipes that do not frame the heart.
        """
        if self.recipe.view.spacing_mm is None:  # native pixels, be they square or not: a pixel is the unit
            pixel_mm = (1.0, 1.0)
        if self.recipe.predict.kind == "sliding-window":
            return _slide_window(self, image, pixel_mm)
        view = _centre_view(self, image, pixel_mm)
        return put_back(predict_phase(image, view, self).probabilities, view, (image.shape[-2], image.shape[-1]))

    def see(self, views: Array) -> Seen:
        """What the network says of the slices of a phase ``views[slice, row, column]``."""
        if self.recipe.view.dims == 3:
            return Seen(_see_in_depth(self, views), np.full((len(views), len(VENTRICLES)), np.nan, np.float32))
        return self.run(with_neighbours(views, self.recipe.view.slices // 2))

    def run(self, images: Array) -> Seen:
        """What the network says of its own input ``[image, channel, …]``; labels it does not know have no chance."""
        self.network.eval()
        batch = torch.from_numpy(np.ascontiguousarray(images, np.float32)).to(self.device)
        with torch.inference_mode():
            output = as_output(self.network(self.normaliser(batch)))
            shares = torch.softmax(output.logits.float(), 1).cpu().numpy()
            presence = np.full((len(images), len(VENTRICLES)), np.nan, np.float32)
            if output.presence is not None:
                border = self._presence_border().to(self.device)
                presence = torch.sigmoid(output.presence.float() - border).cpu().numpy()
        probabilities = np.zeros((len(shares), len(Label), *shares.shape[2:]), np.float32)
        probabilities[:, [int(label) for label in self.recipe.classes]] = shares
        return Seen(probabilities, presence)

    def exported_network(self) -> nn.Module:
        """A copy of the network on the CPU whose presence says one half where the recipe draws the border."""
        network: Any = copy.deepcopy(self.network).cpu().eval()
        if self.recipe.predict.present_from:
            member: Any
            for member in members_of(network):
                member.presence.bias.data -= self._presence_border()
        return network  # type: ignore[no-any-return]

    def _labels_elsewhere(self, image: Array, pixel_mm: PixelSpacing) -> Labels:
        labels = self.probabilities(image, pixel_mm).argmax(1).astype(np.uint8)
        return keep_largest(labels) if self.recipe.predict.largest_component else labels

    def _presence_border(self) -> torch.Tensor:
        wanted = self.recipe.predict.present_from
        return torch.logit(torch.tensor([wanted.get(side.name, 0.5) for side in VENTRICLES]))


def make_stack(images: Sequence[Array], pixel_mm: PixelSpacing) -> CineStack:
    """Phases on one grid as the Lib takes them; how far apart slices and phases lie does not matter to a network."""
    row_mm, column_mm = pixel_mm
    times_ms = tuple(100.0 * phase for phase in range(len(images)))
    return CineStack(np.stack(images), np.diag([column_mm, row_mm, 10.0, 1.0]), times_ms)


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


def _centre_view(predictor: Predictor, image: Array, pixel_mm: PixelSpacing) -> View:
    """The view the network was trained on, around the middle of the image."""
    size = predictor.recipe.view.size
    centre = ((image.shape[-2] - 1) / 2, (image.shape[-1] - 1) / 2)
    return View(centre, (size, size), predictor.preprocessing.spacing_mm, pixel_mm)


def _slide_window(predictor: Predictor, image: Array, pixel_mm: PixelSpacing) -> Array:
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
        return torch.from_numpy(predictor.run(batch.cpu().numpy()).probabilities)

    shares = sliding_window_inference(views, window, WINDOWS, label, overlap=recipe.predict.overlap, mode="gaussian")
    result: Array = shares.numpy()
    return put_back(result if recipe.view.dims == 2 else np.moveaxis(result[0], 1, 0), full, shape)


def _see_in_depth(predictor: Predictor, views: Array) -> Array:
    """Probabilities from a 3D network: windows of slices, averaged where they overlap."""
    depth, count = predictor.recipe.view.slices, len(views)
    padded = np.concatenate([views, np.zeros((max(0, depth - count), *views.shape[1:]), views.dtype)])
    total = np.zeros((len(padded), len(Label), *views.shape[1:]), np.float32)
    times = np.zeros(len(padded), np.float32)
    last = len(padded) - depth
    for first in sorted({*range(0, last, max(1, depth // 2)), last}):
        shares = predictor.run(padded[None, None, first : first + depth]).probabilities[0]
        total[first : first + depth] += np.moveaxis(shares, 1, 0)
        times[first : first + depth] += 1
    return total[:count] / times[:count, None, None, None]
