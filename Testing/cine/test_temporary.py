"""Folders for what is unpacked."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from CardiacSegmentationLib.cine.temporary import PREFIX, TemporaryFolder

HOLD = """
import time
from CardiacSegmentationLib.cine.temporary import TemporaryFolder
folder = TemporaryFolder()
print(folder.path, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(os.name != "posix", reason="processes are killed as Unix does it")
def test_the_folder_of_a_killed_run_goes_with_the_next_run_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        theirs = Path(process.stdout.readline().strip())
        assert theirs.name.startswith(PREFIX)
        ours = TemporaryFolder()
        assert theirs.is_dir()
        process.send_signal(signal.SIGKILL)
    again = TemporaryFolder()
    assert not theirs.exists()
    assert ours.path.is_dir()
    again.close()
    assert not again.path.exists()


def test_a_copy_of_a_folder_in_another_process_does_not_own_it() -> None:
    folder = TemporaryFolder()
    assert pickle.loads(pickle.dumps(folder)) == folder.path
    assert folder.path.is_dir()
    folder.close()
