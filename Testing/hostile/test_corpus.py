"""Whatever is named as a study: a clear error within 10 seconds of work and 1 GB, and never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from hostile.corpus import CORPUS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="pipes, devices and measured processes are of Unix")

MOST_SECONDS = 10.0
PATIENCE_S = 60.0  # then it hangs
MOST_MB = 1024
READ = """
import sys
from CardiacSegmentationLib.cine import read_study
from CardiacSegmentationLib.errors import StudyError
try:
    read_study(sys.argv[1])
except StudyError as error:
    print(error)
    sys.exit(1)
"""


@pytest.mark.parametrize("name", CORPUS)
def test_a_hostile_input_is_refused_in_words_within_10_s_and_1_gb(name: str, tmp_path: Path) -> None:
    path = CORPUS[name](tmp_path)
    code, text, seconds, megabytes = read_apart(path, tmp_path / "out")
    assert code == 1, text[-2000:]
    assert "Traceback" not in text
    assert str(path) in text or path.name in text
    assert megabytes < MOST_MB
    assert seconds < MOST_SECONDS


def read_apart(path: Path, out: Path) -> tuple[int, str, float, float]:
    """Exit code, output, seconds of work and peak memory of a process that reads a study."""
    with out.open("wb") as file:
        begin = time.monotonic()
        process = subprocess.Popen([sys.executable, "-c", READ, str(path)], stdout=file, stderr=subprocess.STDOUT)
        usage = None
        while time.monotonic() - begin < PATIENCE_S:
            done, status, usage = os.wait4(process.pid, os.WNOHANG)
            if done:
                process.returncode = os.waitstatus_to_exitcode(status)
                break
            time.sleep(0.02)
        else:
            process.kill()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = -9
        seconds = usage.ru_utime + usage.ru_stime  # how long it waits depends on who else is there
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return process.returncode, out.read_text(errors="replace"), seconds, usage.ru_maxrss / scale
