"""MONAI's array transforms on a batch, named by a recipe: ``{kind: monai, transform: Rand2DElastic, …}``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from cardiactrain.errors import RecipeError

if TYPE_CHECKING:
    from cardiactrain.data.batch import Batch
    from cardiactrain.plain import Component


class MonaiTransform:
    """One MONAI dictionary transform, run per example on the device the batch lives on.

    Geometric transforms change image and target alike; the others change the image only.
    """

    def __init__(self, part: Component) -> None:
        from monai import transforms

        options = dict(part.options)
        name = str(options.pop("transform", ""))
        self._both = bool(options.pop("both", False))
        kind = getattr(transforms, f"{name}d", None)
        if kind is None:
            msg = f"MONAI has no dictionary transform {name}d; the option 'transform' of 'monai' names one."
            raise RecipeError(msg)
        keys = ["image", "target"] if self._both else ["image"]
        try:
            self._transform: Any = kind(keys=keys, **options)
        except (TypeError, ValueError) as error:
            msg = f"MONAI's {name}d cannot be made with {options}: {error}"
            raise RecipeError(msg) from error

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Change every example; the transform's own random numbers are drawn from the generator."""
        self._transform.set_random_state(seed=int(torch.randint(0, 2**31 - 1, (1,), generator=generator)))
        images, targets = [], []
        for image, target in zip(batch.image, batch.target, strict=True):
            result = self._transform({"image": image, "target": target})
            images.append(torch.as_tensor(result["image"]))
            targets.append(torch.as_tensor(result["target"]))
        batch.image = torch.stack(images).contiguous()
        batch.target = _as_shares(torch.stack(targets)) if self._both else batch.target
        return batch


def _as_shares(target: torch.Tensor) -> torch.Tensor:
    """Class shares that add up to one again: what came from outside the image is background."""
    foreground = target[:, 1:].clamp(0, 1)
    return torch.cat([(1 - foreground.sum(1, keepdim=True)).clamp(0, 1), foreground], 1).contiguous()
