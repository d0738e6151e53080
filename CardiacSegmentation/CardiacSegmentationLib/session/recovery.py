"""Work outlives a crash: kept in a file of its own while a study is read, forgotten when all ends well.

There is one file for each load of a study, named after its images, never after the patient. It holds the label images
that a person changed, where they come from, and the reading: exclusions, key phases, conventions, notes and journal.

>>> recovery = Recovery(folder)
>>> found = recovery.find(session)   # when a study comes to hand: the latest that was left of it, if anything
>>> recovery.restore(session, found) # or recovery.discard(found); then there may be more to find
>>> recovery.keep(session)           # soon after each change
>>> recovery.leave(load)             # the study was deleted
>>> recovery.forget_all()            # saved, or closed knowingly

A program in which the same images may be there twice says which ``load`` of them a session is of: any value that
tells one from the other.
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
from collections import defaultdict
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
    from collections.abc import Hashable, Iterable, Mapping
    from pathlib import Path

    from CardiacSegmentationLib.reading import Reading
    from CardiacSegmentationLib.segmentation import Contours, Labels, Place
    from CardiacSegmentationLib.session.study_session import StudySession
    from CardiacSegmentationLib.stack import CineStack

KEPT_DAYS = 30
KEPT_FILES = 10  # of one study, that nobody decided on
FINGERPRINT = 32  # letters
SECONDS_PER_DAY = 86_400
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Found:
    """What was left behind of a study."""

    path: Path
    kept_at: float  # as ``time.time()`` gives it
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


@dataclass(frozen=True)
class _Load:
    """A study that came to hand, and the file that its work is kept in."""

    path: Path
    start: _Start


class Recovery:
    """Keeps the work of this process in ``folder``, and finds there what was left behind."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loads: dict[tuple[str, Hashable], _Load] = {}
        self.failed: OSError | None = None  # why the last ``keep`` could not write the work down

    @property
    def loads(self) -> tuple[Any, ...]:
        """The loads that came to hand, and were neither forgotten nor left."""
        return tuple(load for _, load in self._loads)

    def find(self, session: StudySession, load: Hashable = None) -> Found | None:
        """The latest that was left of the study at hand.

        A file that cannot be read is no help; one that adds nothing goes. Call it when a study comes to hand: work from
        then on is what ``keep`` keeps.
        """
        self._load(session, load)
        in_use = {one.path for one in self._loads.values()}
        for path in _latest_first(self._folder.glob(f"{fingerprint(session.stack)}*.npz")):
            found = _found(path, session) if path not in in_use else None
            if found is not None and _adds(found, session):
                return found
            if found is not None:
                self.discard(found)
        return None

    def keep(self, session: StudySession, load: Hashable = None) -> bool:
        """Write down what is changed since the study came to hand, and whether anything is.

        Where all was taken back, the file goes. A full disk does not stop the work.
        """
        self.failed = None
        kept, now = self._load(session, load), _start_of(session)
        is_changed = kept.start.contours != now.contours or (kept.start.checksums, _substance(kept.start.reading)) != (
            now.checksums,
            _substance(now.reading),
        )
        if not is_changed:
            _delete(kept.path)
            return False
        try:
            _write(session, kept, now)
        except OSError as error:
            LOG.warning("The work is not kept for the case of a crash: %s", error)
            self.failed = error
            return False
        return True

    def leave(self, load: Hashable = None) -> None:
        """The study was deleted, and its work with it: what was kept stays, for when its images come again."""
        self._take_out(load)

    def restore(self, session: StudySession, found: Found, load: Hashable = None) -> None:
        """Bring back what was found, as one step that undo takes out again; from here on it is this load's work."""
        session.restore(found.images, found.reading, found.contours)
        if self.keep(session, load):
            self.discard(found)

    def discard(self, found: Found) -> None:
        """Delete what was found."""
        _delete(found.path)

    def forget(self, load: Hashable = None) -> None:
        """The work on this load is saved, or was given up knowingly; what was left before stays."""
        for path in self._take_out(load):
            _delete(path)

    def forget_all(self) -> None:
        """The program ends as it should."""
        for load in self.loads:
            self.forget(load)

    def forget_old(self, now: float) -> None:
        """Delete files that nobody came back for, and all but the latest of a study; ``now`` as ``time.time()``."""
        files: dict[str, int] = defaultdict(int)
        for path in _latest_first(self._folder.glob("*.npz")):
            files[path.stem[:FINGERPRINT]] += 1
            if files[path.stem[:FINGERPRINT]] > KEPT_FILES or now - _kept_at(path) > KEPT_DAYS * SECONDS_PER_DAY:
                _delete(path)

    def path_of(self, session: StudySession, load: Hashable = None) -> Path:
        """The file that the work on a load is kept in."""
        return self._load(session, load).path

    def _load(self, session: StudySession, load: Hashable) -> _Load:
        """What is known of a load; a new one gets a file of its own."""
        name = fingerprint(session.stack)
        if (name, load) not in self._loads:
            path = self._folder / f"{name}-{uuid.uuid4().hex[:8]}.npz"
            self._loads[name, load] = _Load(path, _start_of(session))
        return self._loads[name, load]

    def _take_out(self, load: Hashable) -> list[Path]:
        """Begin anew with a load; the file that was its own."""
        return [self._loads.pop(key).path for key in [key for key in self._loads if key[1] == load]]


def fingerprint(stack: CineStack) -> str:
    """Tells a study's images from others, without a word about the patient."""
    digest = hashlib.sha256(str((stack.voxels.shape, stack.affine.round(3).tolist())).encode())
    digest.update(np.ascontiguousarray(stack.voxels[0]))
    return digest.hexdigest()[:FINGERPRINT]


def _latest_first(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=_kept_at, reverse=True)


def _kept_at(path: Path) -> float:
    """When a file was written; one that is gone meanwhile is as old as can be."""
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _write(session: StudySession, kept: _Load, now: _Start) -> None:
    segmentation = session.segmentation
    checksums = np.array(now.checksums)
    is_kept = segmentation.corrected | (checksums != np.array(kept.start.checksums))
    for place in kept.start.corrected:  # one that is the network's again may have the same pixels, and no curve
        is_kept[place] = True
    places = np.argwhere(is_kept)
    state = {
        "owner": {"process": os.getpid()},
        "places": places.tolist(),
        "origins": [Origin(segmentation.origin[tuple(place)]).name for place in places],
        "reading": reading_to_dict(session.reading),
        "contours": contours_to_list(segmentation.contours),
    }
    images = segmentation.labels[places[:, 0], places[:, 1]]
    with atomic_path(kept.path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, state=np.array(json.dumps(state)), images=images)


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
            places = [(int(phase), int(slice_)) for phase, slice_ in state["places"]]
            origins = [Origin[name] for name in state["origins"]]
            images = dict(zip(places, zip(stored["images"], origins, strict=True), strict=True))
            return {
                "process": int(state["owner"]["process"]),
                "images": images,
                "reading": reading_from_dict(state["reading"]),
                "contours": contours_from_list(state.get("contours", [])),
            }
    except (*MALFORMED, OSError, EOFError, zipfile.BadZipFile, zlib.error, ReadingError):
        return None


def _still_runs(process: int) -> bool:
    """Whether it is another process that lives; one of this very number came before and is gone."""
    return process != os.getpid() and is_alive(process)


def _found(path: Path, session: StudySession) -> Found | None:
    """What is stored, where it fits the study; who still runs takes care of its own."""
    stored = _read(path)
    if stored is None or _still_runs(stored["process"]):
        return None
    found = Found(path, _kept_at(path), stored["images"], stored["reading"], stored["contours"])
    return found if _fits(found, session) else None


def _fits(found: Found, session: StudySession) -> bool:
    try:
        check_reading(session.stack, found.reading)
    except LabelError:
        return False
    phases, slices, *size = session.segmentation.labels.shape
    return found.contours.keys() <= found.images.keys() and all(
        0 <= phase < phases and 0 <= slice_ < slices and image.shape == tuple(size) and image.dtype == np.uint8
        for (phase, slice_), (image, _) in found.images.items()
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
