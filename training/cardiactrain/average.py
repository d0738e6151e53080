"""Averaged weights: an exponential moving average of everything a network learned."""

from __future__ import annotations

import copy
from itertools import compress
from typing import Any

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
        mine, theirs = list(self.network.state_dict().values()), list(network.state_dict().values())
        is_real = [value.dtype.is_floating_point for value in mine]
        torch._foreach_lerp_(list(compress(mine, is_real)), list(compress(theirs, is_real)), 1 - keep)
        for own, other, real in zip(mine, theirs, is_real, strict=True):
            if not real:
                own.copy_(other)

    def state(self) -> dict[str, object]:
        """For the checkpoint."""
        return {"steps": self._steps, "weights": self.network.state_dict()}

    def load(self, state: dict[str, Any]) -> None:
        """From the checkpoint."""
        self._steps = int(state["steps"])
        self.network.load_state_dict(state["weights"])
