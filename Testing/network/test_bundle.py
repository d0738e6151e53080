"""A bundle that is wrong, cut, newer or missing is told to the user in a sentence, and a good one loads."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from CardiacSegmentationLib.errors import ModelError, OutputError
from CardiacSegmentationLib.network.backends import open_backend
from CardiacSegmentationLib.network.bundle import (
    GRAPH,
    METADATA,
    OWN_DIGEST,
    bundled_networks,
    digest_facts,
    is_bundled,
    load_bundle,
)
from CardiacSegmentationLib.network.check_image import CHECK_IMAGE, write_check_image
from CardiacSegmentationLib.network.loaded import load_network
from CardiacSegmentationLib.network.preprocess import Preprocessing
from painted_network import make_model, write_bundle


@pytest.fixture
def views() -> np.ndarray:
    """Three slices of every grey level."""
    return np.broadcast_to(np.linspace(0, 600, 96, dtype=np.float32), (3, 96, 96)).copy()


def test_a_good_bundle_brings_its_preprocessing_as_data(painted_bundle: Path) -> None:
    bundle = load_bundle(painted_bundle)
    assert bundle.preprocessing == Preprocessing(percentiles=(0.0, 100.0))
    assert bundle.graph().is_file()
    assert bundle.identity.startswith("painted 1.0 (sha256 ")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema": 3}, "newer kind"),
        ({"schema": 0}, "older kind"),
        ({"schema": "one"}, "not made for this program"),
        ({"labels": {"background": 0, "RV": 3, "MYO": 2, "LV": 1}}, "other label codes"),
        ({"preprocessing": {"spacing_mm": 1.4, "whitening": True}}, "whitening"),
        ({"preprocessing": {"spacing_mm": -1}}, "positive spacings"),
        ({"preprocessing": {"spacing_mm": "fine"}}, "malformed"),
        ({"files": {}}, "no checksum"),
        ({"schema": 2, "graphs": ["models/model.onnx", "models/second.onnx"]}, r"no checksum for models/second\.onnx"),
        ({"outputs": {"logits": "logits"}}, "presence"),
        ({"training_range": {"pixel_mm": [1]}}, "malformed"),
    ],
)
def test_a_wrong_bundle_is_refused_with_the_reason(tmp_path: Path, changes: dict, words: str) -> None:
    folder = write_bundle(tmp_path / "bundle", **changes)
    with pytest.raises(ModelError, match=words):
        load_bundle(folder)


def test_a_folder_without_metadata_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no network bundle"):
        load_bundle(tmp_path)


def test_cut_metadata_are_recognised(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "bundle")
    path = folder / METADATA
    path.write_text(path.read_text()[:100])
    with pytest.raises(ModelError, match="cut off"):
        load_bundle(folder)


def test_metadata_that_were_changed_are_damaged(tmp_path: Path) -> None:
    """Another spacing gives other labels, under the same name and checksum of the weights."""
    folder = write_bundle(tmp_path / "bundle")
    path = folder / METADATA
    facts = json.loads(path.read_text())
    facts["cardiacseg"][OWN_DIGEST] = digest_facts(facts["cardiacseg"])
    path.write_text(json.dumps(facts, indent=3))
    assert load_bundle(folder).preprocessing.margin_mm == 22.0
    facts["cardiacseg"]["preprocessing"]["margin_mm"] = 12.0
    path.write_text(json.dumps(facts))
    with pytest.raises(ModelError, match=r"metadata\.json is damaged"):
        load_bundle(folder)


def test_another_programs_monai_bundle_is_recognised(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "bundle")
    (folder / METADATA).write_text(json.dumps({"version": "0.1", "network_data_format": {}}))
    with pytest.raises(ModelError, match="not made for this program"):
        load_bundle(folder)


def test_cut_weights_are_damaged(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "bundle")
    path = folder / GRAPH
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ModelError, match="damaged"):
        load_network(folder, "onnx")


def test_weights_beside_the_graph_are_checked_too_and_change_the_identity(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "bundle")
    weights = folder / "models" / "model.safetensors"
    weights.write_bytes(b"weights")
    files = load_bundle(folder).checksums
    digest = hashlib.sha256(b"weights").hexdigest()
    both = write_bundle(tmp_path / "both", files={**files, "models/model.safetensors": digest})
    with pytest.raises(ModelError, match=r"model\.safetensors is missing"):
        load_network(both, "onnx")
    (both / "models" / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(ModelError, match=r"model\.safetensors is damaged"):
        load_network(both, "onnx")
    assert load_bundle(both).identity != load_bundle(folder).identity


def test_missing_weights_are_named(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "bundle")
    (folder / GRAPH).unlink()
    with pytest.raises(ModelError, match=r"model\.onnx is missing"):
        load_network(folder, "onnx")


def test_a_network_with_other_names_than_its_metadata_is_refused(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "bundle", input="picture")
    with pytest.raises(ModelError, match="picture"):
        load_network(folder, "onnx")


def test_outputs_that_are_swapped_are_no_labels(tmp_path: Path, views: np.ndarray) -> None:
    folder = write_bundle(tmp_path / "bundle", outputs={"logits": "presence", "presence": "logits"})
    with pytest.raises(OutputError, match=r"gives \(3, 2\) and \(3, 4, 96, 96\), no labels and ventricles"):
        load_network(folder, "onnx").see(views)


@pytest.mark.parametrize("output", [0, 1])
def test_what_is_no_number_is_no_label(painted_bundle: Path, views: np.ndarray, output: int) -> None:
    network = load_network(painted_bundle, "onnx")

    def run(images: np.ndarray) -> tuple[np.ndarray, ...]:
        outputs = network.backend.run(images)
        outputs[output][1, 0] = np.nan
        return outputs

    broken = SimpleNamespace(faster=None, workers=1, name="hasty", run=run)
    with pytest.raises(OutputError, match=r"no numbers in this engine \(hasty\)"):
        replace(network, backend=broken).see(views)


def test_a_network_that_labels_its_own_check_image_otherwise_is_refused(tmp_path: Path, views: np.ndarray) -> None:
    folder = write_bundle(tmp_path / "bundle")
    write_check_image(folder / CHECK_IMAGE, load_network(folder, "onnx"), views)

    def give(sharpness: float) -> None:
        (folder / GRAPH).write_bytes(make_model(sharpness=sharpness).SerializeToString())
        facts = json.loads((folder / METADATA).read_text())
        digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (GRAPH, CHECK_IMAGE)}
        facts["cardiacseg"]["files"] = digests
        (folder / METADATA).write_text(json.dumps(facts))

    give(sharpness=4.0)
    assert load_network(folder, "onnx").bundle.folder == folder, "as sure or not, the labels are the same"
    give(sharpness=-8.0)
    with pytest.raises(ModelError, match="labels its own check image in another way"):
        load_network(folder, "onnx")


def test_the_networks_that_ship_have_a_check_image() -> None:
    for name in bundled_networks():
        bundle = load_bundle(Path(name))
        assert CHECK_IMAGE in bundle.checksums
        assert OWN_DIGEST in json.loads((bundle.folder / METADATA).read_text())["cardiacseg"]
        assert load_network(Path(name), "onnx").bundle == bundle


def test_several_networks_in_a_bundle_are_asked_for_their_mean(tmp_path: Path, views: np.ndarray) -> None:
    alone = load_network(write_bundle(tmp_path / "alone"), "onnx")
    folder = write_bundle(tmp_path / "both")
    (folder / "models" / "second.onnx").write_bytes(make_model(sharpness=1.0).SerializeToString())
    names = ["models/model.onnx", "models/second.onnx"]
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    facts = json.loads((folder / METADATA).read_text())
    facts["cardiacseg"] |= {"schema": 2, "graphs": names, "files": digests}
    (folder / METADATA).write_text(json.dumps(facts))
    both = load_network(folder, "onnx")
    assert both.engine == "onnx (CPU, float32), mean of 2 networks"
    assert both.identity != alone.identity
    second = replace(both, backend=open_backend(both.bundle.members[1], "onnx"))
    seen, *each = (network.see(views) for network in (both, alone, second))
    assert np.abs(each[0].probabilities - each[1].probabilities).max() > 0.1
    np.testing.assert_allclose(seen.probabilities, np.mean([one.probabilities for one in each], axis=0), atol=1e-5)
    logits = [np.log(one.presence / (1 - one.presence)) for one in each]
    np.testing.assert_allclose(np.log(seen.presence / (1 - seen.presence)), np.mean(logits, axis=0), atol=1e-3)


def test_a_network_that_ships_is_known_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert bundled_networks()[0] == load_bundle().name == "cardiac-sax"
    for name in bundled_networks():
        assert load_bundle(Path(name)).name == name
    ensemble = load_bundle(Path("cardiac-sax-ensemble"))
    assert len(ensemble.members) == 2
    assert ensemble.checksums["models/model.safetensors"] == load_bundle().checksums["models/model.safetensors"]
    assert ensemble.preprocessing == load_bundle().preprocessing
    (tmp_path / "cardiac-sax").mkdir()
    assert load_bundle().version, "what ships is found whatever lies in the working folder"
    assert not is_bundled(Path("cardiac-sax")), "a folder of that name goes before"
    with pytest.raises(ModelError, match="no network bundle"):
        load_bundle(Path("cardiac-sax"))
