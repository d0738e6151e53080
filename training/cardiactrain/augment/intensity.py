"""Intensity augmentations: each maps images ``[example, channel, row, column]`` with values near 0–1 to images.

They stand for what changes from scanner to scanner: contrast, coil sensitivity, noise, sharpness, wrap and ghosts.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from cardiactrain.augment.draw import choose, normal_like, uniform

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardiactrain.plain import Component

Tensor = torch.Tensor


def change(part: Component, images: Tensor, generator: torch.Generator) -> Tensor:
    """Apply one augmentation to a random part of the examples, in place; a volume's slices count as channels."""
    chosen, options = choose(part, len(images), generator)
    if len(chosen) == 0:
        return images
    chosen = chosen.to(images.device)
    picked = images[chosen]
    changed = INTENSITY[part.kind](picked.flatten(1, -3), generator, **options)
    return images.index_copy_(0, chosen, changed.view_as(picked))


def to_unit(images: Tensor) -> Tensor:
    """Grey values from 0 to about 1, each example by its own bright end: what the other augmentations expect."""
    bright = images[..., ::4, ::4].flatten(1)
    top = torch.kthvalue(bright, max(1, round(0.99 * bright.shape[1])), dim=1).values
    return images / top.clamp(min=1e-3).view(-1, *[1] * (images.dim() - 1))


def gamma(images: Tensor, generator: torch.Generator, *, smallest: float = 0.6, largest: float = 1.7) -> Tensor:
    """Brighten or darken the middle tones."""
    power = torch.exp(_uniform(images, generator, math.log(smallest), math.log(largest)))
    return images.clamp(min=0) ** power


def inverse_gamma(images: Tensor, generator: torch.Generator, *, smallest: float = 0.6, largest: float = 1.7) -> Tensor:
    """Gamma on the inverted image: changes the bright end where ``gamma`` changes the dark one."""
    power = torch.exp(_uniform(images, generator, math.log(smallest), math.log(largest)))
    return 1 - (1 - images).clamp(min=0) ** power


def histogram(images: Tensor, generator: torch.Generator, *, amount: float = 0.5, knots: int = 5) -> Tensor:
    """Map grey values through a random rising curve: another sequence's or another scanner's contrast."""
    steps = torch.exp((torch.rand(len(images), knots, generator=generator).to(images.device) * 2 - 1) * amount)
    curve = torch.cumsum(steps, 1) / steps.sum(1, keepdim=True)
    curve = torch.cat([torch.zeros_like(curve[:, :1]), curve], 1)
    place = images.clamp(0, 1) * knots
    left = place.floor().clamp(max=knots - 1).long()
    rows = torch.arange(len(images), device=images.device).view(-1, *[1] * (images.dim() - 1))
    low, high = curve[rows, left], curve[rows, left + 1]
    return low + (high - low) * (place - left) + (images - images.clamp(0, 1))


def bias_field(images: Tensor, generator: torch.Generator, *, amount: float = 0.5, knots: int = 4) -> Tensor:
    """Multiply by a smooth field, as the distance to the coils does."""
    return images * torch.exp(amount * _smooth_field(images, generator, knots))


def noise(images: Tensor, generator: torch.Generator, *, largest: float = 0.1) -> Tensor:
    """Add Rician noise: Gaussian in both channels of a magnitude image."""
    sigma = _uniform(images, generator, 0.0, largest)
    real = images + sigma * normal_like(images, generator)
    imaginary = sigma * normal_like(images, generator)
    return torch.sqrt(real**2 + imaginary**2)


def gaussian_noise(images: Tensor, generator: torch.Generator, *, largest: float = 0.1) -> Tensor:
    """Add Gaussian noise."""
    return images + _uniform(images, generator, 0.0, largest) * normal_like(images, generator)


def blur(images: Tensor, generator: torch.Generator, *, largest: float = 1.5) -> Tensor:
    """Gaussian blur with a deviation of up to ``largest`` pixels."""
    reach = math.ceil(2.5 * largest)
    sigma = _uniform(images, generator, 0.3, largest).view(-1, 1)
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, device=images.device) / sigma) ** 2)
    kernel = kernel / kernel.sum(1, keepdim=True)
    channels = images.shape[1]
    flat = images.reshape(1, -1, *images.shape[-2:])
    weight = kernel.repeat_interleave(channels, 0)[:, None]
    flat = functional.conv2d(flat, weight[:, :, :, None], padding=(reach, 0), groups=flat.shape[1])
    flat = functional.conv2d(flat, weight[:, :, None, :], padding=(0, reach), groups=flat.shape[1])
    return flat.view_as(images)


def sharpen(images: Tensor, generator: torch.Generator, *, largest: float = 1.0) -> Tensor:
    """Unsharp mask, as scanners' own filters do."""
    soft = functional.avg_pool2d(images, 3, 1, 1, count_include_pad=False)
    return images + _uniform(images, generator, 0.0, largest) * (images - soft)


def low_resolution(images: Tensor, generator: torch.Generator, *, smallest: float = 0.4) -> Tensor:
    """Throw away detail, as larger pixels do."""
    size = images.shape[-1]
    small = max(8, round(size * (smallest + (1 - smallest) * float(torch.rand(1, generator=generator)))))
    down = functional.interpolate(images, size=(small, small), mode="bilinear", align_corners=False)
    return functional.interpolate(down, size=(size, size), mode="bilinear", align_corners=False)


def ghost(images: Tensor, generator: torch.Generator, *, largest: float = 0.25) -> Tensor:
    """Add faint copies along one axis, as breathing does along the phase-encoding direction."""
    axis = -1 - int(torch.randint(0, 2, (1,), generator=generator))
    copies = int(torch.randint(2, 5, (1,), generator=generator))
    strength = _uniform(images, generator, 0.05, largest)
    return images + strength * torch.roll(images, images.shape[axis] // copies, axis)


def wrap(images: Tensor, generator: torch.Generator, *, largest: float = 0.3, strength: float = 0.7) -> Tensor:
    """Fold one edge of the body onto the other side, as a field of view that is too small does."""
    axis = -1 - int(torch.randint(0, 2, (1,), generator=generator))
    size = images.shape[axis]
    width = max(1, round(size * largest * float(torch.rand(1, generator=generator))))
    result = images.clone()
    folded = images.narrow(axis, size - width, width) * strength
    result.narrow(axis, 0, width).add_(folded)
    return result


def brightness(images: Tensor, generator: torch.Generator, *, amount: float = 0.2) -> Tensor:
    """Add a constant."""
    return images + _uniform(images, generator, -amount, amount)


def _uniform(images: Tensor, generator: torch.Generator, low: float, high: float) -> Tensor:
    """One number per example."""
    return uniform(len(images), generator, low, high).view(-1, 1, 1, 1).to(images.device)


def _smooth_field(images: Tensor, generator: torch.Generator, knots: int) -> Tensor:
    """A field from −1 to 1 per example, cubic between a few knots."""
    field = torch.rand(len(images), 1, knots, knots, generator=generator).to(images.device) * 2 - 1
    return functional.interpolate(field, size=images.shape[-2:], mode="bicubic", align_corners=True)


INTENSITY: dict[str, Callable[..., Tensor]] = {
    "gamma": gamma,
    "inverse-gamma": inverse_gamma,
    "histogram": histogram,
    "bias-field": bias_field,
    "noise": noise,
    "gaussian-noise": gaussian_noise,
    "blur": blur,
    "sharpen": sharpen,
    "low-resolution": low_resolution,
    "ghost": ghost,
    "wrap": wrap,
    "brightness": brightness,
}
