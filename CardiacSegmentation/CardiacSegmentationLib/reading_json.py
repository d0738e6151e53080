"""A reading as JSON, the same in ``reading.json``, in a scene and in the file that outlives a crash.

Phases and slices count from 1, as in every file.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.errors import MALFORMED, ReadingError
from CardiacSegmentationLib.journal import JournalEntry, moment_of
from CardiacSegmentationLib.reading import (
    BasalRule,
    BaseLine,
    ByRules,
    Conventions,
    KeyPhases,
    Point,
    Reading,
    Signature,
    all_counted,
    require_line,
)
from CardiacSegmentationLib.segmentation import STRUCTURES, Label, Papillary
from CardiacSegmentationLib.stack import Patient

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = "cardiacseg-reading"
PLAIN, WITH_BASE_PLANES = 1, 2  # versions: a program that knows no base planes must not read past them
MOST_IMAGES = 1_000_000  # of a study that anyone could have made: a damaged number must not fill the memory


def reading_to_dict(reading: Reading) -> dict[str, Any]:
    """Everything a person decided, fit for ``json.dumps``."""
    return {
        "schema": SCHEMA,
        "version": WITH_BASE_PLANES if reading.base_lines else PLAIN,
        "key_phases": _phases_to_dict(reading.key_phases),
        "counts": [
            {"structure": Label(label).name, "phase": phase + 1, "slice": slice_ + 1, "counts": counts}
            for (label, phase, slice_), counts in reading.counts
        ],
        "base_lines": [_line_to_dict(line) for line in reading.base_lines],
        "conventions": conventions_to_dict(reading.conventions),
        "patient": asdict(reading.patient),
        "unknown_facts": sorted(reading.unknown_facts),
        "proposal": None if reading.by_rules is None else _by_rules_to_dict(reading.by_rules),  # as files call it
        "looked_at": [[phase + 1, slice_ + 1] for phase, slice_ in sorted(reading.looked_at)],
        "acknowledged": sorted(reading.acknowledged),
        "reader": reading.reader,
        "impression": reading.impression,
        "signature": None if reading.signature is None else asdict(reading.signature),
        "journal": [entry_to_dict(entry) for entry in reading.journal],
    }


def reading_from_dict(data: Any) -> Reading:
    """The reading that ``reading_to_dict`` wrote; what does not fit is a ``ReadingError``."""
    try:
        if data["schema"] != SCHEMA or data["version"] not in (PLAIN, WITH_BASE_PLANES):
            raise ReadingError.of("no-reading", schema=SCHEMA, versions=(PLAIN, WITH_BASE_PLANES))
        return Reading(
            key_phases=_phases_from_dict(data["key_phases"]),
            counts=tuple(sorted(_cell_from_dict(item) for item in data["counts"])),
            base_lines=_lines_from_list(data.get("base_lines", [])),
            conventions=conventions_from_dict(data["conventions"]),
            patient=_patient_from_dict(data["patient"]),
            unknown_facts=frozenset(map(_text, data["unknown_facts"])) & frozenset(vars(Patient())),
            by_rules=None if data["proposal"] is None else _by_rules_from_dict(data["proposal"]),
            looked_at=frozenset((_from_one(phase), _from_one(slice_)) for phase, slice_ in data["looked_at"]),
            acknowledged=frozenset(map(_text, data["acknowledged"])),
            reader=_text(data["reader"]),
            impression=_text(data["impression"]),
            signature=None if data["signature"] is None else _signature_from_dict(data["signature"]),
            journal=tuple(entry_from_dict(item) for item in data["journal"]),
        )
    except MALFORMED as error:
        raise ReadingError.of("reading-damaged", reason=f"{type(error).__name__}: {error}") from error


def conventions_to_dict(conventions: Conventions) -> dict[str, Any]:
    """The conventions by name."""
    return {
        "papillary": conventions.papillary.value,
        "bsa_formula": conventions.bsa_formula,
        "basal_rule": conventions.basal_rule.value,
        "papillary_percent": conventions.papillary_percent,
    }


def conventions_from_dict(data: Mapping[str, Any]) -> Conventions:
    """The conventions that ``conventions_to_dict`` wrote."""
    return Conventions(
        Papillary(data["papillary"]),
        str(data["bsa_formula"]),
        BasalRule(data["basal_rule"]),
        int(data.get("papillary_percent", Conventions.papillary_percent)),  # readings of version 0.1 have none
    )


def entry_to_dict(entry: JournalEntry) -> dict[str, Any]:
    """One entry of the journal."""
    places = {name: None if getattr(entry, name) is None else getattr(entry, name) + 1 for name in ("phase", "slice")}
    return {**asdict(entry), **places}


def entry_from_dict(data: Mapping[str, Any]) -> JournalEntry:
    """The entry that ``entry_to_dict`` wrote."""
    places = {name: None if data[name] is None else _from_one(data[name]) for name in ("phase", "slice")}
    texts = {name: _text(data[name]) for name in ("when", "action", "tool", "structure", "subject", "before", "after")}
    return JournalEntry(**texts, **places, images=int(data["images"]), undone=bool(data["undone"]))  # type: ignore[arg-type]


def _phases_to_dict(key_phases: KeyPhases) -> dict[str, int | None]:
    return {name: None if phase is None else phase + 1 for name, phase in asdict(key_phases).items()}


def _phases_from_dict(data: Mapping[str, Any]) -> KeyPhases:
    return KeyPhases(**{name: None if phase is None else _from_one(phase) for name, phase in data.items()})


def _cell_from_dict(data: Mapping[str, Any]) -> tuple[tuple[int, int, int], bool]:
    if not isinstance(data["counts"], bool):
        msg = f"{data['counts']!r} does not say whether a slice counts"
        raise ValueError(msg)
    return (_structure(data["structure"]), _from_one(data["phase"]), _from_one(data["slice"])), data["counts"]


def _structure(name: Any) -> int:
    if name not in [label.name for label in STRUCTURES]:
        msg = f"{name!r} is no structure of the heart"
        raise ValueError(msg)
    return int(Label[name])


def _line_to_dict(line: BaseLine) -> dict[str, Any]:
    return {
        "structure": Label(line.label).name,
        "view": line.view,
        "phase": line.phase + 1,
        "points_mm": [list(point) for point in line.points_mm],
        "across": list(line.across),
        "followed": line.is_followed,
    }


def _lines_from_list(items: Any) -> tuple[BaseLine, ...]:
    lines = sorted(map(_line_from_dict, items))
    if len({(line.label, line.view, line.phase) for line in lines}) < len(lines):
        msg = "a base plane has two lines for one long axis and phase"
        raise ValueError(msg)
    return tuple(lines)


def _line_from_dict(data: Mapping[str, Any]) -> BaseLine:
    if not isinstance(data["followed"], bool):
        msg = f"{data['followed']!r} does not say whether a line was followed"
        raise ValueError(msg)
    first, second = map(_point, data["points_mm"])
    line = BaseLine(
        _structure(data["structure"]),
        _text(data["view"]),
        _from_one(data["phase"]),
        (first, second),
        _point(data["across"]),
        data["followed"],
    )
    require_line(line)
    return line


def _point(numbers: Any) -> Point:
    x, y, z = (float(number) for number in numbers)
    if not all(map(math.isfinite, (x, y, z))):
        msg = f"{numbers!r} is no point in millimetres"
        raise ValueError(msg)
    return x, y, z


def _signature_from_dict(data: Mapping[str, Any]) -> Signature:
    when = _text(data["when"])
    moment_of(when)  # raises where it is none
    return Signature(_text(data["reader"]), when)


def _patient_from_dict(data: Mapping[str, Any]) -> Patient:
    sex = data["sex"]
    numbers = {name: data[name] for name in ("age_years", "height_cm", "weight_kg")}
    return Patient(
        sex=None if sex is None else str(sex),
        **{name: None if value is None else float(value) for name, value in numbers.items()},
    )


def _by_rules_to_dict(by_rules: ByRules) -> dict[str, Any]:
    """What is left out, by structure and slice: most slices count in every phase."""
    _, phases, slices = by_rules.counted.shape
    left_out = [
        {"structure": label.name, "slice": slice_ + 1, "phases": [int(phase) + 1 for phase in np.flatnonzero(out)]}
        for label in STRUCTURES
        for slice_ in range(slices)
        if (out := ~by_rules.counted[label - 1, :, slice_]).any()
    ]
    return {
        "key_phases": _phases_to_dict(by_rules.key_phases),
        "phases": phases,
        "slices": slices,
        "left_out": left_out,
    }


def _by_rules_from_dict(data: Mapping[str, Any]) -> ByRules:
    phases, slices = int(data["phases"]), int(data["slices"])
    if not 0 < phases * slices <= MOST_IMAGES:
        msg = f"no study has {phases} phases of {slices} slices"
        raise ValueError(msg)
    counted = all_counted(phases, slices)
    for item in data["left_out"]:
        without = [_from_one(phase) for phase in item["phases"]]
        counted[_structure(item["structure"]) - 1, without, _from_one(item["slice"])] = False
    return ByRules(_phases_from_dict(data["key_phases"]), counted)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        msg = f"{value!r} is no text"
        raise ValueError(msg)
    return value


def _from_one(number: Any) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        msg = f"{number!r} is no number of a phase or slice, which count from 1"
        raise ValueError(msg)
    return number - 1
