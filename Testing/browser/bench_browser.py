"""What the pages cost here: sizes, and medians in milliseconds. ``python Testing/browser/bench_browser.py``."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import http.client
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.browser.page import write_view
from CardiacSegmentationLib.browser.served import ServedStudy
from CardiacSegmentationLib.browser.server import Desk, ReadingServer, serve_in_background
from CardiacSegmentationLib.contours import Border
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.session import Recovery, StudySession

if TYPE_CHECKING:
    from collections.abc import Callable

SPEC = PhantomSpec(phases=25, slices=12, pixel_mm=1.25)  # 256 × 256 pixels
SLICE, RUNS = 5, 20


def main() -> None:
    """Measure and print; where other programs use the machine as well, the processor's time tells more."""
    with tempfile.TemporaryDirectory(prefix="cardiacseg-bench-") as folder:
        sizes, times = measure(Path(folder))
    for title, megabytes in sizes.items():
        print(f"{title:40s} {megabytes:8.2f} MB")
    for title, (wall_ms, processor_ms) in times.items():
        print(f"{title:40s} {wall_ms:8.1f} ms   {processor_ms:8.1f} ms of processor")


def measure(folder: Path) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Sizes in MB, and medians by the clock and of the processors in ms, by what was done.

    Steps go through the server as a browser's do, from the request to the last byte of the answer.
    """
    stack, segmentation = make_stack(SPEC)
    session, recovery = StudySession(stack, segmentation), Recovery(folder / "kept")
    recovery.find(session)
    path = folder / "view.html"
    times = {"write view.html": median(lambda _: write_view(path, stack, segmentation, session.assessment), 5)}
    study = ServedStudy(session, recovery, "en", lambda _session, _parts: [])
    server = ReadingServer(Desk("en", study))
    serve_in_background(server)
    page = _get(server)
    times["the reading page"] = median(lambda _: _get(server), 5)
    border = study.contours_at((0, SLICE)).borders[Border.ENDO]
    inwards = 0.1 * (border.mean(axis=0) - border)

    def step(turn: int, kind: str, number: int = 0) -> None:
        place = 7 * turn % len(border)
        line = [border[place].tolist(), (border[place] + inwards[place]).tolist()]
        message = {"tab": "bench", "number": number, "seen": 10**6, "run": study.run, "command": "pull"}
        answer = _post(server, kind, {**message, "phase": 0, "slice": SLICE, "line": line})
        if "problem" in answer:
            raise RuntimeError(answer["problem"])

    times["pull, while the mouse moves"] = median(lambda turn: step(turn, "preview"), RUNS)
    times["pull, with table and curve"] = median(lambda turn: step(turn, "command", turn + 1), RUNS)
    server.shutdown()
    server.server_close()
    return {"view.html": path.stat().st_size / 1e6, "the reading page": len(page) / 1e6}, times


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
