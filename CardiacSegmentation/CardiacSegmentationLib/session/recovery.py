"""Work outlives a crash: kept in a file of its own while a study is read, forgotten when all ends well.

There is one file for each study, named after its images, never after the patient. It holds the label images that a
person changed, where they come from, and the reading: exclusions, key phases, conventions, notes and journal.

>>> recovery = Recovery(folder)
>>> found = recovery.find(session)   # when a study comes to hand: what an earlier session left, if anything
>>> recovery.restore(session, found) # or recovery.discard(found)
>>> recovery.keep(session)           # soon after each change
>>> recovery.leave(session)          # the study was deleted
>>> recovery.forget_all()            # saved, or closed knowingly
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import uuid
import zipfile
import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.analysis.assess import check_reading
from CardiacSegmentationLib.errors import MALFORMED, LabelError, ReadingError
from CardiacSegmentationLib.export.files import atomic_path
from CardiacSegmentationLib.locks import is_alive
from CardiacSegmentationLib.reading_json import reading_from_dict, reading_to_dict
from CardiacSegmentationLib.segmentation import Origin
from CardiacSegmentationLib.segmentation_json import contours_from_list, contours_to_dict, contours_to_list

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from CardiacSegmentationLib.reading import Reading
    from CardiacSegmentationLib.segmentation import Contours, Labels, Place
    from CardiacSegmentationLib.session.study_session import StudySession
    from CardiacSegmentationLib.stack import CineStack

KEPT_DAYS = 30
SECONDS_PER_DAY = 86_400
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Found:
    """What an earlier session left behind of a study."""

    path: Path
    images: Mapping[Place, tuple[Labels, Origin]]
    reading: Reading
    contours: Mapping[Place, Contours] = field(default_factory=dict)


@dataclass(frozen=True)
class _Start:
    """How a study was when it came to hand."""

    checksums: tuple[tuple[int, ...], ...]  # of the label images, [phase][slice]
    corrected: tuple[Place, ...]
    reading: Reading
    contours: str = "[]"


class Recovery:
    """Keeps the work of this process in ``folder``, and finds there what others left behind."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._owner = {"process": os.getpid(), "token": uuid.uuid4().hex}  # process numbers come again
        self._starts: dict[str, _Start] = {}
        self.failed: OSError | None = None  # why the last ``keep`` could not write the work down

    def find(self, session: StudySession) -> Found | None:
        """What an earlier session left of the study at hand; a file that cannot be read or adds nothing is no help.

        Call it when a study comes to hand: work from then on is what ``keep`` keeps.
        """
        self._starts.setdefault(fingerprint(session.stack), _start_of(session))
        path = self.path_of(session)
        stored = _read(path)
        if stored is None or self._is_mine(stored) or _still_runs(stored):
            return None  # a session that still runs will take care of its own
        return _found(path, stored, session)

    def keep(self, session: StudySession) -> bool:
        """Write down what is changed since the study came to hand, and whether anything is.

        What waits to be restored is not overwritten, nor what another session keeps that still runs. Where all was
        taken back, the file goes. A full disk does not stop the work.
        """
        return self._keep(session, self._owner)

    def leave(self, session: StudySession) -> None:
        """The study was deleted, and its work with it: keep that, as after a crash, for when its images come again."""
        self._keep(session, {**self._owner, "token": uuid.uuid4().hex})  # from now on nobody's
        self._starts.pop(fingerprint(session.stack), None)

    def _keep(self, session: StudySession, owner: Mapping[str, Any]) -> bool:
        self.failed = None
        name, now = fingerprint(session.stack), _start_of(session)
        path, start = self._path(name), self._starts.setdefault(name, now)
        is_changed = start.contours != now.contours or (start.checksums, _substance(start.reading)) != (
            now.checksums,
            _substance(now.reading),
        )
        if not is_changed:
            self._remove_mine(path)
            return False
        if self._waits_for_another(session, path):
            return False
        return self._write(session, path, start, now, owner)

    def restore(self, session: StudySession, found: Found) -> None:
        """Bring back what was found, as one step that undo takes out again; from here on it is this session's work."""
        session.restore(found.images, found.reading, found.contours)
        self.discard(found)
        self.keep(session)

    def discard(self, found: Found) -> None:
        """Delete what was found; from here on this session's own work can be kept."""
        _delete(found.path)

    def forget(self, session: StudySession) -> None:
        """This session's work is saved, or was given up knowingly; what another session left stays."""
        self._starts.pop(fingerprint(session.stack), None)
        self._remove_mine(self.path_of(session))

    def forget_all(self) -> None:
        """The program ends as it should."""
        for name in self._starts:
            self._remove_mine(self._path(name))
        self._starts.clear()

    def forget_old(self, now: float) -> None:
        """Delete files that nobody came back for; ``now`` as ``time.time()`` gives it."""
        for path in self._folder.glob("*.npz"):
            with contextlib.suppress(OSError):
                if now - path.stat().st_mtime > KEPT_DAYS * SECONDS_PER_DAY:
                    path.unlink()

    def path_of(self, session: StudySession) -> Path:
        """The study's file."""
        return self._path(fingerprint(session.stack))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.npz"

    def _write(self, session: StudySession, path: Path, start: _Start, now: _Start, owner: Mapping[str, Any]) -> bool:
        segmentation = session.segmentation
        checksums = np.array(now.checksums)
        is_kept = segmentation.corrected | (checksums != np.array(start.checksums))
        for place in start.corrected:  # one that is the network's again may have the same pixels, and no curve
            is_kept[place] = True
        places = np.argwhere(is_kept)
        state = {
            "owner": owner,
            "places": places.tolist(),
            "origins": [Origin(segmentation.origin[tuple(place)]).name for place in places],
            "reading": reading_to_dict(session.reading),
            "contours": contours_to_list(segmentation.contours),
        }
        images = segmentation.labels[places[:, 0], places[:, 1]]
        try:
            with atomic_path(path) as temporary, temporary.open("wb") as file:
                np.savez_compressed(file, state=np.array(json.dumps(state)), images=images)
        except OSError as error:
            LOG.warning("The work is not kept for the case of a crash: %s", error)
            self.failed = error
            return False
        return True

    def _waits_for_another(self, session: StudySession, path: Path) -> bool:
        """Whether the file holds work of another session that still runs, or that this one has not decided on."""
        stored = _read(path)
        if stored is None or self._is_mine(stored):
            return False
        return _still_runs(stored) or _found(path, stored, session) is not None

    def _is_mine(self, stored: Mapping[str, Any]) -> bool:
        return bool(stored["owner"] == self._owner)

    def _remove_mine(self, path: Path) -> None:
        stored = _read(path)
        if stored is not None and self._is_mine(stored):
            _delete(path)


def fingerprint(stack: CineStack) -> str:
    """Tells a study's images from others, without a word about the patient."""
    digest = hashlib.sha256(str((stack.voxels.shape, stack.affine.round(3).tolist())).encode())
    digest.update(np.ascontiguousarray(stack.voxels[0]))
    return digest.hexdigest()[:32]


def _start_of(session: StudySession) -> _Start:
    labels = session.segmentation.labels
    checksums = tuple(tuple(zlib.crc32(np.ascontiguousarray(image)) for image in phase) for phase in labels)
    contours = json.dumps(contours_to_list(session.segmentation.contours))
    return _Start(checksums, session.segmentation.corrected_images, session.reading, contours)


def _substance(reading: Reading) -> Reading:
    """The reading without traces: what was only looked at, or taken back again, is nothing to restore."""
    return replace(reading, journal=(), looked_at=frozenset())


def _read(path: Path) -> dict[str, Any] | None:
    """What is stored in a file; ``None`` where there is none or it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            state = json.loads(str(stored["state"]))
            places = [(int(phase), int(place)) for phase, place in state["places"]]
            origins = [Origin[name] for name in state["origins"]]
            images = dict(zip(places, zip(stored["images"], origins, strict=True), strict=True))
            owner = {"process": int(state["owner"]["process"]), "token": str(state["owner"]["token"])}
            return {
                "owner": owner,
                "images": images,
                "reading": reading_from_dict(state["reading"]),
                "contours": contours_from_list(state.get("contours", [])),
            }
    except (*MALFORMED, OSError, EOFError, zipfile.BadZipFile, zlib.error, ReadingError):
        return None


def _still_runs(stored: Mapping[str, Any]) -> bool:
    """Whether the owner is another process that lives; one of this very number came before and is gone."""
    process = stored["owner"]["process"]
    return process != os.getpid() and is_alive(process)


def _found(path: Path, stored: Mapping[str, Any], session: StudySession) -> Found | None:
    """What is stored, where it fits the study and adds anything to it."""
    found = Found(path, stored["images"], stored["reading"], stored["contours"])
    return found if _fits(found, session) and _adds(found, session) else None


def _fits(found: Found, session: StudySession) -> bool:
    try:
        check_reading(session.stack, found.reading)
    except LabelError:
        return False
    phases, slices, *size = session.segmentation.labels.shape
    return found.contours.keys() <= found.images.keys() and all(
        0 <= phase < phases and 0 <= place < slices and image.shape == tuple(size) and image.dtype == np.uint8
        for (phase, place), (image, _) in found.images.items()
    )


def _adds(found: Found, session: StudySession) -> bool:
    labels = session.segmentation.labels
    return _substance(found.reading) != _substance(session.reading) or any(
        (labels[place] != image).any() or _is_redrawn(found, session, place)
        for place, (image, _) in found.images.items()
    )


def _is_redrawn(found: Found, session: StudySession, place: Place) -> bool:
    """Whether the curves found are others than those there are."""
    there, here = found.contours.get(place), session.segmentation.contours.get(place)
    return (there is None) != (here is None) or (
        there is not None and here is not None and contours_to_dict(there) != contours_to_dict(here)
    )


def _delete(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
