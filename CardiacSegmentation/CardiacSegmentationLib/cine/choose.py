"""Candidates → the one to segment. Geometry decides; a series' name is only a hint."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from CardiacSegmentationLib.cine.axis import TRUSTED_DEG, TYPICAL_DEG, angle_deg, angle_to_usual_axis_deg
from CardiacSegmentationLib.cine.kinds import CINE
from CardiacSegmentationLib.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from CardiacSegmentationLib.cine.frames import Frame
    from CardiacSegmentationLib.cine.study import Candidate
    from CardiacSegmentationLib.findings import Parameter

FEWEST_SLICES = 3
FEW_PHASES = 8  # fewer cannot catch end-systole
PERPENDICULAR_DEG = 65.0
EXACT_DEG = 80.0
UNUSUAL_DEG = 70.0
PARALLEL_DEG = 10.0
ADJOINING = 1.5  # slice distances: so near to a stack its next slice would lie
MOST_NAMED = 5

_SHORT = re.compile(r"\bl?v?sax?\b|sax|short|\bksa\b|kurz|petit.?axe|eje.?corto|asse.?corto|lvsa|\bpsax", re.IGNORECASE)
_LONG = re.compile(
    r"\blax|lax\b|long.?ax|[234] ?-?ch|chamber|\bhla\b|\bvla\b|lvot|rvot|axial|\btra\b|trans|\bcor|\bsag|aort|pulm|"
    r"lang|\b[234]k|\brad(ial)?\b|rv.?in",
    re.IGNORECASE,
)
_STRESS = re.compile(r"stress|dobut|adeno|regad|exerc|\bpeak\b|belast", re.IGNORECASE)


@dataclass(frozen=True)
class _View:
    """What tells a short-axis stack from others: how it lies, how the study's other cine views lie to it, its name."""

    angle_deg: float  # between its normal and the usual long axis
    crossing_deg: tuple[float, ...]  # to the other views that are not parallel, each orientation once
    description: str

    @property
    def is_usual(self) -> bool:
        return self.angle_deg <= TYPICAL_DEG

    @property
    def perpendicular(self) -> int:
        """How many other views lie across it, as long-axis views do."""
        return sum(angle >= PERPENDICULAR_DEG for angle in self.crossing_deg)

    @property
    def agrees(self) -> bool:
        """Whether all other views lie across it; two of them fix the axis that they have in common."""
        return self.perpendicular == len(self.crossing_deg) and (
            self.perpendicular >= 2 or self.angle_deg <= UNUSUAL_DEG
        )

    @property
    def agrees_exactly(self) -> bool:
        return len(self.crossing_deg) >= 2 and min(self.crossing_deg) >= EXACT_DEG and self.angle_deg <= TRUSTED_DEG


# How much each observation speaks for a short axis; a sum above zero makes one.
_EVIDENCE: tuple[tuple[int, Callable[[_View], bool]], ...] = (
    (+3, lambda view: view.is_usual),
    (-5, lambda view: not view.is_usual),
    (+3, lambda view: not view.is_usual and view.agrees),
    (+1, lambda view: not view.is_usual and view.agrees_exactly),
    (+2, lambda view: view.perpendicular > 0),
    (+3, lambda view: bool(_SHORT.search(view.description))),
    (-4, lambda view: bool(_LONG.search(view.description))),
)


def judge(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The same candidates, each told whether it is a short-axis stack."""
    judged = []
    for candidate in candidates:
        others = [other for other in candidates if other is not candidate]
        is_short_axis, findings = _judge(candidate, others)
        beside = (*_find_parallel(candidate, others), *_find_strays(candidate, others)) if is_short_axis else ()
        complete = candidate.complete and not any(finding.severity is Severity.ERROR for finding in beside)
        findings = (*candidate.findings, *findings, *beside)
        judged.append(replace(candidate, is_short_axis=is_short_axis, complete=complete, findings=findings))
    return judged


def choose(candidates: Sequence[Candidate]) -> tuple[int | None, tuple[Finding, ...]]:
    """Index of the stack to segment and why; no index where none fits, or where they show several patients.

    The first finding is the reason, the others are what it speaks of.
    """
    fit = _fitting(candidates)
    if not fit:
        return None, _why_none(candidates)
    best = max(fit, key=lambda index: _rank(candidates[index], among=len(fit)))
    candidate = candidates[best]
    equals = [best, *_rivals(candidates, best)]
    if len({_patient(candidates[index]) for index in equals}) > 1:
        return None, _why_undecided(candidates, sorted(equals))
    others = tuple(str(index) for index in fit if index != best)
    facts = {"slice_count": candidate.slices, "phase_count": candidate.phases}
    reason = _info("chosen-short-axis", **facts)
    return best, (reason, _info("chosen-among", stacks=others)) if others else (reason,)


def find_rivals(candidates: Sequence[Candidate], chosen: int) -> tuple[Finding, ...]:
    """Which stack was chosen where another could have been."""
    rivals = _rivals(candidates, chosen)
    if not rivals:
        return ()
    named = tuple(f"{index} ({_facts_of(candidates[index])})" for index in (chosen, *rivals))
    return (Finding("several-stacks", parameters={"chosen": chosen, "series": named}),)


def order_of(candidate: Candidate) -> tuple[object, ...]:
    """The order in which stacks were taken, as far as their headers tell; file names count for volume files only."""
    first = _first_frame(candidate)
    if first is None:
        return 0, 0, 0.0, 0, "", candidate.description
    timing = first.timing
    return (
        first.file.series_number,
        timing.acquisition,
        timing.acquired_s or 0.0,
        timing.instance,
        first.file.study_uid,
        first.file.instance_uid,
    )


def _fitting(candidates: Sequence[Candidate]) -> list[int]:
    return [
        index
        for index, candidate in enumerate(candidates)
        if candidate.is_short_axis and _why_no_cine(candidate) is None
    ]


def _rank(candidate: Candidate, among: int) -> tuple[object, ...]:
    slices = sum(any(frame is not None for frame in row) for row in candidate.frames) or candidate.slices
    taken = (_study_date(candidate) if among > 1 else "", *order_of(candidate))  # of equals the last
    return (
        not _STRESS.search(candidate.description),
        _is_original(candidate),
        slices,
        candidate.complete,
        _is_cine_long(candidate),
        taken,
    )


def _rivals(candidates: Sequence[Candidate], chosen: int) -> list[int]:
    """Stacks that could be meant as well as the chosen one, not its derived copies or single phases."""
    best = candidates[chosen]
    least = _is_original(best), _is_cine_long(best)

    def competes(candidate: Candidate) -> bool:
        of_another = candidate.volume is None and _patient(candidate) != _patient(best)
        return of_another or (_is_original(candidate), _is_cine_long(candidate)) >= least

    return [index for index in _fitting(candidates) if index != chosen and competes(candidates[index])]


def _is_original(candidate: Candidate) -> bool:
    first = _first_frame(candidate)
    return first is None or first.technique[:1] != ("DERIVED",)


def _is_cine_long(candidate: Candidate) -> bool:
    return candidate.phases >= FEW_PHASES


def _patient(candidate: Candidate) -> str:
    """Who is shown, as far as files tell patients apart; a volume file names nobody and stands for itself."""
    first = _first_frame(candidate)
    return str(candidate.volume) if first is None else first.file.patient_id


def _first_frame(candidate: Candidate) -> Frame | None:
    return next((frame for row in candidate.frames for frame in row if frame is not None), None)


def _study_date(candidate: Candidate) -> str:
    """As in ``2024-05-15``; empty where the file does not say."""
    first = _first_frame(candidate)
    if first is None:
        return ""
    text = first.file.study_date
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else ""


def _facts_of(candidate: Candidate) -> str:
    """What tells a stack from others in any language: its description, series number and date."""
    first = _first_frame(candidate)
    number = "" if first is None else str(first.file.series_number)
    return " · ".join(filter(None, (candidate.description, number, _study_date(candidate))))


def _judge(candidate: Candidate, others: Sequence[Candidate]) -> tuple[bool, tuple[Finding, ...]]:
    """Whether a candidate is a short-axis stack, and doubts about it."""
    if any(finding.code == "orientation-unknown" for finding in candidate.findings):
        return True, ()  # the file cannot say, so the user who named it is taken at his word
    if candidate.slices < FEWEST_SLICES:
        return False, ()
    angle = angle_to_usual_axis_deg(_normal(candidate))
    view = _View(angle, tuple(_crossing_angles(candidate, others)), candidate.description)
    if sum(weight for weight, holds in _EVIDENCE if holds(view)) <= 0:
        return False, ()
    if not view.is_usual:
        return True, (Finding("unusual-orientation"),)
    doubtful = view.perpendicular < len(view.crossing_deg) / 2
    return True, (Finding("short-axis-doubtful"),) if doubtful else ()


def _find_parallel(candidate: Candidate, others: Sequence[Candidate]) -> tuple[Finding, ...]:
    """Slices that seem to belong to a stack but were scanned with another field of view, matrix or protocol."""
    count, adjoins = 0, False
    for other in others:
        if other.kind != CINE or candidate.kind != CINE or other.volume is not None or other.phases < 2:
            continue
        if angle_deg(_normal(other), _normal(candidate)) >= PARALLEL_DEG:
            continue
        beyond = _beyond_mm(candidate, other)
        if beyond or other.slices < candidate.slices:
            count += len(beyond) or other.slices
        if 2 * len(beyond) > other.slices:  # not the stack taken again, a little shifted
            adjoins |= min(beyond) <= ADJOINING * candidate.spacing_mm[0]
    if not count:
        return ()
    if adjoins:
        return (Finding("adjoining-slices", Severity.ERROR, parameters={"count": count}),)
    return (Finding("parallel-slices", parameters={"count": count}),)


def _find_strays(candidate: Candidate, others: Sequence[Candidate]) -> tuple[Finding, ...]:
    """Single images under a stack's own name that lie elsewhere or are turned: a slice may have come apart."""
    strays = sum(
        other.slices
        for other in others
        if other.phases < 2 and other.kind == CINE == candidate.kind and _is_scanned_alike(other, candidate)
    )
    return (Finding("stray-images", parameters={"count": strays}),) if strays and candidate.frames else ()


def _is_scanned_alike(one: Candidate, other: Candidate) -> bool:
    """The same name, matrix and pixel size: where anonymising left one name to all series, a localizer differs."""
    same = (one.description, one.rows, one.columns) == (other.description, other.rows, other.columns)
    return same and all(abs(a - b) < 0.01 * b for a, b in zip(one.spacing_mm[1:], other.spacing_mm[1:], strict=True))


def _beyond_mm(candidate: Candidate, other: Candidate) -> list[float]:
    """How far the slices of ``other`` that ``one`` does not show lie from its nearest slice."""
    spacing = candidate.spacing_mm[0]
    shown = min(spacing / 2, 0.75 * (candidate.thickness_mm or spacing / 2)) + 0.1
    own = _places_mm(candidate, _normal(candidate))
    away = [min(abs(place - mine) for mine in own) for place in _places_mm(other, _normal(candidate))]
    return [mm for mm in away if mm > shown]


def _places_mm(candidate: Candidate, normal: list[float]) -> list[float]:
    """Where the centres of a stack's slices lie along a normal."""
    firsts = [next((frame for frame in row if frame is not None), None) for row in candidate.frames]
    return [float(normal @ frame.centre) for frame in firsts if frame is not None]


def _normal(candidate: Candidate) -> list[float]:
    direction = candidate.affine[:3, 2]
    return [float(value) for value in direction / (direction @ direction) ** 0.5]


def _crossing_angles(candidate: Candidate, others: Sequence[Candidate]) -> list[float]:
    """Angles to the other cine views of the study, each orientation once, parallel ones left aside."""
    normals: list[list[float]] = []
    for other in others:
        normal = _normal(other)
        if (
            other.volume is not None
            or other.phases < 2
            or other.kind != CINE
            or angle_deg(normal, _normal(candidate)) < 15
        ):
            continue
        if all(angle_deg(normal, known) > 10 for known in normals):
            normals.append(normal)
    return [angle_deg(normal, _normal(candidate)) for normal in normals]


def _why_no_cine(candidate: Candidate) -> Finding | None:
    """What keeps images from being a cine of a stack."""
    series = candidate.description
    if candidate.kind != CINE:
        return _info("no-plain-cine", series=series, kind=candidate.kind)
    if candidate.phases < 2 and candidate.volume is None:
        return _info("one-phase-only", series=series)
    if candidate.slices < FEWEST_SLICES:
        return _info("too-few-slices", series=series, count=candidate.slices)
    return None


def _why_none(candidates: Sequence[Candidate]) -> tuple[Finding, ...]:
    if not candidates:
        return (_info("no-mr-images"),)
    named = [
        _why_no_cine(candidate) or _info("no-short-axis", series=candidate.description)
        for candidate in candidates[:MOST_NAMED]
    ]
    return (_info("none-chosen"), *named, *_and_more(len(candidates)))


def _why_undecided(candidates: Sequence[Candidate], equals: Sequence[int]) -> tuple[Finding, ...]:
    """Nobody's heart is taken for another's: which candidate is meant only the user knows."""
    named = equals[:MOST_NAMED]
    if candidates[equals[0]].volume is not None:
        files = [_info("stack-named", number=index, facts=_facts_of(candidates[index])) for index in named]
        return (_info("volumes-of-whom"), *files, *_and_more(len(equals)))
    stacks = [
        _info("stack-from", number=index, facts=_facts_of(candidates[index]), folder=_where(candidates[index]))
        for index in named
    ]
    return (_info("stacks-of-patients"), *stacks, *_and_more(len(equals)))


def _and_more(count: int) -> list[Finding]:
    return [_info("and-more", count=count - MOST_NAMED)] if count > MOST_NAMED else []


def _info(code: str, **parameters: Parameter) -> Finding:
    return Finding(code, Severity.INFO, parameters=parameters)


def _where(candidate: Candidate) -> str:
    """The first file with its folder: names of patients are not told."""
    return "/".join(candidate.files[0].parts[-2:])
