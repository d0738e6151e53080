"""Between plain data and dataclasses: what a recipe file says, checked key by key, and back."""

from __future__ import annotations

import re
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

import yaml

from cardiactrain.errors import RecipeError

T = TypeVar("T")


class _Loader(yaml.SafeLoader):
    """YAML in which ``1e-4`` is a number, as everybody who writes a learning rate expects."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def read_yaml(text: str, where: Any) -> Any:
    """Plain data from YAML."""
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        msg = f"{where} is no valid YAML: {' '.join(str(error).split())}"
        raise RecipeError(msg) from error


@dataclass(frozen=True)
class Component:
    """An entry of a registry with its options: a network, a loss, an augmentation."""

    kind: str
    options: dict[str, Any] = field(default_factory=dict)


def build(kind: type[T], content: Any, where: str) -> T:
    """Build a dataclass from plain data, recursively; unknown and missing keys and wrong types are errors."""
    if not isinstance(content, dict):
        msg = f"{where}: expected keys with values, found {content!r}."
        raise RecipeError(msg)
    if kind is Component:
        return _part(content, where)  # type: ignore[return-value]
    hints = get_type_hints(kind)
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    for key in content:
        if key not in known:
            msg = f"{where}: unknown key {key!r}; known are {', '.join(known)}."
            raise RecipeError(msg)
    missing = [
        n for n, f in known.items() if n not in content and f.default is MISSING and f.default_factory is MISSING
    ]
    if missing:
        msg = f"{where}: the key {missing[0]!r} is missing."
        raise RecipeError(msg)
    return kind(**{key: _value(hints[key], value, f"{where}: {key}") for key, value in content.items()})


def _value(hint: Any, value: Any, where: str) -> Any:
    options: tuple[Any, ...] = getattr(hint, "__args__", ())
    if type(None) in options:
        return None if value is None else _value(next(o for o in options if o is not type(None)), value, where)
    if is_dataclass(hint):
        return build(hint, value, where)  # type: ignore[arg-type]
    if getattr(hint, "__origin__", None) is tuple:
        if not isinstance(value, list | tuple):
            msg = f"{where}: expected a list, found {value!r}."
            raise RecipeError(msg)
        (kind, *_) = options
        return tuple(_value(kind, item, f"{where}[{n}]") for n, item in enumerate(value))
    if getattr(hint, "__origin__", None) is dict:
        if not isinstance(value, dict):
            msg = f"{where}: expected keys with values, found {value!r}."
            raise RecipeError(msg)
        _, kind = options
        return {str(key): _value(kind, item, f"{where}: {key}") for key, item in value.items()}
    if hint is float and is_number(value):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        msg = f"{where}: expected {hint.__name__}, found {value!r}."
        raise RecipeError(msg)
    return value


def is_number(value: Any) -> bool:
    """Whether a value is a whole or a decimal number; yes and no are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _part(content: dict[str, Any], where: str) -> Component:
    if "kind" not in content:
        msg = f"{where}: the key 'kind' is missing."
        raise RecipeError(msg)
    return Component(str(content["kind"]), {key: value for key, value in content.items() if key != "kind"})


def to_plain(value: Any) -> Any:
    """A dataclass as plain data that ``build`` reads back."""
    if isinstance(value, Component):
        return {"kind": value.kind, **value.options}
    if is_dataclass(value):
        return {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return value
