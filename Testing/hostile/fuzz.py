"""Spoil and read for as long as wanted: ``./run fuzz --minutes 60``. ``--first`` repeats a case by its number.

A process of its own reads, so that a crash, a hang or a burst is a result like any other.
"""

from __future__ import annotations

import argparse
import json
import queue
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from CardiacSegmentationLib.export.files import atomic_path
from hostile.mutations import Seeds, spoil
from hostile.oracle import CRASH, judge

MOST_SECONDS = 10.0  # of a processor: on a machine that does other things, too, waiting is no fault
TO_START_S, TO_HANG_S = 180.0, 120.0
MOST_BYTES = 4 * 2**30  # of addresses, libraries included


def main() -> int:
    """Fuzz until the time is up; exit code 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--out", type=Path, help="JSON of the counts and all that was wrong; a run there is continued")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        return _work(options.work, options.first)
    tally = Tally(options.first)
    if options.out and options.out.exists():
        tally = Tally(**json.loads(options.out.read_text(encoding="utf-8")))
    with tempfile.TemporaryDirectory(prefix="cardiacseg-fuzz-") as work:
        _watch(Path(work), options.minutes, tally, options.out)
    print(json.dumps({**asdict(tally), "cases": tally.next - tally.first, "wrong": len(tally.wrong)}, indent=1))
    return 1 if tally.wrong else 0


@dataclass
class Tally:
    """What has come out so far; ``next`` is the case to go on with."""

    first: int
    next: int = -1
    minutes: float = 0.0
    slowest_s: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    wrong: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.next = max(self.next, self.first)

    def add(self, result: dict[str, Any]) -> None:
        key = f"{result['kind']}: {result['outcome']}"
        self.counts[key] = self.counts.get(key, 0) + 1
        self.slowest_s = max(self.slowest_s, result["seconds"])
        self.next = result["number"] + 1
        if result["wrong"] or result["seconds"] > MOST_SECONDS:
            self.wrong.append(result)
            print(json.dumps(result), flush=True)


def _watch(work: Path, minutes: float, tally: Tally, out: Path | None) -> None:
    """Let cases be tried for so many minutes, by one process after another where one dies."""
    Seeds.write(work / "seeds")
    now = time.monotonic()
    end = now + 60 * minutes
    while now < end:
        command = [sys.executable, __file__, "--work", str(work), "--first", str(tally.next)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            lines: queue.Queue[str] = queue.Queue()
            threading.Thread(target=_pass_on, args=(process.stdout, lines), daemon=True).start()
            line, patience = "first", TO_START_S
            while line and now < end:
                try:
                    line = lines.get(timeout=patience)
                except queue.Empty:
                    line = ""
                died = {"number": tally.next, "kind": "?", "outcome": CRASH, "wrong": "it hung or died", "seconds": 0.0}
                tally.add(json.loads(line) if line else died)
                patience = TO_HANG_S
                now, before = time.monotonic(), now
                tally.minutes += (now - before) / 60
                if out and (tally.next % 100 == 0 or now >= end):
                    with atomic_path(out) as temporary:
                        temporary.write_text(json.dumps(asdict(tally), indent=1) + "\n", encoding="utf-8")
            process.kill()


def _pass_on(stream: IO[str] | None, lines: queue.Queue[str]) -> None:
    for line in stream or ():
        lines.put(line)
    lines.put("")


def _work(work: Path, first: int) -> int:
    """Cases from a number on, one line of JSON each, until somebody ends this process."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    seeds = Seeds.read(work / "seeds")
    number = first
    while True:
        with tempfile.TemporaryDirectory(dir=work) as folder:
            case = spoil(number, seeds, Path(folder))
            begin = time.process_time()
            verdict = judge(case)
            seconds = round(time.process_time() - begin, 3)
        facts = {"number": number, "kind": case.kind, "lie": case.lie, "outcome": verdict.outcome}
        print(json.dumps({**facts, "wrong": verdict.wrong, "seconds": seconds}), flush=True)
        number += 1


if __name__ == "__main__":
    sys.exit(main())
