"""Augmentations: how places are warped (geometry), how grey values change (intensity), and MONAI's own (from_monai).

Every augmentation is one function in a registry; a recipe names it with its options and how often it happens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cardiactrain.augment.from_monai import MonaiTransform
from cardiactrain.augment.geometry import GEOMETRY, contractions
from cardiactrain.augment.intensity import INTENSITY, change, to_unit
from cardiactrain.augment.warp import Warp
from cardiactrain.errors import RecipeError
from cardiactrain.registry import check_options

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from cardiactrain.data.batch import Batch
    from cardiactrain.plain import Component


@dataclass(frozen=True)
class Augmentation:
    """What a recipe asks for: a warp of places, then changes of grey values, then MONAI transforms."""

    warp: Warp
    intensity: tuple[Component, ...]
    from_monai: tuple[MonaiTransform, ...]

    def apply(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Change a batch that was drawn with this augmentation's warp."""
        if self.intensity:
            batch.image = to_unit(batch.image)  # a new tensor: what follows may change it in place
        for part in self.intensity:
            batch.image = change(part, batch.image, generator)
        for transform in self.from_monai:
            batch = transform(batch, generator)
        return batch


REVERSE, CONTRACT = "reverse-slices", "contract"
OF_THE_STACK: dict[str, Callable[..., object]] = {
    REVERSE: lambda: None,
    CONTRACT: contractions,
}  # the first takes no option but how often
ARTEFACTS = {"low-resolution", "blur", "sharpen", "ghost", "wrap", "noise", "gaussian-noise"}
GROUPS = {  # what an ablation leaves out together
    "geometry": {*GEOMETRY, *OF_THE_STACK},
    "contrast": {*INTENSITY} - ARTEFACTS,
    "artefacts": ARTEFACTS,
}


def make_augmentation(parts: tuple[Component, ...], without: tuple[str, ...] = ()) -> Augmentation:
    """Sort a recipe's augmentations into their families, ``without`` some groups of them."""
    for group in without:
        if group not in GROUPS:
            msg = f"Unknown group of augmentations {group!r}: choose from {', '.join(GROUPS)}."
            raise RecipeError(msg)
    parts = tuple(part for part in parts if not any(part.kind in GROUPS[group] for group in without))
    geometry: list[Component] = []
    of_the_stack: dict[str, Component] = {}
    intensity: list[Component] = []
    from_monai: list[MonaiTransform] = []
    for part in parts:
        if part.kind in GEOMETRY:
            geometry.append(check_options(GEOMETRY, part, "augmentation", given=2, spare=("often",)))
        elif part.kind in INTENSITY:
            intensity.append(check_options(INTENSITY, part, "augmentation", given=2, spare=("often",)))
        elif part.kind in OF_THE_STACK:
            of_the_stack[part.kind] = check_options(OF_THE_STACK, part, "augmentation", given=2, spare=("often",))
        elif part.kind == "monai":
            from_monai.append(MonaiTransform(part))
        else:
            known = ", ".join([*GEOMETRY, *OF_THE_STACK, *INTENSITY, "monai"])
            msg = f"Unknown augmentation {part.kind!r}: choose one of {known}."
            raise RecipeError(msg)
    reverse = of_the_stack.get(REVERSE)
    reversed_often = float(reverse.options.get("often", 1.0)) if reverse else 0.0
    warp = Warp(tuple(geometry), of_the_stack.get(CONTRACT), reversed_often)
    return Augmentation(warp, tuple(intensity), tuple(from_monai))
