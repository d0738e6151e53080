"""The header of an NRRD file (attached or detached) → where its voxels lie."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.cine.volumes import (
    Encoding,
    StoredVoxels,
    VolumeHeader,
    check_field_of_view,
    damaged,
    require_voxel_size,
    straighten,
)
from CardiacSegmentationLib.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from CardiacSegmentationLib.stack import Array

MOST_HEADER = 2**20  # bytes; those of Slicer's sequences hold a few thousand
_TYPES = {
    "i1": "signed char, int8, int8_t",
    "u1": "uchar, unsigned char, uint8, uint8_t",
    "i2": "short, short int, signed short, signed short int, int16, int16_t",
    "u2": "ushort, unsigned short, unsigned short int, uint16, uint16_t",
    "i4": "int, signed int, int32, int32_t",
    "u4": "uint, unsigned int, uint32, uint32_t",
    "i8": "longlong, long long, long long int, signed long long, signed long long int, int64, int64_t",
    "u8": "ulonglong, unsigned long long, unsigned long long int, uint64, uint64_t",
    "f4": "float",
    "f8": "double",
}
_DTYPES = {name: kind for kind, names in _TYPES.items() for name in names.split(", ")}
_ENCODINGS: dict[str, Encoding] = {
    "raw": "raw", "gzip": "gzip", "gz": "gzip", "bzip2": "bzip2", "bz2": "bzip2",
    "txt": "text", "text": "text", "ascii": "text",
}  # fmt: skip
_PHASE_KINDS = {"list", "time", "vector"}
_COLOURS = {"rgb-color", "rgba-color", "hsv-color", "xyz-color"}
_UNITS_MM = {"": 1.0, "mm": 1.0, "millimeter": 1.0, "millimeters": 1.0, "cm": 10.0, "m": 1000.0, "meter": 1000.0,
             "um": 0.001, "µm": 0.001, "μm": 0.001, "micron": 0.001, "microns": 0.001, "micrometer": 0.001}  # fmt: skip
_TIMES_MS = {"s": 1000.0, "ms": 1.0, "us": 0.001}


def read_nrrd_header(path: Path) -> VolumeHeader:
    """The header of a ``.nrrd`` or ``.nhdr`` file."""
    fields, facts, end = _read_fields(path)
    try:
        sizes = [int(size) for size in fields["sizes"].split()]
        axes = int(fields["dimension"])
    except (KeyError, ValueError) as error:
        raise damaged(path) from error
    if len(sizes) != axes or not sizes or min(sizes) < 1:
        raise damaged(path)
    if not 2 <= axes <= 4:
        raise StudyError.of("volume-axes", path=path, axes=axes)
    vectors = _vectors(path, fields, axes)
    phase_axis = _phase_axis(path, fields, vectors)
    in_space = [axis for axis in range(axes) if axis != phase_axis]
    i, j, k = (*(sizes[axis] for axis in in_space), 1)[:3]
    units_mm = _units_mm(path, fields, len(in_space))
    matrix = np.full((3, 3), np.nan)
    for column, axis in enumerate(in_space):
        matrix[:, column] = vectors[axis][:3] * units_mm[column]
    sizes_mm = np.linalg.norm(matrix, axis=0)
    require_voxel_size(path, sizes_mm, (i, j, k))
    if not np.isfinite(sizes_mm[2]):
        matrix[:, 2] = np.cross(matrix[:, 0], matrix[:, 1]) / sizes_mm[0] / sizes_mm[1]
        sizes_mm[2] = 1.0
    directions, findings = straighten(path, _to_lps(fields) @ matrix)
    affine = np.eye(4)
    affine[:3, :3] = directions * sizes_mm
    affine[:3, 3] = _to_lps(fields) @ _origin(path, fields) * units_mm[0]
    phases = 1 if phase_axis is None else sizes[phase_axis]
    step, unit_ms = _step(fields, vectors, phase_axis)
    return VolumeHeader(
        path=path,
        shape=(phases, k, j, i),
        affine=affine,
        stored=_stored(path, fields, end, phases_fastest=phase_axis == 0),
        step=step,
        step_unit_ms=unit_ms,
        times_ms=_listed_times(facts, phases),
        findings=(*findings, *check_field_of_view(sizes_mm, (i, j, k))),
    )


def _read_fields(path: Path) -> tuple[dict[str, str], dict[str, str], int]:
    """The fields by lower-case name without spaces, the key-value pairs, and where the header ends."""
    with path.open("rb") as file:
        if not file.read(8).startswith(b"NRRD000"):
            raise damaged(path)
        file.seek(0)
        start = file.read(MOST_HEADER)
    blank = re.search(rb"\r?\n\r?\n", start)
    if blank is None and len(start) == MOST_HEADER:
        raise damaged(path)
    end = len(start) if blank is None else blank.end()
    fields: dict[str, str] = {}
    facts: dict[str, str] = {}
    for line in start[:end].decode("utf-8", "replace").splitlines()[1:]:
        key, equals, value = line.partition(":=")
        if equals:
            facts[key] = value
            continue
        name, colon, text = line.partition("#")[0].partition(":")
        if colon:
            fields[name.lower().replace(" ", "")] = text.strip()
    return fields, facts, end


def _vectors(path: Path, fields: Mapping[str, str], axes: int) -> list[Array]:
    """Step along each axis of the array, as a vector in space; NaN where the header says none."""
    stated = re.findall(r"none|\([^)]*\)", fields.get("spacedirections", ""))
    try:
        if stated:
            parts = [np.array(vector.strip("()").replace("none", "nan").split(","), float) for vector in stated]
            vectors = [np.pad(part, (0, max(3 - part.size, 0))) if np.isfinite(part).all() else part for part in parts]
        else:
            spacings = [float(value) for value in fields.get("spacings", "").split()] or [np.nan] * axes
            identity = np.eye(max(axes, 3))
            vectors = [spacing * identity[axis] for axis, spacing in enumerate(spacings)]
    except ValueError as error:
        raise damaged(path) from error
    vectors = [vector if np.isfinite(vector).all() else np.full(3, np.nan) for vector in vectors]
    if len(vectors) != axes:
        raise damaged(path)
    return vectors


def _phase_axis(path: Path, fields: Mapping[str, str], vectors: list[Array]) -> int | None:
    """Which axis of the array counts heart phases: one that is stated to be none in space, else the fourth."""
    kinds = fields.get("kinds", "").lower().split()
    if _COLOURS & set(kinds):
        raise StudyError.of("volume-in-colour", path=path)
    if len(vectors) < 4:
        return None
    stated = [axis for axis, kind in enumerate(kinds[: len(vectors)]) if kind in _PHASE_KINDS]
    if fields.get("spacedirections"):
        stated += [axis for axis, vector in enumerate(vectors) if not np.isfinite(vector).all()]
    axis = stated[0] if stated else 3
    if axis not in (0, 3) or set(stated) - {axis}:
        raise StudyError.of("phases-in-the-middle", path=path)
    return axis


def _units_mm(path: Path, fields: Mapping[str, str], axes: int) -> list[float]:
    stated = re.findall(r'"([^"]*)"', fields.get("spaceunits", "") or fields.get("units", ""))[:axes]
    unknown = [unit for unit in stated if unit.lower() not in _UNITS_MM]
    if unknown:
        raise StudyError.of("unknown-unit", path=path, unit=unknown[0][:80])
    return [_UNITS_MM[unit.lower()] for unit in stated] + [1.0] * (max(axes, 3) - len(stated))


def _to_lps(fields: Mapping[str, str]) -> Array:
    """NRRD names its space; without a name it is taken for DICOM's own."""
    space = fields.get("space", "").lower()
    if space.startswith(("right-anterior-superior", "ras")):
        return np.diag([-1.0, -1.0, 1.0])
    if space.startswith(("left-anterior-superior", "las")):
        return np.diag([1.0, -1.0, 1.0])
    return np.eye(3)


def _origin(path: Path, fields: Mapping[str, str]) -> Array:
    text = fields.get("spaceorigin", "").strip("() ")
    if not text:
        return np.zeros(3)
    try:
        origin = np.array(text.split(","), float)[:3]
    except ValueError as error:
        raise damaged(path) from error
    if not np.isfinite(origin).all():
        raise StudyError.of("no-volume-orientation", path=path)
    return np.pad(origin, (0, 3 - origin.size))


def _step(fields: Mapping[str, str], vectors: list[Array], phase_axis: int | None) -> tuple[float | None, float]:
    """The time between phases and its unit; nothing where the axis of phases has no length."""
    if phase_axis is None:
        return None, 1.0
    length = float(np.linalg.norm(vectors[phase_axis]))
    units = re.findall(r'"([^"]*)"', fields.get("spaceunits", "") or fields.get("units", ""))
    unit = units[phase_axis] if phase_axis < len(units) else ""
    return (length if np.isfinite(length) and length > 0 else None), _TIMES_MS.get(unit, 1.0)


def _listed_times(facts: Mapping[str, str], phases: int) -> tuple[float, ...]:
    """Times as Slicer's sequence and multi-volume files list them, in milliseconds."""
    for key in ("axis 0 index values", "MultiVolume.FrameLabels"):
        try:
            times = tuple(float(part) for part in re.split(r"[,\s]+", facts.get(key, "").strip()))
        except ValueError:
            continue
        if len(times) == phases and all(b > a for a, b in pairwise(times)) and np.isfinite(times).all():
            seconds = facts.get("axis 0 index unit", "").strip() == "s"
            return tuple(time * 1000 for time in times) if seconds else times
    return ()


def _stored(path: Path, fields: Mapping[str, str], end: int, *, phases_fastest: bool) -> StoredVoxels:
    kind = _DTYPES.get(fields.get("type", "").lower())
    encoding = _ENCODINGS.get(fields.get("encoding", "").lower())
    endian = fields.get("endian", "little").lower()
    if kind is None or encoding is None or endian not in ("little", "big"):
        raise damaged(path)
    try:
        skip, lines = int(fields.get("byteskip", "0")), int(fields.get("lineskip", "0"))
    except ValueError as error:
        raise damaged(path) from error
    if skip < 0 or lines:
        raise StudyError.of("volume-skips", path=path)
    name = fields.get("datafile") or fields.get("datafiles")
    file = path if name is None else _data_file(path, name)
    dtype = np.dtype(("<" if endian == "little" else ">") + kind)
    start = end if name is None else 0
    return StoredVoxels(file, start, dtype, encoding, skip, phases_fastest=phases_fastest)


def _data_file(path: Path, name: str) -> Path:
    """The file beside a detached header; a header may not name any other."""
    file = path.parent / name
    if not file.resolve().is_relative_to(path.parent.resolve()):
        raise StudyError.of("data-file-elsewhere", path=path, file=name[:80])
    if not file.is_file():
        raise StudyError.of("no-data-file", path=path, file=name[:80])
    return file
