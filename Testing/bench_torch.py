"""The rows of the bench that need torch; called by `bench.py`, prints JSON.

Large nets are timed on some of the images and the time is scaled to all of them, which the row says.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from CardiacSegmentationLib.network.loaded import load_network
from CardiacSegmentationLib.network.preprocess import View, from_darkest, take_view, to_input
from CardiacSegmentationLib.network.segment import segment_stack
from CardiacSegmentationLib.stack import CineStack
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable

NNUNET_WIDTHS = (32, 64, 128, 256, 512, 512, 512)  # the plan nnU-Net makes for ACDC in 2D: 33 million parameters
NNUNET_IMAGES, SLIDING_IMAGES = 4, 24


def main() -> None:
    """Measure all rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("images", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    data = np.load(options.images)
    stack = CineStack(data["voxels"], data["affine"], tuple(float(t) for t in data["times_ms"]))
    print(json.dumps([row for row in _rows(stack, options.runs) if row is not None]))


def _rows(stack: CineStack, runs: int) -> list[dict[str, Any] | None]:
    network = load_network(None, "torch")
    return [
        _timed(f"{network.backend.name}, the same pipeline", lambda: segment_stack(stack, network), runs),
        _sliding_window(stack, network, runs),
        _nnunet(stack, runs),
    ]


def _sliding_window(stack: CineStack, network: Any, runs: int) -> dict[str, Any] | None:
    """MONAI's sliding window over whole images at the network's spacing, with its defaults, the same net."""
    try:
        from monai.inferers import sliding_window_inference
    except ImportError:
        return None
    rows, columns = stack.voxels.shape[-2:]
    _, row_mm, column_mm = stack.spacing_mm
    pre = network.preprocessing
    size = (round(rows * row_mm / pre.spacing_mm), round(columns * column_mm / pre.spacing_mm))
    view = View(((rows - 1) / 2, (columns - 1) / 2), size, pre.spacing_mm, (row_mm, column_mm))
    frames = stack.voxels[: SLIDING_IMAGES // stack.slices]
    images = [to_input(take_view(from_darkest(frame), view), pre) for frame in frames]
    batch = torch.from_numpy(np.concatenate(images))
    total = stack.phases * stack.slices

    def run() -> None:
        with torch.inference_mode():
            sliding_window_inference(
                batch, (128, 128), 4, lambda x: torch.from_numpy(network.backend.run(x.numpy())[0])
            )

    note = f"overlap 0.25; network only, {len(batch)} of {total} images, scaled"
    return _timed("MONAI sliding window, the same net in torch", run, runs, note, total / len(batch))


def _nnunet(stack: CineStack, runs: int) -> dict[str, Any]:
    """A net of nnU-Net's 2D size over whole images with its four mirrored looks; weights do not change the time."""
    net = PlainUNet(1, 4).eval()
    millions = sum(p.numel() for p in net.parameters()) / 1e6
    images = torch.randn(NNUNET_IMAGES, 1, 256, 256)
    total = stack.phases * stack.slices

    def run() -> None:
        with torch.inference_mode():
            for axes in ((), (2,), (3,), (2, 3)):
                torch.flip(net(torch.flip(images, axes)), axes)

    note = f"{millions:.0f} M parameters, 256², mirrored; network only, {NNUNET_IMAGES} of {total} images, scaled"
    return _timed("an nnU-Net-2D-sized net in torch", run, runs, note, total / NNUNET_IMAGES)


class PlainUNet(nn.Module):
    """Two 3 × 3 convolutions with instance norm a level, strided down, transposed up."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        widths = NNUNET_WIDTHS
        befores = (channels, *widths[:-1])
        self.down = nn.ModuleList(
            _level(before, width, 1 if n == 0 else 2)
            for n, (before, width) in enumerate(zip(befores, widths, strict=True))
        )
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.rise = nn.ModuleList(nn.ConvTranspose2d(below, width, 2, 2) for below, width in pairs)
        self.up = nn.ModuleList(_level(2 * width, width, 1) for _, width in pairs)
        self.head = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits."""
        kept = []
        for level in self.down:
            x = level(x)
            kept.append(x)
        for rise, up, skip in zip(self.rise, self.up, kept[-2::-1], strict=True):
            x = up(torch.cat([rise(x), skip], 1))
        return self.head(x)


def _level(before: int, width: int, stride: int) -> nn.Sequential:
    parts: list[nn.Module] = []
    for start, step in ((before, stride), (width, 1)):
        parts += [
            nn.Conv2d(start, width, 3, step, 1),
            nn.InstanceNorm2d(width, affine=True),
            nn.LeakyReLU(inplace=True),
        ]
    return nn.Sequential(*parts)


def _timed(title: str, run: Callable[[], object], runs: int, note: str = "", scale: float = 1.0) -> dict[str, Any]:
    run()
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        run()
        seconds.append(scale * (time.perf_counter() - started))
    return {"title": title, "seconds": seconds, "note": note}


if __name__ == "__main__":
    main()
