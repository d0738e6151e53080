"""Slices → candidate: base to apex on an even grid, phases in time, and everything the reader should know about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.cine.axis import toward_apex
from CardiacSegmentationLib.cine.group import normal_of
from CardiacSegmentationLib.cine.kinds import CINE, RESAMPLED, is_location
from CardiacSegmentationLib.cine.phases import Cycle, find_cycle
from CardiacSegmentationLib.cine.slices import acquisition_order
from CardiacSegmentationLib.cine.study import Candidate
from CardiacSegmentationLib.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from CardiacSegmentationLib.cine.frames import Frame, Vector
    from CardiacSegmentationLib.cine.slices import Slice
    from CardiacSegmentationLib.findings import Parameter
    from CardiacSegmentationLib.stack import Array

IRREGULAR_SHARE = 0.1  # of the usual distance: one that differs by more counts as irregular
EXTRA_SHARE = 0.6  # nearer than this to its neighbour, a slice would be counted twice
ONE_BEAT_S = 0.25
SHEARED_MM = 2.0  # a slice further beside the line through the others' middles is drawn in a wrong place
LEFT_OUT_CODES = ("incomplete-slice", "extra-slice", "apart")  # findings about slices that are no part of the stack
WIDEST_HOLE = 2  # missing slices in a row that are left empty; beyond them it is another stack


@dataclass(frozen=True)
class _Grid:
    """Even positions from base to apex: which slice lies at each (``None``: missing), and what did not fit."""

    places: tuple[int | None, ...]
    spacing_mm: float
    steps_mm: tuple[float, ...] = ()  # from each place to the next as the slices lie; across a hole in equal parts
    slice_findings: tuple[Finding, ...] = ()  # of slices as they were acquired

    @property
    def uneven(self) -> list[int]:
        """The steps that differ from the usual one."""
        usual = np.median(self.steps_mm) if self.steps_mm else 0.0
        return [at for at, step in enumerate(self.steps_mm) if abs(step - usual) > IRREGULAR_SHARE * usual]

    @property
    def misfit(self) -> int:
        """Slices that are left out, empty places and uneven steps."""
        return len(self.slice_findings) + self.places.count(None) + len(self.uneven)


def arrange(slices: Sequence[Slice]) -> Candidate:
    """A candidate from the slices of one stack."""
    direction, certain = toward_apex(normal_of(slices[0].frames[0].orientation))
    slices = sorted(slices, key=lambda one: float(direction @ one.frames[0].centre))
    cycle = find_cycle(slices)
    usable = [index for index, frames in enumerate(cycle.frames) if frames]
    grid = _lay_grid([float(direction @ slices[index].frames[0].centre) for index in usable], usable, slices)
    about_slices = [*_check_repeats(slices), *cycle.slice_findings, *grid.slice_findings]
    filled = [place for place in grid.places if place is not None]
    first = cycle.frames[filled[0]][0]
    kind = _kind(first, cycle)
    findings = (
        *_place_findings(about_slices, grid, slices, direction),
        *_check_steps(grid),
        *_find_holes(grid),
        *_check_spacing(first, grid),
        *_check_shear([cycle.frames[place][0] for place in filled], direction),
        *cycle.findings,
        *(() if certain or len(slices) == 1 else (Finding("base-assumed"),)),
        *((Finding("resampled", Severity.INFO),) if first.kind == RESAMPLED and kind == CINE else ()),
    )
    return Candidate(
        description=first.file.description or _plain_name(first),
        kind=kind,
        rows=first.file.rows,
        columns=first.file.columns,
        affine=_affine(first, direction, grid.spacing_mm),
        times_ms=cycle.times_ms,
        rr_ms=cycle.rr_ms,
        thickness_mm=first.thickness_mm,
        frames=tuple(_frames_at(place, cycle) for place in grid.places),
        slice_order=_slice_order(grid, slices),
        complete=len(filled) == len(grid.places) == len(slices) and not cycle.slice_findings,
        findings=findings,
    )


def _lay_grid(z: Sequence[float], usable: Sequence[int], slices: Sequence[Slice]) -> _Grid:
    """Put slices on even positions; what lies between them is left out, what is missing stays empty."""
    if len(z) == 1:
        frame = slices[usable[0]].frames[0]
        return _Grid((usable[0],), frame.spacing_between_mm or frame.thickness_mm or 1.0)
    laid = [(distance, _lay_at_distance(distance, z, usable)) for distance in _likely_distances(z)]
    return min(laid, key=lambda one: (one[1].misfit, abs(one[0] - one[1].spacing_mm)))[1]


def _likely_distances(z: Sequence[float]) -> list[float]:
    """What slices may usually lie apart: any step, or the mean of two where every other one is short."""
    steps = np.diff(z)
    pairs = (steps[1:] + steps[:-1]) / 2
    return [float(np.median(steps)), *np.unique(np.round([*steps, *pairs], 1)).tolist()]


def _lay_at_distance(usual: float, z: Sequence[float], usable: Sequence[int]) -> _Grid:
    """Slices at multiples of a distance; beyond a wide hole lies another stack."""
    slice_findings: list[Finding] = []
    runs: list[list[int | None]] = [[usable[0]]]
    last = z[0]
    for place, index in zip(z[1:], usable[1:], strict=True):
        gap = place - last
        if gap < EXTRA_SHARE * usual:
            facts = {"gap_mm": gap, "usual_mm": usual}
            slice_findings.append(Finding("extra-slice", slice=index, parameters=facts))
            continue
        steps = max(1, round(gap / usual))
        if steps - 1 > WIDEST_HOLE:
            runs.append([index])
        else:
            runs[-1] += [None] * (steps - 1) + [index]
        last = place
    longest = max(runs, key=len)
    for run in runs:
        if run is not longest:
            slice_findings += [Finding("apart", Severity.ERROR, slice=index) for index in run if index is not None]
    if len(longest) == 1:
        return _Grid(tuple(longest), usual, (), tuple(slice_findings))
    return _even_out(longest, dict(zip(usable, z, strict=True)), slice_findings)


def _even_out(places: Sequence[int | None], z: Mapping[int, float], slice_findings: Sequence[Finding]) -> _Grid:
    """Spread slices evenly between the first and the last: so that the stack keeps its length."""
    filled = {number: z[place] for number, place in enumerate(places) if place is not None}
    steps = np.diff(np.interp(range(len(places)), list(filled), list(filled.values())))
    return _Grid(tuple(places), float(steps.mean()), tuple(steps.tolist()), tuple(slice_findings))


def _check_steps(grid: _Grid) -> list[Finding]:
    """Slices that lie unevenly, and by how much volumes can be off."""
    if not grid.uneven:
        return []
    small, large = _volume_errors(np.array(grid.steps_mm))
    facts = {
        "low_mm": min(grid.steps_mm),
        "high_mm": max(grid.steps_mm),
        "spacing_mm": grid.spacing_mm,
        "small_percent": float(small),
        "large_percent": float(large),
    }
    beyond = next(number for number, place in enumerate(grid.places) if number > grid.uneven[0] and place is not None)
    return [Finding("irregular-gap", slice=beyond, parameters=facts)]


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
    if first.kind == RESAMPLED and len(cycle.times_ms) > 1 and cycle.timed:
        return CINE
    if first.kind == CINE and any(len({frame.inversion_ms for frame in frames}) > 1 for frames in cycle.frames):
        return "map"  # each image so long after an inversion: source images of a T1 map, or a search for the best time
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


def _check_repeats(slices: Sequence[Slice]) -> list[Finding]:
    findings = []
    for index, one in enumerate(slices):
        if one.duplicates:
            count = {"count": len(one.duplicates)}
            findings.append(Finding("duplicate-frames", slice=index, parameters=count))
        if one.replaced:
            used, unused = one.frames[0], one.replaced[0]
            facts: dict[str, Parameter] = {
                "used": used.file.series_number,
                "count": len(one.replaced),
                "order": "earlier" if acquisition_order(unused) <= acquisition_order(used) else "later",
                "unused": unused.file.series_number,
            }
            findings.append(Finding("reacquired-slice", slice=index, parameters=facts))
    return findings


def _place_findings(
    about_slices: Sequence[Finding], grid: _Grid, slices: Sequence[Slice], direction: Vector
) -> list[Finding]:
    """Findings of slices as they were acquired, at their places in the stack.

    A slice that is left out has no place but a distance; what else was found in it does not matter any more.
    """
    numbers = {place: number for number, place in enumerate(grid.places) if place is not None}
    first = next(iter(numbers))
    origin = float(direction @ slices[first].frames[0].centre)
    findings = []
    for finding in about_slices:
        acquired = finding.slice or 0
        if acquired in numbers:
            findings.append(replace(finding, slice=numbers[acquired]))
        elif finding.code in LEFT_OUT_CODES:
            z = float(direction @ slices[acquired].frames[0].centre) - origin
            away = {"distance_mm": abs(z), "side": "before" if z < 0 else "beyond"}
            findings.append(replace(finding, slice=None, parameters={**finding.parameters, **away}))
    return findings


def _find_holes(grid: _Grid) -> list[Finding]:
    return [
        Finding("missing-slice", Severity.ERROR, slice=number)
        for number, place in enumerate(grid.places)
        if place is None
    ]


def _check_spacing(first: Frame, grid: _Grid) -> list[Finding]:
    """SpacingBetweenSlices is only a check: positions are what the scanner measured."""
    stated = first.spacing_between_mm
    if stated is None or len(grid.places) < 2 or abs(stated - grid.spacing_mm) <= 0.02 * grid.spacing_mm:
        return []
    facts = {"stated_mm": stated, "used_mm": grid.spacing_mm}
    return [Finding("spacing-differs", Severity.INFO, parameters=facts)]


def _check_shear(frames: Sequence[Frame], direction: Vector) -> list[Finding]:
    """The grid stands upright on the first slice: of a stack that leans, volumes are right and places are not."""
    beside = np.array([frame.centre - frames[0].centre for frame in frames])
    shift_mm = float(np.linalg.norm(beside - np.outer(beside @ direction, direction), axis=1).max())
    return [Finding("stack-sheared", parameters={"shift_mm": shift_mm})] if shift_mm > SHEARED_MM else []


def _plain_name(frame: Frame) -> str:
    return f"series {frame.file.series_number}" if frame.file.series_number else "unnamed series"
