"""Results to an image archive (PACS): DICOM C-STORE with pynetdicom, DICOMweb STOW-RS with the standard library."""

from __future__ import annotations

import base64
import json
import os
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from CardiacSegmentationLib.errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# What we write; a folder may hold images too, which are the archive's own.
SENT = {
    "1.2.840.10008.5.1.4.1.1.66.4": "segmentation",
    "1.2.840.10008.5.1.4.1.1.88.33": "structured report",
    "1.2.840.10008.5.1.4.1.1.104.1": "report (PDF)",
}
TOKEN_VARIABLE = "CARDIACSEG_DICOMWEB_TOKEN"
USER_VARIABLE, PASSWORD_VARIABLE = "CARDIACSEG_DICOMWEB_USER", "CARDIACSEG_DICOMWEB_PASSWORD"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
TIMEOUT_S = 60.0


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
    """The segmentations, structured reports and PDF reports in a result folder, segmentations first."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    kinds = list(SENT)
    found: list[tuple[int, Path]] = []
    for path in [folder] if folder.is_file() else sorted(folder.rglob("*.dcm")):
        try:
            kind = str(pydicom.dcmread(path, specific_tags=["SOPClassUID"]).get("SOPClassUID", ""))
        except InvalidDicomError:
            continue
        if kind in SENT:
            found.append((kinds.index(kind), path))  # a report comes after what it refers to
    if not found:
        msg = f"{folder} holds no DICOM results. Name the folder that `cardiacseg segment --out` wrote."
        raise ExportError(msg)
    return [path for _, path in sorted(found)]


def store_to_node(paths: Sequence[Path], peer: Peer, calling_title: str = "CARDIACSEG") -> Iterator[Stored]:
    """C-STORE each object; one refusal does not keep the others from being sent."""
    try:
        from pynetdicom import AE
    except ImportError as error:
        msg = "Sending to a DICOM node needs pynetdicom: pip install 'cardiacseg[send]'. DICOMweb works without it."
        raise ExportError(msg) from error
    import pydicom

    ae = AE(ae_title=calling_title)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ae.connection_timeout = TIMEOUT_S
    for kind in SENT:
        ae.add_requested_context(kind)
    association = ae.associate(peer.host, peer.port, ae_title=peer.title)
    if not association.is_established:
        why = "it refused the association (check both AE titles)" if association.is_rejected else "it does not answer"
        msg = f"{peer.title} at {peer.host}:{peer.port} takes nothing: {why}."
        raise ExportError(msg)
    try:
        for path in paths:
            dataset = pydicom.dcmread(path)
            try:
                status = association.send_c_store(dataset)
                problem = _describe_status(status)
            except (ValueError, RuntimeError) as error:  # the node takes no objects of this kind, or hung up
                problem = str(error)
            yield Stored(path, SENT[str(dataset.SOPClassUID)], problem)
    finally:
        if association.is_established:
            association.release()


def store_to_web(paths: Sequence[Path], url: str) -> Iterator[Stored]:
    """STOW-RS each object; credentials come from the environment, never from the command line."""
    import pydicom

    opener = build_opener(_NoRedirect)
    headers = {"Accept": "application/dicom+json", **_credentials(url)}
    for path in paths:
        kind = SENT[str(pydicom.dcmread(path, specific_tags=["SOPClassUID"]).SOPClassUID)]
        body, content_type = _multipart(path.read_bytes())
        request = Request(f"{url.rstrip('/')}/studies", body, {**headers, "Content-Type": content_type}, method="POST")
        try:
            with opener.open(request, timeout=TIMEOUT_S) as response:
                yield Stored(path, kind, _describe_answer(response.status, response.read()))
        except HTTPError as error:
            yield Stored(path, kind, _describe_answer(error.code, error.read()))
        except (URLError, TimeoutError, ConnectionError) as error:
            msg = f"{url} does not answer: {getattr(error, 'reason', error)}."
            raise ExportError(msg) from error


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


def _describe_status(status: Any) -> str:
    code = status.get("Status")
    if code is None:
        return "the archive broke off without an answer"
    if code == 0x0000 or 0xB000 <= code <= 0xBFFF:  # success, or success with elements coerced
        return ""
    comment = str(status.get("ErrorComment", "")).strip()
    return f"refused with status {code:04X}" + (f" ({comment})" if comment else "")


def _describe_answer(status: int, body: bytes) -> str:
    """What a STOW-RS answer says is wrong: by its status, or by the list of failed objects in it."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = {}
    failed = answer.get("00081198", {}).get("Value", []) if isinstance(answer, dict) else []
    if failed:
        reason = failed[0].get("00081197", {}).get("Value", ["no reason given"])[0]
        return f"refused (reason {reason})"
    if status in (200, 202):
        return ""
    meaning = {401: "credentials are missing or wrong", 403: "not allowed", 404: "no DICOMweb service there"}
    return f"HTTP {status}" + (f": {meaning[status]}" if status in meaning else "")
