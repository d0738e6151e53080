"""Candidate → voxels: each file is read once, several at a time, and only those of the chosen stack."""

from __future__ import annotations

import math
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.uid import ExplicitVRBigEndian

from CardiacSegmentationLib.cine.elements import quietly
from CardiacSegmentationLib.errors import StudyError, reason_of
from CardiacSegmentationLib.utf8_names import utf8_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CardiacSegmentationLib.cine.frames import Frame, ImageFile
    from CardiacSegmentationLib.cine.study import Candidate
    from CardiacSegmentationLib.stack import Array

WORKERS = 4
ALWAYS_BYTES = 256 * 2**20  # as many are unpacked whatever the size of the files
MOST_TIMES = 200  # their size that compressed images unpack to at most: images have noise


def read_voxels(candidate: Candidate) -> Array:
    """``voxels[phase, slice, row, column]``, rescaled as the headers say; a missing slice stays zero."""
    places: dict[ImageFile, dict[Frame, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for slice_, row in enumerate(candidate.frames):
        for phase, frame in enumerate(row):
            if frame is not None:
                places[frame.file][frame].append((phase, slice_))
    frames = [frame for by_frame in places.values() for frame in by_frame]
    shape = (candidate.phases, candidate.slices, candidate.rows, candidate.columns)
    kind = _result_type(frames)
    _require_measurement(candidate, math.prod(shape) * kind.itemsize)
    voxels = np.zeros(shape, kind)

    def fill(file: ImageFile) -> None:
        wanted = list(places[file])
        for frame, stored in zip(wanted, _read_stored(file, wanted), strict=True):
            values = _rescale(frame, stored)
            for phase, slice_ in places[file][frame]:
                voxels[phase, slice_] = values

    with quietly(), ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(fill, places))  # raises what went wrong with any file
    return voxels


def _require_measurement(candidate: Candidate, needed_bytes: int) -> None:
    """Refuse what unpacks to so many times its size that it cannot be a measurement."""
    size = sum(path.stat().st_size for path in candidate.files)
    if needed_bytes > max(ALWAYS_BYTES, MOST_TIMES * size):
        raise StudyError.of(
            "images-too-large", path=candidate.files[0], size_mb=size / 2**20, needed_mb=needed_bytes / 2**20
        )


def _result_type(frames: Sequence[Frame]) -> np.dtype[Any]:
    """The narrowest type that holds every rescaled value; float32 where a slope or intercept is broken."""
    settings = {(f.slope, f.intercept, f.file.bits_stored, f.file.signed, f.file.bits_allocated) for f in frames}
    if any(slope % 1 or intercept % 1 for slope, intercept, *_ in settings):
        return np.dtype(np.float32)
    low = high = 0.0
    for slope, intercept, bits, signed, _ in settings:
        ends = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
        values = [end * slope + intercept for end in ends]
        low, high = min(low, *values), max(high, *values)
    native = {(signed, allocated) for *_, signed, allocated in settings}
    kinds = [_stored_type(*native.pop())] if len(native) == 1 else []
    kinds += [np.dtype(np.int16), np.dtype(np.uint16), np.dtype(np.int32)]
    fitting = (kind for kind in kinds if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
    return next(fitting, np.dtype(np.float32))


def _stored_type(signed: bool, bits_allocated: int, order: str = "<") -> np.dtype[Any]:
    return np.dtype(f"{order}{'i' if signed else 'u'}{bits_allocated // 8}")


def _rescale(frame: Frame, stored: Array) -> Array:
    if frame.file.inverted:
        top = 2 ** (frame.file.bits_stored - int(frame.file.signed)) - 1
        stored = (-1 if frame.file.signed else top) - stored
    if frame.slope == 1 and frame.intercept == 0:
        return stored
    return stored * np.float64(frame.slope) + frame.intercept


def _read_stored(file: ImageFile, frames: Sequence[Frame]) -> list[Array]:
    if file.pixel_offset is not None and not (file.syntax == ExplicitVRBigEndian and file.bits_allocated == 8):
        return [_clean(file, _read_plain(file, frame.number)) for frame in frames]
    return [_clean(file, image) for image in _decode(file, frames)]


def _decode(file: ImageFile, frames: Sequence[Frame]) -> list[Array]:
    for decode in (_decode_with_pydicom, _decode_with_simpleitk):
        try:
            return [_require_shape(file, image) for image in decode(file, frames)]
        except Exception as error:  # noqa: PERF203 - a damaged stream can make a decoder raise anything
            reason = error
    raise StudyError.of("pixels-unreadable", path=file.path, reason=reason_of(reason)[:120]) from reason


def _read_plain(file: ImageFile, number: int) -> Array:
    order = ">" if file.syntax == ExplicitVRBigEndian else "<"
    kind = _stored_type(file.signed, file.bits_allocated, order)
    count = file.rows * file.columns
    values = np.fromfile(file.path, kind, count, offset=(file.pixel_offset or 0) + number * count * kind.itemsize)
    if values.size != count:
        raise StudyError.of("file-shortened", path=file.path)
    return values.reshape(file.rows, file.columns)


def _decode_with_pydicom(file: ImageFile, frames: Sequence[Frame]) -> list[Array]:
    from pydicom.pixels.utils import iter_pixels

    return list(iter_pixels(file.path, raw=True, indices=[frame.number for frame in frames]))


def _decode_with_simpleitk(file: ImageFile, frames: Sequence[Frame]) -> list[Array]:
    """GDCM applies the rescale by itself; undone here, so that it is applied in one place only."""
    sitk: Any = import_module("SimpleITK")  # has no types
    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    with utf8_name(file.path) as name:
        reader.SetFileName(name)
        values = sitk.GetArrayFromImage(reader.Execute()).reshape(-1, file.rows, file.columns)
    kind = _stored_type(file.signed, file.bits_allocated)
    return [np.rint((values[f.number] - f.intercept) / f.slope).astype(kind) for f in frames]


def _require_shape(file: ImageFile, image: Array) -> Array:
    if image.shape != (file.rows, file.columns):
        msg = f"{image.shape} pixels instead of {(file.rows, file.columns)}"
        raise ValueError(msg)
    return image


def _clean(file: ImageFile, stored: Array) -> Array:
    """Drop overlays, which old scanners kept in the bits above the stored ones; refuse values that need those bits."""
    spare = file.bits_allocated - file.bits_stored
    if spare == 0:
        return stored
    used = stored & ((1 << file.bits_stored) - 1)
    if file.signed:
        used = np.right_shift(np.left_shift(stored, spare), spare)
    above = stored >> file.bits_stored
    if file.overlaid or not above.any() or np.array_equal(used, stored):
        return used
    raise StudyError.of("bits-too-few", path=file.path, bits=file.bits_stored)
