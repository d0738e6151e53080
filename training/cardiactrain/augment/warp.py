"""Where each pixel of an example is taken from: one sampling, however many geometric augmentations there are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from cardiactrain.augment.draw import choose
from cardiactrain.augment.geometry import BENDS, GEOMETRY, MATRICES, contract, contractions

if TYPE_CHECKING:
    from cardiactrain.plain import Component

Tensor = torch.Tensor


@dataclass
class Placement:
    """How the pixels of each example map to places: all that is straight as one matrix and one shift.

    ``bends`` are smooth fields of some examples, displacements ``[example, (row, column), knot, knot]``; a field
    between knots follows them linearly, so what maps the knots maps the field.
    """

    matrix: Tensor  # [example, 2, 2]
    shift: Tensor  # [example, 2]
    bends: list[tuple[Tensor, Tensor]] = field(default_factory=list)  # numbers of the examples, their knots

    @classmethod
    def upright(cls, count: int) -> Placement:
        """Every pixel at its own place."""
        return cls(torch.eye(2).repeat(count, 1, 1), torch.zeros(count, 2))

    def follow(self, matrix: Tensor, shift: Tensor | None = None) -> None:
        """Map all places by ``matrix`` [example, 2, 2], then move them."""
        self.matrix = matrix @ self.matrix
        self.shift = (matrix @ self.shift[..., None])[..., 0]
        self.bends = [(n, torch.einsum("nij,njhw->nihw", matrix[n], knots)) for n, knots in self.bends]
        if shift is not None:
            self.shift = self.shift + shift

    def places(self, offsets: Tensor) -> Tensor:
        """Places [example, row, column, 2] of the pixels at ``offsets`` [row, column, 2], on their device."""
        device, size = offsets.device, offsets.shape[:2]
        matrix, shift = self.matrix.to(device), self.shift.to(device)
        rows, columns = offsets[..., :1], offsets[..., 1:]
        places = torch.addcmul(shift[:, None, None], rows, matrix[:, None, None, :, 0])
        places.addcmul_(columns, matrix[:, None, None, :, 1])
        for numbers, knots in self.bends:
            bend = functional.interpolate(knots.to(device), size=size, mode="bicubic", align_corners=True)
            places.index_add_(0, numbers.to(device), bend.permute(0, 2, 3, 1).contiguous())
        return places


@dataclass(frozen=True)
class Warp:
    """The geometric augmentations of a recipe.

    Two of them are not of places alone: how far the LV contracts, which takes knowing where it lies, and how often
    slices come in the reverse order, as studies run from base to apex or the other way.
    """

    parts: tuple[Component, ...]
    contraction: Component | None = None
    reversed_often: float = 0.0

    def place(self, count: int, generator: torch.Generator) -> Placement:
        """Where the pixels of each example come from, each example's own."""
        placement = Placement.upright(count)
        for part in self.parts:
            chosen, options = choose(part, count, generator)
            drawn = GEOMETRY[part.kind](len(chosen), generator, **options)
            if part.kind in MATRICES:
                matrix = torch.eye(2).repeat(count, 1, 1)
                matrix[chosen] = drawn
                placement.follow(matrix)
            elif part.kind in BENDS:
                placement.bends.append((chosen, drawn))
            else:
                placement.shift[chosen] += drawn
        return placement

    def contract(self, places_mm: Tensor, cavity_mm: Tensor, generator: torch.Generator) -> Tensor:
        """Let the LV of some examples become wider or narrower; ``cavity_mm`` is (row, column, radius) of each."""
        if self.contraction is None:
            return places_mm
        chosen, options = choose(self.contraction, len(places_mm), generator)
        factor = contractions(len(chosen), generator, **options)
        has_cavity = cavity_mm[chosen, 2] > 0
        chosen, factor = chosen[has_cavity], factor[has_cavity]
        if len(chosen) == 0:
            return places_mm
        numbers, cavity, factor = (t.to(places_mm.device) for t in (chosen, cavity_mm[chosen], factor))
        return places_mm.index_copy(0, numbers, contract(places_mm[numbers], cavity[:, :2], cavity[:, 2], factor))

    def reverses(self, count: int, generator: torch.Generator) -> Tensor:
        """Of which examples the order of slices is reversed."""
        return torch.rand(count, generator=generator) < self.reversed_often
