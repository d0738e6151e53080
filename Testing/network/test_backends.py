"""Every engine that is installed gives the same answer; one that is not is told with its install command."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.errors import ModelError
from CardiacSegmentationLib.network import backends
from CardiacSegmentationLib.network.backends import ENGINES, fastest_installed, is_installed, open_backend
from CardiacSegmentationLib.network.bundle import load_bundle

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(3).normal(size=(5, 3, 96, 128)).astype(np.float32)


@pytest.mark.parametrize("network", ["painted", "shipped"])
@pytest.mark.parametrize("name", [name for name in ENGINES if name != "onnx"])
def test_engines_agree_with_onnx_runtime(painted_bundle: Path, images: np.ndarray, name: str, network: str) -> None:
    if not is_installed(name):
        pytest.skip(f"{name} is not installed")
    bundle = load_bundle(painted_bundle if network == "painted" else None)
    expected = open_backend(bundle, "onnx").run(images)
    found = open_backend(bundle, name).run(images)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-3, rtol=1e-4)


def test_a_batch_of_any_size_and_shape_runs(painted_bundle: Path) -> None:
    backend = open_backend(load_bundle(painted_bundle), "onnx", threads=1)
    for shape in ((1, 3, 96, 96), (7, 3, 160, 128)):
        logits, presence = backend.run(np.zeros(shape, np.float32))
        assert logits.shape == (shape[0], 4, *shape[2:])
        assert presence.shape == (shape[0], 2)


@pytest.mark.skipif(not is_installed("openvino"), reason="no OpenVINO")
@pytest.mark.parametrize(
    ("seconds", "is_kept"), [({"float32": 1.0, "bfloat16": 0.5}, True), ({"float32": 1.0, "bfloat16": 1.6}, False)]
)
def test_bfloat16_is_left_where_this_processor_takes_longer_for_it(
    painted_bundle: Path, monkeypatch: pytest.MonkeyPatch, seconds: dict[str, float], is_kept: bool
) -> None:
    import openvino
    from CardiacSegmentationLib.network.backends import openvino_backend

    knows = "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    measured = openvino_backend._seconds(
        open_backend(load_bundle(painted_bundle), "openvino"), load_bundle(painted_bundle)
    )
    assert measured > 0
    monkeypatch.setattr(
        openvino_backend, "_seconds", lambda backend, _: next(seconds[kind] for kind in seconds if kind in backend.name)
    )
    assert (open_backend(load_bundle(painted_bundle), "openvino").faster is not None) == (knows and is_kept)


@pytest.mark.skipif(not is_installed("openvino"), reason="no OpenVINO")
def test_the_first_call_of_openvino_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two first calls at once may wait for each other for ever, inside OpenVINO."""
    from CardiacSegmentationLib.network.backends import openvino_backend

    class Request:
        def infer(self, _inputs: object) -> dict[object, object]:
            running.append(len(running) + 1)
            time.sleep(0.05)
            most.append(len(running))
            running.pop()
            return {}

    running: list[int] = []
    most: list[int] = []
    compiled = SimpleNamespace(create_infer_request=Request)
    bundle = SimpleNamespace(input="images", logits="logits", presence="presence")
    backend = openvino_backend.OpenVinoBackend(compiled, bundle, "float32", workers=4)  # type: ignore[arg-type]
    monkeypatch.setattr(openvino_backend, "_HAS_RUN", threading.Event())

    def first(_: int) -> None:
        with pytest.raises(KeyError):  # it answered nothing
            backend.run(np.zeros((1, 1, 8, 8), np.float32))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(first, range(4)))
    assert most == [1, 1, 1, 1]
    openvino_backend._HAS_RUN.set()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(first, range(4)))
    assert max(most) > 1


def test_a_missing_engine_is_one_sentence_with_the_command(
    painted_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "is_installed", lambda _: False)
    with pytest.raises(ModelError, match=r"needs packages that are not installed: pip install openvino$"):
        open_backend(load_bundle(painted_bundle), "openvino")


def test_an_unknown_engine_is_refused_with_the_choices(painted_bundle: Path) -> None:
    with pytest.raises(ModelError, match="auto, onnx, openvino, torch"):
        open_backend(load_bundle(painted_bundle), "tensorrt")


def test_auto_takes_the_fastest_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "is_installed", lambda name: name == "onnx")
    assert fastest_installed() == "onnx"
    monkeypatch.setattr(backends, "is_installed", lambda name: name in {"onnx", "openvino"})
    assert fastest_installed() == "openvino"
