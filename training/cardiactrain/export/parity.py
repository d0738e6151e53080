"""Is the exported graph the trained network? Both see the same views."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from torch import nn

LOGIT_TOLERANCE, LABEL_TOLERANCE = 1e-3, 0.9999


@dataclass(frozen=True)
class Parity:
    """The largest difference of any output, and the share of pixels with the same label."""

    largest_difference: float
    same_labels: float

    @property
    def holds(self) -> bool:
        """Whether the graph may stand for the network."""
        return self.largest_difference <= LOGIT_TOLERANCE and self.same_labels > LABEL_TOLERANCE


def worst(parities: Iterable[Parity]) -> Parity:
    """What holds for all networks of a bundle."""
    found = list(parities)
    return Parity(max(each.largest_difference for each in found), min(each.same_labels for each in found))


def compare_with_graph(network: nn.Module, graph: Path, images: npt.NDArray[Any]) -> Parity:
    """Run PyTorch and ONNX Runtime on the same network input."""
    from CardiacSegmentationLib.network.backends.onnx_backend import import_onnxruntime

    from cardiactrain.networks import as_output

    session = import_onnxruntime().InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    theirs = session.run([output.name for output in session.get_outputs()], {"image": images.astype(np.float32)})
    with torch.inference_mode():
        output = as_output(network.eval()(torch.from_numpy(images.astype(np.float32))))
    ours = [value.numpy() for value in (output.logits, output.presence) if value is not None]
    difference = max(float(np.abs(a - b).max()) for a, b in zip(theirs, ours, strict=True))
    return Parity(difference, float((theirs[0].argmax(1) == ours[0].argmax(1)).mean()))
