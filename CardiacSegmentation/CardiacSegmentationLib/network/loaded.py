"""A network ready to run: its bundle and the engine it runs in."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.errors import OutputError
from CardiacSegmentationLib.network.activations import sigmoid, softmax
from CardiacSegmentationLib.network.backends import open_backend
from CardiacSegmentationLib.network.bundle import load_bundle
from CardiacSegmentationLib.network.check_image import require_check_image
from CardiacSegmentationLib.network.preprocess import to_input
from CardiacSegmentationLib.network.protocol import Seen
from CardiacSegmentationLib.segmentation import VENTRICLES, Label

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.network.backends import Backend
    from CardiacSegmentationLib.network.bundle import Bundle
    from CardiacSegmentationLib.network.preprocess import Preprocessing
    from CardiacSegmentationLib.network.protocol import Network
    from CardiacSegmentationLib.network.training_range import TrainingRange
    from CardiacSegmentationLib.segmentation import Float32Array


@dataclass(eq=False)
class LoadedNetwork:
    """A bundle and the backend that runs it; ``faster`` is the same in lower precision."""

    bundle: Bundle
    backend: Backend
    faster: Network | None = None

    @property
    def identity(self) -> str:
        """Name, version and checksum of the bundle."""
        return self.bundle.identity

    @property
    def engine(self) -> str:
        """Engine, device and precision."""
        return self.backend.name

    @property
    def workers(self) -> int:
        """Calls at a time that keep the machine busy."""
        return self.backend.workers

    @property
    def preprocessing(self) -> Preprocessing:
        """How images become the network's input."""
        return self.bundle.preprocessing

    @property
    def training_range(self) -> TrainingRange:
        """What the network was trained on."""
        return self.bundle.training_range

    def see(self, views: Float32Array) -> Seen:
        """The backend's probabilities for the slices of one phase ``views[slice, row, column]``."""
        logits, presence = self.backend.run(to_input(views, self.preprocessing))
        count, *size = views.shape
        if logits.shape != (count, len(Label), *size) or presence.shape != (count, len(VENTRICLES)):
            shapes = {"labels": str(logits.shape), "ventricles": str(presence.shape)}
            raise OutputError.of("network-no-labels", network=self.identity, **shapes)
        if not (np.isfinite(logits).all() and np.isfinite(presence).all()):
            raise OutputError.of("network-no-numbers", network=self.identity, engine=self.engine)
        return Seen(softmax(logits), sigmoid(presence))


def load_network(folder: Path | None = None, backend: str = "auto", threads: int | None = None) -> LoadedNetwork:
    """The bundle in ``folder`` (the one that ships with the program when not given) in the named engine.

    The engine of the last one is kept for the next study.
    """
    bundle = load_bundle(folder)
    wanted = (bundle.folder, bundle.identity, bundle.input, bundle.logits, bundle.presence, backend, threads)
    with _LOCK:
        if wanted not in _LOADED:
            _LOADED.clear()
            opened = open_backend(bundle, backend, threads)
            require_check_image(LoadedNetwork(bundle, opened))
            _LOADED[wanted] = opened
        opened = _LOADED[wanted]
    faster = None if opened.faster is None else LoadedNetwork(bundle, opened.faster)
    return LoadedNetwork(bundle, opened, faster)


_LOADED: dict[tuple[Any, ...], Backend] = {}  # at most one: each takes memory
_LOCK = Lock()
