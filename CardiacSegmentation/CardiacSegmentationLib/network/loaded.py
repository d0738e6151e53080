"""A network ready to run: its bundle and the engine it runs in."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.network.backends import open_backend
from CardiacSegmentationLib.network.bundle import load_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.network.backends import Backend
    from CardiacSegmentationLib.network.bundle import Bundle
    from CardiacSegmentationLib.network.preprocess import Preprocessing


@dataclass(frozen=True)
class Network:
    """A bundle and the backend that runs it."""

    bundle: Bundle
    backend: Backend

    @property
    def pre(self) -> Preprocessing:
        """How images become the network's input."""
        return self.bundle.preprocessing


def load_network(folder: Path | None = None, backend: str = "auto", threads: int | None = None) -> Network:
    """The bundle in ``folder`` (the one that ships with the program when not given) in the named engine.

    The engine of the last one is kept for the next study.
    """
    bundle = load_bundle(folder)
    wanted = (bundle.folder, bundle.identity, bundle.input, bundle.logits, bundle.presence, backend, threads)
    with _LOCK:
        if wanted not in _LOADED:
            _LOADED.clear()
            _LOADED[wanted] = open_backend(bundle, backend, threads)
        return Network(bundle, _LOADED[wanted])


_LOADED: dict[tuple[Any, ...], Backend] = {}  # at most one: each takes memory
_LOCK = Lock()
