"""Several networks as one: the mean of what they say, in a run like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from CardiacSegmentationLib.network.backends import open_backend
from CardiacSegmentationLib.network.bundle import load_bundle
from cardiactrain.cli import main
from cardiactrain.export.graph import round_weights
from cardiactrain.networks.compact import CompactUNet
from cardiactrain.networks.ensemble import Ensemble
from cardiactrain.run import open_run
from monai.bundle import ConfigParser

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


@torch.inference_mode()
def test_an_ensemble_says_the_mean() -> None:
    members = [CompactUNet(3, 4, widths=(4, 8)).eval() for _ in range(3)]
    image = torch.randn(2, 3, 16, 16)
    joined = Ensemble(members)(image)
    outputs = [member(image) for member in members]
    shares = torch.stack([torch.softmax(output.logits, 1) for output in outputs]).mean(0)
    torch.testing.assert_close(torch.softmax(joined.logits, 1), shares)
    torch.testing.assert_close(joined.presence, torch.stack([output.presence for output in outputs]).mean(0))


def test_runs_become_one_that_is_judged_and_teaches(
    tiny_recipe: Path, store: Path, split: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ["--store", str(store), "--split", str(split), "--device", "cpu", "--set", "train.epochs=1"]
    runs = [str(tmp_path / name) for name in ("first", "second")]
    for n, out in enumerate(runs):
        assert main(["fit", str(tiny_recipe), *places, "--out", out, "--set", f"train.seed={n}"]) == 0
    joined = tmp_path / "joined"
    assert main(["ensemble", *runs, "--out", str(joined)]) == 0
    assert open_run(joined).validation == open_run(tmp_path / "first").validation
    assert main(["evaluate", str(joined), "--device", "cpu"]) == 0
    assert "Trained on: none of them" in capsys.readouterr().out
    student = ["fit", str(tiny_recipe), *places, "--out", str(tmp_path / "student"), "--teachers", str(joined)]
    assert main(student) == 0
    assert open_run(tmp_path / "student").seen == open_run(joined).seen
    assert main(["export", str(joined), "--out", str(tmp_path / "bundle"), "--name", "cardiac-sax-ensemble"]) == 0
    assert "100.0000 % of labels the same" in capsys.readouterr().out
    bundle = load_bundle(tmp_path / "bundle")
    assert len(bundle.members) == 2
    images = np.random.default_rng(1).normal(size=(2, 3, 64, 64)).astype(np.float32)
    by_onnx, by_torch = (open_backend(bundle, name).run(images) for name in ("onnx", "torch"))
    for one, other in zip(by_onnx, by_torch, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    network = open_run(joined).predictor(torch.device("cpu")).exported_network()
    with torch.inference_mode():
        own = round_weights(network)(torch.from_numpy(images))
    np.testing.assert_allclose(by_onnx[0], torch.log_softmax(own.logits, 1).numpy(), atol=1e-4)
    np.testing.assert_allclose(by_onnx[1], own.presence.numpy(), atol=1e-4)
    parser = ConfigParser()
    parser.read_config(str(tmp_path / "bundle" / "configs" / "inference.json"))
    parser["bundle_root"], parser["device"] = str(tmp_path / "bundle"), "$torch.device('cpu')"
    with torch.inference_mode():
        by_monai = parser.get_parsed_content("network")(torch.from_numpy(images))
    torch.testing.assert_close(by_monai.logits, own.logits)
    assert main(["ensemble", *runs, "--out", str(joined)]) == 1
    assert "holds a run already" in capsys.readouterr().err
