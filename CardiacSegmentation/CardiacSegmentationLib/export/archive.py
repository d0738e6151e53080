"""Results to an image archive (PACS): DICOM C-STORE with pynetdicom, DICOMweb STOW-RS with the standard library."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import os
import queue
import ssl
import threading
import uuid
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.export.files import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pydicom import Dataset

# What we write; a folder may hold images too, which are the archive's own.
SENT = {
    "1.2.840.10008.5.1.4.1.1.66.4": "segmentation",
    "1.2.840.10008.5.1.4.1.1.88.33": "structured report",
    "1.2.840.10008.5.1.4.1.1.104.1": "report (PDF)",
    "1.2.840.10008.5.1.4.1.1.481.3": "contours (RT Structure Set)",
}
TOKEN_VARIABLE = "CARDIACSEG_DICOMWEB_TOKEN"
USER_VARIABLE, PASSWORD_VARIABLE = "CARDIACSEG_DICOMWEB_USER", "CARDIACSEG_DICOMWEB_PASSWORD"
TLS_PASSWORD_VARIABLE = "CARDIACSEG_TLS_PASSWORD"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
TIMEOUT_S = 60.0  # of a silent archive
LONGEST_S = 600.0  # for one object and its answer, however lively the archive is
MOST_ANSWER_BYTES = 2**20
VERIFICATION = "1.2.840.10008.1.1"  # C-ECHO
REFERENCED, FAILED, FAILURE_REASON, INSTANCE = "00081199", "00081198", "00081197", "00081155"
HTTP_MEANINGS = {401: "credentials are missing or wrong", 403: "not allowed", 404: "no DICOMweb service there"}
# By source and reason, PS3.8 table 9-21.
REJECTIONS = {
    (1, 2): "it does not know DICOM's own application context",
    (1, 3): "it does not know our title {calling}; have it entered there, or name another with --as",
    (1, 7): "it does not go by the title {called}",
    (2, 2): "it speaks another version of the protocol",
    (3, 1): "it is busy; try again later",
    (3, 2): "it has as many connections as it allows; try again later",
}
# By the first digits of a C-STORE status, PS3.4 table B.2-1 and PS3.7 annex C.
REFUSALS = {
    "A7": "the archive has no room or no memory left",
    "A9": "the archive finds that the object does not match its kind",
    "C": "the archive cannot understand the object",
    "0111": "the archive holds an object of this UID already",
    "0122": "the archive takes no objects of this kind",
    "0124": "we are not allowed to store there",
}


@dataclass(frozen=True)
class Stored:
    """What the archive said about one object; ``problem`` is empty where it took it."""

    path: Path
    kind: str
    problem: str = ""


@dataclass(frozen=True)
class Peer:
    """A DICOM node, written ``AE@host:port``."""

    title: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Peer:
        """From the way users write it; raises ``ValueError`` with the reason."""
        title, at, address = text.rpartition("@")
        host, colon, port = address.rpartition(":")
        if not (at and colon and title and host and port.isdigit() and 0 < int(port) < 65536):
            msg = f"{text!r} is no DICOM node. Write it as AE@host:port, for example ORTHANC@pacs.example.org:4242"
            raise ValueError(msg)
        if len(title) > 16:
            msg = f"{title!r} is no AE title: it has more than 16 characters"
            raise ValueError(msg)
        return cls(title, host.strip("[]"), int(port))


def find_objects(folder: Path) -> list[Path]:
    """The segmentations, structured reports, PDF reports and contours in a result folder, segmentations first."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    kinds = list(SENT)
    found: list[tuple[int, Path]] = []
    for path in [folder] if folder.is_file() else sorted(folder.rglob("*.dcm")):
        try:
            kind = str(pydicom.dcmread(path, specific_tags=["SOPClassUID"]).get("SOPClassUID", ""))
        except InvalidDicomError:
            continue
        except Exception as error:  # a damaged file can make the parser raise anything
            msg = f"{path} cannot be read ({reason_of(error)}). Write the results anew, or remove it."
            raise ExportError(msg) from error
        if kind in SENT:
            found.append((kinds.index(kind), path))  # a report comes after what it refers to
    if not found:
        msg = f"{folder} holds no DICOM results. Name the folder that `cardiacseg segment --out` wrote."
        raise ExportError(msg)
    return [path for _, path in sorted(found)]


@dataclass(frozen=True)
class Tls:
    """How a connection is encrypted. Without a file the system's own authorities vouch for the archive."""

    authorities: Path | None = None  # PEM: who vouches for the archive
    certificate: Path | None = None  # PEM: our own certificate and its key, where the archive asks for one

    def context(self) -> ssl.SSLContext:
        """What ``ssl`` needs; the archive's certificate and host name are always checked."""
        if self.authorities is not None and not self.authorities.is_file():
            msg = f"{self.authorities} does not exist. Name the PEM file of the authority that vouches for the archive."
            raise ExportError(msg)
        try:
            context = ssl.create_default_context(cafile=self.authorities)
        except (ssl.SSLError, OSError) as error:
            msg = f"{self.authorities} holds no certificates in PEM format ({reason_of(error)})."
            raise ExportError(msg) from error
        if self.certificate is not None:
            try:
                context.load_cert_chain(self.certificate, password=lambda: os.environ.get(TLS_PASSWORD_VARIABLE, ""))
            except (ssl.SSLError, OSError) as error:
                msg = (
                    f"{self.certificate} holds no certificate with its key in PEM format ({reason_of(error)}). "
                    f"The password of a locked key comes from ${TLS_PASSWORD_VARIABLE}."
                )
                raise ExportError(msg) from error
        return context


def store_to_node(
    paths: Sequence[Path], peer: Peer, calling_title: str = "CARDIACSEG", tls: Tls | None = None
) -> Iterator[Stored]:
    """C-STORE each object; one refusal does not keep the others from being sent."""
    association = _associate(peer, calling_title, tls)
    try:
        _require_echo(association, peer)
        for path in paths:
            yield _store_one(association, path)
    finally:
        if association.is_established:
            association.release()


def echo_node(peer: Peer, calling_title: str = "CARDIACSEG", tls: Tls | None = None) -> list[str]:
    """C-ECHO alone; the kinds of our objects that the node does not take."""
    association = _associate(peer, calling_title, tls)
    try:
        if VERIFICATION not in _accepted(association):
            msg = f"{peer.title} at {peer.host}:{peer.port} is there, and takes no C-ECHO."
            raise ExportError(msg)
        _require_echo(association, peer)
        return [words for kind, words in SENT.items() if kind not in _accepted(association)]
    finally:
        if association.is_established:
            association.release()


def store_to_web(paths: Sequence[Path], url: str, tls: Tls | None = None) -> Iterator[Stored]:
    """STOW-RS each object; credentials come from the environment, never from the command line."""
    import pydicom

    opener = build_opener(_NoRedirect, HTTPSHandler(context=(tls or Tls()).context()))
    headers = {"Accept": "application/dicom+json", **_credentials(url)}
    has_answered = False
    for path in paths:
        header = pydicom.dcmread(path, specific_tags=["SOPClassUID", "SOPInstanceUID"])
        body, content_type = _multipart(path.read_bytes())
        request = Request(f"{url.rstrip('/')}/studies", body, {**headers, "Content-Type": content_type}, method="POST")
        try:
            problem = _describe_answer(*_ask_in_time(opener, request), str(header.SOPInstanceUID))
            has_answered = True
        except (OSError, HTTPException) as error:  # URLError and every kind of broken connection are OSErrors
            problem = f"the archive does not answer: {_reason_of_url_error(error)}"
            if not has_answered:  # nor will it for the others
                msg = f"{url} does not answer: {_reason_of_url_error(error)}."
                raise ExportError(msg) from error
        yield Stored(path, SENT[str(header.SOPClassUID)], problem)


def _associate(peer: Peer, calling_title: str, tls: Tls | None) -> Any:
    """An open association for all kinds of objects; what prevents it is said in words."""
    try:
        from pynetdicom import AE
    except ImportError as error:
        msg = "Sending to a DICOM node needs pynetdicom: pip install 'cardiacseg[send]'. DICOMweb works without it."
        raise ExportError(msg) from error
    ae = AE(ae_title=calling_title)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ae.connection_timeout = TIMEOUT_S
    for kind in (VERIFICATION, *SENT):
        ae.add_requested_context(kind)
    encrypted = None if tls is None else (tls.context(), peer.host)
    with _errors_logged() as errors:
        association = ae.associate(peer.host, peer.port, ae_title=peer.title, tls_args=encrypted)
    if not association.is_established:
        why = _why_no_association(association, errors, peer, calling_title)
        msg = f"{peer.title} at {peer.host}:{peer.port} takes nothing: {why}."
        raise ExportError(msg)
    return association


def _why_no_association(association: Any, errors: Sequence[str], peer: Peer, calling_title: str) -> str:
    if association.is_rejected:
        answer = association.acceptor.primitive
        reason = REJECTIONS.get((answer.result_source, answer.diagnostic), "it gives no reason; check both AE titles")
        return f"it refused the association: {reason.format(calling=calling_title, called=peer.title)}"
    if association.rejected_contexts and not association.accepted_contexts:
        return f"it takes none of our kinds of object ({', '.join(SENT.values())})"
    connection = next((text.partition(": ")[2] for text in errors if text.startswith("TCP Initialisation")), "")
    if connection:
        return f"it does not answer ({connection})"
    return "it does not answer, or broke the connection off; it may ask for TLS, or for none"


def _require_echo(association: Any, peer: Peer) -> None:
    """C-ECHO, where the node takes it: nothing is sent to one that is not well."""
    if VERIFICATION not in _accepted(association):
        return
    code = association.send_c_echo().get("Status")
    if code != 0x0000:
        answer = "not at all" if code is None else f"with status {code:04X}"
        msg = f"{peer.title} at {peer.host}:{peer.port} takes nothing: it answers a C-ECHO {answer}."
        raise ExportError(msg)


def _store_one(association: Any, path: Path) -> Stored:
    import pydicom

    dataset = pydicom.dcmread(path)
    kind = str(dataset.SOPClassUID)
    if not association.is_established:
        return Stored(path, SENT[kind], "the archive broke the connection off")
    if kind not in _accepted(association):
        return Stored(path, SENT[kind], REFUSALS["0122"])
    try:
        return Stored(path, SENT[kind], _describe_status(association.send_c_store(dataset)))
    except (ValueError, RuntimeError, AttributeError) as error:  # it takes no such transfer syntax, or hung up
        return Stored(path, SENT[kind], reason_of(error))


def _accepted(association: Any) -> set[str]:
    return {str(context.abstract_syntax) for context in association.accepted_contexts}


@contextlib.contextmanager
def _errors_logged() -> Iterator[list[str]]:
    """What pynetdicom says in its log alone, above all why a connection failed."""
    heard: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("pynetdicom")
    logger.addHandler(handler)
    try:
        yield heard
    finally:
        logger.removeHandler(handler)


def _ask_in_time(opener: OpenerDirector, request: Request) -> tuple[int, bytes]:
    """Status and body of an answer. An archive that sends a byte now and then is given up after ``LONGEST_S``."""
    answers: queue.SimpleQueue[tuple[int, bytes] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(_ask(opener, request))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=LONGEST_S)
    except queue.Empty:
        msg = f"no whole answer within {LONGEST_S:.0f} s"
        raise TimeoutError(msg) from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _ask(opener: OpenerDirector, request: Request) -> tuple[int, bytes]:
    try:
        with opener.open(request, timeout=TIMEOUT_S) as response:
            return response.status, response.read(MOST_ANSWER_BYTES)
    except HTTPError as error:
        with error:
            return error.code, error.read(MOST_ANSWER_BYTES)


def _reason_of_url_error(error: OSError | HTTPException) -> str:
    return _one_line(str(error.reason if isinstance(error, URLError) else error)) or type(error).__name__


def _one_line(text: str) -> str:
    """What an archive says, fit for a terminal: no line breaks, no control codes, not endless."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:200].strip()


class _NoRedirect(HTTPRedirectHandler):
    """A redirected POST becomes a GET without its body: that would look like success, and show the token elsewhere."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nothing."""


def _credentials(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        msg = f"{url!r} is no web address. Write it as https://pacs.example.org/dicom-web"
        raise ExportError(msg)
    if parts.username or parts.password:
        msg = f"Keep passwords out of the address: set {USER_VARIABLE} and {PASSWORD_VARIABLE} instead."
        raise ExportError(msg)
    token, user = os.environ.get(TOKEN_VARIABLE), os.environ.get(USER_VARIABLE)
    if not token and not user:
        return {}
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        msg = f"Credentials are sent over https only, and {url} is http. Use https, or unset the credentials."
        raise ExportError(msg)
    if token:
        return {"Authorization": f"Bearer {token}"}
    pair = f"{user}:{os.environ.get(PASSWORD_VARIABLE, '')}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _multipart(content: bytes) -> tuple[bytes, str]:
    boundary = uuid.uuid4().hex
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    tail = f"\r\n--{boundary}--\r\n".encode()
    return head + content + tail, f'multipart/related; type="application/dicom"; boundary={boundary}'


def _describe_status(status: Dataset) -> str:
    """What a C-STORE status says is wrong; nothing for success, also with elements coerced."""
    code = status.get("Status")
    if code is None:
        return "the archive broke off without an answer"
    if code == 0x0000 or 0xB000 <= code <= 0xBFFF:
        return ""
    digits = f"{code:04X}"
    meaning = next((words for start, words in REFUSALS.items() if digits.startswith(start)), "the archive refused it")
    comment = _one_line(str(status.get("ErrorComment", "")))
    return f"{meaning}: status {digits}" + (f" ({comment})" if comment else "")


def _describe_answer(status: int, body: bytes, uid: str) -> str:
    """What is wrong by a STOW-RS answer; nothing where it names our object among those that it stored.

    A page to log in with, which some services send with status 200, is no such answer.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    answer = answer[0] if isinstance(answer, list) and answer else answer
    if isinstance(answer, dict):
        failed = _items(answer, FAILED)
        if failed:
            reasons = _values(failed[0], FAILURE_REASON) or ["no reason given"]
            return f"refused (reason {_one_line(str(reasons[0]))})"
        if status in (200, 202) and any(uid in _values(item, INSTANCE) for item in _items(answer, REFERENCED)):
            return ""
    if status not in (200, 202):
        return f"HTTP {status}" + (f": {HTTP_MEANINGS[status]}" if status in HTTP_MEANINGS else "")
    if not isinstance(answer, dict):
        return f"HTTP {status}, but the answer is no DICOM JSON; is this address a DICOMweb service?"
    return f"HTTP {status}, but the answer does not say that the object is stored"


def _items(item: Mapping[str, Any], tag: str) -> list[Mapping[str, Any]]:
    return [value for value in _values(item, tag) if isinstance(value, dict)]


def _values(item: Mapping[str, Any], tag: str) -> list[Any]:
    """The values of an element in DICOM JSON; nothing where it is not built as it should be."""
    element = item.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return values if isinstance(values, list) else []
