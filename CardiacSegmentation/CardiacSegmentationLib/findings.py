"""What the reader should know: findings, and the one catalogue that puts them into sentences of a language.

A finding is a code, a severity, a place and parameters. Its sentence is made where it is shown, from
``Resources/Findings/<language>.json``: a template for each code, by the room that finds it, and the words that
parameters may hold. To add a language, add a file.

>>> describe(Finding("base-not-covered", slice=0))
'The stack may not reach the base: the LV is still wide in slice 1. Volumes are then too small.'
"""

from __future__ import annotations

import json
import re
import string
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from CardiacSegmentationLib.resources import resource

if TYPE_CHECKING:
    from collections.abc import Mapping

Parameter = str | int | float | tuple[int, ...] | tuple[str, ...]
Parameters = dict[str, Parameter]

DEFAULT_LANGUAGE = "en"
COUNTED_FROM_ONE = frozenset({"slice", "phase", "slices", "phases", "other_phase"})
# What a name in a file, a series or a header may hold; see ``withhold``.
IDENTIFYING = frozenset({"file", "files", "folder", "series", "reason"})
WITHHELD = "…"
_NO_TEXT = re.compile(r"[\ud800-\udfff]")  # what Python makes of a byte in a file's name that it cannot decode


class Severity(str, Enum):
    """How much a finding matters to the reader."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@runtime_checkable
class Spoken(Protocol):
    """A value that is a sentence itself and speaks every language, such as an error within another."""

    def text(self, language: str = DEFAULT_LANGUAGE) -> str: ...


Said = Parameter | Spoken | tuple[Spoken, ...]  # what a sentence may be filled with


@dataclass(frozen=True)
class Finding:
    """An assumption, something left out, a doubt: what it is, how grave, and where.

    ``slice`` and ``phase`` count from 0, as everywhere in memory; so do ``slices``, ``phases`` and ``other_phase``
    among the parameters. Sentences count from 1.
    """

    code: str
    severity: Severity = Severity.WARNING
    slice: int | None = None
    phase: int | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Parameters may hold names of files, and a finding is written into files."""
        readable = {name: _readable_parameter(value) for name, value in self.parameters.items()}
        object.__setattr__(self, "parameters", readable)

    @property
    def message(self) -> str:
        """The English sentence."""
        return describe(self)


def readable(name: str) -> str:
    """The name of a file as text: bytes that are none in UTF-8, as older systems wrote umlauts, become ``�``."""
    return _NO_TEXT.sub("�", name)


def _readable_parameter(value: Parameter) -> Parameter:
    if isinstance(value, tuple):
        return tuple(readable(item) if isinstance(item, str) else item for item in value)  # type: ignore[return-value]
    return readable(value) if isinstance(value, str) else value


def describe(finding: Finding, language: str = DEFAULT_LANGUAGE) -> str:
    """The sentence of a finding in a language; in English where that language has none."""
    values = {"slice": finding.slice, "phase": finding.phase, **finding.parameters}
    return sentence(finding.code, values, language)


def sentence(code: str, values: Mapping[str, Said | None], language: str = DEFAULT_LANGUAGE) -> str:
    """The catalogue's sentence for a code, filled in; the code itself where no catalogue knows it."""
    for spoken in (language, DEFAULT_LANGUAGE):
        template = read_catalogue(spoken).templates.get(code)
        if template is not None:
            if isinstance(template, dict):
                template = template["one" if values.get("count") == 1 else "other"]
            return _Sentence(spoken).vformat(template, (), values)
    return code  # of a file that a later version wrote


def translate(text: str, language: str = DEFAULT_LANGUAGE) -> str:
    """A word or title in another language, as a line of its own; as it is where that language has none."""
    word = read_catalogue(language).words.get(text, text)
    return word[:1].upper() + word[1:]


def withhold(finding: Finding) -> Finding:
    """The finding without names that tell of a patient: of files, folders and series, and of reasons that hold them."""
    hidden = {name: WITHHELD if name in IDENTIFYING else value for name, value in finding.parameters.items()}
    return replace(finding, parameters=hidden)


def languages() -> tuple[str, ...]:
    """Every language that has a catalogue."""
    return tuple(sorted(path.stem for path in resource("Findings").glob("*.json")))


def finding_to_dict(finding: Finding) -> dict[str, Any]:
    """A finding as files hold it; places count from 1, as in every file."""
    places = {"slice": finding.slice, "phase": finding.phase}
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        **{name: None if place is None else place + 1 for name, place in places.items()},
        "parameters": {name: _shifted(name, value, 1) for name, value in finding.parameters.items()},
    }


def finding_from_dict(data: Mapping[str, Any]) -> Finding:
    """The finding that ``finding_to_dict`` wrote."""
    slice_, phase = (None if data[name] is None else int(data[name]) - 1 for name in ("slice", "phase"))
    parameters = {
        name: _shifted(name, tuple(value) if isinstance(value, list) else value, -1)
        for name, value in data.get("parameters", {}).items()
    }
    return Finding(str(data["code"]), Severity(data["severity"]), slice_, phase, parameters)


def _shifted(name: str, value: Any, step: int) -> Any:
    if name not in COUNTED_FROM_ONE:
        return value
    return tuple(number + step for number in value) if isinstance(value, tuple) else value + step


@dataclass(frozen=True)
class Catalogue:
    """The sentences and words of one language."""

    templates: Mapping[str, Any]  # by code: a template, or one for a ``count`` of one and one for all others
    words: Mapping[str, str]

    def number(self, text: str) -> str:
        """A number as people of the language write it."""
        return text.replace(".", self.templates.get("result-decimal-point", "."))


@cache
def read_catalogue(language: str) -> Catalogue:
    """The catalogue of a language; an empty one where there is none."""
    try:
        text = resource("Findings", f"{language}.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return Catalogue({}, {})
    stored = json.loads(text)
    words = stored.pop("words")
    return Catalogue({code: template for room in stored.values() for code, template in room.items()}, words)


class _Sentence(string.Formatter):
    """Fills a template: places count from 1, words are those of the language, lists have commas."""

    def __init__(self, language: str) -> None:
        self._language, self._catalogue = language, read_catalogue(language)

    def get_value(self, key: int | str, _args: Any, kwargs: Mapping[str, Any]) -> Any:
        """A parameter ready to be shown; one that is missing shows as such rather than as an error."""
        value = kwargs.get(str(key))
        if value is None:
            return _Missing()
        value = _shifted(str(key), value, 1)
        if isinstance(value, tuple) and any(isinstance(item, Spoken) for item in value):
            return [self._said(item) for item in value]
        return ", ".join(str(self._said(item)) for item in value) if isinstance(value, tuple) else self._said(value)

    def _said(self, value: Any) -> Any:
        if isinstance(value, Spoken):
            return value.text(self._language)
        return self._word(value) if isinstance(value, str) else value

    def format_field(self, value: Any, format_spec: str) -> str:
        """A parameter in its form, which for several sentences is what stands between them.

        One of another kind, as a damaged file may hold, is shown as it is.
        """
        if isinstance(value, list):
            return (format_spec or "; ").join(value)
        try:
            text = str(super().format_field(value, format_spec))
        except (TypeError, ValueError):
            text = str(value)
        return self._catalogue.number(text) if isinstance(value, float) else text

    def _word(self, text: str) -> str:
        is_number = re.fullmatch(r"-?\d+\.\d+( \S{1,3})?", text) is not None
        return self._catalogue.number(text) if is_number else self._catalogue.words.get(text, text)


class _Missing:
    def __format__(self, _spec: str) -> str:
        return "?"
