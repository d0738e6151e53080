"""The bundle holds the network: same logits, same labels, everything named and summed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from CardiacSegmentationLib.errors import ModelError
from CardiacSegmentationLib.network.backends import open_backend
from CardiacSegmentationLib.network.bundle import load_bundle
from cardiactrain.cli import main
from cardiactrain.data.sources import name_ages
from cardiactrain.data.store import read_index
from cardiactrain.distributed import World
from cardiactrain.ensemble import join_runs
from cardiactrain.errors import RunError
from cardiactrain.export import parity
from cardiactrain.export.bundle import GRAPH, _check_views, bundle_bytes, export_bundle
from cardiactrain.export.card import write_card, write_licence
from cardiactrain.export.graph import round_weights, write_graph, write_weights
from cardiactrain.export.parity import compare_with_graph
from cardiactrain.networks.compact import CompactUNet
from cardiactrain.recipe import load_recipe
from cardiactrain.run import Run, open_run
from cardiactrain.trainer import Trainer

if TYPE_CHECKING:
    from cardiactrain.data.subject import Subject


@pytest.fixture(scope="module")
def trained(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    split = folder / "split.json"
    everyone = [row["key"] for row in read_index(store)]
    settings = ["view.size=32", "train.epochs=1", "train.steps_per_epoch=2", "train.batch=4", "data.phantoms=0"]
    settings += ["data.datasets=[acdc, sunnybrook]", "network.widths=[4, 8, 8, 8, 8]"]
    settings += ["network.across=2", "view.slices_together=2"]
    more = [part for setting in settings for part in ("--set", setting)]
    assert main(["data", "split", str(store), "--leave-out", everyone[0], "--out", str(split)]) == 0
    fit = ["fit", "ours", "--store", str(store), "--split", str(split), "--out", str(folder / "run"), "--device", "cpu"]
    assert main([*fit, *more]) == 0
    return folder / "run"


def test_an_exported_run_is_a_bundle_that_the_program_reads(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    assert main(["export", str(trained), "--out", str(out), "--bundle-version", "9.8.7"]) == 0
    bundle = load_bundle(out)
    assert (bundle.name, bundle.version, bundle.preprocessing.spacing_mm) == ("cardiac-sax", "9.8.7", 1.4)
    assert bundle.training_range.vendors == ("GE", "Siemens")
    for name, digest in bundle.checksums.items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest
    assert bundle.training_range.age == "adults"
    assert "CC BY-NC-SA" in (out / "LICENSE").read_text()
    metadata = json.loads((out / "configs" / "metadata.json").read_text())
    assert {"version", "changelog", "monai_version", "pytorch_version", "network_data_format"} <= metadata.keys()
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
    metadata["cardiacseg"]["preprocessing"]["spacing_mm"] = 1.5
    (out / "configs" / "metadata.json").write_text(json.dumps(metadata))
    with pytest.raises(ModelError, match=r"metadata\.json is damaged"):
        load_bundle(out)


def test_large_pixels_leave_a_smaller_check_image() -> None:
    recipe = load_recipe("ours", {"view.spacing_mm": 2.8})
    assert _check_views(recipe).shape == (3, 96, 96)
    assert _check_views(load_recipe("ours")).shape == (3, 128, 128)


def test_only_a_bundle_gives_way_to_a_bundle(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "bundle"
    out.mkdir()
    export = ["export", str(trained), "--out", str(out)]
    assert main(export) == 0, "an empty folder is nobody's"
    assert main([*export, "--bundle-version", "2.0.0"]) == 0
    assert load_bundle(out).version == "2.0.0"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]

    notes = out / "docs" / "notes.txt"
    notes.write_text("mine")
    assert main(export) == 1
    assert f"holds other things than a bundle ({notes})" in capsys.readouterr().err
    before = {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()}
    for place in (trained, trained.parent):
        assert main(["export", str(trained), "--out", str(place)]) == 1
    assert {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()} == before
    (out / "configs" / "metadata.json").write_text("{}")
    notes.unlink()
    assert main(export) == 1, "without our entry it is another's"

    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert main(["export", str(trained), "--out", "."]) == 1
    assert "is the folder you are in" in capsys.readouterr().err


def test_a_graph_that_computes_otherwise_takes_no_bundles_place(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "bundle"
    assert main(["export", str(trained), "--out", str(out), "--bundle-version", "1.0.0"]) == 0
    monkeypatch.setattr(parity, "LOGIT_TOLERANCE", -1.0)
    assert main(["export", str(trained), "--out", str(out), "--bundle-version", "2.0.0"]) == 1
    assert "does not compute what the network does, so nothing was written" in capsys.readouterr().err
    assert load_bundle(out).version == "1.0.0"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.parametrize(
    ("training", "ancestors", "terms", "row", "age"),
    [
        (["own-1"], ["acdc-1", "acdc-2"], "CC BY-NC-SA", "| acdc | 2 | Siemens | CC BY-NC-SA", "not stated"),
        (["own-1"], [], "belong to those who trained them", "| own | 1 | not stated | own data |", "not stated"),
        (["sunnybrook-1"], ["acdc-1"], "CC BY-NC-SA", "| sunnybrook | 1 |", "adults"),
        (["own-1", "chla-1"], ["acdc-1"], "CC BY-NC-SA", "| chla | 1 |", "children and adults"),
    ],
)
def test_card_and_licence_know_what_earlier_runs_saw(
    training: list[str], ancestors: list[str], terms: str, row: str, age: str
) -> None:
    run = Run(Path("run"), load_recipe("ours"), Path("store"), tuple(training), (), ancestors=tuple(ancestors))
    rows = [
        {"key": "acdc-1", "dataset": "acdc", "vendor": "Siemens"},
        {"key": "own-2", "dataset": "own", "vendor": "GE"},
    ]
    assert terms in write_licence(run.datasets)
    assert row in write_card("net", "1.0.0", run, rows, {})
    assert name_ages(run.datasets) == age


def test_the_bundle_of_a_finetuned_run_keeps_the_licence(trained: Path, tmp_path: Path) -> None:
    run = open_run(trained)
    own = replace(run, training=("own-1",), ancestors=run.training)
    rows = [row | {"key": "own-1", "dataset": "own"} for row in read_index(run.store)[:1]]
    out = export_bundle(own, run.predictor(torch.device("cpu")), rows, tmp_path / "bundle", age="from 40 on")
    assert "CC BY-NC-SA" in (out / "LICENSE").read_text()
    metadata = json.loads((out / "configs" / "metadata.json").read_text())
    assert {part.split(":")[0] for part in metadata["data_source"].split("; ") if ":" in part} >= {"acdc", "own"}
    assert load_bundle(out).training_range.age == "from 40 on"


@pytest.mark.parametrize("content", ["no JSON", "3"])
def test_figures_are_json(content: str, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = tmp_path / "figures.json"
    figures.write_text(content)
    assert main(["export", str(trained), "--out", str(tmp_path / "out"), "--figures", str(figures)]) == 1
    assert "figures.json is no JSON object" in capsys.readouterr().err


def test_the_programs_torch_engine_computes_what_onnx_runtime_does(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    main(["export", str(trained), "--out", str(out)])
    images = np.random.default_rng(1).normal(size=(2, 3, 96, 128)).astype(np.float32)
    for bundle in (load_bundle(out), load_bundle()):  # this one, and the one that ships
        expected, found = (open_backend(bundle, name).run(images) for name in ("onnx", "torch"))
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-3, rtol=1e-3)


def test_monai_loads_the_bundle_by_its_own_configuration(trained: Path, tmp_path: Path) -> None:
    from monai.bundle import ConfigParser

    out = tmp_path / "bundle"
    main(["export", str(trained), "--out", str(out)])
    parser = ConfigParser()
    parser.read_config(str(out / "configs" / "inference.json"))
    parser["bundle_root"] = str(out)
    parser["device"] = "$torch.device('cpu')"
    network = parser.get_parsed_content("network")
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 64, 64)).logits.shape == (1, 4, 64, 64)


@pytest.mark.parametrize("options", [{}, {"widths": (32, 64, 128, 192, 256), "unshuffle": 2, "across": 3}])
def test_graph_and_network_agree_at_full_size(options: dict[str, Any], tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = CompactUNet(3, 4, **options)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 2.0)
    network = round_weights(network).eval()
    write_weights(network, tmp_path / "model.safetensors")
    write_graph(network, 3, tmp_path / "model.safetensors", tmp_path / "model.onnx")
    for shape in ((2, 3, 128, 128), (1, 3, 96, 160)):
        images = np.random.default_rng(1).normal(size=shape).astype(np.float32)
        parity = compare_with_graph(network, tmp_path / "model.onnx", images)
        assert parity.holds, parity
    half = 2 * sum(parameter.numel() for parameter in network.parameters())
    assert bundle_bytes(tmp_path) < 1.05 * half, "weights are stored once, in half precision"


@pytest.mark.parametrize("networks", [1, 2])
def test_the_exported_presence_says_one_half_at_the_recipes_border(
    networks: int, trained: Path, tmp_path: Path
) -> None:
    run = open_run(trained)
    if networks > 1:
        run = join_runs([run] * networks, tmp_path / "joined")
    images = torch.randn(2, 3, 32, 32)
    presence = []
    for border in ({}, {"LV": 0.3, "RV": 0.7}):
        recipe = replace(run.recipe, predict=replace(run.recipe.predict, present_from=border))
        network = replace(run, recipe=recipe).predictor(torch.device("cpu")).exported_network()
        with torch.inference_mode():
            presence.append(network(images).presence)
    before, after = presence
    torch.testing.assert_close(before - after, torch.logit(torch.tensor([[0.3, 0.7]])).expand(2, 2))


def test_the_graphs_checksum_changes_with_the_weights(tmp_path: Path) -> None:
    digests = set()
    for seed in (1, 2):
        torch.manual_seed(seed)
        network = round_weights(CompactUNet(3, 4, widths=(4, 8))).eval()
        write_weights(network, tmp_path / "model.safetensors")
        write_graph(network, 3, tmp_path / "model.safetensors", tmp_path / "model.onnx")
        digests.add(hashlib.sha256((tmp_path / "model.onnx").read_bytes()).hexdigest())
    assert len(digests) == 2


def test_what_the_program_cannot_read_is_not_exported(subjects: list[Subject], tmp_path: Path) -> None:
    recipe = load_recipe("raddi-lv", {"view.size": 32, "train.epochs": 1, "train.steps_per_epoch": 1})
    trainer = Trainer(recipe, subjects[:2], [], tmp_path, World(0, 1, torch.device("cpu")))
    run = Run(tmp_path, recipe, tmp_path, (), ())
    with pytest.raises(RunError, match="raddi-lv"):
        export_bundle(run, trainer.predictor(), [], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / GRAPH).exists()
