"""Work that a session left behind when its process died, for the tests of recovery."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from CardiacSegmentationLib.reading import BasalRule
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.session import Recovery, StudySession
from CardiacSegmentationLib.session.contour_commands import delete_here

if TYPE_CHECKING:
    from pathlib import Path

Begin = Callable[..., StudySession]
NOBODY = 2**22 + 1  # more than any process number


def work(session: StudySession) -> None:
    """Something of everything that a reader may decide."""
    delete_here(session, (2, 3), [Label.LV])
    session.set_counts([Label.RV], [0, 1], 1, counts=False)
    session.set_key_phases(lv_es=5)
    session.set_conventions(basal_rule=BasalRule.AS_LABELLED)
    session.set_reader("Dr. A")
    session.set_impression("Normal.")


def crash(folder: Path, process: int = NOBODY) -> None:
    """Whoever kept these files is a process that is no more."""
    for path in folder.glob("*.npz"):
        with np.load(path) as stored:
            state, images = json.loads(str(stored["state"])), stored["images"]
        state["owner"] = {"process": process, "token": "another"}
        np.savez_compressed(path, state=np.array(json.dumps(state)), images=images)


def left_behind(begin: Begin, folder: Path, do: Callable[[StudySession], Any] = work) -> StudySession:
    """A session that worked and died; its file remains."""
    session, kept = begin(), Recovery(folder)
    assert kept.find(session) is None
    do(session)
    assert kept.keep(session)
    crash(folder)
    return session


def kept_images(*paths: Path) -> list[list[int]]:
    """The images ``[phase, slice]`` in these files; in a folder there must be one."""
    found: list[list[int]] = []
    for path in paths:
        (file,) = path.glob("*.npz") if path.is_dir() else (path,)
        with np.load(file) as stored:
            found += json.loads(str(stored["state"]))["places"]
    return found
