"""What a person did to a study, one entry each: the audit trail, and what undo and redo are named by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE, sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CardiacSegmentationLib.findings import Parameters

TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
NAMES = {"lv_ed": "LV ED", "lv_es": "LV ES", "rv_ed": "RV ED", "rv_es": "RV ES"}
SEXES = {"M": "male", "F": "female"}


@dataclass(frozen=True)
class JournalEntry:
    """One thing a person did: what, when, with which tool, where, and what it changed.

    ``before`` and ``after`` are areas in mm² or the value that was decided, as text. An entry that was taken back
    stays, with ``undone``. Places count from 0, as everywhere in memory.
    """

    when: str  # ISO 8601, UTC
    action: str  # "edit", "count", "leave-out", "automatic-count", "key-phase", "convention", "patient", "sign", …
    tool: str = ""
    structure: str = ""  # "LV", "MYO", "RV", or several: "MYO+LV"; empty where none is meant
    phase: int | None = None
    slice: int | None = None
    images: int = 1  # how many images it changed; above one, ``phase`` and ``slice`` name the first
    subject: str = ""  # which decision: "lv_es", "papillary", "height_cm", …
    before: str = ""
    after: str = ""
    undone: bool = False


def now_utc() -> str:
    """This moment as entries hold it: ISO 8601, UTC, seconds."""
    return datetime.now(timezone.utc).strftime(TIME_FORMAT)


def moment_of(when: str) -> datetime:
    """The moment, in UTC, that an entry or a signature names; one of another program may name its own zone."""
    moment = datetime.fromisoformat(when.replace("Z", "+00:00"))  # Python 3.10 knows no Z
    return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def name_text(name: str) -> str:
    """A name as it is spoken; DICOM writes family, given and middle name, prefix and suffix with ``^`` between."""
    family, given, middle, prefix, suffix = (*name.split("^"), "", "", "", "")[:5]
    return " ".join(part.strip() for part in (prefix, given, middle, family, suffix) if part.strip())


def describe_entry(
    entry: JournalEntry, key_phases: Mapping[str, int | None] | None = None, language: str = DEFAULT_LANGUAGE
) -> str:
    """An entry in few words, as "exclude RV, slice 1, ES".

    Phases among ``key_phases`` (such as ``vars(assessment.key_phases)``) are called ED or ES; LV ES and RV ES where the
    ventricles have another one each.
    """
    parameters: Parameters = {
        "tool": entry.tool,
        "structure": tuple(entry.structure.split("+")) if entry.structure else (),
        "subject": NAMES.get(entry.subject, entry.subject),
        "before": _value_text(entry, entry.before),
        "after": _value_text(entry, entry.after),
        "count": entry.images,
    }
    parts = [sentence(f"journal-{entry.action}", parameters, language)]
    if entry.images > 1:
        parts.append(sentence("journal-images", {"count": entry.images}, language))
    elif entry.slice is not None:
        parts.append(sentence("journal-slice", {"slice": entry.slice}, language))
    if entry.images == 1 and entry.phase is not None and not entry.subject:
        parts.append(_name_phase(entry.phase, key_phases, language))
    return ", ".join(parts)


def value_change(entry: JournalEntry) -> str:
    """What an entry changed, as "LV 812 mm² → LV 790 mm²"; empty where its description says it already."""
    if entry.subject or not (entry.before and entry.after):
        return ""
    return f"{entry.before} → {entry.after}"


def _value_text(entry: JournalEntry, value: str) -> str:
    """A value as a person says it; DICOM's codes of the sexes are words of the catalogue."""
    return (SEXES.get(value, value) if entry.subject == "sex" else name_text(value)) or "–"


def _name_phase(phase: int, key_phases: Mapping[str, int | None] | None, language: str) -> str:
    known = {name: at for name, at in (key_phases or {}).items() if at is not None}
    phases_of = {moment: {at for name, at in known.items() if name.endswith(moment)} for moment in ("ed", "es")}
    moments = dict.fromkeys(
        name[-2:].upper() if phases_of[name[-2:]] == {phase} else NAMES[name]
        for name, at in known.items()
        if at == phase
    )
    if moments:
        return "/".join(moments)
    return sentence("journal-phase", {"phase": phase}, language)
