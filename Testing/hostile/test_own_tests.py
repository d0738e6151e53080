"""Our own tests end: a crash or a hang is a failure with a traceback, not a run that waits for ever."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

RUN = (Path(__file__).parents[2] / "run").read_text(encoding="utf-8")
CRASH = "import ctypes\ndef test_before(): pass\ndef test_crash(): ctypes.string_at(0)\ndef test_after(): pass\n"
HANG = "import time\ndef test_hang(): time.sleep(600)\n"


def run_tests(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a folder of tests as ``./run test`` does."""
    (choices,) = re.findall(r"-m pytest (--numprocesses .*) \"\$@\"", RUN)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *choices.split(), *options, str(folder)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.skipif(os.name == "nt", reason="./run is a script of a Unix shell")
def test_a_worker_that_crashes_ends_the_run_with_a_failure(tmp_path: Path) -> None:
    (tmp_path / "test_crash.py").write_text(CRASH)
    (tmp_path / "test_else.py").write_text("def test_else(): pass\n")
    ran = run_tests(tmp_path, "--numprocesses", "2")
    assert ran.returncode != 0
    assert "crashed while running" in ran.stdout
    assert "test_crash" in ran.stderr, "faulthandler says where"


@pytest.mark.skipif(os.name == "nt", reason="./run is a script of a Unix shell")
def test_a_test_that_hangs_ends_the_run_with_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "test_hang.py").write_text(HANG)
    limits = ["-o", "faulthandler_timeout=1", "-o", "faulthandler_exit_on_timeout=true"]
    ran = run_tests(tmp_path, "--numprocesses", "1", *limits)
    assert ran.returncode != 0
    assert "test_hang" in ran.stderr
