"""PyTorch: the fastest where there is a graphics card (CUDA, or Apple's MPS); works on the CPU, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.errors import ModelError, reason_of

if TYPE_CHECKING:
    from CardiacSegmentationLib.network.backends import Backend
    from CardiacSegmentationLib.network.bundle import Bundle
    from CardiacSegmentationLib.segmentation import Float32Array


class TorchBackend:
    """The network's graph on one device, in float32."""

    workers = 2  # one call computes while the other's images are made ready
    faster: Backend | None = None

    def __init__(self, graph: Any, bundle: Bundle, device: str) -> None:
        self.name = f"torch ({device.upper()}, float32)"
        self._graph = graph
        self._bundle = bundle
        self._device = device

    def run(self, images: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Logits and presence logits of a batch."""
        import torch

        with torch.inference_mode():
            batch = torch.from_numpy(np.ascontiguousarray(images, np.float32)).to(self._device)
            outputs = self._graph({self._bundle.input: batch}, [self._bundle.logits, self._bundle.presence])
            logits, presence = (output.float().cpu().numpy() for output in outputs)
        return logits, presence


def open_network(bundle: Bundle, threads: int | None = None) -> TorchBackend:
    """The network on the best device there is."""
    import onnx
    import torch

    from CardiacSegmentationLib.network.backends.torch_graph import TorchGraph

    path = bundle.graph()
    if threads:
        torch.set_num_threads(threads)
    device = best_device()
    try:
        graph = TorchGraph(onnx.load(str(path)), device)
    except (ValueError, RuntimeError, OSError) as error:
        raise ModelError.of("engine-cannot-load", engine="PyTorch", path=path, reason=reason_of(error)) from error
    return TorchBackend(graph, bundle, device)


def best_device() -> str:
    """``cuda`` or ``mps`` where there is one, else ``cpu``."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
