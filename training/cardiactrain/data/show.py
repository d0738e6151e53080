"""Pictures of what training sees: slices with coloured overlays, and every augmentation side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from CardiacSegmentationLib.segmentation import Label

from cardiactrain.augment import make_augmentation
from cardiactrain.data.views import Views
from cardiactrain.errors import DataError
from cardiactrain.files import save_figure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cardiactrain.data.subject import Subject
    from cardiactrain.plain import Component
    from cardiactrain.recipe import Recipe

COLOURS = {Label.RV: "#4c8dff", Label.MYO: "#3fbf5f", Label.LV: "#ff5050"}


def draw_subjects(subjects: Sequence[Subject], path: Path) -> None:
    """Base, middle and apex of each subject's first two phases, with contours."""
    from matplotlib.figure import Figure

    columns = 6
    figure = Figure(figsize=(2.2 * columns, 2.4 * len(subjects)), layout="constrained")
    axes = figure.subplots(len(subjects), columns, squeeze=False)
    for row, subject in zip(axes, subjects, strict=True):
        places = [(s, k) for s in subject.stacks[:2] for k in _three(len(s.image))]
        for axis in row:
            axis.axis("off")
        for axis, (stack, k) in zip(row, places, strict=False):
            draw_overlay(axis, stack.image[k], stack.labels[k])
            axis.set_title(f"{subject.key} {stack.phase} {k + 1}/{len(stack.image)}", fontsize=7)
    save_figure(figure, path)


def draw_augmentations(
    subjects: Sequence[Subject], recipe: Recipe, path: Path, examples: int = 6, seed: int = 1
) -> None:
    """One line per augmentation of a recipe, each on the same examples; the last line has all of them."""
    from matplotlib.figure import Figure

    lines: list[tuple[str, tuple[Component, ...]]] = [("none", ())]
    lines += [(_name(part), (_always(part),)) for part in recipe.augment]
    lines.append(("all, as trained", recipe.augment))
    plain = replace(recipe, view=replace(recipe.view, dims=2, slices_together=1, coarse_share=0.0, jitter_mm=0.0))
    views = Views(subjects, plain)
    if not views.examples:
        msg = "None of these subjects has a slice fit for training: name others with --subjects."
        raise DataError(msg)
    chosen = [views.examples.index(e) for e in _middles(views, examples)]
    figure = Figure(figsize=(1.6 * len(chosen) + 1, 1.6 * len(lines)), layout="constrained")
    axes = figure.subplots(len(lines), len(chosen), squeeze=False)
    for row, (title, parts) in zip(axes, lines, strict=True):
        generator = torch.Generator().manual_seed(seed)
        augmentation = make_augmentation(parts, recipe.without)
        batch = augmentation.apply(views.draw(chosen, augmentation.warp, generator), generator).split_slices()
        labels = _labels(batch.target, recipe)
        middle = batch.image.shape[1] // 2
        for axis, image, label in zip(row, batch.image[:, middle], labels, strict=True):
            draw_overlay(axis, image.numpy(), label)
            axis.axis("off")
        row[0].set_title(title, fontsize=8, loc="left")
    save_figure(figure, path)


def draw_overlay(axis: Any, image: np.ndarray, labels: np.ndarray) -> None:
    """A grey slice with the outlines of its structures."""
    low, high = np.percentile(image, (1, 99.5))
    axis.imshow(image, cmap="gray", vmin=low, vmax=max(high, low + 1e-6))
    for code, colour in COLOURS.items():
        mask = labels == code
        if mask.any():
            axis.contour(mask, [0.5], colors=colour, linewidths=0.8)


def _three(slices: int) -> list[int]:
    return sorted({slices // 6, slices // 2, slices - 1 - slices // 6})


def _middles(views: Views, count: int) -> list[tuple[int, int]]:
    """The middle usable slice of stacks spread over all there are."""
    slices: dict[int, list[int]] = {}
    for stack, k in views.examples:
        slices.setdefault(stack, []).append(k)
    stacks = sorted(slices)
    picked = [stacks[n] for n in np.unique(np.linspace(0, len(stacks) - 1, count).round().astype(int))]
    return [(stack, slices[stack][len(slices[stack]) // 2]) for stack in picked]


def _labels(target: torch.Tensor, recipe: Recipe) -> np.ndarray:
    codes = np.array([int(c) for c in recipe.classes])
    return np.asarray(codes[target.argmax(1).numpy()])


def _always(part: Component) -> Component:
    options = {k: v for k, v in part.options.items() if k not in ("often", "prob")}
    return replace(part, options=options | ({"prob": 1.0} if part.kind == "monai" else {}))


def _name(part: Component) -> str:
    return str(part.options.get("transform", part.kind))
