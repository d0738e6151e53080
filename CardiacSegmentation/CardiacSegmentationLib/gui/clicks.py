"""Clicks as they are meant: who clicks twice on a button means it once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

DOUBLE_CLICK_S = 0.5  # as long as systems wait for the second click


def once(action: Callable[[], object]) -> Callable[[], None]:
    """The action without the second click, which Qt delivers after the work of the first, however long that took."""
    ended = float("-inf")

    def clicked() -> None:
        nonlocal ended
        if time.monotonic() - ended < DOUBLE_CLICK_S:
            return
        try:
            action()
        finally:
            ended = time.monotonic()

    return clicked
