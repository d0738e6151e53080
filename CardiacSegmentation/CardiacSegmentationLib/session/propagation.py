"""Corrections carried to other images of a study: proposed first, changing nothing, then taken as one step."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from CardiacSegmentationLib.box import find_box
from CardiacSegmentationLib.contours.anatomy import place_borders
from CardiacSegmentationLib.contours.fill import fill_gaps
from CardiacSegmentationLib.contours.labels import region_of
from CardiacSegmentationLib.contours.motion import find_motion, follow_motion
from CardiacSegmentationLib.contours.propagate import Carried, LeftOut, propagate
from CardiacSegmentationLib.errors import ContourError
from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE, sentence
from CardiacSegmentationLib.segmentation import STRUCTURES, Border, Contours, Origin
from CardiacSegmentationLib.session.contour_commands import (
    BORDER_OF,
    automatic_contours,
    contours_at,
    edit_contours,
    encloses,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from CardiacSegmentationLib.contours.motion import Motion
    from CardiacSegmentationLib.segmentation import Place
    from CardiacSegmentationLib.session.study_session import StudySession

SEEN_MM = 0.05
_MOTIONS: WeakKeyDictionary[StudySession, Motion] = WeakKeyDictionary()  # found once for a session


def propose_phases(session: StudySession, slice_: int, phases: Iterable[int] | None = None) -> Carried[Place]:
    """What the reader's corrections of a slice make of its other phases; nothing is changed.

    The correction is added to the automatic contours, as far as the images speak for it. Where there are none, or not
    all that the reader has on both sides, the contours follow the images' motion; where a slice has left the heart,
    only between two images that the reader corrected. What she deleted on both sides goes.
    Images that the reader corrected are never among the results.
    """
    stack = session.stack
    wanted = range(stack.phases) if phases is None else phases
    mine = {
        phase: _corrected(session, (phase, slice_)) for phase in range(stack.phases) if _is_mine(session, phase, slice_)
    }
    _require_corrections(mine)
    automatic = [_known_automatic(session, (phase, slice_)) for phase in range(stack.phases)]
    found = propagate(
        automatic,
        mine,
        images=stack.voxels[:, slice_],
        targets=set(wanted),
        at=stack.times_ms,
        period=stack.rr_ms if stack.is_whole_beat else None,
    )
    for phase, borders in found.undrawn.items():
        before = found.get(phase) or automatic[phase] or Contours(session.stack.pixel_mm)
        drawn = _follow(session, (phase, slice_), mine, before, borders)
        if drawn is not None:
            found[phase] = drawn
            found.left_out.pop(phase, None)
        elif phase not in found:
            found.left_out[phase] = LeftOut.NO_ROOM
    return _differing(session, found, [(phase, slice_) for phase in range(stack.phases)], automatic)


def propose_between(session: StudySession, slice_: int) -> Carried[Place]:
    """As ``propose_phases``, from the first phase that the reader corrected to the last."""
    mine = [phase for phase in range(session.stack.phases) if _is_mine(session, phase, slice_)]
    return propose_phases(session, slice_, range(mine[0], mine[-1]) if mine else ())


def propose_slices(session: StudySession, phase: int, slices: Iterable[int] | None = None) -> Carried[Place]:
    """What the reader's corrections of a phase make of its other slices, or of those named; nothing is changed."""
    count = session.stack.slices
    wanted = set(range(count)) & set(range(count) if slices is None else slices)
    mine = {slice_: _corrected(session, (phase, slice_)) for slice_ in range(count) if _is_mine(session, phase, slice_)}
    _require_corrections(mine)
    automatic = [automatic_contours(session, (phase, slice_)) for slice_ in range(count)]
    found = propagate(automatic, mine, images=session.stack.voxels[phase], targets=wanted)
    return _differing(session, found, [(phase, slice_) for slice_ in range(count)], automatic)


def describe_proposal(session: StudySession, carried: Carried[Place], language: str = DEFAULT_LANGUAGE) -> str:
    """Which structures a proposal deletes and draws anew, in how many images; how many stay as they are, and why."""
    said: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for place, after in carried.items():
        before = _before(session, place)
        had, has = set(before.borders if before is not None else ()), set(after.borders)
        for code, borders in (("proposal-deletes", had - has), ("proposal-draws", has - had)):
            if borders:
                said[code, tuple(label.name for label in reversed(STRUCTURES) if BORDER_OF[label] in borders)] += 1
    left_out = Counter(carried.left_out.values())
    return " ".join(
        [
            *(sentence(code, {"structures": names, "count": count}, language) for (code, names), count in said.items()),
            *(sentence(why.value, {"count": left_out[why]}, language) for why in LeftOut if left_out[why]),
        ]
    )


def propose_filling(session: StudySession, phase: int | None = None, slice_: int | None = None) -> Carried[Place]:
    """Contours for images without any between two that have some: along the slices of a phase, or phases of a slice."""
    stack = session.stack
    if phase is not None:
        places: list[Place] = [(phase, slice_) for slice_ in range(stack.slices)]
        at, period = None, None
    elif slice_ is not None:
        places = [(number, slice_) for number in range(stack.phases)]
        at, period = stack.times_ms, stack.rr_ms if stack.is_whole_beat else None
    else:
        msg = "Fill along the slices of a phase, or along the phases of a slice."
        raise ValueError(msg)
    images = [_contours_if_any(session, place) for place in places]
    found = {index: contours for index, contours in fill_gaps(images, at, period).items() if contours.borders}
    empty = [index for index, contours in enumerate(images) if contours is None and index not in found]
    return Carried(
        {places[index]: contours for index, contours in found.items()},
        {places[index]: LeftOut.NOT_BETWEEN for index in empty},
    )


def take(session: StudySession, proposal: Mapping[Place, Contours], tool: str = "Propagate") -> bool:
    """Put what was proposed in place, as one step; images that the reader corrected meanwhile stay as they are.

    Filled are images that are still empty, also where the reader emptied them.
    """
    if tool == "Fill":
        images = {place: contours for place, contours in proposal.items() if not contours_at(session, place).borders}
        return edit_contours(session, images, tool, origin=Origin.PROPAGATED)
    images = {place: contours for place, contours in proposal.items() if not _is_mine(session, *place)}
    holes = [place for place in images if _has_hole_beside(session, place)]
    return edit_contours(session, images, tool, "propagate", Origin.PROPAGATED, holes=holes)


def _follow(
    session: StudySession, place: Place, mine: Mapping[int, Contours], before: Contours, borders: Collection[Border]
) -> Contours | None:
    """Contours with borders of the reader's, carried along by the images' motion; none where they do not fit."""
    phase, slice_ = place
    try:
        carried = follow_motion(_motion_of(session), slice_, mine, [phase])[phase].borders
        return place_borders(before, {border: carried[border] for border in borders if border in carried})
    except ContourError:
        return None


def _is_mine(session: StudySession, phase: int, slice_: int) -> bool:
    return bool(session.segmentation.origin[phase, slice_] == Origin.READER)


def _has_hole_beside(session: StudySession, place: Place) -> bool:
    """Whether the reader left a hole where a cavity was, in a phase of this slice or a slice of this phase."""
    mine = session.segmentation.origin == Origin.READER
    beside = [(int(phase), place[1]) for phase in np.flatnonzero(mine[:, place[1]])]
    beside += [(place[0], int(slice_)) for slice_ in np.flatnonzero(mine[place[0]])]
    without = [
        each for each in beside if {*contours_at(session, each).borders} & {Border.ENDO, Border.EPI} == {Border.EPI}
    ]
    return any(not encloses(contours_at(session, each), session.segmentation.labels[each]) for each in without)


def _known_automatic(session: StudySession, place: Place) -> Contours | None:
    """The automatic contours of an image; without borders where the heart ended before it, ``None`` if not known.

    At base and apex a slice leaves the heart during the beat; an empty image between others was lost.
    """
    (phase, slice_), packed, found = place, session.segmentation.automatic, automatic_contours(session, place)
    if found is not None or packed is None or not packed.labelled[phase]:
        return found
    labels = packed.phase(phase)
    is_between = labels[:slice_].any() and labels[slice_ + 1 :].any()
    return None if is_between else Contours(session.stack.pixel_mm)


def _corrected(session: StudySession, place: Place) -> Contours:
    """The contours of an image that the reader corrected.

    Where she drew none, a border around the pixels that the automatic one has is that one: fitted beside others it lies
    elsewhere by a little, which is no correction.
    """
    mine, automatic, packed = (
        contours_at(session, place),
        automatic_contours(session, place),
        session.segmentation.automatic,
    )
    if place in session.segmentation.contours or automatic is None or packed is None:
        return mine
    now, made = session.segmentation.labels[place], packed.phase(place[0])[place[1]]
    same = [border for border in mine.borders if (region_of(now, border) == region_of(made, border)).all()]
    return mine.with_borders({border: automatic.borders[border] for border in same if border in automatic.borders})


def _require_corrections(mine: Mapping[int, Contours]) -> None:
    if not mine:
        raise ContourError.of("nothing-to-propagate")


def _differing(
    session: StudySession, found: Carried[int], places: Sequence[Place], automatic: Sequence[Contours | None]
) -> Carried[Place]:
    """What was found, by place, without the images that stay as they are.

    Where a correction has nothing to change any more, what an earlier one did there is taken back.
    """
    result = Carried({}, {places[index]: why for index, why in found.left_out.items()})
    unchanged = (LeftOut.NO_CHANGE, LeftOut.DELETED_ONCE)
    untouched = {index: automatic[index] for index, why in found.left_out.items() if why in unchanged}
    for index, after in {**untouched, **found}.items():
        place = places[index]
        before = _before(session, place)
        if after is not None and (before is None or _differ(before, after)):
            result[place] = after
            result.left_out.pop(place, None)
        else:
            result.left_out.setdefault(place, LeftOut.NO_CHANGE)
    return result


def _before(session: StudySession, place: Place) -> Contours | None:
    """The contours of an image as a proposal finds them; ``None`` where the automatic ones are none."""
    return contours_at(session, place) if session.segmentation.corrected[place] else automatic_contours(session, place)


def _differ(before: Contours, after: Contours) -> bool:
    """Whether any border is there or not, or lies elsewhere by more than anybody sees."""
    if before is after:
        return False
    if before.borders.keys() != after.borders.keys():
        return True
    pairs = [(curve, after.borders[border]) for border, curve in before.borders.items()]
    return any(len(one) != len(other) or abs(one - other).max() > SEEN_MM for one, other in pairs)


def _contours_if_any(session: StudySession, place: Place) -> Contours | None:
    contours = contours_at(session, place)
    return contours if contours.borders else None


def _motion_of(session: StudySession) -> Motion:
    """The motion of the study's images, found once."""
    if session not in _MOTIONS:
        stack, labels = session.stack, session.segmentation.labels
        _MOTIONS[session] = find_motion(stack.voxels, stack.pixel_mm, find_box(labels), is_cyclic=stack.is_whole_beat)
    return _MOTIONS[session]
