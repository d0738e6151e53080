"""The page beyond this computer: nothing without the certificate's encryption, nothing without the password."""

from __future__ import annotations

import http.client
import shutil
import socket
import ssl
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from CardiacSegmentationLib.browser.served import ServedStudy
from CardiacSegmentationLib.browser.server import Desk, ReadingServer, load_tls, serve_in_background
from CardiacSegmentationLib.session import Recovery, StudySession

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack
    from chromium import Tab

HOST = "127.0.0.2"  # not the address that needs no encryption, and yet this computer
PASSWORD = "a long password"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for the host, signed by itself, with its key in the same file."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    path = tmp_path_factory.mktemp("certificate") / "server.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=reading"]
    command += ["-addext", f"subjectAltName=IP:{HOST}", "-keyout", str(path), "-out", str(path.with_suffix(".crt"))]
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return path


@pytest.fixture
def server(
    stack: CineStack, segmentation: Segmentation, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ReadingServer]:
    """The phantom, served to other computers."""
    monkeypatch.setattr("CardiacSegmentationLib.browser.server.WRONG_PASSWORD_S", 0.0)
    with socket.socket() as trial:
        try:
            trial.bind((HOST, 0))
        except OSError:
            pytest.skip(f"this computer has no address {HOST}")
    session, recovery = StudySession(stack, segmentation), Recovery(tmp_path / "kept")
    recovery.find(session)
    desk = Desk("en", ServedStudy(session, recovery, "en", lambda _session, _parts: []))
    server = ReadingServer(desk, HOST, tls=load_tls(certificate), password=PASSWORD)
    serve_in_background(server)
    yield server
    server.shutdown()
    server.server_close()


def test_a_browser_reads_over_tls_with_the_password(server: ReadingServer, new_tab: Any) -> None:
    assert server.address.startswith(f"https://{HOST}:")
    login = {"username": "reader", "password": PASSWORD}
    tab: Tab = new_tab(ignore_https_errors=True, http_credentials=login, reduced_motion="reduce").open(server.address)
    tab.page.fill("#reader", "Ada Reader")
    tab.page.click("#sign")
    tab.until("study.reading.isSigned")
    assert server.desk.study is not None
    assert server.desk.study.session.reading.reader == "Ada Reader"
    assert all(address.startswith(server.origin) for address in tab.asked)
    assert tab.complaints == []
    refused = new_tab(ignore_https_errors=True).page.request.get(server.address)
    assert refused.status == 401
    assert "Ventricular" not in refused.text()


def test_the_certificate_is_the_one_that_was_named(server: ReadingServer, certificate: Path) -> None:
    trusted = ssl.create_default_context(cafile=str(certificate.with_suffix(".crt")))
    assert status(server, trusted) == 401, "encrypted and known, but without the password"
    with pytest.raises(ssl.SSLCertVerificationError):
        status(server, ssl.create_default_context())


def test_without_encryption_nobody_is_answered_and_a_mute_one_keeps_nobody_waiting(
    server: ReadingServer, certificate: Path
) -> None:
    plain = http.client.HTTPConnection(*server.server_address[:2], timeout=30)
    plain.request("GET", f"/{server.secret}/")
    with pytest.raises((http.client.HTTPException, OSError)):
        plain.getresponse()
    with socket.create_connection(server.server_address[:2]):  # connects, and says nothing
        assert status(server, ssl.create_default_context(cafile=str(certificate.with_suffix(".crt")))) == 401


def status(server: ReadingServer, context: ssl.SSLContext) -> int:
    connection = http.client.HTTPSConnection(*server.server_address[:2], timeout=30, context=context)
    connection.request("GET", f"/{server.secret}/", headers={"Host": server.names[0]})
    return connection.getresponse().status
