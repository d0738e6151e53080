"""From stacks to batches: which slices, framed how, warped how. Everything random hangs on the generator given.

What is decided for each example – a few numbers – is drawn on the CPU for the whole batch, so every device frames its
examples alike; pixels are made on the device that trains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from cardiactrain.augment.warp import Placement
from cardiactrain.data.atlas import Atlas
from cardiactrain.data.batch import Batch
from cardiactrain.data.prepared import prepare_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cardiactrain.augment.warp import Warp
    from cardiactrain.data.prepared import Level, PreparedStack
    from cardiactrain.data.subject import Subject
    from cardiactrain.recipe import EarlyView, Recipe

Tensor = torch.Tensor


class _Stacks(NamedTuple):
    """What is known of each stack, one row a stack, on the CPU."""

    first: Tensor  # its first slice, counted through all stacks
    length: Tensor  # how many slices
    lowest: Tensor  # the first slice fit for training, counted in the stack, and the last
    highest: Tensor
    centre_mm: Tensor  # [stack, 2] of the heart
    pixel_mm: Tensor  # [stack, 2] of the fine level
    extent_mm: Tensor  # [stack, 2] of the field of view


class _Slices(NamedTuple):
    """What is known of each slice, counted through all stacks, on the CPU."""

    known: Tensor
    presence: Tensor
    presence_known: Tensor
    used: Tensor
    cavity_mm: Tensor


class Views:
    """The training examples of a set of subjects, drawn by index on a device."""

    def __init__(self, subjects: Sequence[Subject], recipe: Recipe, device: torch.device | None = None) -> None:
        self.recipe = recipe
        self.device = device or torch.device("cpu")
        stacks = prepare_all(subjects, recipe)
        self._subjects = [stack.subject for stack in stacks]
        self.examples = [(n, int(k)) for n, stack in enumerate(stacks) for k in torch.nonzero(stack.used)[:, 0]]
        share = [recipe.data.share.get(stacks[n].dataset, 1.0) for n, _ in self.examples]
        self.weights = torch.tensor(share, dtype=torch.float64)
        codes = torch.tensor([int(c) for c in recipe.classes[1:]])
        self._columns, self._codes = codes - 1, codes.to(self.device)  # of what is known, on the CPU; in the planes
        if not self.examples:
            return
        self._stacks = _describe_stacks(stacks)
        self._slices = _Slices(*(torch.cat([getattr(s, name) for s in stacks]) for name in _Slices._fields))
        self._fine = self._atlases([stack.fine for stack in stacks])
        coarse = [stack.coarse for stack in stacks if stack.coarse is not None]
        self._coarse = self._atlases(coarse) if coarse else None

    def __len__(self) -> int:
        return len(self.examples)

    def name(self, chosen: Sequence[int]) -> str:
        """The subjects of the examples at ``chosen`` places."""
        places = chosen[:: self.recipe.view.slices_together]
        return ", ".join(dict.fromkeys(self._subjects[self.examples[place][0]] for place in places))

    def draw(self, chosen: Sequence[int], warp: Warp | None, generator: torch.Generator, passed: float = 1.0) -> Batch:
        """The examples at ``chosen`` places, each framed and warped at random (upright and centred without a warp).

        ``passed`` is the share of the training that lies behind: early views may be coarser. Where slices are learned
        together, others of its stack come with a chosen one, instead of those chosen next.
        """
        view = self.recipe.view
        stack, k = torch.tensor([self.examples[n] for n in chosen[:: view.slices_together]]).T
        count = len(stack)
        is_coarse = torch.rand(count, generator=generator) < view.coarse_share
        jitter_mm = (torch.rand(count, 2, generator=generator) * 2 - 1) * (view.jitter_mm if warp is not None else 0)
        within = torch.rand(count, 2, generator=generator)
        alone = torch.rand(count, generator=generator) < view.drop_neighbours
        slices = self._window(stack, k, torch.rand(count, generator=generator))
        spacing_mm = self._spacing_mm(stack, is_coarse)
        placement = Placement.upright(count) if warp is None else warp.place(count, generator)
        placement.follow(torch.diag_embed(spacing_mm), self._centre_mm(stack, is_coarse, within) + jitter_mm)
        places_mm = placement.places(_upright_offsets(view.at(passed), self.device))
        if warp is not None:
            slices = torch.where(warp.reverses(count, generator)[:, None], slices.flip(1), slices)
            cavity_mm = self._slices.cavity_mm[self._stacks.first[stack] + k]
            places_mm = warp.contract(places_mm, cavity_mm, generator)
        return self._make_batch(stack, slices, places_mm, is_coarse, alone)

    def _make_batch(self, stack: Tensor, slices: Tensor, places_mm: Tensor, is_coarse: Tensor, alone: Tensor) -> Batch:
        """The pixels of slices [example, slice], which may lie outside of their stack, and what is known of them."""
        view = self.recipe.view
        reach = view.slices // 2 if view.dims == 2 else 0
        is_inside = (slices >= 0) & (slices < self._stacks.length[stack][:, None])
        inside = slices.clamp(min=0).minimum(self._stacks.length[stack][:, None] - 1)  # the last one stands in
        numbers = self._stacks.first[stack][:, None] + inside
        asked = slice(reach, slices.shape[1] - reach)  # of these labels are asked for
        image, target = self._sample(numbers, asked, places_mm, is_coarse)
        if view.dims == 3:  # a volume ends where the stack does
            image = image * is_inside[:, :, None, None].to(self.device)
            target = target * is_inside[:, :, None, None, None].to(self.device)
        of_slices = _Slices(*(fact[numbers[:, asked]] for fact in self._slices))
        is_inside = is_inside[:, asked]
        counts = (of_slices.used & is_inside)[..., None]
        known = (of_slices.known & counts)[..., self._columns]
        presence, presence_known = of_slices.presence, of_slices.presence_known & counts
        follows = is_inside & is_inside.roll(1, 1)
        follows[:, 0] = False
        if view.dims == 2:  # a slice is an example
            target, known = target.flatten(0, 1), known.flatten(0, 1)
        else:  # the volume is one, its middle the slice that presence is asked of
            image, target, known = image[:, None], target.transpose(1, 2), known.transpose(1, 2)
            middle = slice(view.slices // 2, view.slices // 2 + 1)
            presence, presence_known, follows = presence[:, middle], presence_known[:, middle], follows[:, :1]
        target = torch.cat([1 - target.sum(1, keepdim=True), target], 1)
        known = torch.cat([torch.ones_like(known[:, :1]), known], 1)
        follows = (follows & ~alone[:, None]).flatten()
        facts = (presence.flatten(0, 1), presence_known.flatten(0, 1), follows, alone)
        return Batch(image, target, known, *(fact.to(self.device) for fact in facts))

    def _sample(self, numbers: Tensor, asked: slice, places_mm: Tensor, is_coarse: Tensor) -> tuple[Tensor, Tensor]:
        """Grey values [example, slice, row, column] and class shares [example, asked slice, class, row, column]."""
        count, frame, asked_count = len(numbers), places_mm.shape[1:3], len(range(*asked.indices(numbers.shape[1])))
        image = torch.empty(count, numbers.shape[1], *frame, device=self.device)
        target = torch.empty(count, asked_count, len(self._codes), *frame, device=self.device)
        for atlases, is_here in ((self._fine, ~is_coarse), (self._coarse, is_coarse)):
            members = torch.nonzero(is_here)[:, 0]
            if atlases is not None and len(members):
                members_there, slices = members.to(self.device), numbers[members].to(self.device)
                places = places_mm[members_there]
                image[members_there] = atlases[0].sample(slices, places)
                target[members_there] = atlases[1].sample_shares(slices[:, asked], places, self._codes)
        return image, target

    def _window(self, stack: Tensor, k: Tensor, along: Tensor) -> Tensor:
        """The slices of each example with those around them, [example, slice]; they may lie outside the stack."""
        view, facts = self.recipe.view, self._stacks
        if view.dims == 3:
            first = (k - view.slices // 2).clamp(min=0).minimum((facts.length[stack] - view.slices).clamp(min=0))
            return first[:, None] + torch.arange(view.slices)
        first = k
        if view.slices_together > 1:
            first = first_together(facts.lowest[stack], facts.highest[stack], view.slices_together, along)
        reach = view.slices // 2
        return first[:, None] + torch.arange(-reach, view.slices_together + reach)

    def _spacing_mm(self, stack: Tensor, is_coarse: Tensor) -> Tensor:
        """Millimetres per pixel of each example, [example, (row, column)]."""
        view = self.recipe.view
        fine = self._stacks.pixel_mm[stack] if view.spacing_mm is None else torch.full((len(stack), 2), view.spacing_mm)
        return torch.where(is_coarse[:, None], torch.tensor(view.coarse_spacing_mm), fine)

    def _centre_mm(self, stack: Tensor, is_coarse: Tensor, within: Tensor) -> Tensor:
        """Where each example's middle lies, [example, (row, column)]; a coarse one shows the whole field of view."""
        view = self.recipe.view
        if view.centre == "image":
            return torch.zeros(len(stack), 2)
        centre = self._stacks.centre_mm[stack]
        if view.centre == "random":
            free = self._stacks.extent_mm[stack] - view.size * self._spacing_mm(stack, is_coarse)
            centre = (within - 0.5) * free.clamp(min=0)
        return torch.where(is_coarse[:, None], 0.0, centre)

    def _atlases(self, levels: Sequence[Level]) -> tuple[Atlas, Atlas]:
        """The levels' images and their labels, on the device."""
        spacings, middles = [level.spacing_mm for level in levels], [level.middle_px for level in levels]
        boxes = [(m[0] - b.box_px[0], m[1] - b.box_px[1]) for m, b in zip(middles, levels, strict=True)]
        image = Atlas.of([level.image for level in levels], spacings, middles, self.device)
        return image, Atlas.of([level.labels for level in levels], spacings, boxes, self.device)


def first_together(lowest: Tensor, highest: Tensor, together: int, along: Tensor) -> Tensor:
    """The first of so many slices that are learned together, between the lowest and the highest used of each stack.

    They come from one end twice in five times each, else from in between: so the ends, the hardest slices, are drawn as
    often as the middle. ``along`` is a number from 0 to 1.
    """
    free = (highest + 1 - lowest - together).clamp(min=0)
    return lowest + torch.round(free * (5 * along - 2).clamp(0, 1)).long()


def _describe_stacks(stacks: Sequence[PreparedStack]) -> _Stacks:
    count = torch.tensor([len(stack.used) for stack in stacks])
    ends = torch.tensor([[int(place) for place in torch.nonzero(stack.used)[[0, -1], 0]] for stack in stacks])
    pixel_mm = torch.tensor([stack.fine.spacing_mm for stack in stacks])
    size = torch.tensor([stack.fine.image.shape[-2:] for stack in stacks])
    centre_mm = torch.tensor([stack.centre_mm for stack in stacks])
    return _Stacks(count.cumsum(0) - count, count, ends[:, 0], ends[:, 1], centre_mm, pixel_mm, size * pixel_mm)


def _upright_offsets(frame: EarlyView, device: torch.device) -> Tensor:
    """Offsets of every pixel from the view's centre in pixels, [row, column, (row, column)]."""
    line = (torch.arange(frame.size, device=device) - (frame.size - 1) / 2) * frame.step
    return torch.stack(torch.meshgrid(line, line, indexing="ij"), -1)
