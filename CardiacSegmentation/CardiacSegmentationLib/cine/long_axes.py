"""The long-axis cines that go with a short-axis stack, read in step with it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.cine.axis import angle_deg
from CardiacSegmentationLib.cine.choose import PERPENDICULAR_DEG
from CardiacSegmentationLib.cine.kinds import CINE
from CardiacSegmentationLib.cine.pixels import read_voxels
from CardiacSegmentationLib.errors import StudyError
from CardiacSegmentationLib.long_axis import LongAxis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CardiacSegmentationLib.cine.frames import Frame
    from CardiacSegmentationLib.cine.study import Candidate, FoundStudy
    from CardiacSegmentationLib.stack import Array

NEAR_MM = 60.0  # from the middle of the stack: a long-axis plane passes through its heart
UNNAMED = "LAX"
VIEWS = {
    "2CH": r"(?<!\d)2[ -]?(ch|kammer|k\b)|two.?ch|\bvla\b|vertical",
    "3CH": r"(?<!\d)3[ -]?(ch|kammer|k\b)|three.?ch|\blvot",
    "4CH": r"(?<!\d)4[ -]?(ch|kammer|k\b)|four.?ch|\bhla\b|horizontal",
}
_VIEWS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in VIEWS.items()}
_OTHER = re.compile(r"rvot|aort|pulm|valve|klappe|rv.?in", re.IGNORECASE)


def find_long_axes(study: FoundStudy, chosen: int | None = None) -> tuple[Candidate, ...]:
    """The single-plane cines of the chosen stack's study that lie along its axis and through its middle, as taken."""
    index = study.chosen if chosen is None else chosen
    if index is None or study.stacks[index].volume is not None:
        return ()
    stack = study.stacks[index]
    return tuple(
        sorted(
            (other for other in study.stacks if other is not stack and _goes_with(other, stack)),
            key=lambda one: (_first(one).file.series_number, _first(one).timing.acquired_s or 0.0),
        )
    )


def read_long_axes(study: FoundStudy, chosen: int | None = None) -> tuple[LongAxis, ...]:
    """The long-axis cines of the chosen stack with their pixels, in step with its phases; damaged ones are left out."""
    found = find_long_axes(study, chosen)
    if not found:
        return ()
    stack = study.stacks[study.chosen if chosen is None else chosen]  # type: ignore[index]
    read = []
    for name, one in zip(_names(found), found, strict=True):
        try:
            voxels = read_voxels(one)[:, 0]
        except StudyError:  # the stack can be read without it
            continue
        at = phases_in_step(one.times_ms, one.rr_ms, stack.times_ms, stack.rr_ms)
        uids = [frame.file.instance_uid for frame in one.frames[0] if frame is not None]
        read.append(
            LongAxis(
                name=name,
                voxels=voxels[at],
                affine=one.affine,
                times_ms=tuple(one.times_ms[phase] for phase in at),
                title=one.description,
                instance_uids=tuple(uids[phase] for phase in at),
            )
        )
    return tuple(read)


def phases_in_step(
    times_ms: Sequence[float], rr_ms: float | None, stack_times_ms: Sequence[float], stack_rr_ms: float | None
) -> list[int]:
    """For each phase of a stack the phase of another cine at the same share of the heart beat.

    Where an R-R interval is not known, the phases are taken to cover the beat evenly.
    """
    own, wanted = _shares(times_ms, rr_ms), _shares(stack_times_ms, stack_rr_ms)
    away = np.abs(wanted[:, None] - own[None, :])
    return [int(phase) for phase in np.minimum(away, 1.0 - away).argmin(axis=1)]  # the beat is a circle


def view_of(description: str) -> str:
    """``"2CH"``, ``"3CH"`` or ``"4CH"`` where a series' description tells, else ``"LAX"``.

    Geometry alone does not tell: hearts are turned about their axis by more than the views differ.
    """
    plain = description.replace("_", " ")
    return next((name for name, pattern in _VIEWS.items() if pattern.search(plain)), UNNAMED)


def _goes_with(other: Candidate, stack: Candidate) -> bool:
    if other.volume is not None or other.kind != CINE or other.slices != 1 or other.phases < 2:
        return False
    own, first = _first(other).file, _first(stack).file
    if (own.patient_id, own.study_uid) != (first.patient_id, first.study_uid):
        return False
    places = {own.frame_of_reference, first.frame_of_reference} - {""}
    if len(places) > 1 or _OTHER.search(other.description):
        return False
    normal = _unit(other.affine[:3, 2])
    middle = stack.affine @ [stack.columns / 2, stack.rows / 2, (stack.slices - 1) / 2, 1.0]
    is_near = abs(float(normal @ (middle[:3] - other.affine[:3, 3]))) <= NEAR_MM
    return is_near and angle_deg(normal, _unit(stack.affine[:3, 2])) >= PERPENDICULAR_DEG


def _names(found: Sequence[Candidate]) -> list[str]:
    """Names by view; with the series' number where one view was taken several times, and counted where that repeats."""
    views = [view_of(one.description) for one in found]
    several = Counter(views)
    names = [
        f"{view} {_first(one).file.series_number}" if several[view] > 1 else view
        for view, one in zip(views, found, strict=True)
    ]
    return [f"{name}.{names[:at].count(name) + 1}" if names.count(name) > 1 else name for at, name in enumerate(names)]


def _shares(times_ms: Sequence[float], rr_ms: float | None) -> Array:
    """Place of each phase in the heart beat, 0 to 1."""
    times = np.asarray(times_ms, np.float64)
    if rr_ms is None:
        return np.arange(len(times)) / len(times)
    return np.asarray(times / rr_ms % 1.0)


def _first(candidate: Candidate) -> Frame:
    return next(frame for row in candidate.frames for frame in row if frame is not None)


def _unit(vector: Array) -> Array:
    return np.asarray(vector / np.linalg.norm(vector))
