"""A run on disk: everything needed to go on as if nothing had happened, written atomically."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from cardiactrain.errors import RunError, first_line

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

LAST, BEST = "last.pt", "best.pt"


@dataclass
class TrainingState:
    """Where a run stands."""

    epoch: int = 0
    step: int = 0
    best_dice: float = -1.0
    stale: int = 0  # validations since the best
    rows: list[dict[str, float]] = field(default_factory=list)  # the log, so that a resumed run's log is whole


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint; a kill in the middle leaves the one before."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load_checkpoint(path: Path, *needed: str) -> dict[str, Any]:
    """Read a checkpoint (tensors and plain data only, never code) that has what is ``needed``."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        msg = f"{path.parent} holds no {path.name}: is it the folder of a run that has finished an epoch?"
        raise RunError(msg) from None
    except Exception as error:  # torch raises what pickle, zip and the file system raise
        way = "--weights last takes the last ones" if path.name == BEST else "Delete it to start the run again"
        msg = f"{path} is damaged ({first_line(error)}). {way}."
        raise RunError(msg) from error
    missing = [key for key in needed if not isinstance(state, dict) or key not in state]
    if missing:
        msg = f"{path} holds no {missing[0]}: it is not what a run writes under that name."
        raise RunError(msg)
    return dict(state)


def load_weights(network: nn.Module, weights: Any, path: Path) -> None:
    """Give a network the weights of a checkpoint, if they are such a network's."""
    try:
        network.load_state_dict(weights)
    except (KeyError, RuntimeError, TypeError, AttributeError) as error:
        msg = f"{path} holds the weights of another network than the recipe's: {first_line(error)}"
        raise RunError(msg) from error
