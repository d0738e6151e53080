"""Optimisers and learning-rate schedules by name."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from cardiactrain.muon import Muon
from cardiactrain.registry import make, refuse_negative

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cardiactrain.plain import Component

OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,  # `nesterov: true` with a momentum makes it Nesterov's
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
    "muon": Muon,
}


def make_optimiser(part: Component, parameters: Iterable[Any]) -> torch.optim.Optimizer:
    """The optimiser a recipe names."""
    return make(OPTIMISERS, part, "optimiser", parameters)


def constant() -> Callable[[int, int], float]:
    """Always the optimiser's own rate."""
    return lambda _step, _steps: 1.0


def cosine(*, warmup: int = 0, floor: float = 0.0) -> Callable[[int, int], float]:
    """Rise over ``warmup`` steps, then fall along a half cosine."""
    refuse_negative(warmup=warmup, floor=floor)

    def factor(step: int, steps: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        progress = (step - warmup) / max(1, steps - warmup)
        return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))

    return factor


def trapezoid(*, warmup: int = 0, fall: float = 0.3, floor: float = 0.0) -> Callable[[int, int], float]:
    """Rise, stay, fall over the last part: a run may be lengthened or cut before the fall without a new schedule."""
    refuse_negative(warmup=warmup, fall=fall, floor=floor)

    def factor(step: int, steps: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        left = max(0, steps - step) / max(1, fall * steps)
        return floor + (1 - floor) * min(1.0, left)

    return factor


def polynomial(*, power: float = 0.9) -> Callable[[int, int], float]:
    """Fall as a power of what is left."""
    refuse_negative(power=power)
    return lambda step, steps: (1 - min(1.0, step / max(1, steps))) ** power


SCHEDULES = {"constant": constant, "cosine": cosine, "trapezoid": trapezoid, "polynomial": polynomial}


def make_schedule(part: Component) -> Callable[[int, int], float]:
    """The schedule a recipe names: a factor of the rate from step and number of steps."""
    return make(SCHEDULES, part, "schedule")
