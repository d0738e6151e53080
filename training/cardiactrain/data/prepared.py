"""A stack made ready to draw from: sampled where its pixels are finer than needed, with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from CardiacSegmentationLib.box import find_box
from CardiacSegmentationLib.network.preprocess import Preprocessing, View, from_darkest, take_view, whole_view
from CardiacSegmentationLib.segmentation import Label

from cardiactrain.parallel import map_in_processes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cardiactrain.data.subject import LabelledStack, Subject
    from cardiactrain.recipe import Recipe

Tensor = torch.Tensor


@dataclass(frozen=True, eq=False)
class Level:
    """A stack sampled at a spacing of its own."""

    image: Tensor  # half floats [slice, row, column]
    labels: Tensor  # codes [slice, row, column] of the box that holds them all
    box_px: tuple[int, int]  # the box's first row and column
    spacing_mm: tuple[float, float]

    @property
    def middle_px(self) -> tuple[float, float]:
        """The middle of the field of view, in pixels of the image."""
        rows, columns = self.image.shape[1:]
        return (rows - 1) / 2, (columns - 1) / 2


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
    subject: str  # its key
    dataset: str


def prepare_all(subjects: Sequence[Subject], recipe: Recipe) -> list[PreparedStack]:
    """The subjects' stacks that are fit for training, as a recipe draws from them, in their order."""
    return [stack for stacks in map_in_processes(partial(_prepare_subject, recipe), subjects) for stack in stacks]


def _prepare_subject(recipe: Recipe, subject: Subject) -> list[PreparedStack]:
    return [prepare(subject, stack, recipe) for stack in subject.stacks if stack.used.any()]


def prepare(subject: Subject, stack: LabelledStack, recipe: Recipe) -> PreparedStack:
    """A subject's stack as a recipe draws from it."""
    view, data = recipe.view, recipe.data
    pixel_mm = subject.pixel_mm(data.assumed_pixel_mm)
    known = torch.from_numpy(stack.known)
    sides = torch.tensor([int(Label.LV), int(Label.RV)])
    cavities = torch.from_numpy(stack.labels)[:, None] == sides[:, None, None]
    return PreparedStack(
        fine=_level(stack.image, stack.labels, pixel_mm, 0.75 * view.spacing_mm if view.spacing_mm else 0.0),
        coarse=_level(stack.image, stack.labels, pixel_mm, 0.75 * view.coarse_spacing_mm)
        if view.coarse_share
        else None,
        centre_mm=_heart_centre_mm(stack.labels, pixel_mm),
        cavity_mm=_circles_mm(cavities[:, 0], pixel_mm),
        known=known,
        presence=cavities.flatten(2).any(2).float(),
        presence_known=known[:, sides - 1],
        used=torch.from_numpy(stack.used),
        subject=subject.key,
        dataset=subject.facts.dataset,
    )


def _level(image: np.ndarray, labels: np.ndarray, pixel_mm: tuple[float, float], finest_mm: float) -> Level:
    """The stack, smoothed down where its pixels are finer than what will be drawn from it."""
    image = from_darkest(image)
    if min(pixel_mm) >= finest_mm:
        return _make_level(image, labels, pixel_mm)
    rows, columns = image.shape[1:]
    pre = Preprocessing(coarse_spacing_mm=finest_mm, size_multiple=1)
    view: View = whole_view((rows, columns), pixel_mm, pre)
    shares = take_view(labels[None] == np.arange(1, max(Label) + 1)[:, None, None, None], view)
    background = 1 - shares.sum(0, keepdims=True)
    labels = np.concatenate([background, shares]).argmax(0).astype(np.uint8)
    return _make_level(take_view(image, view), labels, (finest_mm, finest_mm))


def _make_level(image: np.ndarray, labels: np.ndarray, spacing_mm: tuple[float, float]) -> Level:
    """The level, its labels cut to what there is of them."""
    rows, columns = find_box(labels)
    cut = torch.from_numpy(np.ascontiguousarray(labels[:, rows, columns]))
    return Level(_compact(image), cut, (rows.start, columns.start), spacing_mm)


def _compact(image: np.ndarray) -> Tensor:
    """Grey values as half floats up to 1000: large data sets stay in memory."""
    return torch.from_numpy(image * (1000.0 / max(float(image.max()), 1e-6))).half()


def _heart_centre_mm(labels: np.ndarray, pixel_mm: tuple[float, float]) -> tuple[float, float]:
    """Middle of the labels' bounding box, from the middle of the field of view."""
    if not labels.any():
        return 0.0, 0.0
    row, column = (
        ((span.start + span.stop - 1) / 2 - (size - 1) / 2) * mm
        for span, size, mm in zip(find_box(labels), labels.shape[1:], pixel_mm, strict=True)
    )
    return row, column


def _circles_mm(masks: Tensor, pixel_mm: tuple[float, float]) -> Tensor:
    """Centre from the middle of the field of view, and radius of a circle as large: [..., (row, column, radius)]."""
    area = masks.sum((-2, -1)).float()
    middle = []
    for axis, other, mm in ((-2, -1, pixel_mm[0]), (-1, -2, pixel_mm[1])):
        places = (torch.arange(masks.shape[axis]) - (masks.shape[axis] - 1) / 2) * mm
        middle.append((masks.sum(other) * places).sum(-1) / area.clamp(min=1))
    return torch.stack([*middle, torch.sqrt(area * pixel_mm[0] * pixel_mm[1] / torch.pi)], -1)
