"""Registries: a recipe's word to a function or class, with its options checked against the signature."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any, TypeVar

from cardiactrain.errors import RecipeError
from cardiactrain.plain import is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cardiactrain.plain import Component

T = TypeVar("T")


def check_options(
    registry: Mapping[str, Callable[..., Any]], part: Component, what: str, given: int, spare: tuple[str, ...] = ()
) -> Component:
    """The part, if its kind is known and every option is a keyword of it, of its default's kind.

    Its first parameters, ``given`` by us, are no options. ``spare`` options, which are numbers, are always allowed.
    """
    if part.kind not in registry:
        msg = f"Unknown {what} {part.kind!r}: choose one of {', '.join(registry)}."
        raise RecipeError(msg)
    parameters = inspect.signature(registry[part.kind]).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    known = [name for name, p in parameters.items() if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)][given:]
    for option, value in part.options.items():
        if option not in known and option not in spare and not takes_any:
            msg = f"The {what} {part.kind!r} has no option {option!r}; it has {', '.join(known) or 'none'}."
            raise RecipeError(msg)
        wanted = _kind_of(0.0 if option in spare else parameters[option].default if option in known else None)
        if wanted and not wanted[1](value):
            msg = f"The {what} {part.kind!r} takes {wanted[0]} for {option!r}, not {value!r}."
            raise RecipeError(msg)
    return part


def _kind_of(default: Any) -> tuple[str, Callable[[Any], bool]] | None:
    """What a value must be to stand in for a default, and how to tell; None where the default does not say."""
    if isinstance(default, bool):
        return "true or false", lambda value: isinstance(value, bool)
    if is_number(default):
        return "a number", lambda value: is_number(value) and math.isfinite(value)
    if isinstance(default, str) and default:
        return "a word", lambda value: isinstance(value, str)
    if isinstance(default, tuple):
        return "a list", lambda value: isinstance(value, list | tuple)
    return None


def make(registry: Mapping[str, Callable[..., T]], part: Component, what: str, *arguments: Any) -> T:
    """Build what a part names, with its options."""
    check_options(registry, part, what, len(arguments))
    try:
        return registry[part.kind](*arguments, **part.options)
    except (TypeError, ValueError, IndexError, RuntimeError, ZeroDivisionError) as error:
        msg = f"The {what} {part.kind!r} cannot be made with {part.options}: {error}"
        raise RecipeError(msg) from error


def refuse_negative(**options: float) -> None:
    """For parts of a recipe that would do the opposite of what they are for: climb a loss, reward what is wrong."""
    for name, value in options.items():
        if value < 0:
            msg = f"{name} is at least 0, not {value}"
            raise ValueError(msg)
