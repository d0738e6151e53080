"""Losses summed over pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from cardiactrain.losses.marginal import Marginals, marginalise
from cardiactrain.registry import refuse_negative

if TYPE_CHECKING:
    from collections.abc import Sequence

Tensor = torch.Tensor


class CrossEntropy:
    """Cross-entropy against class shares; ``weighted`` takes class weights from the batch."""

    def __init__(self, *, weights: Sequence[float] | None = None, weighted: bool = False) -> None:
        refuse_negative(weights=min(weights or (0.0,)))
        self.weights, self.weighted = weights, weighted

    def __call__(self, logits: Tensor, target: Tensor, known: Tensor) -> Tensor:
        return self.of(marginalise(logits, target, known))

    def of(self, pair: Marginals) -> Tensor:
        """The loss of what was compared already."""
        weight = self._class_weights(pair.share)
        if weight is None:
            return -(pair.share * pair.log_p).sum() / (pair.share.numel() / pair.share.shape[1])
        weighted = pair.share * weight.view(1, -1, *[1] * (pair.share.dim() - 2))
        return -(weighted * pair.log_p).sum() / weighted.sum().clamp(min=1e-6)

    def _class_weights(self, share: Tensor) -> Tensor | None:
        if self.weights is not None:
            if len(self.weights) != share.shape[1]:
                msg = f"Cross-entropy has {len(self.weights)} weights for {share.shape[1]} classes."
                raise ValueError(msg)
            return torch.tensor(self.weights, device=share.device)
        if not self.weighted:
            return None
        frequency = share.mean([n for n in range(share.dim()) if n != 1])
        return 1 / frequency.clamp(min=1e-3).sqrt()


class Focal:
    """Cross-entropy in which pixels that are right already count little."""

    def __init__(self, *, gamma: float = 2.0) -> None:
        refuse_negative(gamma=gamma)
        self.gamma = gamma

    def __call__(self, logits: Tensor, target: Tensor, known: Tensor) -> Tensor:
        return self.of(marginalise(logits, target, known))

    def of(self, pair: Marginals) -> Tensor:
        """The loss of what was compared already."""
        return -(pair.share * (1 - pair.log_p.exp()) ** self.gamma * pair.log_p).sum(1).mean()
