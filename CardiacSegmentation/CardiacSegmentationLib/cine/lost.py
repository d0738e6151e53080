"""Images of the chosen stack that could not be used: how many slices may be missing, and how far volumes can be off."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from CardiacSegmentationLib.cine.excluded import DAMAGE, Reason
from CardiacSegmentationLib.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from CardiacSegmentationLib.cine.excluded import Excluded
    from CardiacSegmentationLib.cine.study import Candidate
    from CardiacSegmentationLib.findings import Parameter

MOST_NAMED = 3  # files in a sentence
IMAGE_ENDINGS = (".dcm", ".ima")
UNUSABLE = frozenset(  # images that are whole
    {
        Reason.NO_POSITION,
        Reason.NO_ORIENTATION,
        Reason.NO_PIXEL_SIZE,
        Reason.ODD_RESCALE,
        Reason.ODD_SIZE,
        Reason.FLOAT_PIXELS,
    }
)


def find_lost_images(candidate: Candidate, excluded: Sequence[Excluded]) -> tuple[Finding, ...]:
    """An error where files of a stack's own series or folders are unusable and its gaps do not account for them."""
    if not candidate.frames:
        return ()
    own = _Own.of(candidate)
    lost = [file for group in excluded for file in group.files if own.may_include(file, group)]
    unexplained = len(lost) - _missing_images(candidate)
    if unexplained <= 0:
        return ()
    slices = math.ceil(unexplained / candidate.phases)
    facts: dict[str, Parameter] = {
        "count": len(lost),
        "files": some_of([file.name for file in lost]),
        "lost_slices": slices,
        "percent": _volume_loss_percent(slices, candidate.slices),
    }
    return (Finding("images-lost", Severity.ERROR, parameters=facts),)


def some_of(names: Sequence[str]) -> tuple[str, ...]:
    """The first few names."""
    return (*names[:MOST_NAMED], *(["…"] if len(names) > MOST_NAMED else []))


@dataclass(frozen=True)
class _Own:
    """What tells a stack's own files: gathered once, for a folder may hold thousands of others."""

    description: str
    files: frozenset[Path]
    beside: frozenset[Path]  # their folders, and those above
    names: frozenset[str]  # without their numbers
    endings: frozenset[str]

    @classmethod
    def of(cls, candidate: Candidate) -> _Own:
        files = frozenset(candidate.files)
        folders = {file.parent for file in files}
        beside = frozenset(folders | {folder.parent for folder in folders})
        names = frozenset(_without_numbers(file.name) for file in files)
        endings = frozenset(_without_numbers(file.suffix.lower()) for file in files)
        return cls(candidate.description, files, beside, names, endings.union(IMAGE_ENDINGS))

    def may_include(self, file: Path, group: Excluded) -> bool:
        """Whether a file that is left out may be an image of the stack, by its series or else by its place."""
        if group.reason not in DAMAGE | UNUSABLE | {Reason.NOT_DICOM} or file in self.files or file.is_dir():
            return False
        if group.description:
            return group.description == self.description
        if file.parent not in self.beside and file.parent.parent not in self.beside:
            return False
        if group.reason is Reason.NOT_DICOM:
            return self._names_alike(file)
        return group.reason is not Reason.EMPTY or _without_numbers(file.suffix.lower()) in self.endings

    def _names_alike(self, file: Path) -> bool:
        """Whether a name differs from an image's by its numbers alone, or ends as those of images do."""
        return _without_numbers(file.name) in self.names or file.suffix.lower() in IMAGE_ENDINGS


def _without_numbers(name: str) -> str:
    return re.sub(r"\d+", "#", name)


def _missing_images(candidate: Candidate) -> int:
    """Images whose loss other findings tell of already."""
    missing = sum(all(frame is None for frame in row) for row in candidate.frames) * candidate.phases
    for finding in candidate.findings:
        expected, there = (finding.parameters.get(name) for name in ("expected", "frames"))
        if isinstance(expected, int) and isinstance(there, int):
            missing += max(expected - there, 0)
    return missing


def _volume_loss_percent(lost: int, present: int) -> float:
    """How much of a ventricle shaped as half an ellipsoid its ``lost`` widest slices hold, when all slices cut it."""
    share = lost / (lost + present)
    return 100 * (share - share**3 / 3) / (2 / 3)
