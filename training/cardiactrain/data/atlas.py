"""The slices of many stacks as one tensor on one device: a batch is one gather and one sampling, without a loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Sequence

Tensor = torch.Tensor


@dataclass(frozen=True, eq=False)
class Atlas:
    """``planes`` [slice, row, column], padded with 0 to one size; slices are counted through all stacks.

    Places are in mm from the middle of a stack's field of view, (row, column). Outside of a stack all is 0.
    """

    planes: Tensor
    scale: Tensor  # [slice, 2], on the planes' device as is the next: from places to what grid_sample counts by,
    start: Tensor  # [slice, 2]: which is -1 at a plane's first pixel and 1 at its last

    @classmethod
    def of(
        cls,
        stacks: Sequence[Tensor],
        spacings_mm: Sequence[tuple[float, float]],
        middles_px: Sequence[tuple[float, float]],
        device: torch.device,
    ) -> Atlas:
        """Stacks ``[slice, row, column]`` of one type, each with its pixel spacing and its middle.

        The middle is that of the field of view, in the stack's pixels; it may lie outside of them.
        """
        rows, columns = (max(2, *(stack.shape[axis] for stack in stacks)) for axis in (1, 2))
        counts = torch.tensor([len(stack) for stack in stacks])
        planes = torch.zeros(int(counts.sum()), rows, columns, dtype=stacks[0].dtype, device=device)
        for first, stack in zip((counts.cumsum(0) - counts).tolist(), stacks, strict=True):
            planes[first : first + len(stack), : stack.shape[1], : stack.shape[2]] = stack.to(device)
        last = torch.tensor([rows - 1, columns - 1])
        scale, start = 2 / (torch.tensor(spacings_mm) * last), 2 * torch.tensor(middles_px) / last - 1
        return cls(planes, *(fact.repeat_interleave(counts, 0).to(device) for fact in (scale, start)))

    def sample(self, slices: Tensor, places_mm: Tensor) -> Tensor:
        """Values [example, channel, row, column] at places [example, row, column, 2] of slices [example, channel].

        The slices of one example are of one stack.
        """
        return self._sample(self.planes[slices].float(), slices, places_mm)

    def sample_shares(self, slices: Tensor, places_mm: Tensor, codes: Tensor) -> Tensor:
        """Where the planes hold codes: the share of each of ``codes``, [example, channel, code, row, column]."""
        shares = (self.planes[slices][:, :, None] == codes.view(-1, 1, 1)).float()
        sampled = self._sample(shares.flatten(1, 2), slices, places_mm)
        return sampled.reshape(*slices.shape, len(codes), *sampled.shape[2:])

    def _sample(self, planes: Tensor, slices: Tensor, places_mm: Tensor) -> Tensor:
        scale, start = self.scale[slices[:, 0]], self.start[slices[:, 0]]
        grid = torch.addcmul(start[:, None, None], places_mm, scale[:, None, None]).flip(-1)  # (x, y)
        return functional.grid_sample(planes, grid, align_corners=True, padding_mode="zeros")
