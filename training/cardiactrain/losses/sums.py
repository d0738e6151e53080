"""Losses made of two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cardiactrain.losses.marginal import marginalise
from cardiactrain.losses.overlap import DiceLoss
from cardiactrain.losses.pixel import CrossEntropy, Focal
from cardiactrain.registry import refuse_negative

if TYPE_CHECKING:
    import torch


class DiceAndCrossEntropy:
    """Soft Dice plus cross-entropy."""

    def __init__(self, *, dice: float = 1.0, ce: float = 1.0, smooth: float = 1.0, batch: bool = True) -> None:
        refuse_negative(dice=dice, ce=ce)
        self.dice, self.ce = dice, ce
        self._dice, self._ce = DiceLoss(smooth=smooth, batch=batch), CrossEntropy()

    def __call__(self, logits: torch.Tensor, target: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        pair = marginalise(logits, target, known)
        return self.dice * self._dice.of(pair) + self.ce * self._ce.of(pair)


class DiceAndFocal:
    """Soft Dice plus focal loss."""

    def __init__(self, *, dice: float = 1.0, focal: float = 1.0, gamma: float = 2.0) -> None:
        refuse_negative(dice=dice, focal=focal)
        self.dice, self.focal = dice, focal
        self._dice, self._focal = DiceLoss(), Focal(gamma=gamma)

    def __call__(self, logits: torch.Tensor, target: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        pair = marginalise(logits, target, known)
        return self.dice * self._dice.of(pair) + self.focal * self._focal.of(pair)
