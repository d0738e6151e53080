"""The network of Kayalibay et al. 2017 (CNN-based segmentation of medical imaging data), in 2D and 3D.

Strided convolutions, PReLU, batch norm; the segmentation maps of several scales are enlarged and summed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from cardiactrain.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cardiactrain.recipe import ViewPart

JOINS = ("concatenate", "sum", "none")


class KayalibayUNet(nn.Module):
    """``join`` says how long skips come in; ``scales`` how many segmentation maps are summed (1: the finest alone)."""

    def __init__(
        self,
        channels: int,
        classes: int,
        view: ViewPart | None = None,
        *,
        widths: Sequence[int] = (16, 32, 64, 128),
        join: str = "concatenate",
        scales: int = 3,
    ) -> None:
        super().__init__()
        if join not in JOINS or not 1 <= scales <= len(widths):
            msg = f"kayalibay: join is one of {', '.join(JOINS)}; scales is from 1 to {len(widths)}."
            raise RecipeError(msg)
        self.join, dims = join, view.dims if view is not None else 2
        conv = nn.Conv3d if dims == 3 else nn.Conv2d
        self.mode = "trilinear" if dims == 3 else "bilinear"
        before = [channels, *widths[:-1]]
        self.down = nn.ModuleList(
            nn.Sequential(_unit(start, width, dims, 2 if n else 1), _unit(width, width, dims))
            for n, (start, width) in enumerate(zip(before, widths, strict=True))
        )
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.narrow = nn.ModuleList(conv(below, width, 1) for below, width in pairs)
        factor = 2 if join == "concatenate" else 1
        self.up = nn.ModuleList(_unit(factor * width, width, dims) for _, width in pairs)
        self.maps = nn.ModuleList(conv(width, classes, 1) for width in widths[:scales])

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Logits of every class."""
        kept = []
        x = image
        for level in self.down:
            x = level(x)
            kept.append(x)
        levels = [x]
        for narrow, up, skip in zip(self.narrow, self.up, kept[-2::-1], strict=True):
            x = up(self._join(self._enlarge(narrow(x), skip), skip))
            levels.append(x)
        total: torch.Tensor | None = None
        for segment, x in reversed(list(zip(self.maps, levels[::-1], strict=False))):
            logits = segment(x)
            total = logits if total is None else logits + self._enlarge(total, logits)
        assert total is not None
        return total

    def _join(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        if self.join == "concatenate":
            return torch.cat([x, skip], 1)
        return x + skip if self.join == "sum" else x

    def _enlarge(self, x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        return functional.interpolate(x, size=like.shape[2:], mode=self.mode, align_corners=False)


def _unit(start: int, width: int, dims: int, stride: int = 1) -> nn.Sequential:
    """A convolution, batch norm and PReLU; in 3D the few slices are not halved."""
    if dims == 3:
        step = (1, stride, stride)
        return nn.Sequential(nn.Conv3d(start, width, 3, step, 1), nn.BatchNorm3d(width), nn.PReLU(width))
    return nn.Sequential(nn.Conv2d(start, width, 3, stride, 1), nn.BatchNorm2d(width), nn.PReLU(width))
