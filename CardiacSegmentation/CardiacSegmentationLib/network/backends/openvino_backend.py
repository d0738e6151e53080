"""OpenVINO on the CPU: faster on most Intel and AMD processors; used when it is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.errors import ModelError

if TYPE_CHECKING:
    from CardiacSegmentationLib.network.backends import Backend, FloatArray
    from CardiacSegmentationLib.network.bundle import Bundle


class OpenVinoBackend:
    """A compiled OpenVINO network; ``faster`` is the same in bfloat16 where the processor has it."""

    def __init__(self, compiled: Any, bundle: Bundle, precision: str, faster: Backend | None = None) -> None:
        self.name = f"openvino (CPU, {precision})"
        self.faster: Backend | None = faster
        self._request = compiled.create_infer_request()
        self._bundle = bundle

    def run(self, images: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Logits and presence logits of a batch."""
        results = self._request.infer({self._bundle.input: np.ascontiguousarray(images, np.float32)})
        by_name = {name: value for output, value in results.items() for name in output.names}
        return by_name[self._bundle.logits].copy(), by_name[self._bundle.presence].copy()


def open_network(bundle: Bundle, threads: int | None = None) -> OpenVinoBackend:
    """The network in float32, with a bfloat16 twin where the processor computes that natively."""
    import openvino

    core = openvino.Core()
    path = bundle.graph()
    try:
        model = core.read_model(str(path))
        exact = OpenVinoBackend(_compile(core, model, "f32", threads), bundle, "float32")
        if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            exact.faster = OpenVinoBackend(_compile(core, model, "bf16", threads), bundle, "bfloat16")
    except RuntimeError as error:
        msg = f"OpenVINO cannot load {path}: {error}"
        raise ModelError(msg) from error
    return exact


def _compile(core: Any, model: Any, precision: str, threads: int | None) -> Any:
    settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
    if threads:
        settings["INFERENCE_NUM_THREADS"] = threads
    return core.compile_model(model, "CPU", settings)
