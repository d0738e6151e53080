"""Random numbers of a batch: a few from the CPU, alike on every device, and images of them from the device itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from cardiactrain.plain import Component

Tensor = torch.Tensor


def uniform(shape: int | tuple[int, ...], generator: torch.Generator, low: float, high: float) -> Tensor:
    """Numbers from ``low`` to ``high``, on the CPU."""
    return torch.rand(shape, generator=generator) * (high - low) + low


def normal_like(images: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal numbers on the images' device; another device's are others, and as repeatable."""
    if images.device.type != "cpu":
        seed = int(torch.randint(0, 2**31 - 1, (1,), generator=generator))
        generator = torch.Generator(images.device).manual_seed(seed)
    return torch.randn(images.shape, generator=generator, device=images.device)


def choose(part: Component, count: int, generator: torch.Generator) -> tuple[Tensor, dict[str, Any]]:
    """Numbers of the examples that an augmentation happens to, and its other options."""
    options = dict(part.options)
    often = float(options.pop("often", 1.0))
    return torch.nonzero(torch.rand(count, generator=generator) < often)[:, 0], options
