"""Candidates → the one to segment. Geometry decides; a series' name is only a hint."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from CardiacSegmentationLib.cine.axis import TRUSTED_DEG, TYPICAL_DEG, angle_deg, angle_to_usual_axis_deg
from CardiacSegmentationLib.cine.kinds import CINE
from CardiacSegmentationLib.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CardiacSegmentationLib.cine.frames import Frame
    from CardiacSegmentationLib.cine.study import Candidate

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
class _Verdict:
    short_axis: bool
    finding: Finding | None = None


def judge(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The same candidates, each told whether it is a short-axis stack."""
    judged = []
    for one in candidates:
        others = [other for other in candidates if other is not one]
        verdict = _judge(one, others)
        findings = one.findings + ((verdict.finding,) if verdict.finding else ())
        beside = _find_parallel(one, others) if verdict.short_axis else ()
        complete = one.complete and not any(finding.severity is Severity.ERROR for finding in beside)
        findings += beside
        judged.append(replace(one, is_short_axis=verdict.short_axis, complete=complete, findings=findings))
    return judged


def choose(candidates: Sequence[Candidate]) -> tuple[int | None, str]:
    """Index of the stack to segment and why; no index where none fits, or where they show several patients."""
    fit = _fitting(candidates)
    if not fit:
        return None, _why_none(candidates)
    best = max(fit, key=lambda index: _rank(candidates[index], among=len(fit)))
    one = candidates[best]
    equals = [best, *_rivals(candidates, best)]
    if len({_patient(candidates[index]) for index in equals}) > 1:
        return None, _why_undecided(candidates, sorted(equals))
    reason = f"the short-axis cine stack with {one.slices} slices and {one.phases} phases"
    others = [str(index) for index in fit if index != best]
    if others:
        reason += f"; also short-axis: stack {', '.join(others)}"
    return best, reason


def find_rivals(candidates: Sequence[Candidate], chosen: int) -> tuple[Finding, ...]:
    """Which stack was chosen where another could have been."""
    rivals = _rivals(candidates, chosen)
    if not rivals:
        return ()
    named = tuple(f"{index} ({_facts_of(candidates[index])})" for index in (chosen, *rivals))
    return (Finding("several-stacks", parameters={"chosen": chosen, "series": named}),)


def order_of(one: Candidate) -> tuple[object, ...]:
    """The order in which stacks were taken, as far as their headers tell; file names count for volume files only."""
    first = _first_frame(one)
    if first is None:
        return 0, 0, 0.0, 0, "", one.description
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
    return [index for index, one in enumerate(candidates) if one.is_short_axis and _why_not_cine(one) is None]


def _rank(one: Candidate, among: int) -> tuple[object, ...]:
    slices = sum(any(frame is not None for frame in row) for row in one.frames) or one.slices
    taken = (_study_date(one) if among > 1 else "", *order_of(one))  # of equals the last
    return not _STRESS.search(one.description), _is_original(one), slices, one.complete, _is_cine_long(one), taken


def _rivals(candidates: Sequence[Candidate], chosen: int) -> list[int]:
    """Stacks that could be meant as well as the chosen one, not its derived copies or single phases."""
    best = candidates[chosen]
    least = _is_original(best), _is_cine_long(best)

    def competes(one: Candidate) -> bool:
        of_another = one.volume is None and _patient(one) != _patient(best)
        return of_another or (_is_original(one), _is_cine_long(one)) >= least

    return [index for index in _fitting(candidates) if index != chosen and competes(candidates[index])]


def _is_original(one: Candidate) -> bool:
    first = _first_frame(one)
    return first is None or first.technique[:1] != ("DERIVED",)


def _is_cine_long(one: Candidate) -> bool:
    return one.phases >= FEW_PHASES


def _patient(one: Candidate) -> str:
    """Who is shown, as far as files tell patients apart; a volume file names nobody and stands for itself."""
    first = _first_frame(one)
    return str(one.volume) if first is None else first.file.patient_id


def _first_frame(one: Candidate) -> Frame | None:
    return next((frame for row in one.frames for frame in row if frame is not None), None)


def _study_date(one: Candidate) -> str:
    """As in ``2024-05-15``; empty where the file does not say."""
    first = _first_frame(one)
    if first is None:
        return ""
    text = first.file.study_date
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else ""


def _facts_of(one: Candidate) -> str:
    """What tells a stack from others in any language: its description, series number and date."""
    first = _first_frame(one)
    number = "" if first is None else str(first.file.series_number)
    return " · ".join(filter(None, (one.description, number, _study_date(one))))


def _name(candidates: Sequence[Candidate], index: int) -> str:
    return f"stack {index} ({_facts_of(candidates[index])})"


def _judge(one: Candidate, others: Sequence[Candidate]) -> _Verdict:
    if any(finding.code == "orientation-unknown" for finding in one.findings):
        return _Verdict(True)  # the file cannot say, so the user who named it is taken at his word
    if one.slices < FEWEST_SLICES:
        return _Verdict(False)
    crossing = _crossing_angles(one, others)
    perpendicular = sum(value >= PERPENDICULAR_DEG for value in crossing)
    angle = angle_to_usual_axis_deg(_normal(one))
    short_name, long_name = bool(_SHORT.search(one.description)), bool(_LONG.search(one.description))
    if angle <= TYPICAL_DEG:
        if long_name and not short_name and not perpendicular:
            return _Verdict(False)
        doubtful = perpendicular < len(crossing) / 2
        return _Verdict(True, Finding("short-axis-doubtful") if doubtful else None)
    # An unusual heart: other views must agree. Two different long-axis views fix the axis they have in common.
    agreed = perpendicular == len(crossing) and (len(crossing) >= 2 or angle <= UNUSUAL_DEG)
    exact = len(crossing) >= 2 and min(crossing) >= EXACT_DEG and angle <= TRUSTED_DEG
    fits = not long_name and (exact or (agreed and short_name))
    return _Verdict(True, Finding("unusual-orientation")) if fits else _Verdict(False)


def _find_parallel(one: Candidate, others: Sequence[Candidate]) -> tuple[Finding, ...]:
    """Slices that seem to belong to a stack but were scanned with another field of view, matrix or protocol."""
    count, adjoins = 0, False
    for other in others:
        if other.kind != CINE or one.kind != CINE or other.volume is not None or other.phases < 2:
            continue
        if angle_deg(_normal(other), _normal(one)) >= PARALLEL_DEG:
            continue
        beyond = _beyond_mm(one, other)
        if beyond or other.slices < one.slices:
            count += len(beyond) or other.slices
        if 2 * len(beyond) > other.slices:  # not the stack taken again, a little shifted
            adjoins |= min(beyond) <= ADJOINING * one.spacing_mm[0]
    if not count:
        return ()
    if adjoins:
        return (Finding("adjoining-slices", Severity.ERROR, parameters={"count": count}),)
    return (Finding("parallel-slices", parameters={"count": count}),)


def _beyond_mm(one: Candidate, other: Candidate) -> list[float]:
    """How far the slices of ``other`` that ``one`` does not show lie from its nearest slice."""
    spacing = one.spacing_mm[0]
    shown = min(spacing / 2, 0.75 * (one.thickness_mm or spacing / 2)) + 0.1
    own = _places_mm(one, _normal(one))
    away = [min(abs(place - mine) for mine in own) for place in _places_mm(other, _normal(one))]
    return [mm for mm in away if mm > shown]


def _places_mm(one: Candidate, normal: list[float]) -> list[float]:
    """Where the centres of a stack's slices lie along a normal."""
    to_centre = one.affine[:3, :2] @ [one.columns / 2, one.rows / 2]
    firsts = [next((frame for frame in row if frame is not None), None) for row in one.frames]
    return [float(normal @ (frame.position + to_centre)) for frame in firsts if frame is not None]


def _normal(one: Candidate) -> list[float]:
    direction = one.affine[:3, 2]
    return [float(value) for value in direction / (direction @ direction) ** 0.5]


def _crossing_angles(one: Candidate, others: Sequence[Candidate]) -> list[float]:
    """Angles to the other cine views of the study, each orientation once, parallel ones left aside."""
    normals: list[list[float]] = []
    for other in others:
        normal = _normal(other)
        if other.volume is not None or other.phases < 2 or other.kind != CINE or angle_deg(normal, _normal(one)) < 15:
            continue
        if all(angle_deg(normal, known) > 10 for known in normals):
            normals.append(normal)
    return [angle_deg(normal, _normal(one)) for normal in normals]


def _why_not_cine(one: Candidate) -> str | None:
    if one.kind != CINE:
        return f"{one.kind}, not a plain cine"
    if one.phases < 2 and one.volume is None:
        return "one phase only, not a cine"
    if one.slices < FEWEST_SLICES:
        return f"{one.slices} parallel {'slice' if one.slices == 1 else 'slices'}, not a stack"
    return None


def _why_none(candidates: Sequence[Candidate]) -> str:
    if not candidates:
        return "the study holds no MR images"
    reasons = [_why_not_cine(one) or "not a short-axis orientation" for one in candidates]
    named = [f"{one.description} ({reason})" for one, reason in zip(candidates, reasons, strict=True)]
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return f"no short-axis cine stack among {'; '.join(named[:MOST_NAMED])}{more}"


def _why_undecided(candidates: Sequence[Candidate], equals: Sequence[int]) -> str:
    """Nobody's heart is taken for another's: which one is meant only the user knows."""
    more = f" and {len(equals) - MOST_NAMED} more" if len(equals) > MOST_NAMED else ""
    if candidates[equals[0]].volume is not None:
        named = ", ".join(_name(candidates, index) for index in equals[:MOST_NAMED])
        return f"volume files do not tell whose heart they show, and several could be segmented: {named}{more}"
    named = ", ".join(f"{_name(candidates, index)} from {_where(candidates[index])}" for index in equals[:MOST_NAMED])
    return f"short-axis cine stacks of several patients: {named}{more}"


def _where(one: Candidate) -> str:
    """The first file with its folder: names of patients are not told."""
    return "/".join(one.files[0].parts[-2:])
