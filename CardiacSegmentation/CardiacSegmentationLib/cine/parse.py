"""One DICOM file → its elements and where its pixels lie, without reading the pixels."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from pydicom.dataelem import RawDataElement
from pydicom.filereader import data_element_generator
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from CardiacSegmentationLib.cine.elements import KEYWORD_OF, Elements

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom.tag import BaseTag

START_BYTES = 32768  # holds most headers; from memory they are parsed twice as fast as from a file
_PIXEL_DATA = 0x7FE00010  # tables of where each compressed frame begins may stand before it in its group
_UNDEFINED = 0xFFFFFFFF
_ITEM = b"\xfe\xff\x00\xe0"
_WANTED: list[BaseTag | int] = list(KEYWORD_OF)


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


def read_start(path: Path) -> bytes:
    """The first bytes of a file."""
    with path.open("rb", buffering=0) as file:
        return file.read(START_BYTES)


def read_header(path: Path, start: bytes | None = None) -> Header | None:
    """The header of a DICOM file; ``None`` where the file is not DICOM; any exception where it is damaged.

    ``start`` may hold the file's first bytes, read in advance.
    """
    start = read_start(path) if start is None else start
    begin = _find_dataset(start)
    if begin is None:
        return None
    size = path.stat().st_size
    if size > len(start):
        try:
            header = _parse(BytesIO(start), begin, size)
        except Exception:  # the header is longer than this, or damaged, as the whole file will tell
            header = None
        if header is not None and header.pixels is not None:
            return _with_fragments(path, header, size)
    with path.open("rb") as file:
        return _with_fragments(path, _parse(file, begin, size), size)


def _find_dataset(start: bytes) -> int | None:
    if start[128:132] == b"DICM":
        return 132
    written_without_preamble = start[:1] in (b"\x02", b"\x08") and start[1:2] == b"\0"
    return 0 if written_without_preamble else None


def _parse(file: BinaryIO, begin: int, size: int) -> Header:
    file.seek(begin)
    syntax = _read_transfer_syntax(file)
    if syntax == DeflatedExplicitVRLittleEndian:
        unpacked = zlib.decompress(file.read(), -zlib.MAX_WBITS)
        header = _read_elements(BytesIO(unpacked), syntax, len(unpacked))
        # Counted as one compressed piece: its pixels are nowhere in the file as they are.
        return header if header.pixels is None else _replace_fragments(header, 1)
    return _read_elements(file, syntax, size)


def _read_transfer_syntax(file: BinaryIO) -> str:
    start = file.tell()
    head = file.read(6)
    file.seek(start)
    if head[:1] != b"\x02":  # no file meta group: DICOM's default, or explicit where two letters name the VR
        explicit = head[4:6].isalpha() and head[4:6].isupper()
        return ExplicitVRLittleEndian if explicit else ImplicitVRLittleEndian
    meta = data_element_generator(file, False, True, stop_when=lambda tag, _vr, _length: tag.group != 2)
    found = next((element.value for element in list(meta) if element.tag == 0x00020010), None)
    return found.decode("ascii", "replace").strip(" \0") if isinstance(found, bytes) else ImplicitVRLittleEndian


def _read_elements(source: BinaryIO, syntax: str, size: int) -> Header:
    implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
    pixel_lengths: list[int] = []

    def at_pixels(tag: BaseTag, _vr: str | None, length: int) -> bool:
        if tag == _PIXEL_DATA:
            pixel_lengths.append(length)
        return int(tag) >= _PIXEL_DATA

    raw: dict[str, bytes] = {}
    for element in data_element_generator(source, implicit, little, stop_when=at_pixels, specific_tags=_WANTED):
        if isinstance(element, RawDataElement) and element.value and element.tag in KEYWORD_OF:
            raw[KEYWORD_OF[element.tag]] = element.value
    elements = Elements(raw, little)
    if not pixel_lengths:
        return Header(elements, syntax, None)
    offset = source.tell() + (8 if implicit else 12)
    fragments = 0 if pixel_lengths[0] == _UNDEFINED or _compresses(syntax) else None
    return Header(elements, syntax, PixelData(offset, size - offset, fragments))


@lru_cache
def _compresses(syntax: str) -> bool:
    return bool(UID(syntax).is_transfer_syntax and UID(syntax).is_compressed)


def _with_fragments(path: Path, header: Header, size: int) -> Header:
    if header.pixels is None or header.pixels.fragments != 0:
        return header
    with path.open("rb") as file:
        return _replace_fragments(header, _count_fragments(file, header.pixels.offset, size))


def _replace_fragments(header: Header, fragments: int) -> Header:
    pixels = header.pixels and PixelData(header.pixels.offset, header.pixels.available, fragments)
    return Header(header.elements, header.syntax, pixels)


def _count_fragments(file: BinaryIO, offset: int, size: int) -> int:
    """Whole fragments of compressed pixel data; the last one of a file that was cut off does not count."""
    count = -1  # the first item is the table of offsets
    file.seek(offset)
    while True:
        item = file.read(8)
        if len(item) < 8 or item[:4] != _ITEM:
            return max(count, 0)
        length: int = struct.unpack("<I", item[4:])[0]
        if file.tell() + length > size:
            return max(count, 0)
        file.seek(length, 1)
        count += 1
