"""Losses of overlap. Unknown classes of an example do not take part."""

from __future__ import annotations

import torch

from cardiactrain.losses.marginal import Marginals, marginalise
from cardiactrain.registry import refuse_negative

Tensor = torch.Tensor


class _Overlap:
    """``batch`` sums over the whole batch before dividing, which keeps slices without a structure from ruling."""

    def __init__(
        self, *, smooth: float = 1.0, batch: bool = True, background: bool = False, squared: bool = False
    ) -> None:
        refuse_negative(smooth=smooth)
        self.smooth, self.batch, self.background, self.squared = smooth, batch, background, squared

    def __call__(self, logits: Tensor, target: Tensor, known: Tensor) -> Tensor:
        return self.of(marginalise(logits, target, known))

    def of(self, pair: Marginals) -> Tensor:
        """The loss of what was compared already."""
        first = 0 if self.background else 1
        p, share, is_known = pair.log_p[:, first:].exp(), pair.share[:, first:], pair.is_known[:, first:].float()
        space = list(range(2, p.dim()))
        if is_known[0, 0].numel() == 1:  # the same for the whole example: sum first, then leave out
            both, sizes = (p * share).sum(space), self._sizes(p).sum(space) + self._sizes(share).sum(space)
            weight = is_known.flatten(2).squeeze(-1)
        else:
            weight = is_known.expand_as(p)
            both = (p * share * weight).sum(space)
            sizes = ((self._sizes(p) + self._sizes(share)) * weight).sum(space)
            weight = weight.flatten(2).amax(-1)
        both, sizes = both * weight, sizes * weight
        if self.batch:
            both, sizes, weight = both.sum(0), sizes.sum(0), weight.amax(0)
        return (self.distance(both, sizes) * weight).sum() / weight.sum().clamp(min=1)

    def distance(self, both: Tensor, sizes: Tensor) -> Tensor:
        """One minus the overlap."""
        raise NotImplementedError

    def _sizes(self, share: Tensor) -> Tensor:
        return share.square() if self.squared else share


class DiceLoss(_Overlap):
    """Soft Dice."""

    def distance(self, both: Tensor, sizes: Tensor) -> Tensor:
        return 1 - (2 * both + self.smooth) / (sizes + self.smooth)


class JaccardLoss(_Overlap):
    """Jaccard distance."""

    def distance(self, both: Tensor, sizes: Tensor) -> Tensor:
        return 1 - (both + self.smooth) / (sizes - both + self.smooth)
