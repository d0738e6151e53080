"""A DICOM node in the test's own process: takes what it is told to take, and keeps it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from CardiacSegmentationLib.export.archive import SENT
from CardiacSegmentationLib.export.archive_node import VERIFICATION

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from pydicom import Dataset

ALL_KINDS = (*SENT, VERIFICATION)


@contextlib.contextmanager
def run_node(
    *kinds: str, tls: ssl.SSLContext | None = None, kept: list[Dataset] | None = None, **answers: int
) -> Iterator[int]:
    """A DICOM node named NODE that takes these kinds; its port. ``answers`` are the states of C-STORE and C-ECHO."""
    pynetdicom = pytest.importorskip("pynetdicom", reason="pynetdicom is not installed")
    ae = pynetdicom.AE("NODE")
    ae.require_called_aet = True
    for kind in kinds:
        ae.add_supported_context(kind)

    def store(event: Any) -> int:
        if kept is not None:
            kept.append(event.dataset)
        return answers.get("store", 0)

    handlers = [(pynetdicom.evt.EVT_C_STORE, store), (pynetdicom.evt.EVT_C_ECHO, lambda _: answers.get("echo", 0))]
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers, ssl_context=tls)
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
