"""The background run: one process for the whole study, its progress, its end, its error text.

``ConsoleProcess`` starts the process and reads its lines without blocking Slicer; ``BackgroundRun`` understands them.
They meet at the ``Process`` protocol, so that a test can stand in for either.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from CardiacSegmentationLib.errors import CardiacSegmentationError, as_error, error_from_dict
from CardiacSegmentationLib.gui.translation import language
from CardiacSegmentationLib.pipeline import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_MS = 100
GRACE_MS = 3000  # between the polite signal and the one that cannot be ignored
KEPT_LINES = 200
WORKER = Path(__file__).with_name("worker.py")


class End(Enum):
    """How a run ended."""

    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Process(Protocol):
    """A process that reports its output line by line and then, once, its exit code."""

    def start(self, command: list[str], on_line: Callable[[str], None], on_exit: Callable[[int], None]) -> None: ...

    def end(self, pid: int | None, at_once: bool = False) -> None: ...


class BackgroundRun:
    """One run of ``cardiacseg`` at a time.

    ``on_progress`` gets every report; ``on_end`` gets, exactly once, how it ended and either the last report (files
    and all) or the error text. A process that stays and answers is heard by ``on_answer``.
    """

    def __init__(
        self,
        on_progress: Callable[[Progress], None],
        on_end: Callable[[End, dict[str, Any], str], None],
        make_process: Callable[[], Process] | None = None,
        on_answer: Callable[[dict[str, Any]], None] = lambda _report: None,
    ) -> None:
        self._on_progress, self._on_end, self._on_answer = on_progress, on_end, on_answer
        self._make_process: Callable[[], Process] = make_process or ConsoleProcess
        self._process: Process | None = None
        self.is_running = False
        self._reset()

    def _reset(self) -> None:
        self._pid: int | None = None
        self._result: dict[str, Any] | None = None
        self._error: CardiacSegmentationError | None = None
        self._other_lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._is_cancelled = False

    def start(self, arguments: list[str]) -> None:
        """Run the worker with these arguments; the error of a start that fails is reported like any other."""
        self._reset()
        self.is_running = True
        process = self._make_process()
        self._process = process
        try:
            process.start(
                worker_command(arguments),
                lambda line: self._read_line(process, line),
                lambda exit_code: self._finish(process, exit_code),
            )
        except (OSError, RuntimeError) as error:
            self._error = as_error(error)
            self._finish(process, -1)

    def cancel(self, at_once: bool = False) -> None:
        """Stop the process and its children; ``on_end`` still comes, with ``CANCELLED``."""
        if self._process is not None:
            self._is_cancelled = True
            self._process.end(self._pid, at_once)

    def abandon(self) -> None:
        """Stop at once and hear no more of it: the scene it worked for is gone."""
        process, self._process = self._process, None
        self.is_running = False
        if process is not None:
            process.end(self._pid, at_once=True)

    def _read_line(self, process: Process, line: str) -> None:
        report = _report(line)
        if process is not self._process:  # abandoned, perhaps before it could say who it is
            if report is not None and "process" in report:
                process.end(int(report["process"]), at_once=True)
        elif report is None:
            self._other_lines.append(line)
        elif "process" in report:
            self._pid = int(report["process"])
            if self._is_cancelled:  # cancelled before it could say who it is
                process.end(self._pid)
        elif "error" in report:
            self._error = error_from_dict(report)
        elif "answer" in report:
            self._on_answer(report)
        elif report.get("done"):
            self._result = report
        elif not self._is_cancelled:
            self._on_progress(_progress(report))

    def _finish(self, process: Process, exit_code: int) -> None:
        if process is not self._process:
            return
        self._process = None
        self.is_running = False
        if self._is_cancelled:
            self._on_end(End.CANCELLED, {}, "")
        elif exit_code == 0 and self._result is not None:
            self._on_end(End.DONE, self._result, "")
        else:
            self._on_end(End.FAILED, {}, self._error_text(exit_code))

    def _error_text(self, exit_code: int) -> str:
        """Its own words first, in the reader's language, then whatever else it printed: never lost."""
        error = self._error
        others = [line for line in self._other_lines if error is None or str(error) not in line]
        texts = ["" if error is None else error.text(language()), "\n".join(others).strip()]
        known = "\n\n".join(text for text in texts if text)
        return known or CardiacSegmentationError.of("process-ended", exit_code=exit_code).text(language())


class ConsoleProcess:
    """A process started by ``slicer.util.launchConsoleProcess``; a thread reads its lines, a timer hands them over.

    Slicer can do the reading as well (``blocking=False``); here the timer stops when the process is no longer wanted.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._timer: Any = None

    def start(self, command: list[str], on_line: Callable[[str], None], on_exit: Callable[[int], None]) -> None:
        """Start the command; both functions are called from Qt's event loop."""
        import slicer

        from CardiacSegmentationLib.gui.timers import Timer

        process = slicer.util.launchConsoleProcess(command, useStartupEnvironment=False)
        process.stdout.reconfigure(encoding="utf-8", errors="replace")
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=_read_lines, args=(process, lines), daemon=True).start()
        self._process = process
        self._timer = Timer(POLL_MS, lambda: self._hand_over(lines, on_line, on_exit), repeated=True)
        self._timer.start()

    def _hand_over(
        self, lines: queue.SimpleQueue[str | None], on_line: Callable[[str], None], on_exit: Callable[[int], None]
    ) -> None:
        while not lines.empty():
            line = lines.get()
            if line is None:
                self._timer.end()
                process, self._process = self._process, None
                on_exit(process.returncode if process is not None else -1)
                return
            on_line(line)

    def end(self, pid: int | None, at_once: bool = False) -> None:
        """End the process with everything it started, politely first unless ``at_once``."""
        import qt

        process = self._process
        if process is None:  # it has ended by itself
            return
        _end_tree(process, pid, at_once or os.name == "nt")
        if not at_once:
            qt.QTimer.singleShot(GRACE_MS, lambda: _end_tree(process, pid, True))


def worker_command(arguments: list[str]) -> list[str]:
    """The command line of a background run."""
    python = shutil.which("PythonSlicer") or sys.executable
    return [python, str(WORKER), str(os.getpid()), *arguments]


def _read_lines(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    """In a thread: no Qt, no MRML."""
    if process.stdout is not None:
        for line in process.stdout:
            lines.put(line.rstrip())
    process.wait()
    lines.put(None)


def _end_tree(process: subprocess.Popen[str], pid: int | None, at_once: bool) -> None:
    if os.name == "nt":  # there are no process groups to signal; taskkill follows the parents itself
        subprocess.run(["taskkill", "/PID", str(process.pid), "/T", "/F"], capture_output=True, check=False)
        return
    number = signal.SIGKILL if at_once else signal.SIGTERM
    if pid is not None:  # also where a launcher that stood between has ended before it
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, number)
    if pid is None or at_once:
        process.send_signal(number)


def _report(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        report = json.loads(line)
    except ValueError:
        return None
    return report if isinstance(report, dict) else None


def _progress(report: dict[str, Any]) -> Progress:
    return Progress(
        stage=str(report.get("stage", "")),
        fraction=min(max(float(report.get("fraction") or 0.0), 0.0), 1.0),
        seconds_left=report.get("seconds_left"),
        message=str(report.get("message", "")),
    )
