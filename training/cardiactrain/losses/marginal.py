"""The one place where unknown classes are merged into the background."""

from __future__ import annotations

from typing import NamedTuple

import torch

Tensor = torch.Tensor


class Marginals(NamedTuple):
    """What a loss compares: logarithms of probabilities, class shares, and which classes of which example are known."""

    log_p: Tensor
    share: Tensor
    is_known: Tensor  # shaped for broadcasting


def marginalise(logits: Tensor, target: Tensor, known: Tensor) -> Marginals:
    """Probabilities and shares in which the background stands for itself and every unknown class.

    ``known`` may lie on the CPU: then nothing here waits for another device.
    """
    is_known = known.to(logits.device, non_blocking=True).view(*known.shape, *[1] * (logits.dim() - known.dim()))
    log_p = torch.log_softmax(logits.float(), 1)
    partly = torch.nonzero(~known.flatten(1).all(1))[:, 0]  # merging is dear, and most examples need none
    if len(partly) == 0:
        return Marginals(log_p, target, is_known)
    partly = partly.to(logits.device)
    log_p, share = log_p.clone(), target.clone()
    log_p[partly] = _merge_logarithms(log_p[partly], is_known[partly])
    share[partly] = _merge_shares(share[partly], is_known[partly])
    return Marginals(log_p, share, is_known)


def _merge_logarithms(log_p: Tensor, is_known: Tensor) -> Tensor:
    """Unknown classes become 0 (log 1): they are part of the background's probability now."""
    is_known = is_known.expand_as(log_p)
    is_merged = torch.cat([torch.ones_like(is_known[:, :1]), ~is_known[:, 1:]], 1)
    background = torch.logsumexp(log_p.masked_fill(~is_merged, float("-inf")), 1, keepdim=True)
    others = torch.where(is_known, log_p, torch.zeros_like(log_p))
    return torch.cat([background, others[:, 1:]], 1)


def _merge_shares(share: Tensor, is_known: Tensor) -> Tensor:
    kept = torch.where(is_known, share, torch.zeros_like(share))[:, 1:]
    return torch.cat([1 - kept.sum(1, keepdim=True), kept], 1)
