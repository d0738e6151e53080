"""The network as a folder on disk (a MONAI bundle): loaded, checked, and never trusted unread."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.errors import MALFORMED, ModelError
from CardiacSegmentationLib.network.preprocess import Preprocessing
from CardiacSegmentationLib.network.training_range import TrainingRange
from CardiacSegmentationLib.resources import resource
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA, OLDEST_SCHEMA = 2, 1  # since 2, a bundle may hold several graphs: an ensemble
METADATA = "configs/metadata.json"
GRAPH = "models/model.onnx"
DEFAULT = "cardiac-sax"
OWN_DIGEST = "sha256"  # of the metadata themselves, which decide as much as the weights; older bundles have none


@dataclass(frozen=True)
class Bundle:
    """A checked bundle; ``file`` gives the path of one of its files after comparing its checksum."""

    folder: Path
    name: str
    version: str
    preprocessing: Preprocessing
    input: str
    logits: str
    presence: str
    training_range: TrainingRange
    checksums: Mapping[str, str]
    graphs: tuple[str, ...] = (GRAPH,)  # several networks, whose mean counts

    @property
    def identity(self) -> str:
        """Name, version and the first digits of a checksum over graph and weights: what a result was made with."""
        digest = hashlib.sha256("".join(self.checksums[name] for name in self._model_files()).encode())
        return f"{self.name} {self.version} (sha256 {digest.hexdigest()[:12]})"

    @property
    def members(self) -> tuple[Bundle, ...]:
        """The bundle once for each of its networks."""
        return tuple(replace(self, graphs=(name,)) for name in self.graphs)

    def graph(self) -> Path:
        """Path of the (first) ONNX graph, once it and the files with weights are known to be whole."""
        for name in self._model_files():
            self.file(name)
        return self.folder / self.graphs[0]

    def _model_files(self) -> list[str]:
        return sorted(name for name in self.checksums if name.startswith("models/"))

    def file(self, name: str) -> Path:
        """Path of a file of the bundle, once it is known to be whole."""
        path = self.folder / name
        if name not in self.checksums:
            raise ModelError.of("bundle-no-checksum", path=self.folder / METADATA, file=name)
        if not path.is_file():
            raise ModelError.of("bundle-file-missing", path=path)
        if hashlib.sha256(path.read_bytes()).hexdigest() != self.checksums[name]:
            raise ModelError.of("bundle-file-damaged", path=path)
        return path


def bundled_networks() -> tuple[str, ...]:
    """Names of the networks that ship with the program, the usual one first."""
    others = (path.name for path in _shipped_folder(DEFAULT).parent.iterdir() if path.is_dir())
    return DEFAULT, *sorted(name for name in others if name != DEFAULT)


def is_bundled(model: Path) -> bool:
    """Whether it names a network that ships; a folder of that name goes before."""
    return not model.exists() and str(model) in bundled_networks()


def load_bundle(model: Path | None = None) -> Bundle:
    """The bundle in the folder ``model``, or of that name among those that ship; the usual one without."""
    folder = _folder_of(model)
    path = folder / METADATA
    facts = _read_facts(path)
    try:
        bundle = Bundle(
            folder=folder,
            name=str(facts["name"]),
            version=str(facts["version"]),
            preprocessing=_read_preprocessing(facts["preprocessing"]),
            input=str(facts["input"]),
            logits=str(facts["outputs"]["logits"]),
            presence=str(facts["outputs"]["presence"]),
            training_range=_read_range(facts["training_range"]),
            checksums={str(name): str(digest) for name, digest in facts["files"].items()},
            graphs=tuple(str(name) for name in facts.get("graphs", ())) or (GRAPH,),
        )
        labels = {str(name).upper(): int(code) for name, code in facts["labels"].items()}
    except MALFORMED as error:
        raise ModelError.of("bundle-incomplete", path=path, reason=f"{type(error).__name__}: {error}") from error
    if labels != {label.name: int(label) for label in Label}:
        raise ModelError.of("bundle-label-codes", path=folder)
    for name in bundle.graphs:
        if name not in bundle.checksums:
            raise ModelError.of("bundle-no-checksum", path=path, file=name)
    return bundle


def digest_facts(facts: Mapping[str, Any]) -> str:
    """A checksum over all that metadata say of a network, however it is laid out in the file."""
    said = {key: value for key, value in facts.items() if key != OWN_DIGEST}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _folder_of(model: Path | None) -> Path:
    if model is None:
        return _shipped_folder(DEFAULT)
    return _shipped_folder(str(model)) if is_bundled(Path(model)) else Path(model)


def _shipped_folder(name: str) -> Path:
    try:
        return resource("Models", name)
    except FileNotFoundError as error:
        raise ModelError.of("no-network") from error


def _read_facts(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ModelError.of("no-bundle", path=path.parent.parent, file=METADATA)
    try:
        metadata = json.loads(path.read_text(encoding="utf-8"))
        facts = metadata["cardiacseg"]
        schema = int(facts["schema"])
    except MALFORMED as error:
        raise ModelError.of("bundle-foreign", path=path) from error
    if schema > SCHEMA:
        raise ModelError.of("bundle-too-new", path=path.parent.parent, kind=schema, newest=SCHEMA)
    if schema < OLDEST_SCHEMA:
        raise ModelError.of("bundle-too-old", path=path.parent.parent, kind=schema, oldest=OLDEST_SCHEMA)
    if facts.get(OWN_DIGEST, digest_facts(facts)) != digest_facts(facts):
        raise ModelError.of("bundle-file-damaged", path=path)
    return dict(facts)


def _read_preprocessing(facts: Mapping[str, Any]) -> Preprocessing:
    """The training's own settings; a field this program does not know would change the images silently, so it stops."""
    known = {item.name for item in fields(Preprocessing)}
    unknown = sorted(set(facts) - known)
    if unknown:
        msg = f"preprocessing has unknown fields: {', '.join(unknown)}"
        raise ValueError(msg)
    return Preprocessing(**facts)


def _read_range(facts: Mapping[str, Any]) -> TrainingRange:
    def pair(key: str) -> tuple[float, float]:
        low, high = facts[key]
        return float(low), float(high)

    return TrainingRange(
        pixel_mm=pair("pixel_mm"),
        fov_mm=pair("fov_mm"),
        slice_mm=pair("slice_mm"),
        vendors=tuple(str(vendor) for vendor in facts.get("vendors", ())),
        age=str(facts.get("age", "")),
    )
