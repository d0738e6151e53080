"""Plain values as JSON text and back, checked against the types their dataclass declares.

Attributes and parameters of MRML nodes are text; what is stored there outlives the program's version, so reading
trusts nothing: what does not fit the declared type is a ``ValueError``.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from CardiacSegmentationLib.findings import Finding, finding_from_dict, finding_to_dict
from CardiacSegmentationLib.stack import Patient, Source

T = TypeVar("T")

# Names that the values' modules import for type checking only.
_NAMES = {"Path": Path, "Finding": Finding, "Patient": Patient, "Source": Source}


def to_text(value: Any) -> str:
    """A value as one line of JSON; in ASCII, which also holds paths with bytes that are no text."""
    return json.dumps(_plain(value))


def from_text(kind: type[T] | Any, text: str) -> T:
    """The value of the declared type; ``ValueError`` where the text holds something else."""
    return cast("T", from_json(kind, json.loads(text)))


def from_json(kind: Any, data: Any) -> Any:
    """The value of the declared type from what ``json.loads`` made of its text."""
    try:
        return _typed(kind, data)
    except TypeError as error:
        raise ValueError(str(error)) from error


def type_hints(kind: type) -> dict[str, Any]:
    """The types of a dataclass's fields, resolved."""
    return get_type_hints(kind, localns=_NAMES, include_extras=True)


def _plain(value: Any) -> Any:  # noqa: PLR0911
    if isinstance(value, Finding):
        return finding_to_dict(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value) if field.compare}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _typed(kind: Any, data: Any) -> Any:  # noqa: PLR0911 – one line for each kind
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _typed_union(get_args(kind), data)
    if origin is tuple:
        return _typed_tuple(get_args(kind), data)
    if kind is Finding:
        return _finding(data)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = type_hints(kind)
        _expect(isinstance(data, dict), kind, data)
        return kind(**{name: _typed(hints[name], item) for name, item in data.items() if name in hints})
    if isinstance(kind, type) and issubclass(kind, (Enum, Path)):
        _expect(isinstance(data, (str, int)), kind, data)
        return kind(data)
    if kind is float:
        _expect(isinstance(data, (int, float)) and not isinstance(data, bool), kind, data)
        return float(data)
    _expect(type(data) is kind, kind, data)
    return data


def _finding(data: Any) -> Finding:
    try:
        return finding_from_dict(data)
    except (KeyError, AttributeError) as error:
        msg = f"{data!r} is no finding"
        raise ValueError(msg) from error


def _typed_union(kinds: tuple[Any, ...], data: Any) -> Any:
    for kind in kinds:
        if kind is type(None):
            if data is None:
                return None
            continue
        try:
            return _typed(kind, data)
        except (ValueError, TypeError):
            continue
    msg = f"{data!r} is none of {', '.join(map(str, kinds))}"
    raise ValueError(msg)


def _typed_tuple(kinds: tuple[Any, ...], data: Any) -> tuple[Any, ...]:
    _expect(isinstance(data, list), tuple, data)
    if kinds[-1] is Ellipsis:
        return tuple(_typed(kinds[0], item) for item in data)
    _expect(len(data) == len(kinds), tuple, data)
    return tuple(_typed(kind, item) for kind, item in zip(kinds, data, strict=True))


def _expect(fits: bool, kind: Any, data: Any) -> None:
    if not fits:
        msg = f"{data!r} is no {getattr(kind, '__name__', kind)}"
        raise ValueError(msg)
