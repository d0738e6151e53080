"""Several trained networks as one: a deep ensemble."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from cardiactrain.networks.output import NetworkOutput, as_output

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALLEST = 1e-6  # probability: its logarithm is finite


class Ensemble(nn.Module):
    """The mean of the members' probabilities, as logits: softmax and sigmoid give back the mean.

    It is plain operators all through, so its graph is one network to whoever reads a bundle.
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.presence = _Bias(2)

    def forward(self, image: torch.Tensor, *order: torch.Tensor) -> NetworkOutput:
        """Logits of every class; presence where every member says it."""
        outputs = [as_output(member(image, *order)) for member in self.members]
        shares = _mean([torch.softmax(output.logits.float(), 1) for output in outputs])
        chances = [torch.sigmoid(output.presence.float()) for output in outputs if output.presence is not None]
        presence = None
        if len(chances) == len(outputs):
            chance = _mean(chances).clamp(SMALLEST, 1 - SMALLEST)
            presence = self.presence(torch.log(chance) - torch.log(1 - chance))
        return NetworkOutput(torch.log(shares.clamp(min=SMALLEST)), (), presence)


class _Bias(nn.Module):
    """Adds to the presence logits what moves their border to one half, as the last layer of a single network does."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(outputs), requires_grad=False)

    def forward(self, logits: torch.Tensor) -> torch.Tensor:
        """The logits, moved."""
        return logits + self.bias


def _mean(values: Sequence[torch.Tensor]) -> torch.Tensor:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total / len(values)
