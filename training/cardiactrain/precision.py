"""In which floating-point numbers a network trains: what the recipe says, or what this machine computes faster."""

from __future__ import annotations

import time

import torch
from torch.nn import functional

AUTO = "auto"
PRECISIONS = ("float32", "bfloat16", "float16", AUTO)


def choose_precision(wanted: str, device: torch.device) -> str:
    """The precision itself; ``auto`` is bfloat16 where that is faster than float32.

    Processors without units for bfloat16 know it, too, and take longer than for float32: a few convolutions tell.
    """
    if wanted != AUTO:
        return wanted
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    return "bfloat16" if _seconds(torch.bfloat16, device) < _seconds(torch.float32, device) else "float32"


@torch.inference_mode()
def _seconds(dtype: torch.dtype, device: torch.device) -> float:
    """How long a convolution of the size of ours takes; the best of some, as machines do other things, too."""
    image = torch.ones(4, 64, 32, 32, dtype=dtype, device=device).contiguous(memory_format=torch.channels_last)
    weight = torch.ones(64, 64, 3, 3, dtype=dtype, device=device).contiguous(memory_format=torch.channels_last)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        functional.conv2d(image, weight, padding=1).sum().item()
        times.append(time.perf_counter() - start)
    return min(times)
