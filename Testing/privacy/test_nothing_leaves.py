"""Nothing goes over the network unasked, and nothing of ours or of others' is left in the user's home folder.

Each run gets a fresh home folder and an environment without the marks of a test or of CI, which silence telemetry by
themselves. Two witnesses watch: Python's audit events in every process (a call fails, and is written down even where
the failure is swallowed), and ``strace``, which also sees what libraries written in C++ do.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from CardiacSegmentationLib.phantom import PhantomSpec, write_study

ROOT = Path(__file__).parents[2]
GUARD = """
import os, sys

NETWORK = {
    "socket.bind", "socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname",
    "socket.gethostbyaddr", "socket.getnameinfo",
}

def forbid(event, arguments):
    if event in NETWORK:
        with open(os.environ["NETWORK_LOG"], "a") as log:
            log.write(f"{event} {arguments} in {sys.argv}\\n")
        raise RuntimeError(f"{event} {arguments}: nothing may go over the network")

sys.addaudithook(forbid)
"""
ENGINES = ["onnx", pytest.param("openvino", marks=pytest.mark.skipif(not find_spec("openvino"), reason="no OpenVINO"))]
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
    path = [str(folder) for folder in (first, ROOT / "CardiacSegmentation", ROOT / "training") if folder]
    environment = {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "PATH": os.environ["PATH"],
        "SYSTEMROOT": os.environ.get("SYSTEMROOT", ""),
        "PYTHONPATH": os.pathsep.join(path),
        "NETWORK_LOG": str(home.parent / "network.log"),
        "OPENBLAS_NUM_THREADS": "1",
    }
    return subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=False, timeout=300)


def left_in(home: Path) -> list[str]:
    """The files in a home folder that no run of ours may leave there."""
    files = (path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file())
    return sorted(name for name in files if not OF_MATPLOTLIB.fullmatch(name))


@pytest.mark.parametrize("engine", ENGINES)
def test_no_command_but_send_calls_the_network(
    study: Path, tmp_path: Path, guard: Path, home: Path, engine: str
) -> None:
    out, phantom = tmp_path / "out", tmp_path / "phantom"
    commands = [
        ["phantom", str(phantom), "--slices", "6", "--phases", "2"],
        ["info", str(study)],
        ["segment", str(study), "--out", str(out / "one"), "--backend", engine],
        ["measure", str(study), str(out / "one" / "labels.nii.gz")],
        ["batch", str(study.parent), "--out", str(out / "many"), "--backend", engine, "--only", "tables"],
    ]
    for command in commands:
        ran = run(home, sys.executable, "-m", "CardiacSegmentationLib", *command, first=guard)
        assert ran.returncode == 0, ran.stderr
        assert not (tmp_path / "network.log").exists(), (tmp_path / "network.log").read_text()
    assert (out / "many" / "a" / "measurements.json").exists()
    assert left_in(home) == []
    send = ["send", str(out / "one"), "--dicomweb", "http://archive.invalid/dicom-web"]
    run(home, sys.executable, "-m", "CardiacSegmentationLib", *send, first=guard)
    assert "archive.invalid" in (tmp_path / "network.log").read_text(), "the guard sees a call where there is one"


@pytest.mark.skipif(not shutil.which("strace"), reason="no strace here")
@pytest.mark.parametrize("engine", ENGINES)
def test_no_library_calls_the_network_behind_python(study: Path, tmp_path: Path, home: Path, engine: str) -> None:
    log = tmp_path / "strace.log"
    arguments = ["segment", str(study), "--out", str(tmp_path / "out"), "--backend", engine]
    watch = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", str(log)]
    ran = run(home, *watch, sys.executable, "-c", LINGER, *arguments)
    assert ran.returncode == 0, ran.stderr
    calls = [line for line in log.read_text().splitlines() if re.search(r"AF_INET|nscd|sendm?msg|sendto", line)]
    assert calls == []
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
