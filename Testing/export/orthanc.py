"""A real archive on this machine for one test: Debian's Orthanc, on free ports, its data in a temporary folder."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
STARTED = "Orthanc has started"  # in its log, when both ports listen
STARTS, PATIENCE_S = 3, 300.0  # a machine may be busy with many things
DICOMWEB = next(iter(sorted(Path("/usr/share/orthanc/plugins").glob("libOrthancDicomWeb*.so"))), None)


@dataclass(frozen=True)
class Orthanc:
    """Where it listens."""

    http: int
    dicom: int
    user: str
    password: str

    def get(self, path: str) -> Any:
        """An answer of its own REST interface; JSON where it is JSON."""
        opener = self._opener()
        with opener.open(f"http://127.0.0.1:{self.http}{path}", timeout=PATIENCE_S) as answer:
            content = answer.read()
            return json.loads(content) if "json" in answer.headers.get("Content-Type", "") else content

    def find(self, level: str, **query: str) -> list[str]:
        """Its identifiers of what matches."""
        body = json.dumps({"Level": level, "Query": query}).encode()
        with self._opener().open(f"http://127.0.0.1:{self.http}/tools/find", body, timeout=PATIENCE_S) as answer:
            found: list[str] = json.loads(answer.read())
            return found

    def _opener(self) -> urllib.request.OpenerDirector:
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, f"http://127.0.0.1:{self.http}/", self.user, self.password)
        no_proxy = urllib.request.ProxyHandler({})
        return urllib.request.build_opener(no_proxy, urllib.request.HTTPBasicAuthHandler(passwords))


def is_installed() -> bool:
    """Whether this machine has Orthanc."""
    return Path(PROGRAM).is_file()


@contextlib.contextmanager
def run_orthanc(folder: Path) -> Iterator[Orthanc]:
    """Start it, wait until it listens on both ports, stop it; where another program took a port, start it anew."""
    for attempt in range(STARTS):
        archive, here = Orthanc(_free_port(), _free_port(), "tester", "secret"), folder / f"orthanc-{attempt}"
        here.mkdir()
        with (here / "log").open("wb") as log:
            process = subprocess.Popen([PROGRAM, str(_configure(archive, here))], stdout=log, stderr=subprocess.STDOUT)
            try:
                if _has_started(archive, process, here / "log"):
                    yield archive
                    return
            finally:
                process.terminate()
                process.wait(PATIENCE_S)
    msg = f"Orthanc did not start: {(here / 'log').read_text(errors='replace')[-2000:]}"
    raise RuntimeError(msg)


def _configure(archive: Orthanc, here: Path) -> Path:
    configuration = {
        "Name": "test",
        "StorageDirectory": str(here / "storage"),
        "IndexDirectory": str(here / "storage"),
        "HttpPort": archive.http,
        "DicomPort": archive.dicom,
        "DicomAet": "ORTHANC",
        "DicomCheckCalledAet": True,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {archive.user: archive.password},
        "Plugins": [str(DICOMWEB)] if DICOMWEB else [],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    path = here / "orthanc.json"
    path.write_text(json.dumps(configuration))
    return path


def _has_started(archive: Orthanc, process: subprocess.Popen[bytes], log: Path) -> bool:
    """Wait for as long as it lives: it says so itself, which on a busy machine is long after its web server answers."""
    end = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < end:
        if STARTED in log.read_text(errors="replace"):
            archive.get("/system")
            return True
        time.sleep(0.1)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
