"""Where each pixel of an example is taken from: one sampling, however many geometric augmentations there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from cardiactrain.augment.geometry import GEOMETRY

if TYPE_CHECKING:
    from cardiactrain.recipe import Part

Tensor = torch.Tensor


@dataclass(frozen=True)
class Warp:
    """The geometric augmentations of a recipe, and how often the slices come in the reverse order.

    Studies run from base to apex or the other way.
    """

    parts: tuple[Part, ...]
    reversed_often: float = 0.0

    def __call__(self, places: Tensor, generator: torch.Generator) -> Tensor:
        """Offsets from the view's centre in pixels, [example, row, column, (row, column)], each example's own."""
        count = len(places)
        for part in self.parts:
            options = dict(part.options)
            chosen = torch.rand(count, generator=generator) < float(options.pop("often", 1.0))
            warped = GEOMETRY[part.kind](places, generator, **options)
            places = torch.where(chosen[:, None, None, None], warped, places)
        return places

    def reverses(self, count: int, generator: torch.Generator) -> Tensor:
        """Of which examples the order of slices is reversed."""
        return torch.rand(count, generator=generator) < self.reversed_often
