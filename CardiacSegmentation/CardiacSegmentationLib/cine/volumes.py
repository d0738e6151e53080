"""What NIfTI and NRRD files have in common: where their voxels lie, in the patient and in the file.

Headers are read here and not by a library, because every claim of a header is held against the bytes that are there
before anything is reserved for it, and because a library fills in what a header leaves out.
"""

from __future__ import annotations

import bz2
import gzip
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import numpy as np

from CardiacSegmentationLib.cine.axis import angle_deg
from CardiacSegmentationLib.errors import StudyError
from CardiacSegmentationLib.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from CardiacSegmentationLib.stack import Array

Encoding = Literal["raw", "gzip", "bzip2", "text"]

ROUNDED_DEG = 0.005  # headers with few decimals
SHEAR_DEG = 1.0  # put straight up to here: over a heart of 100 mm it moves nothing by more than a pixel
PIXEL_MM = (0.05, 20.0)  # as for DICOM
SLICE_MM = (0.05, 100.0)
SMALLEST_VIEW_MM = 40.0  # no image of a heart is smaller
DEFLATE_AT_MOST = 1100  # no stream of gzip unpacks to more times its size
MEASUREMENT_AT_MOST = 200  # times its size that a compressed measurement unpacks to: images have noise
ALWAYS_BYTES = 256 * 2**20  # as many are unpacked whatever the size of the file
PIECE = 2**20


@dataclass(frozen=True)
class StoredVoxels:
    """Where the voxels of a volume file are: ``skip`` bytes are passed over after unpacking what begins at ``start``.

    ``phases_fastest`` tells that the phases of a voxel lie together.
    """

    path: Path
    start: int
    dtype: np.dtype[Any]
    encoding: Encoding = "raw"
    skip: int = 0
    slope: float = 1.0
    intercept: float = 0.0
    phases_fastest: bool = False


@dataclass(frozen=True, eq=False)
class VolumeHeader:
    """What the header of a volume file says; ``affine`` maps (i, j, k) of the file to LPS millimetres."""

    path: Path
    shape: tuple[int, int, int, int]  # (phases, k, j, i)
    affine: Array
    stored: StoredVoxels
    step: float | None = None  # between phases, in a unit that is told apart later
    step_unit_ms: float = 1.0  # the unit that the header states
    times_ms: tuple[float, ...] = ()  # where the header lists them
    findings: tuple[Finding, ...] = ()

    @property
    def expected_bytes(self) -> int:
        """How many bytes the voxels take that the header claims."""
        return int(np.prod([int(size) for size in self.shape], dtype=object)) * self.stored.dtype.itemsize


def read_stored(header: VolumeHeader) -> Array:
    """All values ``[phase, k, j, i]``, scaled as the header says."""
    stored, expected = header.stored, header.expected_bytes
    values: Array
    with _unpacked(stored) as file:
        if stored.encoding == "text":
            values = np.fromstring(file.read(), stored.dtype, sep=" ")
        else:
            values = np.frombuffer(_read_up_to(file, expected), stored.dtype)
    count = expected // stored.dtype.itemsize
    if values.size < count:
        raise _truncated(header.path)
    phases, k, j, i = header.shape
    if stored.phases_fastest:
        values = np.asarray(np.moveaxis(values[:count].reshape(k, j, i, phases), -1, 0))
    else:
        values = np.asarray(values[:count].reshape(header.shape))
    values = values.astype(stored.dtype.newbyteorder("="), copy=False)
    if (stored.slope, stored.intercept) != (1.0, 0.0):
        values = values * stored.slope + stored.intercept
    return values


def require_whole(header: VolumeHeader) -> None:
    """Refuse a file that holds fewer voxels than its header claims, or more: then the header tells of another image."""
    stored, expected = header.stored, header.expected_bytes
    if stored.encoding == "text":
        return
    size = stored.path.stat().st_size - stored.start
    if stored.encoding == "raw":
        there = size - stored.skip
    elif expected > DEFLATE_AT_MOST * size and stored.encoding == "gzip":
        raise _truncated(header.path)
    else:
        there = _unpacked_size(stored, size, expected)
    if there < expected:
        raise _truncated(header.path)
    if there - expected >= expected // (header.shape[0] * header.shape[1]):
        raise StudyError.of("volume-claims-less", path=header.path)


def require_measurement(header: VolumeHeader) -> None:
    """Refuse what unpacks to so many times its size that it cannot be a measurement."""
    size = header.stored.path.stat().st_size
    if header.expected_bytes > max(ALWAYS_BYTES, MEASUREMENT_AT_MOST * size):
        raise StudyError.of(
            "volume-too-large", path=header.path, size_mb=size / 2**20, needed_mb=header.expected_bytes / 2**20
        )


def require_voxel_size(path: Path, sizes_mm: Array, shape: tuple[int, int, int]) -> None:
    """Refuse sizes (i, j, k) that are missing or impossible; a single slice needs none along k."""
    needed = sizes_mm[: 2 if shape[2] == 1 and not np.isfinite(sizes_mm[2]) else 3]
    if not (np.isfinite(needed) & (needed > 0)).all():
        raise StudyError.of("no-voxel-size", path=path)
    i, j, *k = needed.tolist()
    in_plane = all(PIXEL_MM[0] < size < PIXEL_MM[1] for size in (i, j))
    if not in_plane or any(not SLICE_MM[0] < size < SLICE_MM[1] for size in k):
        sizes = " × ".join(f"{size:g}" for size in needed)
        raise StudyError.of("odd-voxel-size", path=path, sizes=sizes)


def check_field_of_view(sizes_mm: Array, shape: tuple[int, int, int]) -> list[Finding]:
    """A doubt about the unit of a voxel size where a heart would not fit into the image."""
    width, height = (float(size * count) for size, count in zip(sizes_mm[:2], shape[:2], strict=True))
    if min(width, height) >= SMALLEST_VIEW_MM:
        return []
    return [Finding("small-view", parameters={"width_mm": width, "height_mm": height})]


def straighten(path: Path, axes: Array) -> tuple[Array, list[Finding]]:
    """Directions (the columns of ``axes``) as unit vectors at right angles; refused where they are far from that."""
    lengths = np.linalg.norm(axes, axis=0)
    if not (np.isfinite(lengths).all() and lengths.all()):
        raise StudyError.of("no-volume-orientation", path=path)
    shear = max(90 - angle_deg(a, b) for a, b in combinations((axes / lengths).T, 2))
    if shear > SHEAR_DEG:
        raise StudyError.of("axes-too-sheared", path=path, angle_deg=float(shear))
    left, _, right = np.linalg.svd(axes / lengths)
    sheared = Finding("axes-sheared", Severity.INFO, parameters={"angle_deg": float(shear)})
    return left @ right, [sheared] if shear > ROUNDED_DEG else []


def damaged(path: Path) -> StudyError:
    """The error for a file that cannot be understood."""
    return StudyError.of("volume-damaged", path=path)


def _truncated(path: Path) -> StudyError:
    return StudyError.of("volume-truncated", path=path)


@contextmanager
def _unpacked(stored: StoredVoxels) -> Iterator[BinaryIO]:
    """The file from its first voxel on, unpacked as it is read."""
    try:
        with stored.path.open("rb") as file:
            file.seek(stored.start)
            unpacked: Any = file
            if stored.encoding == "gzip":
                unpacked = gzip.GzipFile(fileobj=file)
            elif stored.encoding == "bzip2":
                unpacked = bz2.BZ2File(file)
            skipped = 0
            while skipped < stored.skip and (piece := unpacked.read(min(PIECE, stored.skip - skipped))):
                skipped += len(piece)
            yield unpacked
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise _truncated(stored.path) from error


def _read_up_to(file: BinaryIO, most: int) -> bytearray:
    """The next bytes; memory grows with what is there and not with what a header claims."""
    content = bytearray()
    while len(content) < most and (piece := file.read(min(16 * PIECE, most - len(content)))):
        content += piece
    return content


def _unpacked_size(stored: StoredVoxels, packed: int, expected: int) -> int:
    """How many bytes of voxels a compressed file holds, counted no farther than the question needs."""
    if stored.encoding == "gzip" and packed > 4:
        with stored.path.open("rb") as file:
            file.seek(-4, 2)
            if int.from_bytes(file.read(4), "little") == (stored.skip + expected) % 2**32:
                return expected  # gzip ends with the size of its content
    count = 0
    try:
        with _unpacked(stored) as file:
            while count < 2 * expected and (piece := file.read(PIECE)):
                count += len(piece)
    except StudyError:  # it ends in the middle
        pass
    return count
