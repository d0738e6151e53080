"""Geometric augmentations: each maps places ``[example, row, column, 2]`` (pixels from the view's centre) to places."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

Tensor = torch.Tensor


def rotate(places: Tensor, generator: torch.Generator, *, degrees: float = 180.0) -> Tensor:
    """Turn by a uniform angle up to ± ``degrees``."""
    return _turn(places, _uniform(len(places), generator, -degrees, degrees) * math.pi / 180)


def quarter_turns(places: Tensor, generator: torch.Generator) -> Tensor:
    """Turn by a multiple of 90°, which keeps pixels as sharp as they were."""
    return _turn(places, torch.randint(0, 4, (len(places),), generator=generator) * math.pi / 2)


def flip(places: Tensor, generator: torch.Generator, *, axes: tuple[int, ...] = (0, 1)) -> Tensor:
    """Mirror rows, columns or both."""
    signs = torch.ones(len(places), 2)
    for axis in axes:
        signs[:, axis] = torch.randint(0, 2, (len(places),), generator=generator) * 2.0 - 1
    return places * signs[:, None, None]


def zoom(places: Tensor, generator: torch.Generator, *, smallest: float = 0.8, largest: float = 1.25) -> Tensor:
    """Make the heart appear larger or smaller by a log-uniform factor."""
    factor = torch.exp(_uniform(len(places), generator, math.log(smallest), math.log(largest)))
    return places / factor[:, None, None, None]


def stretch(places: Tensor, generator: torch.Generator, *, amount: float = 0.1) -> Tensor:
    """Make one axis longer and the other shorter."""
    factor = torch.exp(_uniform(len(places), generator, -amount, amount))
    return places * torch.stack([factor, 1 / factor], -1)[:, None, None]


def shear(places: Tensor, generator: torch.Generator, *, amount: float = 0.1) -> Tensor:
    """Lean columns against rows."""
    lean = _uniform(len(places), generator, -amount, amount)[:, None, None]
    return torch.stack([places[..., 0] + lean * places[..., 1], places[..., 1]], -1)


def shift(places: Tensor, generator: torch.Generator, *, pixels: float = 10.0) -> Tensor:
    """Move by up to ``pixels`` along each axis."""
    return places + _uniform(len(places) * 2, generator, -pixels, pixels).view(-1, 1, 1, 2)


def elastic(places: Tensor, generator: torch.Generator, *, pixels: float = 4.0, knots: int = 5) -> Tensor:
    """Bend smoothly: random displacements at a coarse lattice of knots, cubic in between."""
    count, size = len(places), places.shape[1]
    field = (torch.rand(count, 2, knots, knots, generator=generator) * 2 - 1) * pixels
    bend = functional.interpolate(field, size=(size, size), mode="bicubic", align_corners=True)
    return places + bend.permute(0, 2, 3, 1)


def contract(places: Tensor, centre: Tensor, radius: float, factor: float) -> Tensor:
    """Make a cavity ``factor`` times as wide; its wall keeps its area, so it thickens as in systole, or thins.

    Inside, all is scaled alike; outside, the change fades. ``radius`` is that of a circle as large as the cavity; as
    cavities are not round, a circle a little wider holds most of it.
    """
    radius *= 1.1
    away = places - centre
    squared = away.square().sum(-1, keepdim=True)
    inner = (factor * radius) ** 2
    fading = torch.exp((inner - squared) / (1.25 * radius) ** 2)
    outside = torch.sqrt(1 + (radius**2 - inner) * fading / squared.clamp(min=inner))
    return centre + away * torch.where(squared < inner, 1 / factor, outside)


def contractions(count: int, generator: torch.Generator, *, smallest: float = 0.5, largest: float = 1.3) -> Tensor:
    """Log-uniform factors to `contract` by."""
    return torch.exp(_uniform(count, generator, math.log(smallest), math.log(largest)))


def _turn(places: Tensor, angle: Tensor) -> Tensor:
    cosine, sine = torch.cos(angle)[:, None, None], torch.sin(angle)[:, None, None]
    row, column = places[..., 0], places[..., 1]
    return torch.stack([cosine * row - sine * column, sine * row + cosine * column], -1)


def _uniform(count: int, generator: torch.Generator, low: float, high: float) -> Tensor:
    return torch.rand(count, generator=generator) * (high - low) + low


GEOMETRY = {
    "rotate": rotate,
    "quarter-turns": quarter_turns,
    "flip": flip,
    "zoom": zoom,
    "stretch": stretch,
    "shear": shear,
    "shift": shift,
    "elastic": elastic,
}
