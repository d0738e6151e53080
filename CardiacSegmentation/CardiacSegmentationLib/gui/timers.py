"""Timers that end with their owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import qt

if TYPE_CHECKING:
    from collections.abc import Callable


class Timer:
    """A ``qt.QTimer`` and the action it is for.

    Python cannot see a connection in C++: a timer that calls a method of its owner keeps it alive until it is ended.
    """

    def __init__(self, milliseconds: int, action: Callable[[], object], repeated: bool = False) -> None:
        self._timer: Any = qt.QTimer()
        self._timer.setSingleShot(not repeated)
        self._timer.setInterval(milliseconds)
        self._timer.connect("timeout()", action)

    @property
    def is_active(self) -> bool:
        """Whether the action is still to come."""
        return self._timer is not None and bool(self._timer.active)

    def start(self) -> None:
        """Let the time begin, anew if it has begun; an ended timer stays ended."""
        if self._timer is not None:
            self._timer.start()

    def stop(self) -> None:
        """The action will not be done."""
        if self._timer is not None:
            self._timer.stop()

    def end(self) -> None:
        """Stop for good and let go of the action."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.stop()
            timer.disconnect("timeout()")
            timer.deleteLater()
