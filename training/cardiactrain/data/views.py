"""From stacks to batches: which slices, framed how, warped how. Everything random hangs on the generator given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from cardiactrain.augment.geometry import contract
from cardiactrain.data.batch import Batch
from cardiactrain.data.prepared import prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cardiactrain.augment.warp import Warp
    from cardiactrain.data.prepared import Level, PreparedStack
    from cardiactrain.data.subject import Subject
    from cardiactrain.recipe import EarlyView, Recipe, ViewPart

Tensor = torch.Tensor


class Views:
    """The training examples of a set of subjects, drawn by index."""

    def __init__(self, subjects: Sequence[Subject], recipe: Recipe) -> None:
        self.recipe = recipe
        used = [(subject, stack) for subject in subjects for stack in subject.stacks if stack.used.any()]
        self._stacks = [prepare(subject, stack, recipe) for subject, stack in used]
        self._keys = [subject.key for subject, _ in used]
        self.examples = [(n, int(k)) for n, (_, stack) in enumerate(used) for k in np.flatnonzero(stack.used)]
        share = [recipe.data.share.get(self._stacks[n].dataset, 1.0) for n, _ in self.examples]
        self.weights = torch.tensor(share, dtype=torch.float64)

    def __len__(self) -> int:
        return len(self.examples)

    def name(self, chosen: Sequence[int]) -> str:
        """The subjects of the examples at ``chosen`` places."""
        places = chosen[:: self.recipe.view.together]
        return ", ".join(dict.fromkeys(self._keys[self.examples[place][0]] for place in places))

    def draw(self, chosen: Sequence[int], warp: Warp | None, generator: torch.Generator, passed: float = 1.0) -> Batch:
        """The examples at ``chosen`` places, each framed and warped at random (upright and centred without a warp).

        ``passed`` is the share of the training that lies behind: early views may be coarser. Where slices belong
        together, others of its stack come with a chosen one, instead of those chosen next.
        """
        view = self.recipe.view
        chosen = chosen[:: view.together]
        count = len(chosen)
        is_coarse = torch.rand(count, generator=generator) < view.coarse_share
        jitter = (torch.rand(count, 2, generator=generator) * 2 - 1) * view.jitter_mm
        within = torch.rand(count, 2, generator=generator)
        alone = torch.rand(count, generator=generator) < view.drop_neighbours
        along = torch.rand(count, generator=generator)
        offsets_px = _upright_offsets(view.at(passed), count)
        is_reversed, factors = torch.zeros(count, dtype=torch.bool), torch.ones(count)
        if warp is not None:
            offsets_px = warp(offsets_px, generator)
            is_reversed = warp.reverses(count, generator)
            factors = warp.contracts(count, generator)
        parts = []
        for n, place in enumerate(chosen):
            number, k = self.examples[place]
            stack = self._stacks[number]
            level = stack.coarse if bool(is_coarse[n]) and stack.coarse is not None else stack.fine
            centre = self._centre_mm(stack, level, within[n]) + (jitter[n] if warp is not None else 0)
            spacing = self._spacing_mm(stack, level)
            slices = window(k, stack.used, view, float(along[n]))
            if bool(is_reversed[n]):
                slices = slices[::-1]
            places = centre + offsets_px[n] * spacing
            *middle, radius = stack.cavity_mm[k].tolist()
            if radius and factors[n] != 1:
                places = contract(places, torch.tensor(middle), radius, float(factors[n]))
            parts.append(self._example(stack, level, slices, places))
        return self._collate(parts, alone)

    def _example(self, stack: PreparedStack, level: Level, slices: list[int], places_mm: Tensor) -> list[Tensor]:
        """Image, class shares, and what is known of the slices whose labels are asked for."""
        view = self.recipe.view
        reach = view.slices // 2 if view.dims == 2 else 0
        labelled = slices[reach : len(slices) - reach]
        image, target = level.sample(slices, labelled, places_mm)
        if view.dims == 3:  # a volume ends where the stack does
            outside = torch.tensor([n >= len(stack.used) for n in slices])
            image[outside], target[:, outside] = 0, 0
        return [image, target, *stack.facts(labelled)]

    def _spacing_mm(self, stack: PreparedStack, level: Level) -> Tensor:
        """Millimetres per pixel of the example, (row, column)."""
        view = self.recipe.view
        if level is stack.coarse:
            return torch.tensor([view.coarse_spacing_mm] * 2)
        return torch.tensor([view.spacing_mm] * 2 if view.spacing_mm else list(level.spacing_mm))

    def _centre_mm(self, stack: PreparedStack, level: Level, within: Tensor) -> Tensor:
        centre, view = self.recipe.view.centre, self.recipe.view
        if centre == "image" or level is stack.coarse:
            return torch.zeros(2)
        if centre == "heart":
            return torch.tensor(stack.centre_mm)
        extent = torch.tensor(level.image.shape[-2:]) * torch.tensor(level.spacing_mm)
        free = (extent - view.size * self._spacing_mm(stack, level)).clamp(min=0)
        return (within - 0.5) * free

    def _collate(self, parts: list[list[Tensor]], alone: Tensor) -> Batch:
        view = self.recipe.view
        kept = [int(c) - 1 for c in self.recipe.classes[1:]]
        images, target, known, present, present_known, follows = (torch.stack(p) for p in zip(*parts, strict=True))
        target, known = target[:, kept], known[..., kept]  # [image, class, slice, …] and [image, slice, class]
        if view.dims == 2:
            target, known = target.transpose(1, 2).flatten(0, 1), known.flatten(0, 1)
        else:  # the volume is one example, its middle the slice that presence is asked of
            images, known = images[:, None], known.transpose(1, 2)
            middle = slice(view.slices // 2, view.slices // 2 + 1)
            present, present_known, follows = present[:, middle], present_known[:, middle], follows[:, :1]
        target = torch.cat([1 - target.sum(1, keepdim=True), target], 1)
        known = torch.cat([torch.ones_like(known[:, :1]), known], 1)
        follows = (follows & ~alone[:, None]).flatten()
        return Batch(images, target, known, present.flatten(0, 1), present_known.flatten(0, 1), follows, alone)


def window(k: int, used: Tensor, view: ViewPart, along: float) -> list[int]:
    """The slices of an example with those around them; they may lie outside the stack.

    Slices that belong together come from one end of the used ones twice in five times each, else from in between:
    so the ends, the hardest slices, are drawn as often as the middle.
    """
    count = len(used)
    if view.dims == 3:
        first = min(max(0, k - view.slices // 2), max(0, count - view.slices))
        return list(range(first, first + view.slices))
    first = k
    if view.together > 1:
        lowest, highest = (int(place) for place in torch.nonzero(used)[[0, -1], 0])
        free = max(0, highest + 1 - lowest - view.together)
        first = lowest + round(free * min(1.0, max(0.0, 5 * along - 2)))
    reach = view.slices // 2
    return list(range(first - reach, first + view.together + reach))


def _upright_offsets(frame: EarlyView, count: int) -> Tensor:
    """Offsets of every pixel from the view's centre in pixels, [example, row, column, (row, column)]."""
    line = (torch.arange(frame.size) - (frame.size - 1) / 2) * frame.step
    return torch.stack(torch.meshgrid(line, line, indexing="ij"), -1).expand(count, frame.size, frame.size, 2)
