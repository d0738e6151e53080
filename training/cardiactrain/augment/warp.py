"""Where each pixel of an example is taken from: one sampling, however many geometric augmentations there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from cardiactrain.augment.geometry import GEOMETRY, contractions

if TYPE_CHECKING:
    from cardiactrain.recipe import Part

Tensor = torch.Tensor


@dataclass(frozen=True)
class Warp:
    """The geometric augmentations of a recipe.

    Two of them are not of places alone: how far the LV contracts, which takes knowing where it lies, and how often
    slices come in the reverse order, as studies run from base to apex or the other way.
    """

    parts: tuple[Part, ...]
    contraction: Part | None = None
    reversed_often: float = 0.0

    def __call__(self, places: Tensor, generator: torch.Generator) -> Tensor:
        """Offsets from the view's centre in pixels, [example, row, column, (row, column)], each example's own."""
        count = len(places)
        for part in self.parts:
            chosen, options = _choose(part, count, generator)
            warped = GEOMETRY[part.kind](places, generator, **options)
            places = torch.where(chosen[:, None, None, None], warped, places)
        return places

    def contracts(self, count: int, generator: torch.Generator) -> Tensor:
        """By what factor the LV of each example becomes wider: 1 leaves it as it is."""
        if self.contraction is None:
            return torch.ones(count)
        chosen, options = _choose(self.contraction, count, generator)
        return torch.where(chosen, contractions(count, generator, **options), 1.0)

    def reverses(self, count: int, generator: torch.Generator) -> Tensor:
        """Of which examples the order of slices is reversed."""
        return torch.rand(count, generator=generator) < self.reversed_often


def _choose(part: Part, count: int, generator: torch.Generator) -> tuple[Tensor, dict[str, Any]]:
    """Which examples an augmentation happens to, and its other options."""
    options = dict(part.options)
    return torch.rand(count, generator=generator) < float(options.pop("often", 1.0)), options
