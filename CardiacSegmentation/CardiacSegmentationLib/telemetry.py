"""Nothing leaves this computer unasked: what packages of other people report to their makers is switched off."""

from __future__ import annotations

import os
import sys


def switch_telemetry_off() -> None:
    """Silence the packages that report their use. It must come before their first import, so our package calls it.

    ONNX Runtime (from 1.29, everywhere but on Windows) keeps a device id and a queue in the user's cache folder and
    uploads model and run times; a call after its import is too late for the first event. On Windows it writes events
    for the system to collect: :func:`network.backends.onnx_backend.import_onnxruntime` stops those.

    OpenVINO counts its imports with Google Analytics, through a package of its own; where that cannot be imported,
    OpenVINO goes on without it.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # also for the processes that we start
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # an import of it fails
