"""Nothing goes over the network unasked, and nothing of ours or of others' is left in the user's home folder.

Each run gets a fresh home folder and an environment without the marks of a test or of CI, which silence telemetry by
themselves. Two witnesses watch: Python's audit events in every process (a call fails, and is written down even where
the failure is swallowed), and ``strace``, which also sees what libraries written in C++ do.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest
from CardiacSegmentationLib.cli.read import ADDRESS_FILE, KEPT_ASIDE
from CardiacSegmentationLib.phantom import PhantomSpec, write_study

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
GUARD = """
import os, sys

NETWORK = {
    "socket.bind", "socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname",
    "socket.gethostbyaddr", "socket.getnameinfo",
}

def is_own(event, arguments):
    # A server on this computer, for this computer.
    return event in ("socket.bind", "socket.connect") and arguments[1][0] == "127.0.0.1"

def forbid(event, arguments):
    if event in NETWORK and not is_own(event, arguments):
        with open(os.environ["NETWORK_LOG"], "a") as log:
            log.write(f"{event} {arguments} in {sys.argv}\\n")
        raise RuntimeError(f"{event} {arguments}: nothing may go over the network")

sys.addaudithook(forbid)
"""
INSTALLED = ["onnx", *(["openvino"] if find_spec("openvino") else [])]
UPLOAD_STARTS_S = 11  # an upload begins up to ten seconds after ONNX Runtime was loaded
LINGER = f"""
import sys, time
from CardiacSegmentationLib.cli import main
start = time.monotonic()
code = main(sys.argv[1:])
time.sleep(max(0, {UPLOAD_STARTS_S} - (time.monotonic() - start)))
sys.exit(code)
"""
OF_MATPLOTLIB = re.compile(r"\.(cache|config)/matplotlib/.*")  # its list of fonts


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studies") / "a"
    write_study(folder, PhantomSpec(slices=6, phases=4, pixel_mm=2.5))
    return folder


@pytest.fixture
def guard(tmp_path: Path) -> Path:
    """A folder for PYTHONPATH that forbids the network to every Python process that has it there."""
    folder = tmp_path / "guard"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(GUARD)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def run(home: Path, *command: str, first: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command as a user of that home folder would."""
    environment = environment_of(home, first)
    return subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=False, timeout=900)


def environment_of(home: Path, first: Path | None = None) -> dict[str, str]:
    """No variable but those that a program cannot do without; ``first`` comes first where Python looks."""
    path = [str(folder) for folder in (first, ROOT / "CardiacSegmentation", ROOT / "training") if folder]
    return {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "PATH": os.environ["PATH"],
        "SYSTEMROOT": os.environ.get("SYSTEMROOT", ""),
        "PYTHONPATH": os.pathsep.join(path),
        "NETWORK_LOG": str(home.parent / "network.log"),
        "OPENBLAS_NUM_THREADS": "1",
    }


def run_watched(
    home: Path, log: Path, program: str, *arguments: str
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run a program, and every call by which it or its processes would reach another computer or ask for its address.

    What processes of ours say to each other goes through nameless pairs of sockets, and is none.
    """
    watch = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", str(log)]
    ran = run(home, *watch, sys.executable, "-c", program, *arguments)
    calls = [line for line in log.read_text().splitlines() if re.search(r"connect\(|AF_(INET|NETLINK)", line)]
    return ran, calls


@contextmanager
def reading(home: Path, study: Path, out: Path, *watch: str, first: Path | None = None) -> Iterator[str]:
    """The address of a page that ``read`` serves until the end of the block; then labels and reading are written."""
    command = [*watch, sys.executable, "-u", "-m", "CardiacSegmentationLib", "read", str(study)]
    options = ["--out", str(out), "--no-browser"]
    process = subprocess.Popen(
        [*command, *options], env=environment_of(home, first), cwd=home, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    try:
        yield next(line.strip() for line in lines if "http://" in line)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def left_in(home: Path) -> list[str]:
    """The files in a home folder that no run of ours may leave there."""
    files = (path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file())
    return sorted(name for name in files if not OF_MATPLOTLIB.fullmatch(name))


def test_no_command_but_send_calls_the_network(study: Path, tmp_path: Path, guard: Path, home: Path) -> None:
    out, phantom = tmp_path / "out", tmp_path / "phantom"
    commands = [
        ["phantom", str(phantom), "--slices", "6", "--phases", "2"],
        ["info", str(study)],
        *(["segment", str(study), "--out", str(out / engine), "--backend", engine] for engine in INSTALLED),
        ["measure", str(study), str(out / "onnx" / "labels.nii.gz")],
        ["batch", str(study.parent), "--out", str(out / "many"), "--only", "tables"],
        ["demo", str(study), "--out", str(out / "demo"), "--only", "tables"],
    ]
    for command in commands:
        ran = run(home, sys.executable, "-m", "CardiacSegmentationLib", *command, first=guard)
        assert ran.returncode == 0, ran.stderr
        assert not (tmp_path / "network.log").exists(), (tmp_path / "network.log").read_text()
    assert (out / "many" / "a" / "measurements.json").exists()
    assert left_in(home) == []
    send = ["send", str(out / "onnx"), "--dicomweb", "http://archive.invalid/dicom-web"]
    run(home, sys.executable, "-m", "CardiacSegmentationLib", *send, first=guard)
    assert "archive.invalid" in (tmp_path / "network.log").read_text(), "the guard sees a call where there is one"


@pytest.mark.skipif(not shutil.which("strace"), reason="no strace here")
@pytest.mark.parametrize(
    ("command", "options"),
    [
        *(("segment", ["--backend", engine]) for engine in INSTALLED),
        ("batch", ["--only", "tables"]),
        ("demo", ["--only", "tables"]),
    ],
)
def test_no_library_calls_the_network_behind_python(
    study: Path, tmp_path: Path, home: Path, command: str, options: list[str]
) -> None:
    source = study.parent if command == "batch" else study
    arguments = [command, str(source), "--out", str(tmp_path / "out"), *options]
    ran, calls = run_watched(home, tmp_path / "strace.log", LINGER, *arguments)
    assert ran.returncode == 0, ran.stderr
    assert calls == []
    assert left_in(home) == []


@pytest.mark.skipif(not shutil.which("strace"), reason="no strace here")
@pytest.mark.parametrize("call", ["connect(address)", "sendto(b'', address)", "sendmsg([b''], [], 0, address)"])
def test_a_library_that_called_would_be_seen(tmp_path: Path, home: Path, call: str) -> None:
    ask = f"import socket; address = ('127.0.0.1', 9); socket.socket(type=socket.SOCK_DGRAM).{call}"
    assert len(run_watched(home, tmp_path / "strace.log", ask)[1]) == 1


def stay_on_page(address: str, out: Path) -> None:
    """Until the study can be read, and longer than an upload takes to begin."""
    begin = time.monotonic()
    while not (out / KEPT_ASIDE / ADDRESS_FILE).exists():
        assert time.monotonic() < begin + 300
        time.sleep(0.1)
    with urlopen(address, timeout=60) as answer:
        assert b"<html" in answer.read()
    time.sleep(max(0.0, UPLOAD_STARTS_S - (time.monotonic() - begin)))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_reading_in_a_browser_is_between_this_computer_and_itself(
    study: Path, tmp_path: Path, guard: Path, home: Path
) -> None:
    with reading(home, study, tmp_path / "out", first=guard) as address:
        assert address.startswith("http://127.0.0.1:")
        stay_on_page(address, tmp_path / "out")
    assert not (tmp_path / "network.log").exists(), (tmp_path / "network.log").read_text()
    assert (tmp_path / "out" / "reading.json").exists()
    assert left_in(home) == []


def test_training_is_silent_as_well(home: Path) -> None:
    ask = "import cardiactrain, os, sys; print(os.environ['ORT_DISABLE_TELEMETRY'], sys.modules['openvino_telemetry'])"
    assert run(home, sys.executable, "-c", ask).stdout.split() == ["1", "None"]


def test_the_package_alone_silences_before_anything_else_is_imported(home: Path) -> None:
    ask = "import CardiacSegmentationLib, sys; print(sorted({'onnxruntime', 'openvino', 'numpy'} & set(sys.modules)))"
    assert run(home, sys.executable, "-c", ask).stdout.strip() == "[]"


@pytest.mark.parametrize("package", ["onnxruntime", "openvino"])
def test_engines_are_imported_in_one_place_each(package: str) -> None:
    """So that no import passes by the room that silences them."""
    importing = [
        path.name
        for folder in ("CardiacSegmentation", "training")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(rf"^\s*(import|from) {package}\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert importing == [{"onnxruntime": "onnx_backend.py", "openvino": "openvino_backend.py"}[package]]
