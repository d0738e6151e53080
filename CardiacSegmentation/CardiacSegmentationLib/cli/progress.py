"""Progress on a terminal as a bar, for programs as JSON lines; and signals that cancel instead of killing."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from CardiacSegmentationLib.pipeline import Progress

BAR_WIDTH = 30


def choose_report(as_json: bool) -> Callable[[Progress], None] | None:
    """JSON lines on stdout where asked for, a bar on stderr where that is a terminal, else silence."""
    if as_json:
        return lambda progress: print_json(asdict(progress))
    return ProgressBar(sys.stderr) if sys.stderr.isatty() else None


def print_json(report: dict[str, Any]) -> None:
    """One JSON object on one line, at once."""
    print(json.dumps(report, ensure_ascii=False), flush=True)


class ProgressBar:
    """``Segmenting  [#########         ]  52 %  3 s left``, redrawn in place and wiped when done."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = ""

    def __call__(self, progress: Progress) -> None:
        """Draw the state of a run."""
        if progress.fraction >= 1:
            self._draw("")
            return
        filled = round(BAR_WIDTH * progress.fraction)
        bar = "#" * filled + " " * (BAR_WIDTH - filled)
        left = "" if progress.seconds_left is None else f"  {duration(progress.seconds_left)} left"
        self._draw(f"[{bar}] {100 * progress.fraction:3.0f} %  {progress.message}{left}")

    def _draw(self, text: str) -> None:
        if text != self._shown:
            self._stream.write("\r" + text.ljust(len(self._shown)) + ("" if text else "\r"))
            self._stream.flush()
            self._shown = text


def duration(seconds: float) -> str:
    """``8 s``, ``2 min 5 s``, ``3 h 20 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


@contextlib.contextmanager
def cancelled_by_signals() -> Iterator[Callable[[], bool]]:
    """Within the block SIGINT and SIGTERM ask for a clean stop; a second one stops at once."""
    stopped = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield stopped.is_set
        return

    def stop(*_: object) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
