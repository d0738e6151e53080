"""Candidates → the one to segment. Geometry decides; a series' name is only a hint."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from CardiacSegmentationLib.cine.axis import TRUSTED_DEG, TYPICAL_DEG, angle_deg, angle_to_usual_axis_deg
from CardiacSegmentationLib.cine.kinds import CINE
from CardiacSegmentationLib.cine.study import ORIENTATION_UNKNOWN
from CardiacSegmentationLib.stack import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CardiacSegmentationLib.cine.study import Candidate

FEWEST_SLICES = 3
FEW_PHASES = 8  # fewer cannot catch end-systole
PERPENDICULAR_DEG = 65.0
EXACT_DEG = 80.0
UNUSUAL_DEG = 70.0
PARALLEL_DEG = 10.0

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
        if verdict.short_axis:
            findings += _tell_parallel(one, others)
        judged.append(replace(one, is_short_axis=verdict.short_axis, findings=findings))
    return judged


def choose(candidates: Sequence[Candidate]) -> tuple[int | None, str]:
    """Index of the stack to segment and why; no index where none fits."""
    fit = [index for index, one in enumerate(candidates) if one.is_short_axis and _why_not_cine(one) is None]
    if not fit:
        return None, _why_none(candidates)
    best = max(fit, key=lambda index: _rank(candidates[index], index))
    one = candidates[best]
    reason = f"the short-axis cine stack with {one.slices} slices and {one.phases} phases"
    others = [str(index) for index in fit if index != best]
    if others:
        reason += f"; also short-axis: stack {', '.join(others)}"
    return best, reason


def _rank(one: Candidate, index: int) -> tuple[object, ...]:
    slices = sum(any(frame is not None for frame in row) for row in one.frames) or one.slices
    first = next((frame for row in one.frames for frame in row if frame is not None), None)
    original = first is None or first.technique[:1] != ("DERIVED",)
    return not _STRESS.search(one.description), original, slices, one.complete, one.phases >= FEW_PHASES, index


def _judge(one: Candidate, others: Sequence[Candidate]) -> _Verdict:
    if any(finding.code == ORIENTATION_UNKNOWN for finding in one.findings):
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
        return _Verdict(True, _ODD_COMPANIONS if perpendicular < len(crossing) / 2 else None)
    # An unusual heart: other views must agree. Two different long-axis views fix the axis they have in common.
    agreed = perpendicular == len(crossing) and (len(crossing) >= 2 or angle <= UNUSUAL_DEG)
    exact = len(crossing) >= 2 and min(crossing) >= EXACT_DEG and angle <= TRUSTED_DEG
    fits = not long_name and (exact or (agreed and short_name))
    return _Verdict(True, _UNUSUAL) if fits else _Verdict(False)


def _tell_parallel(one: Candidate, others: Sequence[Candidate]) -> tuple[Finding, ...]:
    """Slices that seem to belong to a stack but were scanned with another field of view, matrix or protocol."""
    beside = [
        other
        for other in others
        if other.kind == one.kind == CINE
        and other.volume is None
        and other.phases > 1
        and other.slices < one.slices
        and angle_deg(_normal(other), _normal(one)) < PARALLEL_DEG
    ]
    if not beside:
        return ()
    count = sum(other.slices for other in beside)
    text = (
        f"{count} more parallel {'slice has' if count == 1 else 'slices have'} another pixel size, matrix, position, "
        "tilt or protocol and cannot be part of this stack."
    )
    return (Finding("parallel-slices", text),)


_ODD_COMPANIONS = Finding(
    "short-axis-doubtful",
    "The other cine views are not perpendicular to this stack, as its long-axis views would be. Check that it is "
    "short-axis.",
)
_UNUSUAL = Finding(
    "unusual-orientation",
    "The stack lies unusually for a short axis; it is taken for one because the other views fit it. Check it.",
)


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
    more = f" and {len(named) - 5} more" if len(named) > 5 else ""
    return f"no short-axis cine stack among {'; '.join(named[:5])}{more}"
