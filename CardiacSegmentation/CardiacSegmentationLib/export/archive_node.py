"""Results to a DICOM node: C-STORE and C-ECHO with pynetdicom."""

from __future__ import annotations

import contextlib
import logging
import re
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.errors import ExportError, reason_of
from CardiacSegmentationLib.export.archive import SENT, TIMEOUT_S, Peer, Stored, Tls, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pydicom import Dataset

VERIFICATION = "1.2.840.10008.1.1"  # C-ECHO
# By source and reason, PS3.8 table 9-21; these and the refusals are words of the catalogue.
REJECTIONS = {
    (1, 2): "it does not know DICOM's own application context",
    (1, 3): "it does not know our AE title; have it entered there, or choose another",
    (1, 7): "it does not go by that AE title",
    (2, 2): "it speaks another version of the protocol",
    (3, 1): "it is busy; try again later",
    (3, 2): "it has as many connections as it allows; try again later",
}
NO_REASON = "it gives no reason; check both AE titles"
# By the first digits of a C-STORE status, PS3.4 table B.2-1 and PS3.7 annex C.
REFUSALS = {
    "A7": "the archive has no room or no memory left",
    "A9": "the archive finds that the object does not match its kind",
    "C": "the archive cannot understand the object",
    "0111": "the archive holds an object of this UID already",
    "0122": "the archive takes no objects of this kind",
    "0124": "we are not allowed to store there",
}
REFUSED = "the archive refused it"
_ERRNO = re.compile(r"^\[Errno -?\d+\] ")


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
            raise ExportError.of("no-c-echo", **vars(peer))
        _require_echo(association, peer)
        return [words for kind, words in SENT.items() if kind not in _accepted(association)]
    finally:
        if association.is_established:
            association.release()


def _associate(peer: Peer, calling_title: str, tls: Tls | None) -> Any:
    """An open association for all kinds of objects; what prevents it is said in words."""
    try:
        from pynetdicom import AE
    except ImportError as error:
        raise ExportError.of("no-pynetdicom") from error
    ae = AE(ae_title=calling_title)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ae.connection_timeout = TIMEOUT_S
    for kind in (VERIFICATION, *SENT):
        ae.add_requested_context(kind)
    encrypted = None if tls is None else (tls.context(), peer.host)
    with _errors_logged() as errors:
        association = ae.associate(peer.host, peer.port, ae_title=peer.title, tls_args=encrypted)
    if not association.is_established:
        raise _why_no_association(association, errors, peer, calling_title)
    return association


def _why_no_association(association: Any, errors: Sequence[str], peer: Peer, calling_title: str) -> ExportError:
    if association.is_rejected:
        answer = association.acceptor.primitive
        reason = REJECTIONS.get((answer.result_source, answer.diagnostic), NO_REASON)
        return ExportError.of("association-refused", **vars(peer), calling=calling_title, reason=reason)
    if association.rejected_contexts and not association.accepted_contexts:
        return ExportError.of("no-kind-taken", **vars(peer), kinds=tuple(SENT.values()))
    connection = next((text.partition(": ")[2] for text in errors if text.startswith("TCP Initialisation")), "")
    if connection:
        return ExportError.of("node-silent", **vars(peer), reason=_ERRNO.sub("", connection))
    return ExportError.of("node-silent-or-tls", **vars(peer))


def _require_echo(association: Any, peer: Peer) -> None:
    """C-ECHO, where the node takes it: nothing is sent to one that is not well."""
    if VERIFICATION not in _accepted(association):
        return
    code = association.send_c_echo().get("Status")
    if code is None:
        raise ExportError.of("echo-unanswered", **vars(peer))
    if code != 0x0000:
        raise ExportError.of("echo-refused", **vars(peer), status=f"{code:04X}")


def _store_one(association: Any, path: Path) -> Stored:
    import pydicom

    dataset = pydicom.dcmread(path)
    kind = str(dataset.SOPClassUID)
    if not association.is_established:
        return Stored(path, SENT[kind], ExportError.of("connection-broken"))
    if kind not in _accepted(association):
        return Stored(path, SENT[kind], ExportError.of("kind-not-taken"))
    try:
        return Stored(path, SENT[kind], _problem_of(association.send_c_store(dataset)))
    except (ValueError, RuntimeError, AttributeError) as error:  # it takes no such transfer syntax, or hung up
        return Stored(path, SENT[kind], ExportError.of("not-sent", reason=reason_of(error)))


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


def _problem_of(status: Dataset) -> ExportError | None:
    """What a C-STORE status says is wrong; nothing for success, also with elements coerced."""
    code = status.get("Status")
    if code is None:
        return ExportError.of("store-unanswered")
    if code == 0x0000 or 0xB000 <= code <= 0xBFFF:
        return None
    digits = f"{code:04X}"
    meaning = next((words for start, words in REFUSALS.items() if digits.startswith(start)), REFUSED)
    comment = one_line(str(status.get("ErrorComment", "")))
    return ExportError.of("store-refused", meaning=meaning, status=digits + (f" ({comment})" if comment else ""))
