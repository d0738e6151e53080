"""Where results are sent to: a PACS as the user writes it, and those remembered in Slicer's settings."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

import slicer

from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.export.archive import Peer

NODES = "CardiacSegmentation/Nodes"  # key in Slicer's settings: JSON, last used first
MOST = 10
LONGEST_TITLE = 16  # characters of an AE title


@dataclass(frozen=True)
class Node:
    """The choices of ``cardiacseg send``: a DICOM node (AE@host:port) or a DICOMweb service (https://…)."""

    address: str
    title: str = ""  # our own AE title; empty: that of the command line
    is_encrypted: bool = False
    authorities: str = ""  # PEM file: who vouches for the archive
    certificate: str = ""  # PEM file: our own certificate with its key

    @property
    def is_web(self) -> bool:
        """Whether it is a DICOMweb service."""
        return self.address.startswith(("https://", "http://"))

    def check(self) -> None:
        """Raise where the address cannot be one."""
        if self.is_web and urlsplit(self.address).hostname:
            return
        try:
            title = Peer.parse(self.address).title
        except ValueError as error:
            raise ExportError.of("no-pacs-address", address=self.address) from error
        for name in (title, self.title):
            if len(name) > LONGEST_TITLE or not name.isascii() or not name.isprintable() or "\\" in name:
                raise ExportError.of("no-ae-title", title=name)

    def arguments(self) -> list[str]:
        """The options of ``cardiacseg send``."""
        options = [f"--dicomweb={self.address}" if self.is_web else f"--to={self.address}"]
        if self.is_encrypted:
            files = {"--tls-authorities": self.authorities, "--tls-certificate": self.certificate}
            options += ["--tls", *(f"{option}={file}" for option, file in files.items() if file)]
        return [*options, f"--as={self.title}"] if self.title else options


def remembered_nodes() -> list[Node]:
    """Those used before, last used first."""
    try:
        return [Node(**entry) for entry in json.loads(str(slicer.app.settings().value(NODES, "") or "[]"))]
    except (ValueError, TypeError):  # written by hand, or by another version
        return []


def remember(node: Node) -> None:
    """Put a node first, in place of what was known of its address."""
    _store([node, *_others(node.address)][:MOST])


def forget(address: str) -> None:
    """Remember the node of this address no longer."""
    _store(_others(address))


def _others(address: str) -> list[Node]:
    return [node for node in remembered_nodes() if node.address != address]


def _store(nodes: list[Node]) -> None:
    slicer.app.settings().setValue(NODES, json.dumps([asdict(node) for node in nodes]))
