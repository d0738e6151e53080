"""A residual encoder U-Net: a teacher's size. MONAI's own have no head for slice presence and no nets of this shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from cardiactrain.networks.output import NetworkOutput, log_areas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cardiactrain.recipe import ViewPart


class ResidualUNet(nn.Module):
    """Residual blocks, ``blocks`` a level on the way down and one a level on the way up; strided down, transposed up.

    ``coarser`` holds the logits of the next ``heads`` levels while training. ``presence`` is pooled from the deepest
    level and from the area that the finest level sees, as the compact U-Net's is.
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        view: ViewPart | None = None,
        *,
        widths: Sequence[int] = (48, 96, 192, 320, 448),
        blocks: Sequence[int] = (1, 2, 3, 3, 2),
        heads: int = 2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        del view
        if len(widths) != len(blocks) or len(widths) < 2:
            msg = f"widths and blocks are of one length, at least 2, not {len(widths)} and {len(blocks)}"
            raise ValueError(msg)
        before = [channels, *widths[:-1]]
        self.down = nn.ModuleList(
            nn.Sequential(_Block(start, width, 2 if n else 1), *(_Block(width, width) for _ in range(count - 1)))
            for n, (start, width, count) in enumerate(zip(before, widths, blocks, strict=True))
        )
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.rise = nn.ModuleList(nn.ConvTranspose2d(below, width, 2, 2) for below, width in pairs)
        self.up = nn.ModuleList(_Block(2 * width, width) for _, width in pairs)
        self.dropout = nn.Dropout2d(dropout)
        self.heads = nn.ModuleList(nn.Conv2d(width, classes, 1) for width in widths[: min(heads + 1, len(widths) - 1)])
        self.presence = nn.Linear(widths[-1] + classes, 2)

    def forward(self, image: torch.Tensor) -> NetworkOutput:
        """Logits of every class; of coarser levels too while training."""
        kept, x = [], image
        for level in self.down:
            x = level(x)
            kept.append(x)
        x = self.dropout(x)
        deepest, levels = x, []
        for rise, up, skip in zip(self.rise, self.up, kept[-2::-1], strict=True):
            x = up(torch.cat([rise(x), skip], 1))
            levels.append(x)
        logits = self.heads[0](levels[-1])
        seen = torch.cat([deepest.mean((2, 3)).float(), log_areas(logits)], 1)
        coarser = [head(x) for head, x in zip(self.heads[1:], levels[-2::-1], strict=False)] if self.training else []
        return NetworkOutput(logits, tuple(coarser), self.presence(seen))


class _Block(nn.Module):
    """Two convolutions, and what came in added to what comes out; averaged first where that is smaller, as in nnU-Net.

    A 1 × 1 convolution of stride 2 would do, but torch 2.13 writes outside of its memory in that one's backward pass.
    """

    def __init__(self, start: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(start, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))
        is_same = start == width and stride == 1
        shortcut = nn.Sequential(nn.AvgPool2d(stride), nn.Conv2d(start, width, 1, bias=False), nn.BatchNorm2d(width))
        self.shortcut = nn.Identity() if is_same else shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The block's output."""
        return functional.relu(self.second(self.first(x)) + self.shortcut(x))
