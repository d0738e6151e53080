"""What is asked for wrongly is one line, with what was probably meant, and exit code 2; before anything is read."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest
from CardiacSegmentationLib.cli import main

THREADS = "OPENBLAS_NUM_THREADS"
WRONG = {
    "segmnt x": "did you mean segment?",
    "segment x --out o --hieght 3": "did you mean --height?",
    "segment --hieght 3": "did you mean --height?",
    "segment x": "--out DIR",
    "segment x --out o --height 1.75": "that is in metres: write 175",
    "segment x --out o --weight abc": "abc is no number",
    "segment x --out o --bsa Mostller": "did you mean Mosteller?",
    "segment x --out o --only tabels": "did you mean tables?",
    "batch x --out o --only film": "no result called film. Choose from: tables, dicom, measurements",
    "segment x --out o --threads 0": "0 is no number from 1",
    "segment x y --out o": "y is one argument too many",
    "measure a b --phase 0": "counted from 1",
    "segment x --out o --only ,": "name at least one part",
    "info ''": "names nothing",
    "segment '' --out o": "names nothing",
    "segment x --out ''": "names nothing",
    "read x --port 99999": "from 1 to 65535",
    "read x --threads 0": "0 is no number from 1",
    "send x --to foo": "AE@host:port",
    "phantom o --phases 0": "between 2 and 100",
    "phantom o --layout sieemens": "did you mean siemens?",
    "--versoin": "did you mean --version?",
}


@pytest.mark.parametrize(("command", "said"), WRONG.items(), ids=WRONG)
def test_wrong_usage_is_one_line_and_exit_code_2(command: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(shlex.split(command))
    except SystemExit as end:
        code = end.code
    assert code == 2
    output = capsys.readouterr()
    assert said in output.err
    assert output.err.count("\n") == 1
    assert not output.out


def test_the_number_of_threads_is_set_before_numpy_asks_for_it() -> None:
    program = "import CardiacSegmentationLib.cli, os, sys; print('numpy' in sys.modules, os.environ[sys.argv[1]])"
    environment = {name: value for name, value in os.environ.items() if name != THREADS}
    command = [sys.executable, "-c", program, THREADS]
    found = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert found.stdout.split() == ["False", "1"]
