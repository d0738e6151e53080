"""Results to a DICOMweb service: STOW-RS with the standard library."""

from __future__ import annotations

import base64
import json
import os
import queue
import threading
import uuid
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

from CardiacSegmentationLib.errors import ExportError, reason_of
from CardiacSegmentationLib.export.archive import SENT, TIMEOUT_S, Stored, Tls, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

TOKEN_VARIABLE = "CARDIACSEG_DICOMWEB_TOKEN"
USER_VARIABLE, PASSWORD_VARIABLE = "CARDIACSEG_DICOMWEB_USER", "CARDIACSEG_DICOMWEB_PASSWORD"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
LONGEST_S = 600.0  # for one object and its answer, however lively the archive is
MOST_ANSWER_BYTES = 2**20
REFERENCED, FAILED, FAILURE_REASON, INSTANCE = "00081199", "00081198", "00081197", "00081155"
# Words of the catalogue.
HTTP_MEANINGS = {401: "credentials are missing or wrong", 403: "not allowed", 404: "no DICOMweb service there"}
NO_REASON = "no reason given"


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
            problem = _problem_of(*_ask_in_time(opener, request), str(header.SOPInstanceUID))
            has_answered = True
        except (OSError, HTTPException) as error:  # URLError and every kind of broken connection are OSErrors
            if not has_answered:  # nor will it for the others
                raise ExportError.of("service-silent", url=url, reason=_reason_of(error)) from error
            problem = ExportError.of("service-silent-now", reason=_reason_of(error))
        except ExportError as error:
            problem = error
        yield Stored(path, SENT[str(header.SOPClassUID)], problem)


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
        raise ExportError.of("no-whole-answer", seconds=LONGEST_S) from None
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


def _reason_of(error: OSError | HTTPException) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    return one_line(reason_of(reason) if isinstance(reason, BaseException) else reason) or type(error).__name__


class _NoRedirect(HTTPRedirectHandler):
    """A redirected POST becomes a GET without its body: that would look like success, and show the token elsewhere."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nothing."""


def _credentials(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ExportError.of("no-web-address", url=url)
    if parts.username or parts.password:
        raise ExportError.of("password-in-address", user=USER_VARIABLE, password=PASSWORD_VARIABLE)
    token, user = os.environ.get(TOKEN_VARIABLE), os.environ.get(USER_VARIABLE)
    if not token and not user:
        return {}
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ExportError.of("credentials-in-clear", url=url)
    if token:
        return {"Authorization": f"Bearer {token}"}
    pair = f"{user}:{os.environ.get(PASSWORD_VARIABLE, '')}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _multipart(content: bytes) -> tuple[bytes, str]:
    boundary = uuid.uuid4().hex
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    tail = f"\r\n--{boundary}--\r\n".encode()
    return head + content + tail, f'multipart/related; type="application/dicom"; boundary={boundary}'


def _problem_of(status: int, body: bytes, uid: str) -> ExportError | None:
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
            reasons = _values(failed[0], FAILURE_REASON) or [NO_REASON]
            return ExportError.of("service-refused", reason=one_line(str(reasons[0])))
        if status in (200, 202) and any(uid in _values(item, INSTANCE) for item in _items(answer, REFERENCED)):
            return None
    if status in HTTP_MEANINGS:
        return ExportError.of("http-status-means", status=status, meaning=HTTP_MEANINGS[status])
    if status not in (200, 202):
        return ExportError.of("http-status", status=status)
    if not isinstance(answer, dict):
        return ExportError.of("no-dicom-json", status=status)
    return ExportError.of("not-said-stored", status=status)


def _items(item: Mapping[str, Any], tag: str) -> list[Mapping[str, Any]]:
    return [value for value in _values(item, tag) if isinstance(value, dict)]


def _values(item: Mapping[str, Any], tag: str) -> list[Any]:
    """The values of an element in DICOM JSON; nothing where it is not built as it should be."""
    element = item.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return values if isinstance(values, list) else []
