"""Engines that run the network. One file per engine; a new one is added there and in ``ENGINES``."""

from __future__ import annotations

import os
from importlib import import_module, util
from typing import TYPE_CHECKING, Protocol

from CardiacSegmentationLib.errors import ModelError
from CardiacSegmentationLib.network.backends.ensemble import EnsembleBackend

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.network.bundle import Bundle
    from CardiacSegmentationLib.segmentation import Float32Array


MOST_WORKERS = 4  # each needs memory for its images


class Backend(Protocol):
    """A loaded network. ``run`` is deterministic and may be called from ``workers`` threads at a time."""

    name: str  # engine, device and precision, for the record: "onnx (CPU, float32)"
    workers: int  # calls at a time that keep the machine busy
    faster: Backend | None  # the same network in lower precision, where the engine has one

    def run(self, images: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Logits ``[image, class, row, column]`` and LV and RV presence logits ``[image, 2]`` of a batch of images."""


def share_cores(threads: int | None) -> tuple[int, int]:
    """How many calls at a time, and threads for each: several small calls keep cores busier than one large one."""
    cores = threads or _available_cores()
    workers = min(cores, MOST_WORKERS)
    return workers, max(1, cores // workers)


ENGINES = {  # and the packages each needs
    "onnx": ("onnxruntime",),
    "openvino": ("openvino",),
    "torch": ("torch", "onnx"),
}
CHOICES = ("auto", *ENGINES)


def open_backend(bundle: Bundle, name: str = "auto", threads: int | None = None) -> Backend:
    """The bundle's network in the engine of that name; ``auto`` takes the fastest that is installed."""
    if name not in CHOICES:
        raise ModelError.of("no-such-engine", engine=name, known=CHOICES)
    chosen = fastest_installed() if name == "auto" else name
    if not is_installed(chosen):
        raise ModelError.of("engine-not-installed", engine=chosen, packages=" ".join(ENGINES[chosen]))
    opener: Callable[[Bundle, int | None], Backend] = import_module(f"{__name__}.{chosen}_backend").open_network
    members = [opener(member, threads) for member in bundle.members]
    return members[0] if len(members) == 1 else EnsembleBackend(members)


def is_installed(name: str) -> bool:
    """Whether the engine's packages can be found; they are not imported."""
    return all(util.find_spec(package) is not None for package in ENGINES[name])


def fastest_installed() -> str:
    """Torch where it has a graphics card, else OpenVINO, else ONNX Runtime: the order docs/performance.md found."""
    if is_installed("torch") and _torch_has_accelerator():
        return "torch"
    return "openvino" if is_installed("openvino") else "onnx"


def _available_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # a container may own fewer than the machine has
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _torch_has_accelerator() -> bool:
    from CardiacSegmentationLib.network.backends.torch_backend import best_device

    return best_device() != "cpu"
