"""What a tab can ask for: each command calls the session's command of that name. To add one, add it to ``COMMANDS``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.assessment import finding_key
from CardiacSegmentationLib.browser.hand import TOOLS, places_mm
from CardiacSegmentationLib.browser.long_axes import in_patient
from CardiacSegmentationLib.browser.proposal import Proposal
from CardiacSegmentationLib.choices import CHOICES, CONVENTION_TYPES, CONVENTIONS
from CardiacSegmentationLib.errors import ReadingError
from CardiacSegmentationLib.network.alternatives import find_alternatives
from CardiacSegmentationLib.segmentation import STRUCTURES, Label
from CardiacSegmentationLib.session.base_planes import set_base_line
from CardiacSegmentationLib.session.contour_commands import (
    copy_here,
    delete_here,
    delete_phases,
    edit_contours,
    grow_here,
    require_change,
    smooth_here,
    snap_here,
)
from CardiacSegmentationLib.session.propagation import (
    describe_proposal,
    propose_filling,
    propose_phases,
    propose_slices,
    take,
)
from CardiacSegmentationLib.session.segment_again import (
    Proposals,
    request_phase,
    request_slice,
    shown_labels,
    take_proposal,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from CardiacSegmentationLib.browser.served import ServedStudy
    from CardiacSegmentationLib.long_axis import LongAxis
    from CardiacSegmentationLib.session import StudySession

    Message = Mapping[str, Any]

STEPS_MM = {"grow": 1.0, "shrink": -1.0}


def _drag(study: ServedStudy, message: Message) -> None:
    place, name = study.place_of(message), str(message["command"])
    before = study.contours_at(place)
    after, _ = study.hand.drag(before, message)
    if after is not before:
        require_change(edit_contours(study.session, {place: after}, name.capitalize()))


def _delete(study: ServedStudy, message: Message) -> None:
    place, structures = study.place_of(message), _structures(message)
    if message.get("allPhases"):
        delete_phases(study.session, place[1], structures)
    else:
        delete_here(study.session, place, structures)


def _copy(study: ServedStudy, message: Message) -> None:
    phases, slices = message["step"]
    copy_here(study.session, study.place_of(message), (int(phases), int(slices)), _structures(message))


def _change(study: ServedStudy, message: Message) -> None:
    session, place, structures = study.session, study.place_of(message), _structures(message)
    if message["command"] in STEPS_MM:
        grow_here(session, place, structures, STEPS_MM[message["command"]])
    else:
        {"smooth": smooth_here, "snap": snap_here}[message["command"]](session, place, structures)


def _propose(study: ServedStudy, message: Message) -> dict[str, Any]:
    session, (phase, slice_) = study.session, study.place_of(message)
    along, tool = str(message["along"]), "Fill" if message.get("fill") else "Propagate"
    if along not in ("phases", "slices"):
        raise ReadingError.of("not-understood", what=along)
    if tool == "Fill":
        found = propose_filling(session, phase) if along == "slices" else propose_filling(session, slice_=slice_)
    else:
        found = (
            propose_phases(session, slice_)
            if along == "phases"
            else propose_slices(session, phase, (slice_ - 1, slice_ + 1))
        )
    facts = {"details": describe_proposal(session, found, study.language)}
    return study.propose(Proposal(found, lambda: take(session, found, tool), facts))


def _again(study: ServedStudy, message: Message) -> dict[str, Any]:
    """The network looks again at the image, or all of its phase; where the hand pointed, if it did."""
    session, place = study.session, study.place_of(message)
    pointed_mm = places_mm(message)[[0, -1]] if "line" in message else None
    whole_phase = bool(message.get("wholePhase"))
    request = request_phase(session, place[0], pointed_mm) if whole_phase else request_slice(session, place, pointed_mm)
    shown = shown_labels(session, request).copy()
    answers = find_alternatives(session.stack, study.network(), request, shown)
    return study.propose(_as_proposal(session, Proposals(request, shown, answers)))


def _as_proposal(session: StudySession, proposals: Proposals) -> Proposal:
    count = len(proposals.answers)
    drawn = [label.name for label in reversed(STRUCTURES) if count and (proposals.labels == label).any()]
    return Proposal(
        proposals.contours(session),
        lambda: take_proposal(session, proposals),
        {"number": proposals.number + 1, "count": count, "drawn": drawn},
        lambda: _as_proposal(session, proposals.next()),
    )


def _next(study: ServedStudy, _: Message) -> dict[str, Any]:
    proposal = study.proposal
    return study.propose(proposal.next() if proposal.next is not None else proposal)


def _take(study: ServedStudy, _: Message) -> None:
    study.proposal.take()


def _count(study: ServedStudy, message: Message) -> None:
    slice_ = int(message["slice"])
    phases = range(study.session.stack.phases) if message.get("allPhases") else [int(message["phase"])]
    for phase in phases:
        study.place_of({"phase": phase, "slice": slice_})
    structures = _structures(message)
    if structures == [Label.LV]:
        structures = [Label.LV, Label.MYO]  # a slice is the LV's with its wall, or not at all
    study.session.set_counts(structures, phases, slice_, None if message["counts"] is None else bool(message["counts"]))


def _base_line(study: ServedStudy, message: Message) -> None:
    """Two points (x, y) on a long axis, where the ventricle's valve is in this phase."""
    phase, _ = study.place_of({"phase": message["phase"], "slice": 0})
    points = np.asarray(message["points"], float)
    if points.shape != (2, 2) or not np.isfinite(points).all():
        raise ReadingError.of("not-understood", what="points")
    long_axis = _long_axis(study, message)
    set_base_line(study.session, _ventricle(message), long_axis, phase, in_patient(long_axis, points).tolist())


def _remove_base_plane(study: ServedStudy, message: Message) -> None:
    study.session.remove_base_plane(_ventricle(message))


def _key_phase(study: ServedStudy, message: Message) -> None:
    name, phase = str(message["name"]), message["phase"]
    if name not in vars(study.session.assessment.key_phases):
        raise ReadingError.of("not-understood", what=name)
    if phase is not None:
        phase, _ = study.place_of({"phase": phase, "slice": 0})
    study.session.set_key_phases(**{name: phase})


def _convention(study: ServedStudy, message: Message) -> None:
    name, value = str(message["name"]), str(message["value"])
    if name not in CONVENTIONS or value not in CHOICES[name].values:
        raise ReadingError.of("not-understood", what=f"{name} {value}")
    study.session.set_conventions(**{name: CONVENTION_TYPES[name](value) if name in CONVENTION_TYPES else value})


def _look(study: ServedStudy, message: Message) -> None:
    study.session.look_at(*study.place_of(message))


def _tick(study: ServedStudy, message: Message) -> None:
    for finding in study.session.assessment.findings:
        if finding_key(finding) == message["key"]:
            study.session.acknowledge(finding, bool(message["seen"]))
            return


def _reader(study: ServedStudy, message: Message) -> None:
    if str(message["text"]).strip() != study.session.reading.reader:
        study.session.set_reader(str(message["text"]))


def _impression(study: ServedStudy, message: Message) -> None:
    if str(message["text"]) != study.session.reading.impression:
        study.session.set_impression(str(message["text"]))


def _export(study: ServedStudy, message: Message) -> None:
    study.write_parts([str(name) for name in message["parts"]])


COMMANDS: Mapping[str, Callable[[ServedStudy, Message], dict[str, Any] | None]] = {
    **dict.fromkeys(TOOLS, _drag),
    "delete": _delete,
    "copy": _copy,
    **dict.fromkeys(("smooth", "snap", "grow", "shrink"), _change),
    "propose": _propose,
    "again": _again,
    "next": _next,
    "take": _take,
    "count": _count,
    "base-line": _base_line,
    "remove-base-plane": _remove_base_plane,
    "key-phase": _key_phase,
    "propose-key-phases": lambda study, _: _nothing(study.session.propose_key_phases()),
    "convention": _convention,
    "undo": lambda study, _: _nothing(study.session.undo()),
    "redo": lambda study, _: _nothing(study.session.redo()),
    "look": _look,
    "tick": _tick,
    "reader": _reader,
    "impression": _impression,
    "sign": lambda study, _: study.session.sign(),
    "unlock": lambda study, _: study.session.unlock(),
    "export": _export,
}


def _nothing(_: object) -> None:
    return None


def _ventricle(message: Message) -> Label:
    labels = _structures(message)
    if len(labels) != 1:
        raise ReadingError.of("base-ventricle")
    return labels[0]


def _long_axis(study: ServedStudy, message: Message) -> LongAxis:
    view = str(message["view"])
    if view not in study.long_axes:
        raise ReadingError.of("not-understood", what=view)
    return study.long_axes[view]


def _structures(message: Message) -> Sequence[Label]:
    """Those named, joined by ``+``; all where none is."""
    names = str(message["structure"]).split("+") if message.get("structure") else [label.name for label in STRUCTURES]
    for name in names:
        if name not in [label.name for label in STRUCTURES]:
            raise ReadingError.of("not-understood", what=name)
    return [Label[name] for name in names]
