"""Several processes, one training: what ``torchrun`` started, or a world of one."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import distributed

from cardiactrain.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class World:
    """This process among all."""

    rank: int
    size: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def agree(self, flag: bool) -> bool:
        """The first process's word, known to all."""
        if self.size == 1:
            return flag
        word = torch.tensor([int(flag)], device=self.device)
        distributed.broadcast(word, 0)
        return bool(word.item())


@contextmanager
def joined_world(device: str = "auto") -> Iterator[World]:
    """Join the other processes of ``torchrun``, and leave them in order."""
    size, rank = count_processes(), int(os.environ.get("RANK", "0"))
    place = choose_device(device, int(os.environ.get("LOCAL_RANK", "0")))
    if place.type == "cuda":
        torch.cuda.set_device(place)
    if size > 1:
        distributed.init_process_group("nccl" if place.type == "cuda" else "gloo")
    try:
        yield World(rank, size, place)
    finally:
        if size > 1:
            distributed.destroy_process_group()


def count_processes() -> int:
    """How many processes ``torchrun`` started; one without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def choose_device(name: str, local_rank: int = 0) -> torch.device:
    """The device of a name; ``auto`` takes a CUDA card where there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    is_there: dict[str, Callable[[], bool]] = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    if name in is_there and not is_there[name]():
        msg = f"This PyTorch finds no {name} device here; --device auto takes what there is."
        raise RunError(msg)
    return torch.device(name, local_rank) if name == "cuda" else torch.device(name)
