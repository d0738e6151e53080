"""Geometric augmentations of a batch, as few numbers each: a matrix, a shift or knots of a smooth field.

A place is an offset ``(row, column)`` from the view's centre, in pixels of the view. Random numbers are drawn on the
CPU, so that every device places its examples alike.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from cardiactrain.augment.draw import uniform

if TYPE_CHECKING:
    from collections.abc import Callable

Tensor = torch.Tensor


def rotate(count: int, generator: torch.Generator, *, degrees: float = 180.0) -> Tensor:
    """Turn by a uniform angle up to ± ``degrees``."""
    return _turns(uniform(count, generator, -degrees, degrees) * math.pi / 180)


def quarter_turns(count: int, generator: torch.Generator) -> Tensor:
    """Turn by a multiple of 90°, which keeps pixels as sharp as they were."""
    return _turns(torch.randint(0, 4, (count,), generator=generator) * math.pi / 2)


def flip(count: int, generator: torch.Generator, *, axes: tuple[int, ...] = (0, 1)) -> Tensor:
    """Mirror rows, columns or both."""
    signs = torch.ones(count, 2)
    for axis in axes:
        signs[:, axis] = torch.randint(0, 2, (count,), generator=generator) * 2.0 - 1
    return torch.diag_embed(signs)


def zoom(count: int, generator: torch.Generator, *, smallest: float = 0.8, largest: float = 1.25) -> Tensor:
    """Make the heart appear larger or smaller by a log-uniform factor."""
    factor = torch.exp(uniform(count, generator, math.log(smallest), math.log(largest)))
    return torch.diag_embed((1 / factor)[:, None].expand(-1, 2))


def stretch(count: int, generator: torch.Generator, *, amount: float = 0.1) -> Tensor:
    """Make one axis longer and the other shorter."""
    factor = torch.exp(uniform(count, generator, -amount, amount))
    return torch.diag_embed(torch.stack([factor, 1 / factor], -1))


def shear(count: int, generator: torch.Generator, *, amount: float = 0.1) -> Tensor:
    """Lean columns against rows."""
    matrix = torch.eye(2).repeat(count, 1, 1)
    matrix[:, 0, 1] = uniform(count, generator, -amount, amount)
    return matrix


def shift(count: int, generator: torch.Generator, *, pixels: float = 10.0) -> Tensor:
    """Move by up to ``pixels`` along each axis: [example, (row, column)]."""
    return uniform((count, 2), generator, -pixels, pixels)


def elastic(count: int, generator: torch.Generator, *, pixels: float = 4.0, knots: int = 5) -> Tensor:
    """Bend smoothly: displacements at a coarse lattice, [example, (row, column), knot, knot]; cubic in between."""
    return uniform((count, 2, knots, knots), generator, -pixels, pixels)


def contractions(count: int, generator: torch.Generator, *, smallest: float = 0.5, largest: float = 1.3) -> Tensor:
    """Log-uniform factors to `contract` by."""
    return torch.exp(uniform(count, generator, math.log(smallest), math.log(largest)))


def contract(places: Tensor, centre: Tensor, radius: Tensor, factor: Tensor) -> Tensor:
    """Make the cavity of each example ``factor`` times as wide; its wall keeps its area: it thickens, or thins.

    ``places`` are [example, row, column, 2], ``centre`` [example, 2], ``radius`` and ``factor`` [example]. Inside, all
    is scaled alike; outside, the change fades. The radius is that of a circle as large as the cavity; as cavities are
    not round, a circle a little wider holds most of it.
    """
    centre = centre[:, None, None]
    radius, factor = (1.1 * radius)[:, None, None, None], factor[:, None, None, None]
    away = places - centre
    squared = away.square().sum(-1, keepdim=True)
    inner = (factor * radius) ** 2
    fading = torch.exp((inner - squared) / (1.25 * radius) ** 2)
    outside = torch.sqrt(1 + (radius**2 - inner) * fading / torch.maximum(squared, inner))
    return centre + away * torch.where(squared < inner, 1 / factor, outside)


def _turns(angle: Tensor) -> Tensor:
    cosine, sine = torch.cos(angle), torch.sin(angle)
    return torch.stack([torch.stack([cosine, -sine], -1), torch.stack([sine, cosine], -1)], -2)


MATRICES: dict[str, Callable[..., Tensor]] = {
    "rotate": rotate,
    "quarter-turns": quarter_turns,
    "flip": flip,
    "zoom": zoom,
    "stretch": stretch,
    "shear": shear,
}
SHIFTS: dict[str, Callable[..., Tensor]] = {"shift": shift}
BENDS: dict[str, Callable[..., Tensor]] = {"elastic": elastic}
GEOMETRY = MATRICES | SHIFTS | BENDS
