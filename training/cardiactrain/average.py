"""Averaged weights: an exponential moving average of everything a network learned."""

from __future__ import annotations

import copy

import torch
from torch import nn


class AveragedWeights:
    """A copy of a network that follows it slowly; ``decay`` grows from 0 so that the start is soon forgotten."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self._decay, self._steps = decay, 0

    @torch.no_grad()
    def follow(self, network: nn.Module) -> None:
        """Move towards the network."""
        self._steps += 1
        keep = min(self._decay, self._steps / (self._steps + 10))
        for mine, theirs in zip(self.network.state_dict().values(), network.state_dict().values(), strict=True):
            if mine.dtype.is_floating_point:
                mine.lerp_(theirs, 1 - keep)
            else:
                mine.copy_(theirs)

    def state(self) -> dict[str, object]:
        """For the checkpoint."""
        return {"steps": self._steps, "weights": self.network.state_dict()}

    def load(self, state: dict[str, object]) -> None:
        """From the checkpoint."""
        self._steps = int(state["steps"])  # type: ignore[call-overload]
        self.network.load_state_dict(state["weights"])  # type: ignore[arg-type]
