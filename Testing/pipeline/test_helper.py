"""The second process that writes some results: the same files come of it, and nothing is lost where it fails."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from textwrap import dedent, indent
from typing import TYPE_CHECKING

import pytest
from CardiacSegmentationLib.errors import Cancelled
from CardiacSegmentationLib.locks import is_alive
from CardiacSegmentationLib.pipeline import RECORD_FILE, Options, Progress, helper, segment_study
from CardiacSegmentationLib.pipeline.helper import Helper, parts_for_helper
from CardiacSegmentationLib.pipeline.output import Output

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.export.result_parts import PartInputs
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack

WRITTEN = {"patient.csv", "view.html", RECORD_FILE}


@pytest.fixture
def options(painted_bundle: Path) -> Options:
    return Options(model=painted_bundle, backend="onnx", parts=("patient", "view"), helper=True)


@pytest.fixture
def stack(painted: tuple[CineStack, Segmentation]) -> CineStack:
    whole = painted[0]
    return replace(whole, voxels=whole.voxels[:3], times_ms=whole.times_ms[:3])


@pytest.fixture
def written_here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The parts that this process writes, as it goes."""
    from CardiacSegmentationLib.export import results

    names: list[str] = []
    write_part = results._write_part

    def write(name: str, inputs: PartInputs) -> list[Path]:
        names.append(name)
        return write_part(name, inputs)

    monkeypatch.setattr(results, "_write_part", write)
    return names


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_helper_takes_the_parts_that_need_no_other() -> None:
    assert parts_for_helper(["dicom-seg", "measurements", "view", "report", "scene"]) == ["view", "scene"]


def test_with_a_helper_the_files_are_the_same(
    tmp_path: Path, stack: CineStack, options: Options, written_here: list[str]
) -> None:
    segment_study(stack, tmp_path / "helped", options)
    assert written_here == ["patient"]
    segment_study(stack, tmp_path / "alone", replace(options, helper=False))
    assert written_here == ["patient", "patient", "view"]
    assert names_in(tmp_path / "helped") == names_in(tmp_path / "alone") == WRITTEN
    for name in WRITTEN - {RECORD_FILE}:
        assert (tmp_path / "helped" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes(), name
    assert not multiprocessing.active_children()


def test_what_a_dying_helper_leaves_is_written_all_the_same(
    tmp_path: Path, stack: CineStack, options: Options, written_here: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin_and_die(self: Helper, inputs: PartInputs) -> bool:
        self._process.kill()
        has_begun = begin(self, inputs)
        (inputs.folder / helper.FOLDER / ".view.html-unfinished").write_text("half a page")
        return has_begun

    begin = Helper.begin
    monkeypatch.setattr(Helper, "begin", begin_and_die)
    segment_study(stack, tmp_path / "out", options)
    assert names_in(tmp_path / "out") == WRITTEN
    assert written_here == ["patient", "view"]


def test_where_no_process_can_be_started_everything_is_written(
    tmp_path: Path, stack: CineStack, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(multiprocessing.get_context("spawn").Process, "start", refuse)
    segment_study(stack, tmp_path / "out", options)
    assert names_in(tmp_path / "out") == WRITTEN


def test_large_images_are_not_copied(
    tmp_path: Path, stack: CineStack, options: Options, written_here: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(helper, "MOST_BYTES", stack.voxels.nbytes - 1)
    segment_study(stack, tmp_path / "out", options)
    assert names_in(tmp_path / "out") == WRITTEN
    assert set(written_here) == {"patient", "view"}
    assert not multiprocessing.active_children()


def test_a_cancelled_run_leaves_no_helper_behind(
    tmp_path: Path, stack: CineStack, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, helpers = threading.Event(), []
    start = Output.start_helper

    def note(self: Output) -> None:
        start(self)
        helpers.extend(multiprocessing.active_children())

    def listen(progress: Progress) -> None:
        if progress.stage == "export":
            stop.set()

    monkeypatch.setattr(Output, "start_helper", note)
    with pytest.raises(Cancelled):
        segment_study(stack, tmp_path / "out", options, report=listen, is_cancelled=stop.is_set)
    assert len(helpers) == 1
    assert not multiprocessing.active_children()
    assert not (tmp_path / "out").exists()


def test_a_finished_run_that_is_kept_starts_no_helper(
    tmp_path: Path, stack: CineStack, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Output, "start_helper", lambda _: pytest.fail("a process for nothing"))
    monkeypatch.setattr(Output, "prepare", lambda _: {"summary": {}, "files": []})
    assert segment_study(stack, tmp_path / "out", options).kept


@pytest.mark.skipif(sys.platform == "win32", reason="signals to a group of processes are POSIX")
def test_a_helper_does_not_hear_of_interrupts() -> None:
    command = with_helper("""
        signal.signal(signal.SIGINT, lambda *_: None)
        for _ in range(40):
            os.killpg(0, signal.SIGINT)
            time.sleep(0.05)
        print(helper._process.is_alive())
        helper.stop()
    """)
    done = subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=True)
    assert (done.stdout, done.stderr) == ("True\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="a process is killed as POSIX does it")
def test_a_helper_ends_with_its_parent() -> None:
    command = with_helper("print(helper._process.pid, flush=True); time.sleep(60)")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and is_alive(pid):
        time.sleep(0.1)
    assert not is_alive(pid)


def with_helper(program: str) -> list[str]:
    """The command that runs a few lines with a helper."""
    begin = "import os, signal, time\nfrom CardiacSegmentationLib.pipeline.helper import Helper\n"
    lines = indent("helper = Helper(['view'])\n" + dedent(program), "    ")
    return [sys.executable, "-c", f"{begin}if __name__ == '__main__':\n{lines}"]
