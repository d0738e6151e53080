"""The U-Net of the textbooks: two convolutions a level, max pooling down, transposed convolutions up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from cardiactrain.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cardiactrain.recipe import ViewPart

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "elu": nn.ELU, "leaky-relu": nn.LeakyReLU}


class ClassicUNet(nn.Module):
    """A 2D U-Net whose last width is the bottom; dropout follows the levels from ``dropout_from`` down, 0 the top.

    ``single`` is for one structure alone: one output map, a sigmoid's. As the softmax of a 0 and a logit is the logit's
    sigmoid, it stands beside a background of 0 and is read as all others are.
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        view: ViewPart | None = None,
        *,
        widths: Sequence[int] = (32, 64, 128, 256, 512),
        activation: str = "relu",
        dropout: float = 0.0,
        dropout_from: int = 0,
        batch_norm: bool = True,
        single: bool = False,
    ) -> None:
        super().__init__()
        _check(view, widths, activation)
        if single and classes != 2:
            msg = f"A classic U-Net of a single output labels one structure; data.structures names {classes - 1}."
            raise RecipeError(msg)
        self.single = single
        before = [channels, *widths[:-1]]

        def level(start: int, n: int) -> nn.Sequential:
            share = dropout if n >= dropout_from else 0.0
            return _level(start, widths[n], ACTIVATIONS[activation], share, batch_norm=batch_norm)

        self.down = nn.ModuleList(level(start, n) for n, start in enumerate(before))
        self.pool = nn.MaxPool2d(2)
        rising = range(len(widths) - 2, -1, -1)
        self.rise = nn.ModuleList(nn.ConvTranspose2d(widths[n + 1], widths[n], 2, 2) for n in rising)
        self.up = nn.ModuleList(level(2 * widths[n], n) for n in rising)
        self.head = nn.Conv2d(widths[0], 1 if single else classes, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Logits of every class."""
        kept = []
        x = image
        for n, level in enumerate(self.down):
            x = level(self.pool(x) if n else x)
            kept.append(x)
        for rise, up, skip in zip(self.rise, self.up, kept[-2::-1], strict=True):
            x = up(torch.cat([rise(x), skip], 1))
        logits: torch.Tensor = self.head(x)
        return torch.cat([torch.zeros_like(logits), logits], 1) if self.single else logits


class Dropout(nn.Module):
    """torch's own on fewer milliseconds of a CPU, which draws uniform numbers four times as fast as Bernoulli's."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Leave out a share ``p`` of all values, and raise the others to the same sum."""
        return x * torch.rand_like(x).ge_(self.p).div_(1 - self.p) if self.training else x


def _check(view: ViewPart | None, widths: Sequence[int], activation: str) -> None:
    if activation not in ACTIVATIONS:
        msg = f"Unknown activation {activation!r}: choose one of {', '.join(ACTIVATIONS)}."
        raise RecipeError(msg)
    if view is not None and (view.dims != 2 or view.size % 2 ** (len(widths) - 1)):
        msg = f"A classic U-Net of {len(widths)} levels is 2D; its view.size is divisible by {2 ** (len(widths) - 1)}."
        raise RecipeError(msg)


def _level(start: int, width: int, activation: type[nn.Module], dropout: float, *, batch_norm: bool) -> nn.Sequential:
    parts: list[nn.Module] = []
    for channels in (start, width):
        parts.append(nn.Conv2d(channels, width, 3, padding=1))
        if batch_norm:
            parts.append(nn.BatchNorm2d(width))
        parts.append(activation())
    if dropout:
        parts.append(Dropout(dropout))
    return nn.Sequential(*parts)
