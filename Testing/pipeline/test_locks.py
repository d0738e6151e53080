"""Two runs never write into one folder, and what a killed run leaves goes with the next."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
from CardiacSegmentationLib import locks
from CardiacSegmentationLib.cine import temporary
from CardiacSegmentationLib.cine.temporary import TemporaryFolder
from CardiacSegmentationLib.cli import main
from CardiacSegmentationLib.errors import FolderBusyError
from CardiacSegmentationLib.locks import LOCK_FILE, locked
from CardiacSegmentationLib.pipeline import Existing, Options, segment_study

if TYPE_CHECKING:
    from collections.abc import Iterator

    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack

LIBRARY = Path(locks.__file__).parents[1]
HOLD = """
import sys, time
from pathlib import Path
from CardiacSegmentationLib.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other_run(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the folder ``out``."""
    environment = {**os.environ, "PYTHONPATH": str(LIBRARY)}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "out")], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_second_run_is_told_who_is_there(
    tmp_path: Path, painted: tuple[CineStack, Segmentation], painted_bundle: Path, other_run: subprocess.Popen[str]
) -> None:
    options = Options(model=painted_bundle, backend="onnx", parts=("tables",), existing=Existing.REPLACE)
    with pytest.raises(FolderBusyError, match=rf"process {other_run.pid} of .* since 20"):
        segment_study(painted[0], tmp_path / "out", options)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [LOCK_FILE]


def test_measuring_into_it_is_told_as_well(
    tmp_path: Path, other_run: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["measure", "images", "labels.nii.gz", "--out", str(tmp_path / "out"), "--force"]) == 1
    assert f"in use by another run (process {other_run.pid} " in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_a_killed_run_holds_nothing(tmp_path: Path, other_run: subprocess.Popen[str]) -> None:
    other_run.send_signal(signal.SIGKILL)
    other_run.wait()
    assert (tmp_path / "out" / LOCK_FILE).exists()
    with locked(tmp_path / "out"):
        assert f"process {os.getpid()} " in locks.read_owner(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_made_for_nothing_goes_with_its_parents(tmp_path: Path) -> None:
    with locked(tmp_path / "a" / "b"), pytest.raises(FolderBusyError), locked(tmp_path / "a" / "b"):
        pytest.fail("locked twice")
    assert list(tmp_path.iterdir()) == []


def test_without_locks_in_the_file_system_the_work_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(locks, "_lock", refuse)
    with locked(tmp_path / "out"), locked(tmp_path / "out"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_an_archive_unpacked_by_a_killed_run_goes_and_that_of_a_living_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporary.tempfile, "tempdir", str(tmp_path))
    living = TemporaryFolder()
    of_the_killed = tmp_path / "cardiacseg-unpacked-killed"
    of_the_killed.mkdir()
    (of_the_killed / LOCK_FILE).touch()
    (of_the_killed / "image.dcm").write_bytes(b"pixels")
    of_the_user = tmp_path / "cardiacseg-mine"
    of_the_user.mkdir()
    long_ago = time.time() - 3600
    for folder in (living.path, of_the_killed, of_the_user):
        os.utime(folder, (long_ago, long_ago))
    new = TemporaryFolder()
    assert {path.name for path in tmp_path.iterdir()} == {living.path.name, new.path.name, of_the_user.name}
    living.close()
    assert not living.path.exists()


def test_a_process_is_asked_for_its_life(other_run: subprocess.Popen[str]) -> None:
    assert locks.is_alive(os.getpid())
    assert locks.is_alive(other_run.pid)
    other_run.kill()
    other_run.wait()
    assert not locks.is_alive(other_run.pid)
    assert not any(locks.is_alive(number) for number in (0, -1, 2**40))


class WindowsKernel:
    """The three calls as Windows documents them, over processes that run, have ended but are held, or refuse."""

    RUNNING, HELD, REFUSING = 4, 8, 12

    def __init__(self) -> None:
        self.last_error, self.handles = 0, set[int]()
        # Functions as ctypes has them: with types to be set.
        self.OpenProcess = Mock(side_effect=self._open)
        self.WaitForSingleObject = Mock(side_effect=lambda handle, _ms: 0x102 if handle == 100 + self.RUNNING else 0)
        self.CloseHandle = Mock(side_effect=self.handles.remove)

    def _open(self, access: int, _inherit: bool, process: int) -> int | None:
        assert access == 0x00100000
        if process not in (self.RUNNING, self.HELD):
            self.last_error = 5 if process == self.REFUSING else 87
            return None
        self.handles.add(100 + process)
        return 100 + process


def test_on_windows_asking_ends_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = WindowsKernel()
    monkeypatch.setattr(locks, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(ctypes, "WinDLL", lambda *_, **__: kernel, raising=False)
    monkeypatch.setattr(ctypes, "get_last_error", lambda: kernel.last_error, raising=False)
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("there it ends the process"))
    alive = [locks.is_alive(number) for number in (kernel.RUNNING, kernel.HELD, kernel.REFUSING, 16)]
    assert alive == [True, False, True, False]
    assert not kernel.handles
