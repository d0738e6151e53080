"""The local server of the reading page: Python's own, for one reader.

Its address holds a secret. It answers to its own name alone, takes commands from its own page alone, and beyond this
computer speaks TLS with a password only.
"""

from __future__ import annotations

import base64
import hmac
import json
import mimetypes
import secrets
import ssl
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.browser.page import describe_page, make_page
from CardiacSegmentationLib.browser.words import read_words
from CardiacSegmentationLib.errors import MALFORMED, CardiacSegmentationError

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.browser.served import ServedStudy

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOST_BYTES = 1_000_000  # of a command
WAIT_S = 20.0  # a tab that asks for news is answered after so long, news or not
WRONG_PASSWORD_S = 1.0
OPENING = {"reload": True}  # to a tab of an earlier run: the page shows how far opening the study is
SCRIPTS = ("view.js", "tools.js", "planes.js", "read.js")


@dataclass
class Desk:
    """What there is to read: first the progress of opening it, then the study, or why there is none."""

    language: str
    study: ServedStudy | None = None
    progress: dict[str, Any] = field(default_factory=lambda: {"fraction": 0.0, "message": ""})
    problem: str = ""

    def page(self) -> str:
        """The page as it is now."""
        study = {**describe_page(self.language), "whose": ""} if self.study is None else self.study.page()
        words = {**study["words"], **read_words(self.language)["reading"]}
        return make_page({**study, "words": words}, SCRIPTS, connect="'self'")

    def waiting(self) -> dict[str, Any]:
        """How far opening the study is."""
        return {**self.progress, "problem": self.problem, "ready": self.study is not None}


class ReadingServer(ThreadingHTTPServer):
    """Serves a desk at ``address``."""

    daemon_threads = True

    def __init__(
        self,
        desk: Desk,
        host: str = LOOPBACK[0],
        port: int = 0,
        *,
        secret: str = "",
        tls: ssl.SSLContext | None = None,
        password: str = "",
    ) -> None:
        self.desk, self.host, self.password = desk, host, password
        self.secret = secret or secrets.token_urlsafe(24)
        self.is_encrypted = tls is not None
        if host not in LOOPBACK and not (tls and password):
            msg = (
                f"{host} can be reached from other computers: that takes a certificate (--certificate FILE.pem) and a "
                "password (--password-file FILE)."
            )
            raise CardiacSegmentationError(msg)
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            msg = f"{host} port {port} cannot be used ({error.strerror or error}). Name another (--port)."
            raise CardiacSegmentationError(msg) from error
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def server_bind(self) -> None:
        """As any server binds: the one for HTTP asks the network for this computer's name besides."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.host, int(self.server_address[1])

    @property
    def origin(self) -> str:
        """Scheme, name and port."""
        return f"{'https' if self.is_encrypted else 'http'}://{self.names[0]}"

    @property
    def names(self) -> list[str]:
        """The names that browsers may know it by."""
        port = self.server_address[1]
        own = [self.host, *(LOOPBACK[:2] if self.host in LOOPBACK else ())]
        return [f"[{name}]:{port}" if ":" in name else f"{name}:{port}" for name in dict.fromkeys(own)]

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"{self.origin}/{self.secret}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke off is the browser's affair."""


def load_tls(certificate: Path) -> ssl.SSLContext:
    """A certificate and its key from one file in PEM."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate)
    except (OSError, ssl.SSLError) as error:
        msg = f"{certificate} holds no certificate with its key in PEM ({error})."
        raise CardiacSegmentationError(msg) from error
    return context


def read_password(path: Path) -> str:
    """The password in the first line of a file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        msg = f"{path} cannot be read ({error}). It holds the password in its first line."
        raise CardiacSegmentationError(msg) from error
    if not lines or len(lines[0].strip()) < 12:
        msg = f"The password in {path} has fewer than 12 characters: choose a longer one."
        raise CardiacSegmentationError(msg)
    return lines[0].strip()


class _Refusal(Exception):
    """A request that is not answered, and with which status."""

    def __init__(self, status: HTTPStatus, headers: dict[str, str] | None = None) -> None:
        super().__init__(status.phrase)
        self.status, self.headers = status, headers or {}


class _Handler(BaseHTTPRequestHandler):
    server: ReadingServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "cardiacseg", ""
    timeout = 60  # a connection that says nothing for so long is closed

    def do_GET(self) -> None:
        """The page, progress, news, and written files."""
        self._guarded(self._get)

    def do_POST(self) -> None:
        """Commands and previews."""
        self._guarded(self._post)

    def log_message(self, *_: Any) -> None:
        """Addresses hold the secret: nothing is logged."""

    def _guarded(self, answer: Any) -> None:
        try:
            answer(self._checked_path())
        except _Refusal as refusal:
            self.close_connection = True
            self._send(refusal.status.phrase.encode(), "text/plain", refusal.status, refusal.headers)
        except MALFORMED as error:
            self.close_connection = True
            self._send(f"{type(error).__name__}: {error}".encode(), "text/plain", HTTPStatus.BAD_REQUEST)

    def _checked_path(self) -> str:
        """What is asked for below the secret; raises where somebody else asks."""
        if self.headers.get("Host", "") not in self.server.names:
            raise _Refusal(HTTPStatus.MISDIRECTED_REQUEST)
        if self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            raise _Refusal(HTTPStatus.FORBIDDEN)
        _, _, rest = self.path.partition("/")
        secret, slash, path = rest.partition("/")
        if not slash or not hmac.compare_digest(secret.encode(), self.server.secret.encode()):
            raise _Refusal(HTTPStatus.NOT_FOUND)
        if self.server.password:
            self._check_password()
        return path

    def _check_password(self) -> None:
        """Basic authentication, over TLS; any user name will do."""
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        try:
            _, _, password = base64.b64decode(given).decode().partition(":")
        except ValueError:
            password = ""
        if scheme.lower() == "basic" and hmac.compare_digest(password.encode(), self.server.password.encode()):
            return
        if given:
            time.sleep(WRONG_PASSWORD_S)
        raise _Refusal(HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": 'Basic realm="cardiacseg", charset="UTF-8"'})

    def _get(self, path: str) -> None:
        desk = self.server.desk
        name, _, query = path.partition("?")
        if name == "":
            self._send(desk.page().encode(), "text/html; charset=utf-8")
        elif name == "progress":
            self._send_json(desk.waiting())
        elif name == "news":
            run, _, seen = query.partition(":")
            self._send_json(desk.study.wait(run, int(seen), WAIT_S) if desk.study is not None else OPENING)
        elif name.startswith("files/") and desk.study is not None:
            self._send_file(desk.study.files.get(name.removeprefix("files/")))
        else:
            raise _Refusal(HTTPStatus.NOT_FOUND)

    def _post(self, path: str) -> None:
        origins = {f"{self.server.origin.partition('//')[0]}//{name}" for name in self.server.names}
        if self.headers.get("Origin") not in origins or self.headers.get_content_type() != "application/json":
            raise _Refusal(HTTPStatus.FORBIDDEN)
        length = int(self.headers.get("Content-Length", "-1"))
        if not 0 <= length <= MOST_BYTES:
            raise _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        message = json.loads(self.rfile.read(length))
        study = self.server.desk.study
        if path not in ("command", "preview"):
            raise _Refusal(HTTPStatus.NOT_FOUND)
        if study is None:
            self._send_json(OPENING)
            return
        if path == "command":
            self._send_json(study.answer(message))
            return
        try:
            self._send_json(study.preview(message))
        except CardiacSegmentationError as error:
            self._send_json({"problem": error.text(study.language)})

    def _send_file(self, path: Path | None) -> None:
        if path is None or not path.is_file():
            raise _Refusal(HTTPStatus.NOT_FOUND)
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self._send(path.read_bytes(), kind, headers={"Content-Disposition": f'attachment; filename="{path.name}"'})

    def _send_json(self, content: dict[str, Any]) -> None:
        self._send(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), "application/json")

    def _send(
        self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Resource-Policy": "same-origin",
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def serve_in_background(server: ReadingServer) -> threading.Thread:
    """Answer requests until ``server.shutdown()``."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    return thread
