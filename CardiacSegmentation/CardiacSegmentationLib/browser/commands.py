"""What a tab can ask for: each command calls the session's command of that name. To add one, add it to ``COMMANDS``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.assessment import finding_key
from CardiacSegmentationLib.browser.hand import TOOLS
from CardiacSegmentationLib.choices import CHOICES, CONVENTIONS
from CardiacSegmentationLib.errors import ContourError, ReadingError
from CardiacSegmentationLib.reading import BasalRule
from CardiacSegmentationLib.segmentation import STRUCTURES, Label, Papillary
from CardiacSegmentationLib.session.contour_commands import (
    copy_here,
    delete_here,
    edit_contours,
    grow_here,
    propose_phases,
    propose_slices,
    smooth_here,
    snap_here,
    take,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from CardiacSegmentationLib.browser.served import ServedStudy

    Message = Mapping[str, Any]

STEPS_MM = {"grow": 1.0, "shrink": -1.0}
TYPED = {"papillary": Papillary, "basal_rule": BasalRule}


def _drag(study: ServedStudy, message: Message) -> None:
    place, name = study.place_of(message), str(message["command"])
    before = study.contours_at(place)
    after, _ = study.hand.drag(before, message)
    if after is not before:
        edit_contours(study.session, {place: after}, name.capitalize())


def _delete(study: ServedStudy, message: Message) -> None:
    delete_here(study.session, study.place_of(message), _structures(message))


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
    phase, place = study.place_of(message)
    if message["along"] == "phases":
        return study.propose(propose_phases(study.session, place))
    return study.propose(propose_slices(study.session, phase, (place - 1, place + 1)))


def _take(study: ServedStudy, _: Message) -> None:
    if not study.proposal:
        msg = "What was proposed does not fit any more: propagate again."
        raise ContourError(msg)
    take(study.session, study.proposal)


def _count(study: ServedStudy, message: Message) -> None:
    place = int(message["slice"])
    phases = range(study.session.stack.phases) if message.get("allPhases") else [int(message["phase"])]
    for phase in phases:
        study.place_of({"phase": phase, "slice": place})
    structures = _structures(message)
    if structures == [Label.LV]:
        structures = [Label.LV, Label.MYO]  # a slice is the LV's with its wall, or not at all
    study.session.set_counts(structures, phases, place, None if message["counts"] is None else bool(message["counts"]))


def _key_phase(study: ServedStudy, message: Message) -> None:
    name, phase = str(message["name"]), message["phase"]
    if name not in vars(study.session.assessment.key_phases):
        msg = f"There is no key phase {name}."
        raise ReadingError(msg)
    if phase is not None:
        phase, _ = study.place_of({"phase": phase, "slice": 0})
    study.session.set_key_phases(**{name: phase})


def _convention(study: ServedStudy, message: Message) -> None:
    name, value = str(message["name"]), str(message["value"])
    if name not in CONVENTIONS or value not in CHOICES[name].values:
        msg = f"There is no convention {name} {value}."
        raise ReadingError(msg)
    study.session.set_conventions(**{name: TYPED[name](value) if name in TYPED else value})


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
    "take": _take,
    "count": _count,
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


def _structures(message: Message) -> Sequence[Label]:
    """Those named, joined by ``+``; all where none is."""
    names = str(message["structure"]).split("+") if message.get("structure") else [label.name for label in STRUCTURES]
    for name in names:
        if name not in [label.name for label in STRUCTURES]:
            msg = f"There is no structure {name}."
            raise ReadingError(msg)
    return [Label[name] for name in names]
