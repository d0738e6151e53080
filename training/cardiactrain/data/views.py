"""From stacks to batches: which slices, framed how, warped how. Everything random hangs on the generator given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from CardiacSegmentationLib.network.preprocess import Preprocessing, View, take_view, whole_view
from CardiacSegmentationLib.segmentation import Label
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cardiactrain.augment.warp import Warp
    from cardiactrain.data.subject import LabelledStack, Subject
    from cardiactrain.recipe import EarlyView, Recipe

Tensor = torch.Tensor


@dataclass
class Batch:
    """Examples on one device.

    ``image`` is [example, channel, (depth,) row, column]; ``target`` holds the share of every class in every pixel
    (background first); ``known[example, class, …]`` is false where a class may hide in the background; ``presence``
    and ``presence_known`` tell of the LV and the RV on the example's slice.
    """

    image: Tensor
    target: Tensor
    known: Tensor
    presence: Tensor
    presence_known: Tensor

    def to(self, device: torch.device) -> Batch:
        """The batch on a device."""
        return Batch(*(getattr(self, name).to(device, non_blocking=True) for name in self.__dataclass_fields__))


@dataclass(frozen=True, eq=False)
class _Level:
    """A stack sampled at a spacing of its own, ready to be warped."""

    image: Tensor  # [slice, row, column]
    labels: Tensor
    spacing_mm: tuple[float, float]


@dataclass(frozen=True, eq=False)
class _Stack:
    fine: _Level
    coarse: _Level | None
    centre_mm: tuple[float, float]  # of the heart, from the middle of the field of view
    known: Tensor
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
        view, assumed = self.recipe.view, self.recipe.data.assumed_pixel_mm
        pixel_mm = subject.pixel_mm(assumed)
        has_coarse = view.coarse_share > 0
        self.examples += [(len(self._stacks), int(k)) for k in used]
        self._stacks.append(
            _Stack(
                fine=_level(stack, pixel_mm, 0.75 * view.spacing_mm if view.spacing_mm else 0.0),
                coarse=_level(stack, pixel_mm, 0.75 * view.coarse_spacing_mm) if has_coarse else None,
                centre_mm=_heart_centre_mm(stack.labels, pixel_mm),
                known=torch.from_numpy(stack.known),
                dataset=subject.facts.dataset,
            )
        )

    def draw(self, chosen: Sequence[int], warp: Warp | None, generator: torch.Generator, passed: float = 1.0) -> Batch:
        """The examples at ``chosen`` places, each framed and warped at random (upright and centred without a warp).

        ``passed`` is the share of the training that lies behind: early views may be coarser.
        """
        view = self.recipe.view
        count = len(chosen)
        is_coarse = torch.rand(count, generator=generator) < view.coarse_share
        jitter = (torch.rand(count, 2, generator=generator) * 2 - 1) * view.jitter_mm
        frame = torch.rand(count, 2, generator=generator)
        alone = torch.rand(count, generator=generator) < view.drop_neighbours
        offsets_px = _upright_offsets(view.at(passed), count)
        if warp is not None:
            offsets_px = warp(offsets_px, generator)
        parts = []
        for n, place in enumerate(chosen):
            number, k = self.examples[place]
            stack = self._stacks[number]
            level = stack.coarse if bool(is_coarse[n]) and stack.coarse is not None else stack.fine
            centre = self._centre_mm(stack, level, frame[n]) + (jitter[n] if warp is not None else 0)
            spacing = self._spacing_mm(stack, level)
            slices = _window(k, len(stack.known), view.slices, alone=bool(alone[n]), dims=view.dims)
            parts.append((*_sample(level, slices, centre + offsets_px[n] * spacing), slices, stack, k))
        return self._collate(parts)

    def _spacing_mm(self, stack: _Stack, level: _Level) -> Tensor:
        """Millimetres per pixel of the example, (row, column)."""
        view = self.recipe.view
        if level is stack.coarse:
            return torch.tensor([view.coarse_spacing_mm] * 2)
        return torch.tensor([view.spacing_mm] * 2 if view.spacing_mm else list(level.spacing_mm))

    def _centre_mm(self, stack: _Stack, level: _Level, frame: Tensor) -> Tensor:
        centre, view = self.recipe.view.centre, self.recipe.view
        if centre == "image" or level is stack.coarse:
            return torch.zeros(2)
        if centre == "heart":
            return torch.tensor(stack.centre_mm)
        extent = torch.tensor(level.image.shape[-2:]) * torch.tensor(level.spacing_mm)
        free = (extent - view.size * self._spacing_mm(stack, level)).clamp(min=0)
        return (frame - 0.5) * free

    def _collate(self, parts: list[tuple[Tensor, Tensor, list[int], _Stack, int]]) -> Batch:
        view = self.recipe.view
        classes = [int(c) for c in self.recipe.classes]
        images = torch.stack([p[0] for p in parts])
        foreground = torch.stack([p[1] for p in parts])  # [example, class, slice, row, column]
        known = torch.stack([_known(p[3].known, p[2]) for p in parts])  # [example, class, slice]
        middle = view.slices // 2
        if view.dims == 2:
            foreground, known = foreground[:, :, middle], known[:, :, middle]
        else:
            images = images[:, None]
        kept = [c - 1 for c in classes[1:]]
        present = torch.stack([_present(p[3], p[4]) for p in parts])
        presence_known = torch.stack([p[3].known[p[4]][[int(Label.LV) - 1, int(Label.RV) - 1]] for p in parts])
        target = foreground[:, kept]
        target = torch.cat([1 - target.sum(1, keepdim=True), target], 1)
        known = torch.cat([torch.ones_like(known[:, :1]), known[:, kept]], 1)
        return Batch(images, target, known, present, presence_known)


def _level(stack: LabelledStack, pixel_mm: tuple[float, float], finest_mm: float) -> _Level:
    """The stack, smoothed down where its pixels are finer than what will be drawn from it."""
    image = stack.image.astype(np.float32)
    if min(pixel_mm) >= finest_mm:
        return _Level(_compact(image), torch.from_numpy(stack.labels), pixel_mm)
    rows, columns = image.shape[1:]
    pre = Preprocessing(coarse_spacing_mm=finest_mm, size_multiple=1)
    view: View = whole_view((rows, columns), pixel_mm, pre)
    codes = np.arange(1, max(Label) + 1)[:, None, None, None]
    shares = take_view(stack.labels[None] == codes, view)
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


def _window(k: int, count: int, slices: int, *, alone: bool, dims: int) -> list[int]:
    """The slices around ``k``; outside the stack the own slice stands in (2D) or nothing does (3D, marked -1)."""
    places = list(range(k - slices // 2, k - slices // 2 + slices))
    if dims == 3:
        first = min(max(0, k - slices // 2), max(0, count - slices))
        return [n if n < count else -1 for n in range(first, first + slices)]
    return [n if 0 <= n < count and not alone else k for n in places]


def _sample(level: _Level, slices: list[int], places_mm: Tensor) -> tuple[Tensor, Tensor]:
    """Image [slice, row, column] and class shares [class, slice, row, column] at places from the view's middle."""
    rows, columns = level.image.shape[-2:]
    extent = torch.tensor([(rows - 1) / 2 * level.spacing_mm[0], (columns - 1) / 2 * level.spacing_mm[1]])
    grid = (places_mm / extent).flip(-1)[None]  # grid_sample wants (x, y) from -1 to 1
    index = torch.tensor([max(n, 0) for n in slices])
    outside = torch.tensor([n < 0 for n in slices])
    distinct, back = torch.unique(index, return_inverse=True)
    labels = level.labels[distinct]
    shares = torch.stack([labels == code for code in range(1, max(Label) + 1)]).float()
    source = torch.cat([level.image[distinct].float()[None], shares]).flatten(0, 1)[None]
    drawn = functional.grid_sample(source, grid, align_corners=True, padding_mode="zeros")[0]
    drawn = drawn.unflatten(0, (max(Label) + 1, len(distinct)))[:, back]
    drawn[:, outside] = 0
    return drawn[0], drawn[1:]


def _known(known: Tensor, slices: list[int]) -> Tensor:
    index = torch.tensor([max(n, 0) for n in slices])
    return known[index].T | torch.tensor([n < 0 for n in slices])[None]


def _present(stack: _Stack, k: int) -> Tensor:
    labels = stack.fine.labels[k]
    return torch.stack([(labels == int(code)).any() for code in (Label.LV, Label.RV)]).float()
