"""One DICOM file → its elements and where its pixels lie, without reading the pixels."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace
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
    RLELossless,
)

from CardiacSegmentationLib.cine.elements import KEYWORD_OF, Elements

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom.tag import BaseTag

START_BYTES = 32768  # holds most headers; from memory they are parsed twice as fast as from a file
_PIXEL_DATA = 0x7FE00010  # tables of where each compressed frame begins may stand before it in its group
_FLOAT_PIXELS = (0x7FE00008, 0x7FE00009)  # in its place, as results of computations have them
_UNDEFINED = 0xFFFFFFFF
_ITEM = b"\xfe\xff\x00\xe0"
_BEGINNINGS = (b"\xff\xd8", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP")  # of JPEG and JPEG-LS, of JPEG 2000 bare and boxed
_LONGEST_BEGINNING = 6
ALWAYS_BYTES = 64 * 2**20  # a deflated dataset is unpacked so far whatever its size
MOST_TIMES = 200  # its size that it unpacks to at most: images have noise
_WANTED: list[BaseTag | int] = list(KEYWORD_OF)


@dataclass(frozen=True)
class PixelData:
    """Where the pixels of a file lie, and how much of them is there."""

    offset: int
    available: int  # bytes from there on
    length: int | None  # of the element as it states itself; None where it is compressed
    fragments: int | None = None  # compressed pieces that are whole; None where the values lie there uncompressed
    begun: int = 0  # compressed pieces that begin an image
    deflated: bool = False  # the whole dataset is compressed: the offset is one after unpacking


@dataclass(frozen=True)
class Header:
    """The elements of one file, its transfer syntax, and where its pixels are (``None``: it has none, or floats)."""

    elements: Elements
    syntax: str
    pixels: PixelData | None
    floats: bool = False


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
        if header is not None and header.pixels is not None and not header.pixels.deflated:
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
        unpacked = _inflate(file.read())
        header = _read_elements(BytesIO(unpacked), syntax, len(unpacked))
        pixels = header.pixels and replace(header.pixels, fragments=None, deflated=True)
        return replace(header, pixels=pixels)
    return _read_elements(file, syntax, size)


def _inflate(packed: bytes) -> bytes:
    """A deflated dataset; no image unpacks to more than a few times its size."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    content = unpacker.decompress(packed, max(ALWAYS_BYTES, MOST_TIMES * len(packed)))
    if unpacker.unconsumed_tail:
        msg = "the dataset unpacks without end"
        raise ValueError(msg)
    return content


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
    found: list[tuple[int, int]] = []  # the element of the pixels, and its length

    def at_pixels(tag: BaseTag, _vr: str | None, length: int) -> bool:
        if int(tag) in (_PIXEL_DATA, *_FLOAT_PIXELS):
            found.append((int(tag), length))
        return bool(found) or int(tag) >= _PIXEL_DATA

    raw: dict[str, bytes] = {}
    for element in data_element_generator(source, implicit, little, stop_when=at_pixels, specific_tags=_WANTED):
        if isinstance(element, RawDataElement) and element.value and element.tag in KEYWORD_OF:
            raw[KEYWORD_OF[element.tag]] = element.value
    elements = Elements(raw, little)
    tag, length = found[0] if found else (0, 0)
    if tag != _PIXEL_DATA:
        return Header(elements, syntax, None, floats=tag in _FLOAT_PIXELS)
    offset = source.tell() + (8 if implicit else 12)
    if length == _UNDEFINED or _compresses(syntax):
        return Header(elements, syntax, PixelData(offset, size - offset, None, fragments=0))
    return Header(elements, syntax, PixelData(offset, size - offset, length))


@lru_cache
def _compresses(syntax: str) -> bool:
    return bool(UID(syntax).is_transfer_syntax and UID(syntax).is_compressed)


def _with_fragments(path: Path, header: Header, size: int) -> Header:
    if header.pixels is None or header.pixels.fragments != 0:
        return header
    with path.open("rb") as file:
        fragments, begun = _count_fragments(file, header.pixels.offset, size)
    begun = fragments if header.syntax == RLELossless else begun  # which has one fragment for each frame
    return replace(header, pixels=replace(header.pixels, fragments=fragments, begun=begun))


def _count_fragments(file: BinaryIO, offset: int, size: int) -> tuple[int, int]:
    """Whole fragments of compressed pixel data, and those of them that begin an image.

    The last one of a file that was cut off does not count.
    """
    count = -1  # the first item is the table of offsets
    begun = 0
    file.seek(offset)
    while True:
        item = file.read(8 + _LONGEST_BEGINNING)
        if len(item) < 8 or item[:4] != _ITEM:
            return max(count, 0), begun
        length: int = struct.unpack("<I", item[4:8])[0]
        begin = offset + 8
        if begin + length > size:
            return max(count, 0), begun
        begun += count >= 0 and item[8:].startswith(_BEGINNINGS)
        offset = begin + length
        file.seek(offset)
        count += 1
