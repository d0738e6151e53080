"""The network that ships: a U-Net of six levels, narrow where pixels are many, with a head for slice presence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from cardiactrain.networks.output import NetworkOutput, log_areas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cardiactrain.recipe import ViewPart


class CompactUNet(nn.Module):
    """Two 3 × 3 convolutions per level, strided down, nearest up; batch norm folds away at inference.

    ``unshuffle`` folds blocks of so many pixels into channels first, and unfolds the logits last: the finest and
    dearest level is spared. ``coarser`` holds the logits of the next ``heads`` levels while training. ``presence`` is
    pooled from the deepest level and from what the finest level sees: an apex of few pixels shows only there.

    With ``across`` the images of a batch are slices in their order, and the deepest levels of that number look at the
    slices before and behind: whether a slice still shows the ventricle is seen from the whole stack, not from itself.
    ``follows[n]`` is false where image n does not lie behind image n - 1 (by default all follow).
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        view: ViewPart | None = None,
        *,
        widths: Sequence[int] = (16, 32, 64, 128, 192, 256),
        heads: int = 2,
        dropout: float = 0.0,
        unshuffle: int = 1,
        across: int = 0,
    ) -> None:
        super().__init__()
        del view
        if not 0 <= across <= len(widths):
            msg = f"across counts levels, from 0 to {len(widths)}"
            raise ValueError(msg)
        self.unshuffle = unshuffle
        before = [channels * unshuffle**2, *widths[:-1]]
        self.down = nn.ModuleList(
            _level(start, width, 1 if n == 0 else 2)
            for n, (start, width) in enumerate(zip(before, widths, strict=True))
        )
        self.rise = nn.ModuleList(
            nn.Conv2d(below, width, 1, bias=False) for below, width in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.up = nn.ModuleList(_level(2 * width, width, 1) for width in widths[-2::-1])
        self.across_down = nn.ModuleList(Across(width) for width in widths[len(widths) - across :])
        self.across_up = nn.ModuleList(Across(width) for width in widths[-2 : -across - 1 : -1])
        self.dropout = nn.Dropout2d(dropout)
        self.heads = nn.ModuleList(
            nn.Conv2d(width, classes if n else classes * unshuffle**2, 1)
            for n, width in enumerate(widths[: min(heads + 1, len(widths) - 1)])
        )
        self.presence = nn.Linear(widths[-1] + classes, 2)

    def forward(self, image: torch.Tensor, follows: torch.Tensor | None = None) -> NetworkOutput:
        """Logits of every class; of coarser levels too while training."""
        kept = []
        x = functional.pixel_unshuffle(image, self.unshuffle)
        flat = len(self.down) - len(self.across_down)  # levels that see one slice alone
        for n, level in enumerate(self.down):
            x = level(x)
            if n >= flat:
                x = self.across_down[n - flat](x, follows)
            kept.append(x)
        x = self.dropout(x)
        deepest = x
        levels = []
        for n, (rise, up, skip) in enumerate(zip(self.rise, self.up, kept[-2::-1], strict=True)):
            x = functional.interpolate(rise(x), scale_factor=2.0, mode="nearest")
            x = up(torch.cat([x, skip], 1))
            if n < len(self.across_up):
                x = self.across_up[n](x, follows)
            levels.append(x)
        logits = functional.pixel_shuffle(self.heads[0](levels[-1]), self.unshuffle)
        areas = log_areas(logits)  # in pixels, whatever the view's size
        seen = torch.cat([deepest.mean((2, 3)).float(), areas], 1)
        coarser = [head(x) for head, x in zip(self.heads[1:], levels[-2::-1], strict=False)] if self.training else []
        return NetworkOutput(logits, tuple(coarser), self.presence(seen))


class Across(nn.Module):
    """Adds to every slice what it and its neighbours in the batch say together; beyond the ends there is nothing."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = nn.Sequential(
            nn.Conv2d(3 * width, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        )

    def forward(self, x: torch.Tensor, follows: torch.Tensor | None = None) -> torch.Tensor:
        """The slices ``x[slice, channel, row, column]``, each knowing its neighbours."""
        nothing = x[:1] * 0  # a product, not zeros: it stays one plain operator in the exported graph
        before, behind = torch.cat([nothing, x[:-1]]), torch.cat([x[1:], nothing])
        if follows is not None:
            is_linked = follows.to(x.dtype).view(-1, 1, 1, 1)
            before, behind = before * is_linked, behind * is_linked.roll(-1, 0)
        mixed: torch.Tensor = x + self.mix(torch.cat([before, x, behind], 1))
        return mixed


def _level(start: int, width: int, stride: int) -> nn.Sequential:
    return nn.Sequential(*_convolution(start, width, stride), *_convolution(width, width, 1))


def _convolution(start: int, width: int, stride: int) -> list[nn.Module]:
    return [nn.Conv2d(start, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
