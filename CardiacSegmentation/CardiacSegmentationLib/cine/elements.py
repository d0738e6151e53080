"""The values in a DICOM header, read without trusting them: what cannot be understood reads as absent."""

from __future__ import annotations

import math
import re
import struct
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from pydicom.charset import convert_encodings, decode_bytes
from pydicom.config import disable_value_validation
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.tag import BaseTag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydicom import Dataset

_KEYWORDS = """
SpecificCharacterSet ImageType SOPClassUID SOPInstanceUID Modality Manufacturer SeriesDescription ProtocolName
StudyDate StudyInstanceUID SeriesInstanceUID FrameOfReferenceUID SeriesNumber AcquisitionNumber InstanceNumber
AcquisitionTime PatientID PatientName PatientSex PatientBirthDate PatientAge PatientSize PatientWeight
ScanningSequence SequenceVariant SequenceName EchoTime FlipAngle InversionTime SliceThickness
SpacingBetweenSlices TriggerTime NominalInterval HeartRate FrameTime FrameTimeVector
NominalCardiacTriggerDelayTime RRIntervalTimeNominal TemporalPositionIdentifier TemporalPositionIndex
ImagePositionPatient ImageOrientationPatient NumberOfFrames SamplesPerPixel PhotometricInterpretation
Rows Columns PixelSpacing BitsAllocated BitsStored PixelRepresentation RescaleSlope RescaleIntercept
ConcatenationFrameOffsetNumber FrameType ComplexImageComponent PhaseContrast EffectiveEchoTime FrameAcquisitionDateTime
Tagging
"""

KEYWORD_OF = {BaseTag(cast("int", tag_for_keyword(keyword))): keyword for keyword in _KEYWORDS.split()}
KEYWORD_OF[BaseTag(0x60000102)] = "OverlayBitPosition"  # of the first overlay; the dictionary names no group
_VR = {keyword: dictionary_VR(tag) for tag, keyword in KEYWORD_OF.items()}
_BINARY = {"US": "H", "FD": "d", "UL": "I"}


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
            return int(clock[0:2]) * 3600 + int(clock[2:4]) * 60 + float(re.split("[+-]", clock[4:])[0] or 0)
        except ValueError:
            return None

    def over(self, other: Elements) -> Elements:
        """These values, and the other's where these say nothing."""
        return Elements({**other.raw, **self.raw}, self.little_endian)


@contextmanager
def quietly() -> Iterator[None]:
    """Without pydicom's warnings about values that break the standard: what matters of them is told as a finding."""
    # It warns and, besides, logs, which Slicer prints: so it is told not to look.
    with warnings.catch_warnings(), disable_value_validation():
        warnings.simplefilter("ignore", UserWarning)
        yield


def flatten(dataset: Dataset, *, little_endian: bool = True) -> Elements:
    """The wanted values of a dataset and of the standard sequences nested in it."""
    raw: dict[str, bytes] = {}
    for tag in list(dataset.keys()):
        if (keyword := KEYWORD_OF.get(tag)) is not None:
            value = getattr(dataset.get_item(tag), "value", None)
            if isinstance(value, bytes):
                raw[keyword] = value
        elif not tag.is_private and (element := dataset[tag]).VR == "SQ":
            for item in element.value:
                raw.update(flatten(item, little_endian=little_endian).raw)
    return Elements(raw, little_endian)
