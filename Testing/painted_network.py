"""A real ONNX network, small enough to understand: it reads labels that were painted as grey levels.

So tests of everything around a network – finding the heart, views, batches, repairs, progress, files – run the real
ONNX Runtime and know exactly what should come out. Whether the shipped network knows hearts is asked elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.network.preprocess import Preprocessing
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.segmentation import Label, Segmentation

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.stack import CineStack

# Neighbouring structures have neighbouring levels, so that a border between two never passes through a third (but the
# septum, where a trace of background shows). The marks give every image the same darkest and brightest place.
LEVELS = {Label.RV: 1.0, Label.BACKGROUND: 2.0, Label.MYO: 3.0, Label.LV: 4.0}
DARK_MARK, BRIGHT_MARK = 0.0, 6.0
MARK_MM, MARK_DISTANCE_MM = 9.0, 5.0
GREY_STEP = 100


def paint(labels: np.ndarray, pixel_mm: float) -> np.ndarray:
    """Images that show labels as grey levels, with the two marks above and below the heart."""
    levels = np.array([LEVELS[Label(code)] for code in range(len(Label))], np.float32)
    voxels = levels[labels]
    rows, columns = (np.flatnonzero((labels != 0).any(axis=(0, 1, 3 - axis))) for axis in (0, 1))
    size, distance = round(MARK_MM / pixel_mm), round(MARK_DISTANCE_MM / pixel_mm)
    middle = slice(int(columns.mean()) - size // 2, int(columns.mean()) + size // 2)
    voxels[:, :, rows[0] - distance - size : rows[0] - distance, middle] = DARK_MARK
    voxels[:, :, rows[-1] + distance : rows[-1] + distance + size, middle] = BRIGHT_MARK
    return np.rint(voxels * GREY_STEP).astype(np.int16)


def paint_stack(spec: PhantomSpec) -> tuple[CineStack, Segmentation]:
    """A phantom whose images are its painted labels."""
    stack, truth = make_stack(spec)
    return replace(stack, voxels=paint(truth.labels, stack.spacing_mm[1])), truth


def write_bundle(folder: Path, **changes: Any) -> Path:
    """A bundle with the painted network; ``changes`` go into its facts."""
    (folder / "models").mkdir(parents=True)
    (folder / "configs").mkdir()
    weights = make_model().SerializeToString()
    (folder / "models" / "model.onnx").write_bytes(weights)
    facts = {
        "schema": 1,
        "name": "painted",
        "version": "1.0",
        "preprocessing": asdict(Preprocessing(percentiles=(0.0, 100.0))),
        "labels": {"background": 0, "RV": 1, "MYO": 2, "LV": 3},
        "input": "image",
        "outputs": {"logits": "logits", "presence": "presence"},
        "training_range": {"pixel_mm": [0.5, 4], "fov_mm": [100, 600], "slice_mm": [4, 16], "vendors": [], "age": ""},
        "figures": {},
        "files": {"models/model.onnx": hashlib.sha256(weights).hexdigest()},
    }
    (folder / "configs" / "metadata.json").write_text(
        json.dumps({"version": "1.0", "cardiacseg": {**facts, **changes}})
    )
    return folder


def make_model(channels: int = 3, sharpness: float = 8.0) -> Any:
    """The network as an ONNX model: rescale each image between its marks, compare with the levels, blank the marks."""
    from onnx import TensorProto, checker, helper

    codes = [LEVELS[label] for label in Label]
    weights = {
        "own": (np.eye(channels)[channels // 2].reshape(1, channels, 1, 1)),
        "range": np.array(BRIGHT_MARK),
        "least": np.array(1e-6),
        "compare": np.array([2 * sharpness * code for code in codes]).reshape(4, 1, 1, 1),
        "offset": np.array([-sharpness * code**2 for code in codes]),
        "bright": np.array(LEVELS[Label.LV] + 0.4),
        "dark": np.array(-(LEVELS[Label.RV] - 0.4)),
        "blank": np.array([1000.0, 0, 0, 0]).reshape(1, 4, 1, 1),
        "sides": np.array([[0, 0], [0, 20.0], [0, 0], [20.0, 0]]),
        "doubt": np.array([-10.0, -10.0]),
    }
    pool = {"kernel_shape": [9, 9], "pads": [4] * 4, "strides": [1, 1]}
    node = helper.make_node
    nodes = [
        node("Conv", ["image", "own"], ["slice"], kernel_shape=[1, 1]),
        node("ReduceMin", ["slice"], ["lowest"], axes=[2, 3]),
        node("ReduceMax", ["slice"], ["highest"], axes=[2, 3]),
        node("Sub", ["slice", "lowest"], ["above"]),
        node("Sub", ["highest", "lowest"], ["span"]),
        node("Add", ["span", "least"], ["safe_span"]),
        node("Div", ["above", "safe_span"], ["share"]),
        node("Mul", ["share", "range"], ["level"]),
        node("Conv", ["level", "compare", "offset"], ["likeness"], kernel_shape=[1, 1]),
        node("MaxPool", ["level"], ["brightest"], **pool),
        node("Sub", ["brightest", "bright"], ["too_bright"]),
        node("Relu", ["too_bright"], ["near_bright"]),
        node("Neg", ["level"], ["negative"]),
        node("MaxPool", ["negative"], ["darkest"], **pool),
        node("Sub", ["darkest", "dark"], ["too_dark"]),
        node("Relu", ["too_dark"], ["near_dark"]),
        node("Add", ["near_bright", "near_dark"], ["near_mark"]),
        node("Mul", ["near_mark", "blank"], ["blanked"]),
        node("Add", ["likeness", "blanked"], ["logits"]),
        node("Softmax", ["logits"], ["chances"], axis=1),
        node("ReduceMax", ["chances"], ["best"], axes=[2, 3], keepdims=0),
        node("Gemm", ["best", "sides", "doubt"], ["presence"]),
    ]
    graph = helper.make_graph(
        nodes,
        "painted",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", channels, "h", "w"])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 4, "h", "w"]),
            helper.make_tensor_value_info("presence", TensorProto.FLOAT, ["n", 2]),
        ],
        [_tensor(name, values) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    return model


def _tensor(name: str, values: np.ndarray) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(np.asarray(values, np.float32), name)


@pytest.fixture(scope="session")
def painted_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The painted network's bundle on disk."""
    return write_bundle(tmp_path_factory.mktemp("bundle") / "painted")


@pytest.fixture(scope="session")
def painted() -> tuple[CineStack, Segmentation]:
    """A painted phantom: eight phases, eight slices."""
    return paint_stack(PhantomSpec(phases=8, slices=8, pixel_mm=2.0))
