"""What every network gives."""

from __future__ import annotations

from typing import NamedTuple

import torch


class NetworkOutput(NamedTuple):
    """``logits`` at the input's size, ``coarser`` of deeper levels, ``presence`` of LV and RV on the slice."""

    logits: torch.Tensor
    coarser: tuple[torch.Tensor, ...] = ()
    presence: torch.Tensor | None = None


def log_areas(logits: torch.Tensor) -> torch.Tensor:
    """The logarithm of one and the pixels of each class, ``[slice, class]``; gradients do not pass.

    A softmax, written out: over channels ONNX Runtime takes several times as long for its own.
    """
    logits = logits.detach().float()
    shares = torch.exp(logits - logits.amax(1, keepdim=True))
    shares = shares / shares.sum(1, keepdim=True)
    return torch.log1p(shares.sum((2, 3)))


def as_output(result: object) -> NetworkOutput:
    """Take a plain tensor, or a list of them from fine to coarse, for an output."""
    if isinstance(result, NetworkOutput):
        return result
    if isinstance(result, torch.Tensor):
        return NetworkOutput(result)
    if isinstance(result, (list, tuple)):
        return NetworkOutput(result[0], tuple(result[1:]))
    msg = f"A network gave {type(result).__name__}, no logits."
    raise TypeError(msg)
