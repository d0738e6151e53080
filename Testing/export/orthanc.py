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
        with opener.open(f"http://127.0.0.1:{self.http}{path}", timeout=30) as answer:
            content = answer.read()
            return json.loads(content) if "json" in answer.headers.get("Content-Type", "") else content

    def find(self, level: str, **query: str) -> list[str]:
        """Its identifiers of what matches."""
        body = json.dumps({"Level": level, "Query": query}).encode()
        with self._opener().open(f"http://127.0.0.1:{self.http}/tools/find", body, timeout=30) as answer:
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
    """Start it, wait until it answers, stop it."""
    archive = Orthanc(_free_port(), _free_port(), "tester", "secret")
    configuration = {
        "Name": "test",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
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
    (folder / "orthanc.json").write_text(json.dumps(configuration))
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, str(folder / "orthanc.json")], stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(archive, process, folder / "orthanc.log")
            yield archive
        finally:
            process.terminate()
            process.wait(30)


def _wait(archive: Orthanc, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            archive.get("/system")
            return
        time.sleep(0.1)
    msg = f"Orthanc did not start: {log.read_text(errors='replace')[-2000:]}"
    raise RuntimeError(msg)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
