"""What one DICOM file says about itself, read without its pixels and without trusting its numbers."""

from __future__ import annotations

import math
import struct
import warnings
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.filereader import data_element_generator
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pydicom import Dataset

_KEYWORDS = """
SpecificCharacterSet ImageType SOPClassUID SOPInstanceUID Modality SeriesDescription ProtocolName
StudyDate StudyInstanceUID SeriesInstanceUID SeriesNumber AcquisitionNumber InstanceNumber
AcquisitionTime PatientID PatientName PatientSex PatientBirthDate PatientAge PatientSize PatientWeight
ScanningSequence SequenceVariant SequenceName EchoTime FlipAngle InversionTime SliceThickness
SpacingBetweenSlices TriggerTime NominalInterval HeartRate FrameTime FrameTimeVector
NominalCardiacTriggerDelayTime RRIntervalTimeNominal TemporalPositionIdentifier TemporalPositionIndex
ImagePositionPatient ImageOrientationPatient NumberOfFrames SamplesPerPixel PhotometricInterpretation
Rows Columns PixelSpacing BitsAllocated BitsStored PixelRepresentation RescaleSlope RescaleIntercept
FrameType ComplexImageComponent PhaseContrast EffectiveEchoTime FrameAcquisitionDateTime
"""

_TAGS = {BaseTag(cast("int", tag_for_keyword(keyword))): keyword for keyword in _KEYWORDS.split()}
_VR = {keyword: dictionary_VR(tag) for tag, keyword in _TAGS.items()}
_WANTED: list[BaseTag | int] = list(_TAGS)
_BINARY = {"US": "H", "FD": "d", "UL": "I"}
_PIXEL_GROUP = 0x7FE0
_UNDEFINED = 0xFFFFFFFF
_ITEM, _END_OF_ITEMS = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"


@dataclass(frozen=True)
class Elements:
    """Raw values by keyword. A value that cannot be understood reads as absent."""

    raw: Mapping[str, bytes]
    little_endian: bool = True

    def __contains__(self, keyword: str) -> bool:
        return keyword in self.raw

    def text(self, keyword: str) -> str:
        """The value as text, in the file's own character set where that is possible."""
        value = self.raw.get(keyword, b"")
        if value.isascii():
            return value.decode("ascii").strip(" \0")
        declared = self.raw.get("SpecificCharacterSet", b"").decode("ascii", "replace").split("\\")
        try:
            return decode_bytes(value, convert_encodings([name.strip(" \0") for name in declared]), set()).strip(" \0")
        except (LookupError, UnicodeError, ValueError):
            return value.decode("latin-1").strip(" \0")

    def texts(self, keyword: str) -> tuple[str, ...]:
        """The values of a text with several parts."""
        return tuple(part.strip() for part in self.text(keyword).split("\\")) if keyword in self.raw else ()

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """All finite values, or none at all when one of them is no number."""
        value = self.raw.get(keyword, b"")
        if kind := _BINARY.get(_VR[keyword]):
            size = struct.calcsize(kind)
            values = struct.unpack(
                f"{'<' if self.little_endian else '>'}{len(value) // size}{kind}", value[: len(value) // size * size]
            )
        else:
            try:
                values = tuple(float(part) for part in value.replace(b"\0", b"").replace(b",", b".").split(b"\\"))
            except ValueError:
                return ()
        return tuple(float(v) for v in values) if all(math.isfinite(v) for v in values) else ()

    def number(self, keyword: str) -> float | None:
        """The first value."""
        values = self.numbers(keyword)
        return values[0] if values else None

    def integer(self, keyword: str) -> int | None:
        """The first value as a whole number."""
        value = self.number(keyword)
        return None if value is None else int(value)

    def seconds(self, keyword: str) -> float | None:
        """A time or date-time as seconds since midnight."""
        digits = self.text(keyword).replace(":", "")
        clock = digits[8:] if _VR[keyword] == "DT" else digits
        try:
            return int(clock[0:2]) * 3600 + int(clock[2:4]) * 60 + float(clock[4:].partition("+")[0] or 0)
        except ValueError:
            return None

    def over(self, other: Elements) -> Elements:
        """These values, and the other's where these say nothing."""
        return Elements({**other.raw, **self.raw}, self.little_endian)


@dataclass(frozen=True)
class PixelData:
    """Where the pixels of a file lie, and how much of them is there."""

    offset: int
    available: int  # bytes of the file from there on
    fragments: int | None  # compressed pieces that are whole; None where the values lie there uncompressed


@dataclass(frozen=True)
class Header:
    """The elements of one file, its transfer syntax, and where its pixels are (``None``: it has none)."""

    elements: Elements
    syntax: str
    pixels: PixelData | None


def read_header(path: Path) -> Header | None:
    """The header of a DICOM file; ``None`` where the file is not DICOM; any exception where it is damaged."""
    with path.open("rb", buffering=32768) as file:
        start = file.read(136)
        if start[128:132] == b"DICM":
            file.seek(132)
        elif start[:1] in (b"\x02", b"\x08") and start[1:2] == b"\0":  # written without the preamble
            file.seek(0)
        else:
            return None
        return _read_dataset(file, _read_transfer_syntax(file), path.stat().st_size)


@contextmanager
def quietly() -> Iterator[None]:
    """Without pydicom's warnings about values that break the standard: what matters of them is told as a finding."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def flatten(dataset: Dataset, *, little_endian: bool = True) -> Elements:
    """The wanted values of a dataset and of the standard sequences nested in it."""
    raw: dict[str, bytes] = {}
    for tag in list(dataset.keys()):
        if (keyword := _TAGS.get(tag)) is not None:
            value = getattr(dataset.get_item(tag), "value", None)
            if isinstance(value, bytes):
                raw[keyword] = value
        elif not tag.is_private and (element := dataset[tag]).VR == "SQ":
            for item in element.value:
                raw.update(flatten(item, little_endian=little_endian).raw)
    return Elements(raw, little_endian)


def _read_transfer_syntax(file: BinaryIO) -> str:
    start = file.tell()
    head = file.read(6)
    file.seek(start)
    if head[:1] != b"\x02":  # no file meta group: DICOM's default, or explicit where two letters name the VR
        return "1.2.840.10008.1.2.1" if head[4:6].isalpha() and head[4:6].isupper() else ImplicitVRLittleEndian
    meta = data_element_generator(file, False, True, stop_when=lambda tag, _vr, _length: tag.group != 2)
    found = next((element.value for element in list(meta) if element.tag == 0x00020010), None)
    return found.decode("ascii", "replace").strip(" \0") if isinstance(found, bytes) else ImplicitVRLittleEndian


def _read_dataset(file: BinaryIO, syntax: str, size: int) -> Header:
    source: BinaryIO = file
    if syntax == DeflatedExplicitVRLittleEndian:
        source = BytesIO(zlib.decompress(file.read(), -zlib.MAX_WBITS))
    implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
    pixel_lengths: list[int] = []

    def at_pixels(tag: BaseTag, _vr: str | None, length: int) -> bool:
        if tag.group == _PIXEL_GROUP:
            pixel_lengths.append(length)
        return tag.group >= _PIXEL_GROUP

    raw: dict[str, bytes] = {}
    for element in data_element_generator(source, implicit, little, stop_when=at_pixels, specific_tags=_WANTED):
        if isinstance(element, RawDataElement) and element.value and element.tag in _TAGS:
            raw[_TAGS[element.tag]] = element.value
    elements = Elements(raw, little)
    if not pixel_lengths:
        return Header(elements, syntax, None)
    offset = source.tell() + (8 if implicit else 12)
    if source is not file:
        return Header(elements, syntax, PixelData(offset, pixel_lengths[0], 1))
    compressed = pixel_lengths[0] == _UNDEFINED
    return Header(
        elements, syntax, PixelData(offset, size - offset, _count_fragments(file, offset, size) if compressed else None)
    )


def _count_fragments(file: BinaryIO, offset: int, size: int) -> int:
    """Whole fragments of compressed pixel data; the last one of a file that was cut off does not count."""
    count = -1  # the first item is the table of offsets
    file.seek(offset)
    while True:
        item = file.read(8)
        if len(item) < 8 or item[:4] != _ITEM:
            return max(count, 0)
        length: Any = struct.unpack("<I", item[4:])[0]
        if file.tell() + length > size:
            return max(count, 0)
        file.seek(length, 1)
        count += 1
