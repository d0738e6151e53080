"""From stacks to batches: which slices, framed how, warped how. Everything random hangs on the generator given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from CardiacSegmentationLib.network.preprocess import Preprocessing, View, take_view, whole_view
from CardiacSegmentationLib.segmentation import Label
from torch.nn import functional

from cardiactrain.teach import mix_with_opinion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cardiactrain.augment.warp import Warp
    from cardiactrain.data.subject import LabelledStack, Subject
    from cardiactrain.recipe import EarlyView, Recipe, ViewPart

Tensor = torch.Tensor


@dataclass
class Batch:
    """Examples on one device.

    ``image`` is [example, channel, (depth,) row, column]; ``target`` holds the share of every class in every pixel
    (background first); ``known[example, class, …]`` is false where a class may hide in the background; ``presence``
    and ``presence_known`` tell of the LV and the RV on the example's slice.

    Slices that belong together are drawn as one image, its channels the slices and what lies before and behind them,
    until ``apart`` makes an example of each. ``follows[example]`` is false where an example does not lie behind the
    one before it.
    """

    image: Tensor
    target: Tensor
    known: Tensor
    presence: Tensor
    presence_known: Tensor
    follows: Tensor
    alone: Tensor  # [image]: whether its slices see no neighbours

    def to(self, device: torch.device) -> Batch:
        """The batch on a device."""
        return Batch(*(getattr(self, name).to(device, non_blocking=True) for name in self.__dataclass_fields__))

    def apart(self) -> Batch:
        """The batch with an image for each slice: itself and its neighbours as channels."""
        together = len(self.follows) // len(self.image)
        if self.image.dim() == 5:
            return self
        channels = self.image.shape[1] - together + 1
        windows = torch.stack([self.image[:, n : n + channels] for n in range(together)], 1)
        own = windows[:, :, channels // 2 : channels // 2 + 1].expand_as(windows)
        image = torch.where(self.alone.view(-1, 1, 1, 1, 1), own, windows).flatten(0, 1)
        return replace(self, image=image)


@dataclass(frozen=True, eq=False)
class _Level:
    """A stack sampled at a spacing of its own, ready to be warped."""

    image: Tensor  # [slice, row, column]
    labels: Tensor  # codes [slice, row, column], or class shares in 255ths [label - 1, slice, row, column]
    spacing_mm: tuple[float, float]

    def shares(self, places: Tensor) -> Tensor:
        """Class shares [label - 1, slice, row, column] of some slices."""
        if self.labels.dim() == 4:
            return self.labels[:, places].float() / 255
        labels = self.labels[places]
        return torch.stack([labels == code for code in range(1, max(Label) + 1)]).float()


@dataclass(frozen=True, eq=False)
class _Stack:
    fine: _Level
    coarse: _Level | None
    centre_mm: tuple[float, float]  # of the heart, from the middle of the field of view
    known: Tensor
    presence: Tensor  # of LV and RV on every slice
    presence_known: Tensor
    used: Tensor
    dataset: str


class Views:
    """The training examples of a set of subjects, drawn by index."""

    def __init__(self, subjects: Sequence[Subject], recipe: Recipe) -> None:
        self.recipe = recipe
        self._stacks: list[_Stack] = []
        self.examples: list[tuple[int, int]] = []  # stack, slice
        for subject in subjects:
            for stack in subject.stacks:
                self._add(subject, stack)
        share = [recipe.data.share.get(self._stacks[n].dataset, 1.0) for n, _ in self.examples]
        self.weights = torch.tensor(share, dtype=torch.float64)

    def __len__(self) -> int:
        return len(self.examples)

    def _add(self, subject: Subject, stack: LabelledStack) -> None:
        used = np.flatnonzero(stack.used)
        if used.size == 0:
            return
        view, data = self.recipe.view, self.recipe.data
        pixel_mm = subject.pixel_mm(data.assumed_pixel_mm)
        has_coarse = view.coarse_share > 0
        is_taught = data.opinion > 0 and stack.opinion is not None
        labels = mix_with_opinion(stack, data.opinion) if is_taught else stack.labels
        known = torch.from_numpy(stack.known)
        sides = torch.tensor([int(Label.LV), int(Label.RV)])
        present = torch.from_numpy(stack.labels).flatten(1)[:, None] == sides[:, None]
        self.examples += [(len(self._stacks), int(k)) for k in used]
        self._stacks.append(
            _Stack(
                fine=_level(stack.image, labels, pixel_mm, 0.75 * view.spacing_mm if view.spacing_mm else 0.0),
                coarse=_level(stack.image, labels, pixel_mm, 0.75 * view.coarse_spacing_mm) if has_coarse else None,
                centre_mm=_heart_centre_mm(stack.labels, pixel_mm),
                known=torch.ones_like(known) if is_taught else known,
                presence=present.any(2).float(),
                presence_known=known[:, sides - 1],
                used=torch.from_numpy(stack.used),
                dataset=subject.facts.dataset,
            )
        )

    def draw(self, chosen: Sequence[int], warp: Warp | None, generator: torch.Generator, passed: float = 1.0) -> Batch:
        """The examples at ``chosen`` places, each framed and warped at random (upright and centred without a warp).

        ``passed`` is the share of the training that lies behind: early views may be coarser. Where slices belong
        together, others of its stack come with a chosen one, instead of those chosen next.
        """
        view = self.recipe.view
        frame = view.at(passed)
        chosen = chosen[:: frame.together]
        count = len(chosen)
        is_coarse = torch.rand(count, generator=generator) < view.coarse_share
        jitter = (torch.rand(count, 2, generator=generator) * 2 - 1) * view.jitter_mm
        within = torch.rand(count, 2, generator=generator)
        alone = torch.rand(count, generator=generator) < view.drop_neighbours
        along = torch.rand(count, generator=generator)
        offsets_px = _upright_offsets(frame, count)
        is_reversed = torch.zeros(count, dtype=torch.bool)
        if warp is not None:
            offsets_px = warp(offsets_px, generator)
            is_reversed = warp.reverses(count, generator)
        parts = []
        for n, place in enumerate(chosen):
            number, k = self.examples[place]
            stack = self._stacks[number]
            level = stack.coarse if bool(is_coarse[n]) and stack.coarse is not None else stack.fine
            centre = self._centre_mm(stack, level, within[n]) + (jitter[n] if warp is not None else 0)
            spacing = self._spacing_mm(stack, level)
            slices = window(k, stack.used, view, frame.together, float(along[n]))
            if bool(is_reversed[n]):
                slices = slices[::-1]
            parts.append((*_sample(level, slices, view, centre + offsets_px[n] * spacing), slices, stack))
        return self._collate(parts, alone)

    def _spacing_mm(self, stack: _Stack, level: _Level) -> Tensor:
        """Millimetres per pixel of the example, (row, column)."""
        view = self.recipe.view
        if level is stack.coarse:
            return torch.tensor([view.coarse_spacing_mm] * 2)
        return torch.tensor([view.spacing_mm] * 2 if view.spacing_mm else list(level.spacing_mm))

    def _centre_mm(self, stack: _Stack, level: _Level, within: Tensor) -> Tensor:
        centre, view = self.recipe.view.centre, self.recipe.view
        if centre == "image" or level is stack.coarse:
            return torch.zeros(2)
        if centre == "heart":
            return torch.tensor(stack.centre_mm)
        extent = torch.tensor(level.image.shape[-2:]) * torch.tensor(level.spacing_mm)
        free = (extent - view.size * self._spacing_mm(stack, level)).clamp(min=0)
        return (within - 0.5) * free

    def _collate(self, parts: list[tuple[Tensor, Tensor, list[int], _Stack]], alone: Tensor) -> Batch:
        view = self.recipe.view
        kept = [int(c) - 1 for c in self.recipe.classes[1:]]
        images = torch.stack([p[0] for p in parts])
        target = torch.stack([p[1] for p in parts])[:, kept]  # [image, class, slice, row, column]
        facts = [_facts(stack, _labelled(slices, view)) for _, _, slices, stack in parts]
        known, present, present_known, follows = (torch.stack(part) for part in zip(*facts, strict=True))
        known = known[..., kept]  # [image, slice, class]
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


def _level(image: np.ndarray, labels: np.ndarray, pixel_mm: tuple[float, float], finest_mm: float) -> _Level:
    """The stack, smoothed down where its pixels are finer than what will be drawn from it."""
    image = image.astype(np.float32)
    if min(pixel_mm) >= finest_mm:
        return _Level(_compact(image), torch.from_numpy(labels), pixel_mm)
    rows, columns = image.shape[1:]
    pre = Preprocessing(coarse_spacing_mm=finest_mm, size_multiple=1)
    view: View = whole_view((rows, columns), pixel_mm, pre)
    if labels.ndim == 4:
        labels = np.rint(take_view(labels, view)).astype(np.uint8)
    else:
        shares = take_view(labels[None] == np.arange(1, max(Label) + 1)[:, None, None, None], view)
        background = 1 - shares.sum(0, keepdims=True)
        labels = np.concatenate([background, shares]).argmax(0).astype(np.uint8)
    return _Level(_compact(take_view(image, view)), torch.from_numpy(labels), (finest_mm, finest_mm))


def _compact(image: np.ndarray) -> Tensor:
    """Grey values from 0 as half floats: large data sets stay in memory."""
    low, high = float(image.min()), float(image.max())
    return torch.from_numpy((image - low) * (1000.0 / max(high - low, 1e-6))).half()


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


def _upright_offsets(frame: EarlyView, count: int) -> Tensor:
    """Offsets of every pixel from the view's centre in pixels, [example, row, column, (row, column)]."""
    line = (torch.arange(frame.size) - (frame.size - 1) / 2) * frame.step
    return torch.stack(torch.meshgrid(line, line, indexing="ij"), -1).expand(count, frame.size, frame.size, 2)


def window(k: int, used: Tensor, view: ViewPart, together: int, along: float) -> list[int]:
    """The slices of an example with those around them; they may lie outside the stack.

    Slices that belong together come from one end of the used ones twice in five times each, else from in between:
    so the ends, the hardest slices, are drawn as often as the middle.
    """
    count = len(used)
    if view.dims == 3:
        first = min(max(0, k - view.slices // 2), max(0, count - view.slices))
        return list(range(first, first + view.slices))
    first = k
    if together > 1:
        lowest, highest = (int(place) for place in torch.nonzero(used)[[0, -1], 0])
        free = max(0, highest + 1 - lowest - together)
        first = lowest + round(free * min(1.0, max(0.0, 5 * along - 2)))
    reach = view.slices // 2
    return list(range(first - reach, first + together + reach))


def _labelled(slices: list[int], view: ViewPart) -> list[int]:
    """Those slices of a window whose labels are asked for."""
    reach = view.slices // 2 if view.dims == 2 else 0
    return slices[reach : len(slices) - reach]


def _sample(level: _Level, slices: list[int], view: ViewPart, places_mm: Tensor) -> tuple[Tensor, Tensor]:
    """Image [slice, row, column] and class shares [class, labelled slice, row, column] at places from the middle.

    Outside the stack lies nothing in 3D; in 2D the last slice stands in for what would be behind it.
    """
    rows, columns = level.image.shape[-2:]
    extent = torch.tensor([(rows - 1) / 2 * level.spacing_mm[0], (columns - 1) / 2 * level.spacing_mm[1]])
    grid = (places_mm / extent).flip(-1)[None]  # grid_sample wants (x, y) from -1 to 1
    last = len(level.image) - 1
    places = torch.tensor(slices).clamp(0, last)
    labelled = torch.tensor(_labelled(slices, view)).clamp(0, last)
    distinct, back = torch.unique(places, return_inverse=True)
    asked, again = torch.unique(labelled, return_inverse=True)
    source = torch.cat([level.image[distinct].float(), level.shares(asked).flatten(0, 1)])[None]
    drawn = functional.grid_sample(source, grid, align_corners=True, padding_mode="zeros")[0]
    image, target = drawn[: len(distinct)][back], drawn[len(distinct) :].unflatten(0, (-1, len(asked)))[:, again]
    if view.dims == 3:
        outside = torch.tensor([n > last for n in slices])
        image[outside], target[:, outside] = 0, 0
    return image, target


def _facts(stack: _Stack, slices: list[int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Of each slice: which structures are known, whether LV and RV are there and known, whether it follows the last."""
    places = torch.tensor(slices)
    inside = (places >= 0) & (places < len(stack.used))
    places = places.clamp(0, len(stack.used) - 1)
    counts = (stack.used[places] & inside)[:, None]
    follows = inside & inside.roll(1)
    follows[0] = False
    return stack.known[places] & counts, stack.presence[places], stack.presence_known[places] & counts, follows
