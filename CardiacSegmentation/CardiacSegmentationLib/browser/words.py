"""What the page says, from ``Resources/Browser/<language>.json``. To add a language, add a file."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE
from CardiacSegmentationLib.resources import resource

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def read_words(language: str) -> Mapping[str, Mapping[str, str]]:
    """The words of a language by what they are for; English where that language has none."""
    try:
        path = resource("Browser", f"{language}.json")
    except FileNotFoundError:
        path = resource("Browser", f"{DEFAULT_LANGUAGE}.json")
    words: Mapping[str, Mapping[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return words


def say(name: str, language: str, **values: Any) -> str:
    """One of the sentences that Python fills in."""
    return read_words(language)["python"][name].format(**values)
