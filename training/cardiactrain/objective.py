"""What a step makes small: the loss of every output, and the recipe's penalties on the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from cardiactrain.losses import Loss, make_loss

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from cardiactrain.data.batch import Batch
    from cardiactrain.networks import NetworkOutput
    from cardiactrain.recipe import Recipe, TrainPart


@dataclass(frozen=True)
class Objective:
    """The loss of a batch."""

    loss: Loss
    train: TrainPart

    @classmethod
    def of(cls, recipe: Recipe) -> Objective:
        """The objective of a recipe."""
        return cls(make_loss(recipe.loss), recipe.train)

    def __call__(self, output: NetworkOutput, batch: Batch, network: nn.Module) -> torch.Tensor:
        total = self.loss(output.logits, batch.target, batch.known)
        for weight, coarser in zip(self.train.deep_supervision, output.coarser, strict=False):
            total = total + weight * self.loss(coarser, _shrink(batch.target, coarser), batch.known)
        total = total / (1 + sum(self.train.deep_supervision[: len(output.coarser)]))
        if self.train.presence and output.presence is not None:
            total = total + self.train.presence * _presence_loss(output.presence, batch)
        return total + self._penalty(network)

    def _penalty(self, network: nn.Module) -> torch.Tensor | float:
        if not (self.train.l1 or self.train.l2):
            return 0.0
        weights = [p for name, p in network.named_parameters() if name.endswith("weight") and p.dim() > 1]
        first = sum((w.abs().sum() for w in weights), torch.zeros(()))
        second = sum((w.square().sum() for w in weights), torch.zeros(()))
        return self.train.l1 * first + self.train.l2 * second


def _shrink(target: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Class shares of larger pixels: the mean of theirs, which is what shares are."""
    flat: Callable[..., torch.Tensor] = functional.adaptive_avg_pool2d
    deep: Callable[..., torch.Tensor] = functional.adaptive_avg_pool3d
    pool = flat if target.dim() == 4 else deep
    return pool(target, like.shape[2:])


def _presence_loss(presence: torch.Tensor, batch: Batch) -> torch.Tensor:
    loss = functional.binary_cross_entropy_with_logits(presence.float(), batch.presence, reduction="none")
    known = batch.presence_known.to(loss.dtype)
    return (loss * known).sum() / known.sum().clamp(min=1)
