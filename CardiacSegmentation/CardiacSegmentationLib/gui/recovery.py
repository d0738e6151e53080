"""Corrections outlive a crash: kept in a file of their own while a study is edited, deleted when it ends well."""

from __future__ import annotations

import contextlib
import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import slicer

from CardiacSegmentationLib.export.files import atomic_path
from CardiacSegmentationLib.gui.processes import is_alive
from CardiacSegmentationLib.scene.study import fingerprint

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Labels

KEPT_DAYS = 30
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class Recovered:
    """Labels that a session left behind."""

    path: Path
    labels: dict[int, Labels]  # the labels of each phase that was edited


def recovery_path(study: Study) -> Path:
    """One file per study, named after its images, never after the patient."""
    return _folder() / f"{fingerprint(study)}.npz"


def keep(path: Path, labels: dict[int, Labels]) -> None:
    """Write the labels of the edited phases; the file is whole or not there at all."""
    content: dict[str, Any] = {str(phase): frame for phase, frame in labels.items()}
    content["owner"] = np.array(json.dumps({"process": os.getpid()}))
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **content)


def find_recovered(path: Path, now: Labels) -> Recovered | None:
    """What an earlier session left for these labels; a file that cannot be read or adds nothing is no help."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            if is_alive(int(json.loads(str(stored["owner"]))["process"])):
                return None  # a session that still runs will take care of its own
            labels = {int(name): stored[name] for name in stored.files if name != "owner"}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None
    fits = all(frame.shape == now.shape[1:] and 0 <= phase < len(now) for phase, frame in labels.items())
    adds = fits and any((now[phase] != frame).any() for phase, frame in labels.items())
    return Recovered(path, labels) if adds else None


def forget(path: Path) -> None:
    """The edits are in a saved scene, or were discarded."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def forget_old(now: float) -> None:
    """Nobody comes back for these."""
    for path in _folder().glob("*.npz"):
        with contextlib.suppress(OSError):
            if now - path.stat().st_mtime > KEPT_DAYS * SECONDS_PER_DAY:
                path.unlink()


def _folder() -> Path:
    settings = Path(slicer.app.settings().fileName())  # Slicer's own place for what belongs to this user
    return settings.parent / "CardiacSegmentationRecovery"
