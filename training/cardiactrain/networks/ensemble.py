"""Several trained networks as one: a deep ensemble."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from cardiactrain.networks.output import NetworkOutput, as_output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SMALLEST = 1e-6  # probability: its logarithm is finite


class Ensemble(nn.Module):
    """The mean of the members' probabilities, as logits: softmax gives it back. Of presence, the mean of the logits.

    So a border of presence can be moved in each member as well as in their mean, and a bundle holds the members as
    they are.
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, image: torch.Tensor, *order: torch.Tensor) -> NetworkOutput:
        """Logits of every class; presence where every member says it."""
        outputs = [as_output(member(image, *order)) for member in self.members]
        shares = _mean([torch.softmax(output.logits.float(), 1) for output in outputs])
        presence = [output.presence.float() for output in outputs if output.presence is not None]
        said = _mean(presence) if len(presence) == len(outputs) else None
        return NetworkOutput(torch.log(shares.clamp(min=SMALLEST)), (), said)


def join_weights(states: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The weights of an ensemble, from those of its members."""
    return {f"members.{n}.{name}": value for n, state in enumerate(states) for name, value in state.items()}


def members_of(network: nn.Module) -> tuple[nn.Module, ...]:
    """The networks of an ensemble; of any other network itself."""
    return tuple(network.members) if isinstance(network, Ensemble) else (network,)


def _mean(values: Sequence[torch.Tensor]) -> torch.Tensor:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total / len(values)
