"""A network ready to run: its bundle and the engine it runs in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    """The bundle in ``folder`` (the one that ships with the program when not given) in the named engine."""
    bundle = load_bundle(folder)
    return Network(bundle, open_backend(bundle, backend, threads))
