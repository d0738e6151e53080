"""OpenVINO on the CPU: faster on most Intel and AMD processors; used when it is installed."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.errors import ModelError, reason_of
from CardiacSegmentationLib.network.backends import share_cores

if TYPE_CHECKING:
    from CardiacSegmentationLib.network.backends import Backend
    from CardiacSegmentationLib.network.bundle import Bundle
    from CardiacSegmentationLib.segmentation import Float32Array

LESS_TIME, TRIES = 0.8, 3  # many processors know bfloat16 and take longer for it than for float32
_ALONE = threading.Lock()  # for the first call of the process: two at once may each wait for the other for ever
_HAS_RUN = threading.Event()


class OpenVinoBackend:
    """A compiled OpenVINO network; ``faster`` is the same in bfloat16 where that takes this processor less time."""

    def __init__(self, compiled: Any, bundle: Bundle, precision: str, workers: int) -> None:
        self.name = f"openvino (CPU, {precision})"
        self.workers = workers
        self.faster: Backend | None = None
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()  # one for each call at a time
        for _ in range(workers):
            self._requests.put(compiled.create_infer_request())
        self._bundle = bundle

    def run(self, images: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Logits and presence logits of a batch."""
        if _HAS_RUN.is_set():
            return self._run(images)
        with _ALONE:  # it sets up tables of OpenVINO's Python part
            results = self._run(images)
            _HAS_RUN.set()
        return results

    def _run(self, images: Float32Array) -> tuple[Float32Array, Float32Array]:
        request = self._requests.get()
        try:
            results = request.infer({self._bundle.input: np.ascontiguousarray(images, np.float32)})
            by_name = {name: value.copy() for output, value in results.items() for name in output.names}
        finally:
            self._requests.put(request)
        return by_name[self._bundle.logits], by_name[self._bundle.presence]


def open_network(bundle: Bundle, threads: int | None = None) -> OpenVinoBackend:
    """The network in float32, with a bfloat16 twin where the processor computes that natively, and faster."""
    import openvino

    core = openvino.Core()
    path = bundle.graph()
    try:
        model = core.read_model(str(path))
        workers, each = share_cores(threads)
        cores = workers * each
        exact = OpenVinoBackend(_compile(core, model, "f32", workers, cores), bundle, "float32", workers)
        if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            twin = OpenVinoBackend(_compile(core, model, "bf16", workers, cores), bundle, "bfloat16", workers)
            exact.faster = twin if _seconds(twin, bundle) < LESS_TIME * _seconds(exact, bundle) else None
    except RuntimeError as error:
        raise ModelError.of("engine-cannot-load", engine="OpenVINO", path=path, reason=reason_of(error)) from error
    return exact


def _seconds(backend: OpenVinoBackend, bundle: Bundle) -> float:
    """What an image takes at best; the first run of a size makes its code, and counts for nothing."""
    size = bundle.preprocessing.trained_size
    image = np.zeros((1, bundle.preprocessing.channels, size, size), np.float32)
    taken = []
    for _ in range(1 + TRIES):
        started = time.perf_counter()
        backend.run(image)
        taken.append(time.perf_counter() - started)
    return min(taken[1:])


def _compile(core: Any, model: Any, precision: str, workers: int, cores: int) -> Any:
    settings = {"INFERENCE_PRECISION_HINT": precision, "NUM_STREAMS": workers, "INFERENCE_NUM_THREADS": cores}
    return core.compile_model(model, "CPU", settings)
