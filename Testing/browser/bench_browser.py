"""What the pages cost here: sizes, latencies, frames. ``python Testing/browser/bench_browser.py``."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import http.client
import itertools
import json
import shutil
import statistics
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from CardiacSegmentationLib.browser.page import write_view
from CardiacSegmentationLib.browser.served import ServedStudy
from CardiacSegmentationLib.browser.server import Desk, ReadingServer, serve_in_background
from CardiacSegmentationLib.contours import Border
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.session import Recovery, StudySession

sys.path.insert(0, str(Path(__file__).parents[1]))
from chromium import FLAGS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SPEC = PhantomSpec(phases=25, slices=12, pixel_mm=1.25)  # 256 × 256 pixels
SLICE, RUNS = 5, 20


LIMITS = {"view.html, MB": 4.0, "answer to a step, ms": 60.0, "view.html open, ms": 1000.0, "frames a second": 25.0}
PLAY_S = 4.0
STARTED = "[performance.now(), frames]"


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="cardiacseg-bench-") as folder:
        for row in measure(Path(folder)):
            print("  ".join(f"{cell:36s}" for cell in row))


def measure(folder: Path) -> list[tuple[str, str, str]]:
    """Rows ``(what, value, wanted)``: sizes; medians by the clock, in brackets of the processors; frames in Chromium.

    Steps go through the server as a browser's do, from the request to the last byte of the answer.
    """
    stack, segmentation = make_stack(SPEC)
    session, recovery = StudySession(stack, segmentation), Recovery(folder / "kept")
    recovery.find(session)
    path = folder / "view.html"
    writing = median(lambda _: write_view(path, stack, segmentation, session.assessment), 5)
    study = ServedStudy(session, recovery, "en", lambda _session, _parts: [])
    server = ReadingServer(Desk("en", study))
    serve_in_background(server)
    try:
        size, page = _megabytes(path.stat().st_size), _megabytes(len(_get(server)))
        return [
            ("`view.html`", size, f"≤ {LIMITS['view.html, MB']:g} MB"),
            ("write `view.html`", _milliseconds(writing), ""),
            *chromium_rows(path),
            ("the reading page", page, ""),
            ("the reading page, to its last byte", _milliseconds(median(lambda _: _get(server), 5)), ""),
            *step_rows(server, study),
        ]
    finally:
        server.shutdown()
        server.server_close()


def step_rows(server: ReadingServer, study: ServedStudy) -> list[tuple[str, str, str]]:
    """What a hand waits for: borders while the mouse moves; borders, table, curve and findings when it lets go."""
    border = study.contours_at((0, SLICE)).borders[Border.ENDO]
    inwards = 0.1 * (border.mean(axis=0) - border)
    numbers = itertools.count(1)

    def step(turn: int, kind: str, tool: str, shares: Sequence[float] = (0.0, 1.0)) -> None:
        place = 7 * turn % len(border)
        line = [(border[place] + share * inwards[place]).tolist() for share in shares]
        message = {"tab": "bench", "number": next(numbers), "seen": 10**6, "run": study.run, "command": tool}
        answer = _post(server, kind, {**message, "phase": 0, "slice": SLICE, "line": line})
        if "problem" in answer:
            raise RuntimeError(answer["problem"])

    on_the_way = np.linspace(0.0, 1.0, RUNS + 2).tolist()
    wanted = f"≤ {LIMITS['answer to a step, ms']:g} ms"
    return [
        (title, _milliseconds(median(run, RUNS)), wanted)
        for title, run in {
            "pull, while the mouse moves": lambda turn: step(turn, "preview", "pull"),
            "push, while the mouse moves": lambda turn: step(0, "preview", "push", on_the_way[: turn + 2]),
            "control point, while the mouse moves": lambda turn: step(turn, "preview", "points"),
            "pull, let go: borders, table, curve, findings": lambda turn: step(turn, "command", "pull"),
        }.items()
    ]


def chromium_rows(path: Path) -> list[tuple[str, str, str]]:
    """How soon the file is there and how it beats, where Playwright and Chromium are."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None or find_spec("playwright") is None:
        return []
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        opened = []
        for _ in range(5):
            page.goto(path.as_uri())
            page.wait_for_selector("body[data-ready]")
            opened.append(float(page.evaluate("document.body.dataset.ready")))
        (start, before), beats = page.evaluate(STARTED), page.evaluate("study.phases / study.rr * 1000")
        page.wait_for_timeout(1000 * PLAY_S)
        end, after = page.evaluate(STARTED)
        browser.close()
    rate = 1000 * (after - before) / (end - start)
    wanted = min(LIMITS["frames a second"], beats)
    return [
        ("`view.html` until all images are there", f"{statistics.median(opened):.0f} ms", "≤ 1000 ms"),
        (f"frames a second of a heart with {beats:.1f}", f"{rate:.1f}", f"≥ {wanted:.1f}"),
    ]


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.2f} MB"


def _milliseconds(times: tuple[float, float]) -> str:
    wall, processor = times
    return f"{wall:.0f} ms ({processor:.0f})"


def median(work: Callable[[int], object], runs: int) -> tuple[float, float]:
    """Milliseconds by the clock and of the processors."""
    walls, processors = [], []
    for turn in range(runs):
        wall, processor = time.perf_counter(), time.process_time()
        work(turn)
        walls.append(1000 * (time.perf_counter() - wall))
        processors.append(1000 * (time.process_time() - processor))
    return statistics.median(walls), statistics.median(processors)


def _get(server: ReadingServer) -> bytes:
    connection = http.client.HTTPConnection(*server.server_address[:2])
    connection.request("GET", f"/{server.secret}/")
    return connection.getresponse().read()


def _post(server: ReadingServer, kind: str, message: dict[str, Any]) -> dict[str, Any]:
    connection = http.client.HTTPConnection(*server.server_address[:2])
    headers = {"Origin": server.origin, "Content-Type": "application/json"}
    connection.request("POST", f"/{server.secret}/{kind}", json.dumps(message), headers)
    answer: dict[str, Any] = json.loads(connection.getresponse().read())
    return answer


if __name__ == "__main__":
    main()
