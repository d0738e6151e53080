"""``slicer.i18n`` (Base/Python/slicer/i18n.py): the translation of a text in the context of the file that asks.

The context is the file's name without ending, after its folder's name and a dot where the folder is a package. A
translation that lost or invented a ``{placeholder}`` is not used; there it is logged, here it is an error.
"""

from __future__ import annotations

import inspect
import re
from functools import cache
from pathlib import Path

import slicer


def translate(context: str, text: str) -> str:
    """Ask Qt, through the application."""
    return str(slicer.app.translate(context, text))


@cache
def getContext(source_file: str) -> str:
    """The name under which lupdate files a text."""
    path = Path(source_file)
    is_package = (path.parent / "__init__.py").is_file()
    return f"{path.parent.name}.{path.stem}" if is_package else path.stem


def tr(text: str) -> str:
    """The text in the user's language; imported as ``_``."""
    frame = inspect.currentframe()
    caller = frame.f_back if frame is not None else None
    if caller is None:
        return text
    translated = translate(getContext(caller.f_code.co_filename), text)
    if set(_placeholders(text)) != set(_placeholders(translated)):
        message = f"The translation of {text!r} has other placeholders: {translated!r}"
        raise ValueError(message)
    return translated


def _placeholders(text: str) -> list[str]:
    return re.findall(r"(?<!\{)\{([^{}]+)\}(?!\})", text)
