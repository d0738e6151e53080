"""Study → stack: the pixels of one candidate, with what is known about the patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.cine.find import find_stacks
from CardiacSegmentationLib.cine.kinds import CINE
from CardiacSegmentationLib.cine.lost import UNUSABLE
from CardiacSegmentationLib.cine.patient import read_patient
from CardiacSegmentationLib.cine.pixels import read_voxels
from CardiacSegmentationLib.cine.volume_files import read_volume
from CardiacSegmentationLib.errors import StudyError
from CardiacSegmentationLib.findings import Finding
from CardiacSegmentationLib.stack import Array, CineStack, Patient, Source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from CardiacSegmentationLib.cine.open import StudyFiles
    from CardiacSegmentationLib.cine.slices import Acquisition
    from CardiacSegmentationLib.cine.study import Candidate, FoundStudy

MOST_DAMAGE = 3  # sentences about the study and unusable files that an error repeats
STILL = 0.0005  # of the brightness range; noise alone changes the middle of the image by more from phase to phase


def read_stack(study: FoundStudy, index: int | None = None) -> CineStack:
    """Pixels of the chosen stack, or of stack ``index``."""
    if index is None:
        index = study.chosen
    if index is None:
        raise StudyError(why_none_chosen(study))
    if not 0 <= index < len(study.stacks):
        raise StudyError.of("no-such-stack", path=study.path, number=index, count=len(study.stacks))
    candidate = study.stacks[index]
    patient, about_patient = Patient(), tuple[Finding, ...]()
    if candidate.volume is not None:
        voxels = read_volume(candidate)
    else:
        voxels = read_voxels(candidate)
        patient, about_patient = read_patient(candidate.files[0])
    return CineStack(
        voxels=voxels,
        affine=candidate.affine,
        times_ms=candidate.times_ms,
        rr_ms=candidate.rr_ms,
        slice_thickness_mm=candidate.thickness_mm,
        instance_uids=_instance_uids(candidate),
        frame_numbers=_frame_numbers(candidate),
        patient=patient,
        findings=(
            *study.findings,
            *candidate.findings,
            *_check_named(candidate),
            *about_patient,
            *_check_motion(voxels),
        ),
        title=candidate.description,
        source=Source(study.path, candidate.format, candidate.slice_order, candidate.files, study.temporary),
    )


def read_study(
    path: Path | str | StudyFiles,
    progress: Callable[[int, int], None] | None = None,
    *,
    stack: int | None = None,
    reacquired: Acquisition = "last",
) -> CineStack:
    """The short-axis cine stack of a study, or its ``stack``: :func:`find_stacks`, then :func:`read_stack`.

    ``progress`` hears how many headers are read, and of how many.
    """
    return read_stack(find_stacks(path, progress, reacquired=reacquired), stack)


def why_none_chosen(study: FoundStudy) -> str:
    """Why nothing can be segmented, what else is wrong with the study, and the remedy."""
    damage = [finding.message for finding in study.findings]
    damage += [f"{group.text()}." for group in study.left_out if group.reason in UNUSABLE]
    more = [f"There is more of this kind ({len(damage)} in all)."] if len(damage) > MOST_DAMAGE else []
    hint = "Name the folder that holds the short-axis cine series, or choose a stack by its number (--stack N)."
    return " ".join([f"{study.path}: {study.reason}.", *damage[:MOST_DAMAGE], *more, hint])


def _instance_uids(candidate: Candidate) -> tuple[tuple[str, ...], ...]:
    """``[phase][slice]``; an empty text where a slice is missing."""
    if not candidate.frames:
        return ()
    by_slice = [["" if frame is None else frame.file.instance_uid for frame in row] for row in candidate.frames]
    return tuple(zip(*by_slice, strict=True))


def _frame_numbers(candidate: Candidate) -> tuple[tuple[int, ...], ...]:
    """``[phase][slice]``, from 1 (0 where a slice is missing); nothing where every file holds one image."""
    if not any(frame is not None and frame.number for row in candidate.frames for frame in row):
        return ()
    by_slice = [[0 if frame is None else frame.number + 1 for frame in row] for row in candidate.frames]
    return tuple(zip(*by_slice, strict=True))


def _check_named(candidate: Candidate) -> tuple[Finding, ...]:
    """A user may name any stack; none but a short-axis cine is ever chosen unasked."""
    return () if candidate.is_short_axis and candidate.kind == CINE else (Finding("not-short-axis"),)


def _check_motion(voxels: Array) -> tuple[Finding, ...]:
    """A cine shows a beating heart at its centre; one image copied into every phase does not."""
    phases, _, rows, columns = voxels.shape
    if phases < 2:
        return ()
    a_third = max(1, phases // 3)  # from end-diastole this leads to about end-systole
    filled = np.flatnonzero(voxels[0].any(axis=(1, 2)))  # a missing slice is empty, and does not move
    if not len(filled):
        return (Finding("no-motion"),)
    middle = voxels[
        ::a_third, filled[len(filled) // 2], rows // 4 : rows - rows // 4, columns // 4 : columns - columns // 4
    ]
    middle = middle.astype(np.float32)
    extent = float(np.ptp(middle))
    if extent > 0 and float(np.abs(np.diff(middle, axis=0)).mean()) > STILL * extent:
        return ()
    return (Finding("no-motion"),)
