"""What goes to an image archive (PACS), where to, and how the way is encrypted; ``archive_node``, ``_web`` send it."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.errors import ExportError, reason_of

if TYPE_CHECKING:
    from pathlib import Path

# What we write; a folder may hold images too, which are the archive's own.
SENT = {
    "1.2.840.10008.5.1.4.1.1.66.4": "segmentation",
    "1.2.840.10008.5.1.4.1.1.88.33": "structured report",
    "1.2.840.10008.5.1.4.1.1.104.1": "report (PDF)",
    "1.2.840.10008.5.1.4.1.1.481.3": "contours (RT Structure Set)",
}
# What stands at the end of each of them and must be there, by the standard.
ENDS = dict(
    zip(
        SENT,
        ("PixelData", "ContentSequence", "MIMETypeOfEncapsulatedDocument", "RTROIObservationsSequence"),
        strict=True,
    )
)
TLS_PASSWORD_VARIABLE = "CARDIACSEG_TLS_PASSWORD"
UNDEFINED = 0xFFFFFFFF  # length of an element that ends with a delimiter; cut off before it, it is not read at all
TIMEOUT_S = 60.0  # of a silent archive


@dataclass(frozen=True)
class Stored:
    """What the archive said about one object; there is no ``problem`` where it took it."""

    path: Path
    kind: str
    problem: ExportError | None = None


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


@dataclass(frozen=True)
class Tls:
    """How a connection is encrypted. Without a file the system's own authorities vouch for the archive."""

    authorities: Path | None = None  # PEM: who vouches for the archive
    certificate: Path | None = None  # PEM: our own certificate and its key, where the archive asks for one

    def context(self) -> ssl.SSLContext:
        """What ``ssl`` needs; the archive's certificate and host name are always checked."""
        if self.authorities is not None and not self.authorities.is_file():
            raise ExportError.of("no-authorities", path=self.authorities)
        try:
            context = ssl.create_default_context(cafile=self.authorities)
        except (ssl.SSLError, OSError) as error:
            path = self.authorities or ""
            raise ExportError.of("authorities-unreadable", path=path, reason=reason_of(error)) from error
        if self.certificate is not None:
            try:
                context.load_cert_chain(self.certificate, password=lambda: os.environ.get(TLS_PASSWORD_VARIABLE, ""))
            except (ssl.SSLError, OSError) as error:
                raise ExportError.of(
                    "certificate-unreadable",
                    path=self.certificate,
                    reason=reason_of(error),
                    variable=TLS_PASSWORD_VARIABLE,
                ) from error
        return context


def find_objects(folder: Path) -> list[Path]:
    """The segmentations, structured reports, PDF reports and contours in a result folder, segmentations first.

    What lies in hidden folders, or is hidden, a killed run left unfinished.
    """
    kinds = list(SENT)
    found: list[tuple[int, Path]] = []
    for path in [folder] if folder.is_file() else sorted(folder.rglob("*.dcm")):
        if any(name.startswith(".") for name in path.relative_to(folder).parts):
            continue
        kind = _find_kind(path)
        if kind in SENT:
            found.append((kinds.index(kind), path))  # a report comes after what it refers to
    if not found:
        raise ExportError.of("no-results", folder=folder)
    return [path for _, path in sorted(found)]


def _find_kind(path: Path) -> str:
    """The kind of object in a file, nothing where it is no DICOM; what would be sent must be there to its end."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        header = pydicom.dcmread(path, specific_tags=["SOPClassUID"])
        kind = str(header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID", ""))
        is_whole = bool(kind) and (kind not in SENT or _is_whole(path, ENDS[kind]))
    except InvalidDicomError:
        kind, is_whole = "", path.stat().st_size > 0
    except Exception as error:  # a damaged file can make the parser raise anything
        raise ExportError.of("result-unreadable", path=path, reason=reason_of(error)) from error
    if not is_whole:
        raise ExportError.of("result-cut-off", path=path)
    return kind


def _is_whole(path: Path, end: str) -> bool:
    """Whether the element ``end`` is there, and the file ends with the last: pydicom reads half a file, too."""
    import pydicom

    dataset = pydicom.dcmread(path)
    if end not in dataset:
        return False
    last: Any = dataset.get_item(max(dataset.keys()))
    has_length = last.is_raw and last.length != UNDEFINED and not dataset.file_meta.TransferSyntaxUID.is_deflated
    return not has_length or last.value_tell + last.length == path.stat().st_size


def one_line(text: str) -> str:
    """What an archive says, fit for a terminal: no line breaks, no control codes, not endless."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:200].strip()
