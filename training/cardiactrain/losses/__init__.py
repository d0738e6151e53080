"""Losses that respect what labels do not say: a structure that is not labelled may hide in the background.

A loss takes logits and class shares ``[example, class, …]`` and ``known[example, class]`` (or with a depth axis); for
examples with unknown classes it compares the *union* of background and the unknown classes with the background's share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from cardiactrain.losses.overlap import DiceLoss, JaccardLoss
from cardiactrain.losses.pixel import CrossEntropy, Focal
from cardiactrain.losses.sums import DiceAndCrossEntropy, DiceAndFocal
from cardiactrain.registry import make

if TYPE_CHECKING:
    import torch

    from cardiactrain.plain import Component


class Loss(Protocol):
    """A number to make small."""

    def __call__(self, logits: torch.Tensor, target: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """Compare logits with class shares."""


LOSSES = {
    "cross-entropy": CrossEntropy,
    "focal": Focal,
    "dice": DiceLoss,
    "jaccard": JaccardLoss,
    "dice-ce": DiceAndCrossEntropy,
    "dice-focal": DiceAndFocal,
}


def make_loss(part: Component) -> Loss:
    """The loss a recipe names."""
    loss: Loss = make(LOSSES, part, "loss")
    return loss
