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
from collections import Counter
from pathlib import Path
from typing import IO

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hostile.mutations import Seeds, spoil
from hostile.oracle import CRASH, judge

MOST_SECONDS = 10.0
MOST_BYTES = 4 * 2**30  # of addresses, libraries included


def main() -> int:
    """Fuzz until the time is up; exit code 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--out", type=Path, help="a file for the counts and everything that was wrong, as JSON")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        return _work(options.work, options.first)
    with tempfile.TemporaryDirectory(prefix="cardiacseg-fuzz-") as work:
        return _watch(Path(work), options)


def _watch(work: Path, options: argparse.Namespace) -> int:
    Seeds.write(work / "seeds")
    counts: Counter[str] = Counter()
    wrong: list[dict[str, object]] = []
    begin, number, slowest = time.monotonic(), options.first, 0.0
    while time.monotonic() - begin < 60 * options.minutes:
        command = [sys.executable, __file__, "--work", str(work), "--first", str(number)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            lines: queue.Queue[str] = queue.Queue()
            threading.Thread(target=_pass_on, args=(process.stdout, lines), daemon=True).start()
            patience = 60.0  # to start
            while time.monotonic() - begin < 60 * options.minutes:
                try:
                    line = lines.get(timeout=patience)
                except queue.Empty:
                    line = ""
                if not line:
                    process.kill()
                    result = {"number": number, "kind": "?", "outcome": CRASH, "wrong": "it hung or died", "seconds": 0}
                else:
                    result = json.loads(line)
                patience = MOST_SECONDS + 5
                counts[f"{result['kind']}: {result['outcome']}"] += 1
                slowest = max(slowest, float(result["seconds"]))
                if result["wrong"] or float(result["seconds"]) > MOST_SECONDS:
                    wrong.append(result)
                    print(json.dumps(result), flush=True)
                number = int(result["number"]) + 1
                if not line:
                    break
            process.kill()
    cases = sum(counts.values())
    summary = {
        "cases": cases, "first": options.first, "minutes": round((time.monotonic() - begin) / 60, 1),
        "slowest_s": slowest, "counts": dict(sorted(counts.items())), "wrong": wrong,
    }  # fmt: skip
    if options.out:
        options.out.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({**summary, "wrong": len(wrong)}, indent=1))
    return 1 if wrong else 0


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
            begin = time.monotonic()
            verdict = judge(case)
            seconds = round(time.monotonic() - begin, 3)
        facts = {"number": number, "kind": case.kind, "lie": case.lie, "outcome": verdict.outcome}
        print(json.dumps({**facts, "wrong": verdict.wrong, "seconds": seconds}), flush=True)
        number += 1


if __name__ == "__main__":
    sys.exit(main())
