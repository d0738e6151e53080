"""Several trained networks as one: a deep ensemble."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from cardiactrain.networks.output import Output, as_output

if TYPE_CHECKING:
    from collections.abc import Sequence


class Ensemble(nn.Module):
    """The mean of the members' probabilities, as logits: softmax and sigmoid give back the mean."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, image: torch.Tensor, *order: torch.Tensor) -> Output:
        """Logits of every class; presence where every member says it."""
        outputs = [as_output(member(image, *order)) for member in self.members]
        shares = torch.stack([torch.softmax(output.logits.float(), 1) for output in outputs]).mean(0)
        presences = [output.presence for output in outputs if output.presence is not None]
        presence = None
        if len(presences) == len(outputs):
            presence = torch.logit(torch.stack([torch.sigmoid(p.float()) for p in presences]).mean(0), eps=1e-6)
        return Output(torch.log(shares.clamp(min=1e-9)), (), presence)
