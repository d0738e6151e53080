"""Registries: a recipe's word to a function or class, with its options checked against the signature."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar

from cardiactrain.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cardiactrain.recipe import Part

T = TypeVar("T")


def check_options(
    registry: Mapping[str, Callable[..., Any]], part: Part, what: str, spare: tuple[str, ...] = ()
) -> Part:
    """The part, if its kind is known and every option is a keyword of it; ``spare`` options are always allowed."""
    if part.kind not in registry:
        msg = f"Unknown {what} {part.kind!r}: choose one of {', '.join(registry)}."
        raise RecipeError(msg)
    parameters = inspect.signature(registry[part.kind]).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    known = [name for name, p in parameters.items() if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)]
    for option in part.options:
        if option not in known and option not in spare and not takes_any:
            msg = f"The {what} {part.kind!r} has no option {option!r}; it has {', '.join(known) or 'none'}."
            raise RecipeError(msg)
    return part


def make(registry: Mapping[str, Callable[..., T]], part: Part, what: str, *arguments: Any) -> T:
    """Build what a part names, with its options."""
    check_options(registry, part, what)
    try:
        return registry[part.kind](*arguments, **part.options)
    except (TypeError, ValueError) as error:
        msg = f"The {what} {part.kind!r} cannot be made with {part.options}: {error}"
        raise RecipeError(msg) from error
