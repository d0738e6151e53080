"""Images of the chosen stack that could not be used: how many slices may be missing, and how far volumes can be off."""

from __future__ import annotations

import math
import re
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
WITHOUT_PLACE = frozenset(
    {Reason.NO_POSITION, Reason.NO_ORIENTATION, Reason.NO_PIXEL_SIZE, Reason.ODD_RESCALE, Reason.ODD_SIZE}
)


def find_lost_images(candidate: Candidate, excluded: Sequence[Excluded]) -> tuple[Finding, ...]:
    """An error where files of a stack's own series or folders are unusable and its gaps do not account for them."""
    if not candidate.frames:
        return ()
    lost = [file for group in excluded for file in group.files if _may_belong(file, group, candidate)]
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


def _may_belong(file: Path, group: Excluded, candidate: Candidate) -> bool:
    """Whether a file that is left out may be an image of the stack, by its series or else by its place."""
    if group.reason not in DAMAGE | WITHOUT_PLACE | {Reason.NOT_DICOM} or file in candidate.files or file.is_dir():
        return False
    if group.description:
        return group.description == candidate.description
    beside = {folder for own in candidate.files for folder in (own.parent, own.parent.parent)}
    if file.parent not in beside and file.parent.parent not in beside:
        return False
    return group.reason is not Reason.NOT_DICOM or _is_named_alike(file, candidate)


def _is_named_alike(file: Path, candidate: Candidate) -> bool:
    """Whether a name differs from an image's by its numbers alone, or ends as those of images do."""
    names = {re.sub(r"\d+", "#", own.name) for own in candidate.files}
    return re.sub(r"\d+", "#", file.name) in names or file.suffix.lower() in IMAGE_ENDINGS


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
