"""Slices → candidate: base to apex on an even grid, phases in time, and everything the reader should know about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.cine.axis import toward_apex
from CardiacSegmentationLib.cine.group import normal_of
from CardiacSegmentationLib.cine.kinds import CINE, is_location
from CardiacSegmentationLib.cine.phases import Cycle, Note, find_cycle
from CardiacSegmentationLib.cine.slices import acquisition_order
from CardiacSegmentationLib.cine.study import Candidate
from CardiacSegmentationLib.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from CardiacSegmentationLib.cine.frames import Frame, Vector
    from CardiacSegmentationLib.cine.slices import Slice
    from CardiacSegmentationLib.stack import Array

IRREGULAR_SHARE = 0.1  # of the slice spacing: beyond this a distance counts as irregular
EXTRA_SHARE = 0.6  # nearer than this to its neighbour, a slice would be counted twice
ONE_BEAT_S = 0.25
WIDEST_HOLE = 2  # missing slices in a row that are left empty; beyond them it is another stack


@dataclass(frozen=True)
class _Grid:
    """Even positions from base to apex: which slice lies at each (``None``: missing), and what did not fit."""

    places: tuple[int | None, ...]
    spacing_mm: float
    notes: tuple[Note, ...] = ()
    findings: tuple[Finding, ...] = ()


def arrange(slices: Sequence[Slice]) -> Candidate:
    """A candidate from the slices of one stack."""
    direction, certain = toward_apex(normal_of(slices[0].frames[0].orientation))
    slices = sorted(slices, key=lambda one: float(direction @ one.frames[0].position))
    cycle = find_cycle(slices)
    usable = [index for index, frames in enumerate(cycle.frames) if frames]
    grid = _lay_grid([float(direction @ slices[index].frames[0].position) for index in usable], usable, slices)
    notes = [*_tell_repeats(slices), *cycle.notes, *grid.notes]
    filled = [place for place in grid.places if place is not None]
    first = cycle.frames[filled[0]][0]
    findings = (
        *_number_notes(notes, grid, slices, direction),
        *grid.findings,
        *_tell_missing(grid),
        *_check_spacing(first, grid),
        *cycle.findings,
        *(() if certain or len(slices) == 1 else (_BASE_ASSUMED,)),
    )
    return Candidate(
        description=first.file.description or _plain_name(first),
        kind=_kind(first, cycle),
        rows=first.file.rows,
        columns=first.file.columns,
        affine=_affine(first, direction, grid.spacing_mm),
        times_ms=cycle.times_ms,
        rr_ms=cycle.rr_ms,
        thickness_mm=first.thickness_mm,
        frames=tuple(_frames_at(place, cycle) for place in grid.places),
        slice_order=_slice_order(grid, slices),
        complete=len(filled) == len(grid.places) == len(slices) and not cycle.notes,
        findings=findings,
    )


_BASE_ASSUMED = Finding(
    "base-assumed",
    "The stack does not lie as hearts usually do: which end is the base is assumed from how the images face. Check it.",
)


def _lay_grid(z: Sequence[float], usable: Sequence[int], slices: Sequence[Slice]) -> _Grid:
    """Put slices on even positions; what lies between them is left out, what is missing stays empty."""
    if len(z) == 1:
        frame = slices[usable[0]].frames[0]
        return _Grid((usable[0],), frame.spacing_between_mm or frame.thickness_mm or 1.0)
    spacing = float(np.median(np.diff(z)))
    notes: list[Note] = []
    irregular: set[int] = set()
    runs: list[list[int | None]] = [[usable[0]]]
    last = z[0]
    for place, index in zip(z[1:], usable[1:], strict=True):
        gap = place - last
        if gap < EXTRA_SHARE * spacing:
            text = f"lies only {gap:.1f} mm from its neighbour, not {spacing:.1f}; left out, for it would count twice"
            notes.append(Note(index, "extra-slice", text))
            continue
        steps = max(1, round(gap / spacing))
        if abs(gap - steps * spacing) > IRREGULAR_SHARE * spacing:
            irregular.add(index)
        if steps - 1 > WIDEST_HOLE:
            runs.append([index])
        else:
            runs[-1] += [None] * (steps - 1) + [index]
        last = place
    longest = max(runs, key=len)
    for run in runs:
        if run is not longest:
            notes += [
                Note(i, "apart", "lies far from the others; it is left out", Severity.ERROR)
                for i in run
                if i is not None
            ]
    if irregular.isdisjoint(longest[1:]):
        return _Grid(tuple(longest), spacing, tuple(notes))
    return _even_out(longest, dict(zip(usable, z, strict=True)), irregular, notes)


def _even_out(
    places: Sequence[int | None], z: Mapping[int, float], irregular: Collection[int], notes: Sequence[Note]
) -> _Grid:
    """Spread uneven slices evenly between the first and the last: so the stack keeps its true length."""
    filled = {number: z[place] for number, place in enumerate(places) if place is not None}
    steps = np.diff(np.interp(range(len(places)), list(filled), list(filled.values())))
    spacing = float(steps.mean())
    small, large = _volume_errors(steps)
    where = [number for number, place in enumerate(places) if number and place in irregular]
    text = (
        f"Slices lie {steps.min():.1f} to {steps.max():.1f} mm apart, unevenly from slice {where[0] + 1} on; the mean "
        f"of {spacing:.1f} mm is used. Volumes can be up to {small:.0f} % too small or {large:.0f} % too large."
    )
    finding = Finding("irregular-gap", text, slice=where[0])
    return _Grid(tuple(places), spacing, tuple(notes), (finding,))


def _volume_errors(steps: Array) -> tuple[float, float]:
    """Per cent by which the volume of a ventricle in half of the slices or more is too small, and too large, at most.

    Truly each slice stands for half the way to its neighbours; the mean step stands in for all of them.
    """
    own = (np.append(steps[:1], steps) + np.append(steps, steps[-1:])) / 2
    ends = np.append(0, own.cumsum())
    count = len(own)
    ratios = [
        steps.mean() * (last - first) / (ends[last] - ends[first])
        for first in range(count)
        for last in range(first + (count + 1) // 2, count + 1)
    ]
    return 100 * (1 - min(*ratios, 1)), 100 * (max(*ratios, 1) - 1)


def _kind(first: Frame, cycle: Cycle) -> str:
    """A cine shows one heart beat; perfusion and mapping take one image per beat, whatever they are called."""
    if len(cycle.times_ms) > 1 and is_location(first.kind, first.file.description):
        return CINE
    if first.kind == CINE and not cycle.timed:
        for frames in cycle.frames:
            clock = [frame.timing.acquired_s for frame in frames if frame.timing.acquired_s is not None]
            if len(clock) > 2 and float(np.median(np.abs(np.diff(clock)))) > ONE_BEAT_S:
                return "dynamic series (one image per heart beat)"
    return first.kind


def _frames_at(place: int | None, cycle: Cycle) -> tuple[Frame | None, ...]:
    return cycle.frames[place] if place is not None else (None,) * len(cycle.times_ms)


def _affine(first: Frame, direction: Vector, spacing_mm: float) -> Array:
    affine = np.eye(4)
    affine[:3, 0] = np.array(first.orientation[:3]) * first.pixel_spacing_mm[1]
    affine[:3, 1] = np.array(first.orientation[3:]) * first.pixel_spacing_mm[0]
    affine[:3, 2] = direction * spacing_mm
    affine[:3, 3] = first.position
    return affine


def _slice_order(grid: _Grid, slices: Sequence[Slice]) -> tuple[int, ...]:
    """Rank of each slice in the order the scanner numbered them; -1 for a missing one."""
    filled = [place for place in grid.places if place is not None]

    def number(place: int) -> tuple[int, int]:
        frame = slices[place].frames[0]
        return frame.file.series_number, frame.timing.instance

    rank = {place: index for index, place in enumerate(sorted(filled, key=number))}
    return tuple(-1 if place is None else rank[place] for place in grid.places)


def _tell_repeats(slices: Sequence[Slice]) -> list[Note]:
    notes = []
    for index, one in enumerate(slices):
        if one.duplicates:
            count = len(one.duplicates)
            what = "frame" if count == 1 else "frames"
            text = f"holds {count} {what} twice (same place, same time); one of each is used"
            notes.append(Note(index, "duplicate-frames", text))
        if one.replaced:
            used, unused = one.frames[0], one.replaced[0]
            order = "earlier" if acquisition_order(unused) <= acquisition_order(used) else "later"
            text = (
                f"was acquired more than once; series {used.file.series_number} is used, "
                f"the {len(one.replaced)} {order} frames of series {unused.file.series_number} are not"
            )
            notes.append(Note(index, "reacquired-slice", text))
    return notes


def _number_notes(notes: Sequence[Note], grid: _Grid, slices: Sequence[Slice], direction: Vector) -> list[Finding]:
    """Notes as findings: slices are numbered from 1 at the base, as a reader counts them."""
    numbers = {place: number for number, place in enumerate(grid.places) if place is not None}
    first = next(iter(numbers))
    origin = float(direction @ slices[first].frames[0].position)
    findings = []
    for note in notes:
        number = numbers.get(note.slice)
        if number is None:
            z = float(direction @ slices[note.slice].frames[0].position) - origin
            subject = f"A slice {abs(z):.1f} mm {'before' if z < 0 else 'beyond'} the first one"
        else:
            subject = f"Slice {number + 1}"
        findings.append(Finding(note.code, f"{subject} {note.text}.", note.severity, slice=number))
    return findings


def _tell_missing(grid: _Grid) -> list[Finding]:
    return [
        Finding(
            "missing-slice",
            f"Slice {number + 1} is missing: its place is left empty, and volumes are too small by what it would show.",
            Severity.ERROR,
            slice=number,
        )
        for number, place in enumerate(grid.places)
        if place is None
    ]


def _check_spacing(first: Frame, grid: _Grid) -> list[Finding]:
    """SpacingBetweenSlices is only a check: positions are what the scanner measured."""
    stated = first.spacing_between_mm
    if stated is None or len(grid.places) < 2 or abs(stated - grid.spacing_mm) <= 0.02 * grid.spacing_mm:
        return []
    text = f"The header states {stated:.2f} mm between slices, their positions {grid.spacing_mm:.2f} mm, which is used."
    return [Finding("spacing-differs", text, Severity.INFO)]


def _plain_name(frame: Frame) -> str:
    return f"series {frame.file.series_number}" if frame.file.series_number else "unnamed series"
