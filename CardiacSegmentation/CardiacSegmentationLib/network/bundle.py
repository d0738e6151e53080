"""The network as a folder on disk (a MONAI bundle): loaded, checked, and never trusted unread."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields, replace
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
WEIGHT_DATA = "models/model.safetensors"  # where the graph keeps its numbers, in bundles that store them once
DEFAULT = "cardiac-sax"
ADVICE = "Install CardiacSegmentation again, or name another bundle with --model."


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
    figures: Mapping[str, Any] = field(default_factory=dict)
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
        if name == GRAPH and WEIGHT_DATA in self.checksums:
            self.file(WEIGHT_DATA)
        if name not in self.checksums:
            msg = f"{self.folder / METADATA} lists no checksum for {name}. {ADVICE}"
            raise ModelError(msg)
        if not path.is_file():
            msg = f"The network's file {path} is missing. {ADVICE}"
            raise ModelError(msg)
        if hashlib.sha256(path.read_bytes()).hexdigest() != self.checksums[name]:
            msg = f"The network's file {path} is damaged: its checksum is not the one in {METADATA}. {ADVICE}"
            raise ModelError(msg)
        return path


def load_bundle(folder: Path | None = None) -> Bundle:
    """The bundle in ``folder``, or the one that ships with the program."""
    folder = _default_folder() if folder is None else Path(folder)
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
            figures=dict(facts.get("figures", {})),
            graphs=tuple(str(name) for name in facts.get("graphs", ())) or (GRAPH,),
        )
        labels = {str(name).upper(): int(code) for name, code in facts["labels"].items()}
    except MALFORMED as error:
        msg = f"{path} is incomplete or malformed ({type(error).__name__}: {error}). {ADVICE}"
        raise ModelError(msg) from error
    if labels != {label.name: int(label) for label in Label}:
        msg = f"The bundle {folder} uses other label codes ({labels}) than this program. {ADVICE}"
        raise ModelError(msg)
    for name in bundle.graphs:
        if name not in bundle.checksums:
            msg = f"{path} lists no checksum for {name}. {ADVICE}"
            raise ModelError(msg)
    return bundle


def _default_folder() -> Path:
    try:
        return resource("Models", DEFAULT)
    except FileNotFoundError as error:
        msg = f"This installation holds no network (Resources/Models/{DEFAULT} is missing). {ADVICE}"
        raise ModelError(msg) from error


def _read_facts(path: Path) -> dict[str, Any]:
    if not path.is_file():
        msg = f"{path.parent.parent} is no network bundle: it has no {METADATA}. {ADVICE}"
        raise ModelError(msg)
    try:
        metadata = json.loads(path.read_text(encoding="utf-8"))
        facts = metadata["cardiacseg"]
        schema = int(facts["schema"])
    except MALFORMED as error:
        msg = f"{path} is cut off, or describes a MONAI bundle that was not made for this program. {ADVICE}"
        raise ModelError(msg) from error
    if schema > SCHEMA:
        kind = f"a newer kind ({schema}) than this program knows ({SCHEMA})"
        msg = f"The bundle {path.parent.parent} is of {kind}. Update CardiacSegmentation."
        raise ModelError(msg)
    if schema < OLDEST_SCHEMA:
        kind = f"an older kind ({schema}) than this program reads ({OLDEST_SCHEMA})"
        msg = f"The bundle {path.parent.parent} is of {kind}. Export it again with this version of cardiactrain."
        raise ModelError(msg)
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
