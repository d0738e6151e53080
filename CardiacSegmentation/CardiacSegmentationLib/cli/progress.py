"""Progress as a bar on a terminal, else as lines, for programs as JSON; and signals that cancel, not kill."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from CardiacSegmentationLib.pipeline import Progress

BAR_WIDTH = 30
LINE_EVERY_S = 5.0


def choose_report(as_json: bool) -> Callable[[Progress], None]:
    """JSON lines on stdout where asked for, else a bar on stderr, or a line now and then where that is no terminal."""
    if as_json:
        return while_heard(lambda progress: print_json(asdict(progress)))
    return while_heard(ProgressBar(sys.stderr) if sys.stderr.isatty() else ProgressLines(sys.stderr))


def while_heard(tell: Callable[[Any], None]) -> Callable[[Any], None]:
    """The same for as long as somebody listens: a pipe that breaks or a disk that is full costs no result."""
    is_heard = True

    def tell_if_heard(report: Any) -> None:
        nonlocal is_heard
        if is_heard:
            try:
                tell(report)
            except OSError:
                is_heard = False

    return tell_if_heard


def print_json(report: dict[str, Any]) -> None:
    """One JSON object on one line, at once."""
    print(json.dumps(report, ensure_ascii=False), flush=True)


class ProgressLines:
    """``42 %  Segmenting  3 s left`` every few seconds, for logs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._due = time.monotonic() + LINE_EVERY_S

    def __call__(self, progress: Progress) -> None:
        """Write a line when it is time."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + LINE_EVERY_S
            self._stream.write(f"{describe(progress)}\n")
            self._stream.flush()


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
        self._draw(f"[{bar}] {describe(progress)}")

    def _draw(self, text: str) -> None:
        if text != self._shown:
            self._stream.write("\r" + text.ljust(len(self._shown)) + ("" if text else "\r"))
            self._stream.flush()
            self._shown = text


def describe(progress: Progress) -> str:
    """`` 42 %  Segmenting  3 s left``."""
    left = "" if progress.seconds_left is None else f"  {duration(progress.seconds_left)} left"
    return f"{100 * progress.fraction:3.0f} %  {progress.message}{left}"


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
