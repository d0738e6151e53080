"""Standard streams that break or are closed cost no result, and SIGTERM cancels at any time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from CardiacSegmentationLib import locks
from CardiacSegmentationLib.cli import progress as progress_room
from CardiacSegmentationLib.cli.batch import BatchProgress
from CardiacSegmentationLib.cli.progress import ProgressLines, while_heard
from CardiacSegmentationLib.pipeline import RECORD_FILE, Progress

if TYPE_CHECKING:
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack

LIBRARY = Path(locks.__file__).parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(LIBRARY)}
COMMAND = f"{sys.executable} -m CardiacSegmentationLib"
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals and shells")


@pytest.fixture(scope="module")
def study(painted: tuple[CineStack, Segmentation], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two phases of the painted phantom."""
    import SimpleITK

    path = tmp_path_factory.mktemp("studies") / "a.nii.gz"
    frames = [SimpleITK.GetImageFromArray(frame) for frame in painted[0].voxels[:2]]
    for frame in frames:
        frame.SetSpacing(painted[0].spacing_mm[::-1])
    SimpleITK.WriteImage(SimpleITK.JoinSeries(frames), str(path))
    return path


@posix
@pytest.mark.parametrize(
    ("streams", "progress"),
    [
        ("<&- >&- 2>&-", ""),
        ("2>&1 | true", ""),
        (">&-", "--json-progress"),
        ("2>&-", "--json-progress"),
        ("| true", "--json-progress"),
        ("> /dev/full 2>&1", "--json-progress"),
    ],
)
def test_results_are_written_though_nobody_listens(
    study: Path, tmp_path: Path, painted_bundle: Path, streams: str, progress: str
) -> None:
    out = tmp_path / "out"
    choices = f"--model {painted_bundle} --backend onnx --only tables {progress}"
    shell = f"set -o pipefail; {COMMAND} segment {study} --out {out} {choices} {streams}"
    ran = subprocess.run(
        ["bash", "-c", shell], env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=120
    )
    assert (out / RECORD_FILE).exists()
    record = json.loads((out / RECORD_FILE).read_text())
    assert record["summary"]["lv_edv_ml"] > 100
    assert (out / "phases.csv").read_text().startswith("phase")
    assert ran.returncode == 0
    assert "Traceback" not in ran.stderr
    assert "Exception ignored" not in ran.stderr


@posix
def test_an_error_that_nobody_hears_is_one_all_the_same(tmp_path: Path) -> None:
    shell = f"set -o pipefail; {COMMAND} segment {tmp_path / 'nothing'} --out {tmp_path / 'out'} --json-progress | true"
    assert subprocess.run(["bash", "-c", shell], env=ENVIRONMENT, check=False, timeout=60).returncode == 1


@posix
@pytest.mark.parametrize("after_s", [0.12, 0.2, 0.35, 0.6, 1.0, 1.6])
def test_sigterm_at_any_time_cancels(study: Path, tmp_path: Path, painted_bundle: Path, after_s: float) -> None:
    """From the moment Python has begun with us; done is done, of course."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "CardiacSegmentationLib", "segment", str(study), "--out", str(out)]
    process = subprocess.Popen(
        [*command, "--model", str(painted_bundle), "--backend", "onnx"], env=ENVIRONMENT, stderr=subprocess.PIPE
    )
    _wait_for_handler(process.pid)
    time.sleep(after_s)
    process.terminate()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 or (process.returncode == 0 and (out / RECORD_FILE).exists())
    assert b"Traceback" not in errors
    assert process.returncode == 0 or not out.exists()


def test_an_interrupt_within_an_exec_ends_with_130_and_not_by_the_signal(tmp_path: Path) -> None:
    """Where dataclasses are made, say: Python remembers an interrupt there, though it was caught."""
    module = """
import sys
from CardiacSegmentationLib import cli
from CardiacSegmentationLib.__main__ import main

cli.main = lambda: exec("raise KeyboardInterrupt")
sys.exit(main())
"""
    (tmp_path / "interrupted.py").write_text(module)
    command = [sys.executable, "-m", "interrupted"]
    done = subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (130, b"")


def _wait_for_handler(pid: int) -> None:
    """Until the process catches SIGTERM: before that it is none of ours yet."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        time.sleep(0.5)
        return
    while True:
        caught = next(line for line in status.read_text().splitlines() if line.startswith("SigCgt"))
        if int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.005)


def test_progress_is_told_until_nobody_listens() -> None:
    heard: list[int] = []

    def tell(number: int) -> None:
        heard.append(number)
        if number == 2:
            raise BrokenPipeError

    safe = while_heard(tell)
    for number in range(5):
        safe(number)
    assert heard == [0, 1, 2]


def test_without_a_terminal_a_line_comes_every_few_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 100.0
    monkeypatch.setattr(progress_room.time, "monotonic", lambda: now)
    lines = ProgressLines(sys.stderr)
    for second in range(12):
        now = 100.0 + second
        lines(Progress("segment", second / 12, 12.0 - second, "Segmenting"))
    assert capsys.readouterr().err.splitlines() == [" 42 %  Segmenting  7 s left", " 83 %  Segmenting  2 s left"]


def test_a_batch_tells_how_long_it_will_take(capsys: pytest.CaptureFixture[str]) -> None:
    """Kept results cost nothing, so the time left follows from those that had to be done."""
    progress = BatchProgress(10, as_json=True)
    progress._started -= 6.0
    for status in ("kept", "kept", "done", "failed"):
        progress.tell({"study": "a", "status": status})
    *_, last = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert last["fraction"] == 0.4
    assert last["seconds_left"] == pytest.approx(18, abs=0.5)
