"""How grey values become network input. ``percentile-zscore`` is what ships: the Lib's function, on any device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import torch
from CardiacSegmentationLib.network.preprocess import Preprocessing

from cardiactrain.registry import make

if TYPE_CHECKING:
    from cardiactrain.plain import Component

Tensor = torch.Tensor


class Normaliser(Protocol):
    """Maps images [example, channel, …] to network input; ``fit`` sees examples once, before the first step."""

    needs_fit: bool

    def fit(self, images: Tensor) -> None:
        """Learn from examples."""

    def __call__(self, images: Tensor) -> Tensor:
        """Normalise."""

    def state(self) -> dict[str, Tensor]:
        """What was learned; part of every checkpoint."""

    def load(self, state: dict[str, Tensor]) -> None:
        """Take back what was learned."""


class _Fixed:
    """A normaliser that learns nothing."""

    needs_fit = False

    def fit(self, images: Tensor) -> None:
        del images

    def state(self) -> dict[str, Tensor]:
        return {}

    def load(self, state: dict[str, Tensor]) -> None:
        del state


class PercentileZScore(_Fixed):
    """Clip at percentiles of the example, then zero mean and unit deviation."""

    def __init__(self, *, low: float = 1.0, high: float = 99.0) -> None:
        self.preprocessing = Preprocessing(percentiles=(low, high))

    def __call__(self, images: Tensor) -> Tensor:
        low, high = (
            nearest_rank(images[..., ::2, ::2], percentile).view(-1, *[1] * (images.dim() - 1))
            for percentile in self.preprocessing.percentiles
        )
        clipped = images.float().clamp(low, high)
        everything = list(range(1, images.dim()))
        centred = clipped - clipped.mean(everything, keepdim=True)
        return centred / centred.square().mean(everything, keepdim=True).sqrt().clamp(min=1e-6)


class PercentileRange(_Fixed):
    """Map two percentiles of the example to 0 and 1, and clip beyond."""

    def __init__(self, *, low: float = 5.0, high: float = 95.0) -> None:
        if not 0 <= low < high <= 100:
            msg = "percentiles stand in order within 0–100"
            raise ValueError(msg)
        self.low, self.high = low, high

    def __call__(self, images: Tensor) -> Tensor:
        shape = (-1, *[1] * (images.dim() - 1))
        low, high = (nearest_rank(images, percentile).view(shape) for percentile in (self.low, self.high))
        return ((images - low) / (high - low).clamp(min=1e-6)).clamp(0, 1)


class Featurewise:
    """Subtract the mean image of the training set, divide by its deviation per pixel, and whiten (ZCA) if asked.

    Whitening gives the ``components`` strongest principal directions variances of their own, and all others one
    variance together: so many directions cannot be told from a few hundred images, but details lie in them.
    """

    needs_fit = True

    def __init__(self, *, zca: bool = False, components: int = 256, epsilon: float = 1e-2) -> None:
        self.zca, self.components, self.epsilon = zca, components, epsilon
        self._state: dict[str, Tensor] = {}

    def fit(self, images: Tensor) -> None:
        scaled = self._scale(images)
        mean, deviation = scaled.mean(0), scaled.std(0).clamp(min=1e-3)
        self._state = {"mean": mean, "deviation": deviation}
        if self.zca:
            flat = ((scaled - mean) / deviation).flatten(1)
            rank = min(self.components, *flat.shape)
            _, values, axes = torch.svd_lowrank(flat / len(flat) ** 0.5, q=rank)
            left = (flat**2).mean(0).sum() - (values**2).sum()
            others = left.clamp(min=0) / max(1, flat.shape[1] - rank)
            gain, rest = (1 / (variance + self.epsilon).sqrt() for variance in (values**2, others))
            self._state |= {"axes": axes, "gain": gain, "rest": rest}

    def __call__(self, images: Tensor) -> Tensor:
        state = {name: value.to(images.device) for name, value in self._state.items()}
        result = (self._scale(images) - state["mean"]) / state["deviation"]
        if "axes" not in state:
            return result
        flat = result.flatten(1)
        projected = flat @ state["axes"]
        whitened = flat * state["rest"] + (projected * (state["gain"] - state["rest"])) @ state["axes"].T
        return whitened.view_as(images)

    def state(self) -> dict[str, Tensor]:
        return dict(self._state)

    def load(self, state: dict[str, Tensor]) -> None:
        self._state = dict(state)
        if "axes" in state:
            self._state.setdefault("rest", torch.zeros(()))  # runs of 0.1.0 dropped all other directions

    @staticmethod
    def _scale(images: Tensor) -> Tensor:
        return images / images.flatten(1).amax(1).clamp(min=1e-3).view(-1, *[1] * (images.dim() - 1))


def nearest_rank(images: Tensor, percentile: float) -> Tensor:
    """The grey value of each example at a percentile, by nearest rank."""
    flat = images.flatten(1).float()
    return torch.kthvalue(flat, 1 + round(percentile / 100 * (flat.shape[1] - 1)), dim=1).values


NORMALISERS = {
    "percentile-zscore": PercentileZScore,
    "percentile-range": PercentileRange,
    "featurewise": Featurewise,
}


def make_normaliser(part: Component) -> Normaliser:
    """The normaliser a recipe names."""
    normaliser: Normaliser = make(NORMALISERS, part, "normaliser")
    return normaliser
