"""ONNX Runtime on the CPU: the default, small to install and the same on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.errors import ModelError, reason_of
from CardiacSegmentationLib.network.backends import share_cores

if TYPE_CHECKING:
    from CardiacSegmentationLib.network.backends import Backend
    from CardiacSegmentationLib.network.bundle import Bundle
    from CardiacSegmentationLib.segmentation import Float32Array


class OnnxBackend:
    """An ONNX Runtime session."""

    name = "onnx (CPU, float32)"
    faster: Backend | None = None

    def __init__(self, session: Any, bundle: Bundle, workers: int = 1) -> None:
        self.workers = workers
        self._session = session
        self._bundle = bundle

    def run(self, images: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Logits and presence logits of a batch."""
        outputs = [self._bundle.logits, self._bundle.presence]
        logits, presence = self._session.run(outputs, {self._bundle.input: np.ascontiguousarray(images, np.float32)})
        return logits, presence


def open_network(bundle: Bundle, threads: int | None = None) -> OnnxBackend:
    """A session on the CPU that uses ``threads`` cores (all when not given)."""
    onnxruntime = import_onnxruntime()
    path = bundle.graph()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only: a clinician's terminal is no place for graph warnings
    # Threads that wait in a loop take the cores from the steps between two batches.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False  # it keeps all that a batch ever took, and is no faster here
    workers, options.intra_op_num_threads = share_cores(threads)
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own classes differ between versions
        raise ModelError.of("engine-cannot-load", engine="ONNX Runtime", path=path, reason=reason_of(error)) from error
    _check_names(session, bundle, str(path))
    return OnnxBackend(session, bundle, workers)


def import_onnxruntime() -> Any:
    """ONNX Runtime, silent on Windows as well; see :mod:`CardiacSegmentationLib.telemetry`."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    return onnxruntime


def _check_names(session: Any, bundle: Bundle, path: str) -> None:
    names = {item.name for item in (*session.get_inputs(), *session.get_outputs())}
    missing = {bundle.input, bundle.logits, bundle.presence} - names
    if missing:
        raise ModelError.of("network-names", path=path, names=tuple(sorted(missing)))
