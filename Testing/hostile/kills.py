"""Kill a batch again and again, and let it go on: ``./run kill --studies 200 --kills 50``; ``--dask``: on a cluster.

Nothing may be lost, doubled, half-written or another number than without a kill.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from CardiacSegmentationLib.locks import LOCK_FILE
from CardiacSegmentationLib.phantom import PhantomSpec, write_study
from CardiacSegmentationLib.pipeline import RECORD_FILE
from CardiacSegmentationLib.pipeline.plan import SUMMARY_FILE
from CardiacSegmentationLib.pipeline.record import UNFINISHED
from dask_cluster import ENVIRONMENT, Cluster

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_LIFE_S = 4.0  # of a run that is killed without waiting for a result
PATIENCE_S = 600.0  # for the next result
FROM_RUN_TO_RUN = ("study", "status", "seconds")


def main() -> int:
    """Write the studies, do them once in peace and once under fire, and compare; exit code 1 where they differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--dask", action="store_true", help="on a Dask cluster of two workers instead of --jobs 2")
    parser.add_argument("--work", type=Path, help="a folder to keep studies and results in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cardiacseg-kill-") as aside:
        work = options.work or Path(aside)
        write_studies(work / "studies", options.studies)
        calm = batch(work / "studies", work / "calm", "--jobs", "2", "--resume")
        subprocess.run(calm, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
        cluster = None
        if options.dask:
            (work / "dask").mkdir(exist_ok=True)
            cluster = Cluster(work / "dask")
            cluster.start_workers()
        try:
            how = ["--scheduler", cluster.address] if cluster else ["--jobs", "2"]
            out = work / ("killed-dask" if cluster else "killed")
            killed = kill_and_resume(batch(work / "studies", out, *how, "--resume"), out, options.kills)
        finally:
            if cluster:
                cluster.close()
        wrong = [*what_is_left(out), *what_differs(read_rows(out), read_rows(work / "calm"))]
    print(json.dumps({"studies": options.studies, "dask": options.dask, **killed, "wrong": wrong}, indent=1))
    return 1 if wrong else 0


def write_studies(root: Path, count: int) -> None:
    """So many small hearts, each of its own size."""
    for number in range(count):
        if not (folder := root / f"heart{number:03d}").exists():
            spec = PhantomSpec(slices=6, phases=4, pixel_mm=2.5, lv_edv_ml=80.0 + number % 200 * 0.5)
            write_study(folder, spec)


def batch(root: Path, out: Path, *choices: str) -> list[str]:
    """The command that does all studies."""
    command = ["batch", str(root), "--out", str(out), "--only", "tables,labels", *choices]
    return [sys.executable, "-m", "CardiacSegmentationLib", *command]


def kill_and_resume(command: Sequence[str], out: Path, kills: int) -> dict[str, object]:
    """Run a batch until it ends by itself, and until then kill it, with its workers, so often.

    Every other time it is killed while it begins; else soon after a result. After each kill every result that says it
    is whole must be.
    """
    chance, done, after = np.random.default_rng(0), 0, Counter[str]()
    while True:
        before = finished(out)
        process = subprocess.Popen(
            command, env=ENVIRONMENT, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        if done < kills:
            if done % 2:
                wait_for_result(process, out, before)
            wait_for_end(process, chance.uniform(0, LONGEST_LIFE_S))
        else:
            process.wait()
        if process.poll() is not None:
            return {"kills": done, "left_unfinished": after["unfinished"], "exit_code": process.returncode}
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        done += 1
        after["unfinished"] += any(out.glob(f"*/{UNFINISHED}*"))
        require_whole(out)


def wait_for_result(process: subprocess.Popen[bytes], out: Path, before: int) -> None:
    """Until another study is done."""
    end = time.monotonic() + PATIENCE_S
    while finished(out) == before and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)


def wait_for_end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """No longer than so many seconds."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def finished(out: Path) -> int:
    """How many studies have a record, which is written last."""
    return len(list(out.glob(f"*/{RECORD_FILE}")))


def require_whole(out: Path) -> None:
    """Every result that has a record has all its files, and they can be read."""
    for record in out.glob(f"*/{RECORD_FILE}"):
        for name in json.loads(record.read_text(encoding="utf-8"))["files"]:
            content = (record.parent / name).read_bytes()
            if name.endswith(".json"):
                json.loads(content)


def what_is_left(out: Path) -> list[str]:
    """Traces of killed runs that the last one should have removed."""
    return [str(path) for name in (f"{UNFINISHED}*", LOCK_FILE) for path in out.rglob(name)]


def read_rows(out: Path) -> list[dict[str, str]]:
    """The rows of the table."""
    with (out / SUMMARY_FILE).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def what_differs(rows: Sequence[dict[str, str]], calm: Sequence[dict[str, str]]) -> list[str]:
    """Studies that are missing, there twice, failed, or measured otherwise than in peace."""
    times = Counter(row["study"] for row in rows)
    wrong = [f"{row['study']}: {times[row['study']]} rows" for row in calm if times[row["study"]] != 1]
    truth = {row["study"]: row for row in calm}
    for row in rows:
        expected = truth.get(row["study"], {})
        numbers = [{key: row[key] for key in row if key not in FROM_RUN_TO_RUN} for row in (row, expected) if row]
        if row["status"] not in ("done", "kept") or numbers[:1] != numbers[1:]:
            wrong.append(f"{row['study']}: {row['status']}, {numbers}")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
