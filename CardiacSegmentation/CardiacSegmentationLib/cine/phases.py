"""Slices → heart phases: the order of frames in time, and one frame per phase where slices do not agree."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from CardiacSegmentationLib.cine.frames import Frame, Timing
    from CardiacSegmentationLib.cine.slices import Slice
    from CardiacSegmentationLib.findings import Parameter

LONGEST_CYCLE = 1.5  # in R-R: times spread over more than this are not counted from the R wave
LONGEST_CYCLE_MS = 2000.0  # the same where no R-R is known
SHORTEST_STEP_MS = 2.0  # no scanner takes images faster: times nearer to each other are in another unit
GAP = 1.6  # usual steps between phases: a longer one leaves a phase out
FEWEST_TO_FIND_GAPS = 6  # phases
FEWEST_IN_A_RUN = 4  # images whose times rise tell of a beat; fewer, as ED and ES alone, do not
LONGEST_SPAN = 1.15  # in R-R: phases that last longer contradict it
SHORTEST_RR_MS, LONGEST_RR_MS = 250.0, 3000.0  # 240 and 20 beats a minute
UNKNOWN_RR_MS = 1000.0  # what phases are numbered on where nothing tells their times


@dataclass(frozen=True)
class Cycle:
    """The heart phases of a stack; ``frames[slice][phase]``, empty for a slice that cannot fill them.

    ``slice_findings`` count the slices as they were acquired: their places in the stack are not known yet.
    """

    times_ms: tuple[float, ...]
    rr_ms: float | None
    frames: tuple[tuple[Frame, ...], ...]
    timed: bool  # whether any whole slice tells when in the heart beat its frames were taken
    slice_findings: tuple[Finding, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Course:
    """One slice's frames in time; ``times_ms`` is ``None`` where only their order is known."""

    frames: tuple[Frame, ...]
    times_ms: tuple[float, ...] | None
    rr_ms: float | None
    source: str
    numbers: tuple[float, ...] = ()  # what orders the frames: times, or mere numbers

    def fractions(self, offset_ms: float, rr_ms: float) -> list[float]:
        """Place of each frame in the R-R interval."""
        if self.times_ms is None:
            return [index / len(self.frames) for index in range(len(self.frames))]
        return [(time - offset_ms) / rr_ms for time in self.times_ms]


_TIMES: tuple[tuple[str, Callable[[Timing], float | None]], ...] = (
    ("TriggerTime", lambda timing: timing.trigger_ms),
    ("NominalCardiacTriggerDelayTime", lambda timing: timing.delay_ms),
)
_ORDERS: tuple[tuple[str, Callable[[Timing], float | None]], ...] = (
    ("TemporalPosition", lambda timing: timing.temporal_position),
    ("InstanceNumber", lambda timing: timing.instance),
)


def find_cycle(slices: Sequence[Slice]) -> Cycle:
    """Put the frames of all slices on common heart phases, by rank or else by their place in the R-R interval."""
    courses = [_order_frames(one.frames) for one in slices]
    counts = Counter(len(course.frames) for course in courses)
    phases = max(counts, key=lambda count: (counts[count], count))
    findings: list[Finding] = []
    is_stated = any(course.rr_ms for course in courses)
    if not is_stated:
        courses = [_with_derived_rr(course) if len(course.frames) == phases else course for course in courses]
    usual = [course for course in courses if len(course.frames) == phases]
    rr = _common_rr(courses, findings, is_stated=is_stated)
    times, restarted = _common_times(usual, rr, findings)
    slice_findings: list[Finding] = []
    grid = _Course((), times, rr, "")
    aligned = tuple(_align(course, index, grid, restarted, slice_findings) for index, course in enumerate(courses))
    beats = _check_beats(courses)
    findings += [*_check_order(courses), *check_interval(times, rr), *(beats or _find_gap(usual))]
    timed = any(course.times_ms for course in usual)
    return Cycle(times, rr, aligned, timed, tuple(slice_findings), tuple(findings))


def check_interval(times_ms: Sequence[float], rr_ms: float | None) -> list[Finding]:
    """Phases that last longer than the R-R interval stated or named: one of the two is not of this beat."""
    phases = len(times_ms)
    if rr_ms is None or phases < 2:
        return []
    lasts = (times_ms[-1] - times_ms[0]) * phases / (phases - 1)
    facts = {"lasts_ms": lasts, "rr_ms": rr_ms}
    return [Finding("rr-differs", parameters=facts)] if lasts > LONGEST_SPAN * rr_ms else []


def _order_frames(frames: Sequence[Frame]) -> _Course:
    rr = _median([frame.timing.rr_ms for frame in frames])
    for name, value_of in _TIMES + _ORDERS:
        values = [value_of(frame.timing) for frame in frames]
        known = [value for value in values if value is not None]
        if len(set(known)) < len(frames):
            continue
        timed = (name, value_of) in _TIMES
        span = max(known) - min(known)
        if timed and span > (LONGEST_CYCLE * rr if rr else LONGEST_CYCLE_MS):
            continue
        if timed and span < SHORTEST_STEP_MS * (len(known) - 1):
            continue
        ranks = np.argsort(known, kind="stable")
        times = tuple(known[rank] for rank in ranks) if timed else None
        numbers = tuple(known[rank] for rank in ranks)
        return _Course(tuple(frames[rank] for rank in ranks), times, rr, name, numbers)
    return _Course(tuple(frames), None, rr, "file order")


def _common_rr(courses: Sequence[_Course], findings: list[Finding], *, is_stated: bool) -> float | None:
    known = [course.rr_ms for course in courses if course.rr_ms]
    if not known:
        return None
    rr = float(np.median(known))
    if not is_stated:
        findings.append(Finding("rr-assumed", Severity.INFO, parameters={"rr_ms": rr}))
    if max(known) > 1.2 * min(known):
        findings.append(Finding("rr-varies", parameters={"low_ms": min(known), "high_ms": max(known), "rr_ms": rr}))
    return rr


def _with_derived_rr(course: _Course) -> _Course:
    """R-R where no header states it: the last phase plus one step; the time from ED to ES alone tells of no beat."""
    phases = len(course.frames)
    if course.times_ms is None or phases < FEWEST_IN_A_RUN:
        return course
    rr = (course.times_ms[-1] - course.times_ms[0]) * phases / (phases - 1)
    return replace(course, rr_ms=rr) if SHORTEST_RR_MS <= rr <= LONGEST_RR_MS else course


def _common_times(
    usual: Sequence[_Course], rr: float | None, findings: list[Finding]
) -> tuple[tuple[float, ...], bool]:
    """Times of the phases, and whether each slice counts from its own start instead of from the R wave."""
    phases = len(usual[0].frames)
    timed = [course.times_ms for course in usual if course.times_ms]
    if not timed:
        if phases > 1:
            about_rr = {"rr_ms": rr} if rr else {}
            findings.append(Finding("times-assumed" if rr else "times-unknown", parameters=about_rr))
        return tuple(index * (rr or UNKNOWN_RR_MS) / phases for index in range(phases)), False
    starts = [times[0] for times in timed]
    step = (rr or UNKNOWN_RR_MS) / phases
    restarted = max(starts) - min(starts) > step or (rr is not None and min(starts) > rr) or min(starts) < -step
    if restarted:
        findings.append(Finding("trigger-offset", Severity.INFO))
        timed = [tuple(time - times[0] for time in times) for times in timed]
    return tuple(np.median(timed, axis=0).tolist()), restarted


def _align(
    course: _Course, index: int, grid: _Course, restarted: bool, slice_findings: list[Finding]
) -> tuple[Frame, ...]:
    """One frame for every phase of the grid; nothing where this slice covers too little of the heart cycle."""
    times, count = grid.times_ms or (), len(course.frames)
    phases = len(times)
    if count == phases and (course.times_ms is None or _fits_by_rank(course, grid)):
        return course.frames
    rr = grid.rr_ms or UNKNOWN_RR_MS
    start, own_start = (times[0], course.times_ms[0]) if restarted and course.times_ms else (0.0, 0.0)
    wanted = np.array([(time - start) / rr for time in times])
    there = np.array(course.fractions(own_start, course.rr_ms or rr))
    distance = np.abs(wanted[:, None] - there[None, :]) % 1.0
    distance = np.minimum(distance, 1.0 - distance)
    nearest = distance.argmin(axis=1)
    if count < 0.5 * phases or distance.min(axis=1).max() > 1.05 / min(count, phases):
        there_of = {"frames": count, "expected": phases}
        slice_findings.append(Finding("incomplete-slice", Severity.ERROR, slice=index, parameters=there_of))
        return ()
    used = len(set(nearest.tolist()))
    facts = {"frames": count, "expected": phases, "repeated": phases - used, "unused": count - used}
    slice_findings.append(Finding("unequal-phases", slice=index, parameters=facts))
    return tuple(course.frames[k] for k in nearest)


def _fits_by_rank(course: _Course, grid: _Course) -> bool:
    """Whether the n-th frame is the n-th phase: in milliseconds after the R wave, or as a share of R-R."""
    if course.times_ms is None or grid.times_ms is None or len(grid.times_ms) < 2:
        return True
    own, common = np.array(course.times_ms), np.array(grid.times_ms)
    own, common = own - own[0], common - common[0]
    step = common[-1] / (len(common) - 1)
    scale = (grid.rr_ms or UNKNOWN_RR_MS) / (course.rr_ms or grid.rr_ms or UNKNOWN_RR_MS)
    return bool(min(np.abs(own - common).max(), np.abs(own * scale - common).max()) <= 0.75 * step)


def _check_order(courses: Sequence[_Course]) -> list[Finding]:
    """Where phases could not be ordered by their times."""
    by_source = Counter(course.source for course in courses if len(course.frames) > 1 and course.times_ms is None)
    findings = []
    for source, count in sorted(by_source.items()):
        severity = Severity.INFO if source == "TemporalPosition" else Severity.WARNING
        facts: dict[str, Parameter] = {"count": count, "total": len(courses), "source": source}
        findings.append(Finding("phase-order", severity, parameters=facts))
    return findings


def _check_beats(courses: Sequence[_Course]) -> list[Finding]:
    """Slices whose images show the beat more than once, put into one by their times."""
    beats = [_count_beats(course) for course in courses]
    count = sum(number > 1 for number in beats)
    facts: dict[str, Parameter] = {"count": count, "total": len(courses), "beats": max(beats)}
    return [Finding("several-beats", parameters=facts)] if count else []


def _count_beats(course: _Course) -> int:
    """How often a slice's images, as they are numbered, begin the beat anew, or how many beats their times run on."""
    if course.times_ms is None:
        return _count_beats_run_through(course)
    numbered = sorted(zip((frame.timing.instance for frame in course.frames), course.times_ms, strict=True))
    times = [time for _, time in numbered]
    falls = [index for index in range(1, len(times)) if times[index] < times[index - 1]]
    runs = [times[start:end] for start, end in pairwise([0, *falls, len(times)])]
    whole = [run for run in runs if len(run) >= FEWEST_IN_A_RUN]
    if len(whole) < max(2, len(runs) - 1):  # the last one may be cut off
        return 1
    return len(whole) if max(map(min, whole)) < min(map(max, whole)) else 1


def _count_beats_run_through(course: _Course) -> int:
    """Of images taken in real time: their times run on through several beats in steps that are parts of one."""
    times = np.array([frame.timing.trigger_ms for frame in course.frames], float)
    steps = np.diff(times)
    if (
        course.rr_ms is None
        or len(steps) < 2 * FEWEST_IN_A_RUN
        or not 0 < steps.min() <= steps.max() < course.rr_ms / 2
    ):
        return 1
    return max(1, round(float(times[-1] - times[0] + np.median(steps)) / course.rr_ms))


def _find_gap(usual: Sequence[_Course]) -> list[Finding]:
    """A phase that is missing from every slice: all have the same long step in their times or numbers."""
    if len(usual[0].frames) < FEWEST_TO_FIND_GAPS or not all(course.numbers for course in usual):
        return []
    steps = np.array([np.diff(course.numbers) / np.median(np.diff(course.numbers)) for course in usual])
    where = [int(index) for index in np.flatnonzero((steps > GAP).all(axis=0))]
    return [Finding("phase-missing", phase=index) for index in where]


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None
