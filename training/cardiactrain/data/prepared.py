"""A stack made ready to draw from: sampled where its pixels are finer than needed, with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from CardiacSegmentationLib.network.preprocess import Preprocessing, View, from_darkest, take_view, whole_view
from CardiacSegmentationLib.segmentation import Label
from torch.nn import functional

from cardiactrain.teach import mix_with_opinion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cardiactrain.data.subject import LabelledStack, Subject
    from cardiactrain.recipe import Recipe

Tensor = torch.Tensor


@dataclass(frozen=True, eq=False)
class Level:
    """A stack sampled at a spacing of its own, ready to be warped."""

    image: Tensor  # [slice, row, column]
    labels: Tensor  # codes [slice, row, column], or class shares in 255ths [label - 1, slice, row, column]
    spacing_mm: tuple[float, float]

    def sample(self, slices: Sequence[int], labelled: Sequence[int], places_mm: Tensor) -> tuple[Tensor, Tensor]:
        """Image [slice, row, column], and class shares [label - 1, labelled slice, row, column].

        ``places_mm`` are offsets from the middle. For slices outside the stack its last one stands in.
        """
        rows, columns = self.image.shape[-2:]
        extent = torch.tensor([(rows - 1) / 2 * self.spacing_mm[0], (columns - 1) / 2 * self.spacing_mm[1]])
        grid = (places_mm / extent).flip(-1)[None]  # grid_sample wants (x, y) from -1 to 1
        seen, back = torch.unique(self._inside(slices), return_inverse=True)
        asked, again = torch.unique(self._inside(labelled), return_inverse=True)
        source = torch.cat([self.image[seen].float(), self._shares(asked).flatten(0, 1)])[None]
        drawn = functional.grid_sample(source, grid, align_corners=True, padding_mode="zeros")[0]
        return drawn[: len(seen)][back], drawn[len(seen) :].unflatten(0, (-1, len(asked)))[:, again]

    def _inside(self, slices: Sequence[int]) -> Tensor:
        return torch.tensor(slices).clamp(0, len(self.image) - 1)

    def _shares(self, places: Tensor) -> Tensor:
        """Class shares [label - 1, slice, row, column] of some slices."""
        if self.labels.dim() == 4:
            return self.labels[:, places].float() / 255
        labels = self.labels[places]
        return torch.stack([labels == code for code in range(1, max(Label) + 1)]).float()


@dataclass(frozen=True, eq=False)
class PreparedStack:
    """All that examples of a stack are made of."""

    fine: Level
    coarse: Level | None
    centre_mm: tuple[float, float]  # of the heart, from the middle of the field of view
    cavity_mm: Tensor  # of the LV on every slice: (row, column) of its centre, radius of a circle as large, 0 for none
    known: Tensor
    presence: Tensor  # of LV and RV on every slice
    presence_known: Tensor
    used: Tensor
    dataset: str

    def facts(self, slices: Sequence[int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Of each slice: structures known; LV and RV there, and known to be or not; whether it follows the last one."""
        places = torch.tensor(slices)
        inside = (places >= 0) & (places < len(self.used))
        places = places.clamp(0, len(self.used) - 1)
        counts = (self.used[places] & inside)[:, None]
        follows = inside & inside.roll(1)
        follows[0] = False
        return self.known[places] & counts, self.presence[places], self.presence_known[places] & counts, follows


def prepare(subject: Subject, stack: LabelledStack, recipe: Recipe) -> PreparedStack:
    """A subject's stack as a recipe draws from it."""
    view, data = recipe.view, recipe.data
    pixel_mm = subject.pixel_mm(data.assumed_pixel_mm)
    is_taught = data.opinion > 0 and stack.opinion is not None
    labels = mix_with_opinion(stack, data.opinion) if is_taught else stack.labels
    known = torch.from_numpy(stack.known)
    sides = torch.tensor([int(Label.LV), int(Label.RV)])
    cavities = torch.from_numpy(stack.labels)[:, None] == sides[:, None, None]
    return PreparedStack(
        fine=_level(stack.image, labels, pixel_mm, 0.75 * view.spacing_mm if view.spacing_mm else 0.0),
        coarse=_level(stack.image, labels, pixel_mm, 0.75 * view.coarse_spacing_mm) if view.coarse_share else None,
        centre_mm=_heart_centre_mm(stack.labels, pixel_mm),
        cavity_mm=_circles_mm(cavities[:, 0], pixel_mm),
        known=torch.ones_like(known) if is_taught else known,
        presence=cavities.flatten(2).any(2).float(),
        presence_known=known[:, sides - 1],
        used=torch.from_numpy(stack.used),
        dataset=subject.facts.dataset,
    )


def _level(image: np.ndarray, labels: np.ndarray, pixel_mm: tuple[float, float], finest_mm: float) -> Level:
    """The stack, smoothed down where its pixels are finer than what will be drawn from it."""
    image = from_darkest(image)
    if min(pixel_mm) >= finest_mm:
        return Level(_compact(image), torch.from_numpy(labels), pixel_mm)
    rows, columns = image.shape[1:]
    pre = Preprocessing(coarse_spacing_mm=finest_mm, size_multiple=1)
    view: View = whole_view((rows, columns), pixel_mm, pre)
    if labels.ndim == 4:
        labels = np.rint(take_view(labels, view)).astype(np.uint8)
    else:
        shares = take_view(labels[None] == np.arange(1, max(Label) + 1)[:, None, None, None], view)
        background = 1 - shares.sum(0, keepdims=True)
        labels = np.concatenate([background, shares]).argmax(0).astype(np.uint8)
    return Level(_compact(take_view(image, view)), torch.from_numpy(labels), (finest_mm, finest_mm))


def _compact(image: np.ndarray) -> Tensor:
    """Grey values as half floats up to 1000: large data sets stay in memory."""
    return torch.from_numpy(image * (1000.0 / max(float(image.max()), 1e-6))).half()


def _heart_centre_mm(labels: np.ndarray, pixel_mm: tuple[float, float]) -> tuple[float, float]:
    """Middle of the labels' bounding box, from the middle of the field of view."""
    shadow = labels.any(axis=0)
    if not shadow.any():
        return 0.0, 0.0
    centre = []
    for axis in (0, 1):
        places = np.flatnonzero(shadow.any(axis=1 - axis))
        middle = (places[0] + places[-1]) / 2 - (shadow.shape[axis] - 1) / 2
        centre.append(float(middle * pixel_mm[axis]))
    return centre[0], centre[1]


def _circles_mm(masks: Tensor, pixel_mm: tuple[float, float]) -> Tensor:
    """Centre from the middle of the field of view, and radius of a circle as large: [..., (row, column, radius)]."""
    area = masks.sum((-2, -1)).float()
    middle = []
    for axis, other, mm in ((-2, -1, pixel_mm[0]), (-1, -2, pixel_mm[1])):
        places = (torch.arange(masks.shape[axis]) - (masks.shape[axis] - 1) / 2) * mm
        middle.append((masks.sum(other) * places).sum(-1) / area.clamp(min=1))
    return torch.stack([*middle, torch.sqrt(area * pixel_mm[0] * pixel_mm[1] / torch.pi)], -1)
