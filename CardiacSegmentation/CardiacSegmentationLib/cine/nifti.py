"""The header of a NIfTI file (versions 1 and 2) → where its voxels lie."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.cine.axis import angle_deg
from CardiacSegmentationLib.cine.volumes import (
    StoredVoxels,
    VolumeHeader,
    check_field_of_view,
    damaged,
    require_voxel_size,
    straighten,
)
from CardiacSegmentationLib.errors import StudyError
from CardiacSegmentationLib.findings import Finding

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.stack import Array

SAME_SIZE = 0.01  # relative: voxel sizes that differ by less are rounded differently
SAME_PLACE_MM = 1.0
SAME_DIRECTION_DEG = 1.0
_TO_LPS = np.diag([-1.0, -1.0, 1.0])  # NIfTI counts to the right, to the front and up
_SPACE_MM = {1: 1000.0, 2: 1.0, 3: 0.001}  # xyzt_units: metres, millimetres, micrometres
_TIME_MS = {8: 1000.0, 16: 1.0, 24: 0.001}  # seconds, milliseconds, microseconds
_DTYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}

_NAMES = ["size", "datatype", "bitpix", "dim", "pixdim", "vox_offset", "slope", "intercept", "units",
          "qform_code", "sform_code", "quatern", "qoffset", "srow"]  # fmt: skip
_VERSION_1 = np.dtype({
    "names": _NAMES,
    "formats": ["i4", "i2", "i2", "8i2", "8f4", "f4", "f4", "f4", "u1", "i2", "i2", "3f4", "3f4", "(3,4)f4"],
    "offsets": [0, 70, 72, 40, 76, 108, 112, 116, 123, 252, 254, 256, 268, 280],
    "itemsize": 348,
})  # fmt: skip
_VERSION_2 = np.dtype({
    "names": _NAMES,
    "formats": ["i4", "i2", "i2", "8i8", "8f8", "i8", "f8", "f8", "i4", "i4", "i4", "3f8", "3f8", "(3,4)f8"],
    "offsets": [0, 12, 14, 16, 104, 168, 176, 184, 500, 344, 348, 352, 376, 400],
    "itemsize": 540,
})  # fmt: skip


@np.errstate(invalid="ignore", over="ignore")  # any bits may stand in a header; what is no number is refused in here
def read_nifti_header(path: Path) -> VolumeHeader:
    """The header of a ``.nii`` or ``.nii.gz`` file."""
    raw, order = _read_raw(path)
    phases, k, j, i = _shape(path, raw)
    unit_mm = _SPACE_MM.get(int(raw["units"]) & 0x07, 1.0)
    sizes_mm = np.abs(raw["pixdim"][1:4].astype(float)) * unit_mm
    if int(raw["dim"][0]) < 3:
        sizes_mm[2] = np.nan
    require_voxel_size(path, sizes_mm, (i, j, k))
    sizes_mm = np.where(np.isfinite(sizes_mm) & (sizes_mm > 0), sizes_mm, 1.0)
    axes, offset_mm, findings = _place(path, raw, unit_mm)
    affine = np.eye(4)
    affine[:3, :3] = axes * sizes_mm
    affine[:3, 3] = offset_mm
    if not np.isfinite(affine).all():
        raise StudyError.of("no-volume-orientation", path=path)
    step = float(raw["pixdim"][4])
    return VolumeHeader(
        path=path,
        shape=(phases, k, j, i),
        affine=affine,
        stored=_stored(path, raw, order),
        step=step if phases > 1 and np.isfinite(step) and step > 0 else None,
        step_unit_ms=_TIME_MS.get(int(raw["units"]) & 0x38, 1.0),
        findings=(*findings, *_compare_sizes(raw, sizes_mm), *check_field_of_view(sizes_mm, (i, j, k))),
    )


def _read_raw(path: Path) -> tuple[Any, str]:
    """The header's values as they are stored, and the byte order."""
    try:
        with gzip.open(path) if _is_packed(path) else path.open("rb") as file:
            start = file.read(_VERSION_2.itemsize).ljust(_VERSION_2.itemsize, b"\0")
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(path) from error
    for version in (_VERSION_1, _VERSION_2):
        for order in ("<", ">"):
            raw = np.frombuffer(start[: version.itemsize], version.newbyteorder(order))[0]
            if raw["size"] == version.itemsize:
                return raw, order
    raise damaged(path)


def _is_packed(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def _shape(path: Path, raw: Any) -> tuple[int, int, int, int]:
    """(phases, k, j, i)."""
    axes = int(raw["dim"][0])
    sizes = [int(size) for size in raw["dim"][1 : 1 + max(axes, 0)]]
    while len(sizes) > 4 and sizes[-1] == 1:
        sizes.pop()
    if not 2 <= len(sizes) <= 4:
        raise StudyError.of("volume-axes", path=path, axes=axes)
    if min(sizes) < 1:
        raise damaged(path)
    i, j, k, phases = (*sizes, 1, 1)[:4]
    return phases, k, j, i


def _stored(path: Path, raw: Any, order: str) -> StoredVoxels:
    kind = _DTYPES.get(int(raw["datatype"]))
    if kind is None:
        raise StudyError.of("no-measurement", path=path)
    dtype = np.dtype(order + kind)
    offset, slope, intercept = float(raw["vox_offset"]), float(raw["slope"]), float(raw["intercept"])
    if int(raw["bitpix"]) != 8 * dtype.itemsize or not 0 <= offset < 2**31:
        raise damaged(path)
    begin = max(int(offset), int(raw["size"]))
    if not (np.isfinite(slope) and np.isfinite(intercept)) or slope == 0:
        slope, intercept = 1.0, 0.0  # as the standard says of a slope of zero
    packed = _is_packed(path)
    return StoredVoxels(
        path=path,
        start=0 if packed else begin,
        dtype=dtype,
        encoding="gzip" if packed else "raw",
        skip=begin if packed else 0,
        slope=slope,
        intercept=intercept,
    )


def _place(path: Path, raw: Any, unit_mm: float) -> tuple[Array, Array, list[Finding]]:
    """Directions of i, j and k as unit vectors, the place of the first voxel in LPS millimetres, and what is odd."""
    if raw["sform_code"] <= 0:
        axes, offset = _qform(raw) if raw["qform_code"] > 0 else (np.eye(3), np.zeros(3))
        straight, _ = straighten(path, _TO_LPS @ axes)
        return straight, _TO_LPS @ offset * unit_mm, []
    matrix = raw["srow"].astype(float)
    axes, findings = straighten(path, _TO_LPS @ matrix[:, :3])
    offset_mm = _TO_LPS @ matrix[:, 3] * unit_mm
    if raw["qform_code"] > 0:
        other, there = _qform(raw)
        turned = max(angle_deg(a, b) for a, b in zip(axes.T, (_TO_LPS @ other).T, strict=True))
        away = float(np.linalg.norm(_TO_LPS @ there * unit_mm - offset_mm))
        if not (turned <= SAME_DIRECTION_DEG and away <= SAME_PLACE_MM):
            facts = {"angle_deg": turned, "distance_mm": away}
            findings.append(Finding("orientation-differs", parameters=facts))
    return axes, offset_mm, findings


def _qform(raw: Any) -> tuple[Array, Array]:
    """Directions from the quaternion, and the offset as stated."""
    b, c, d = raw["quatern"].astype(float)
    a = np.sqrt(max(1 - (b * b + c * c + d * d), 0.0))
    norm = np.sqrt(a * a + b * b + c * c + d * d)
    a, b, c, d = (part / norm for part in (a, b, c, d))
    axes = np.array([
        [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
        [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
        [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ])  # fmt: skip
    if raw["pixdim"][0] < 0:
        axes[:, 2] *= -1
    return axes, raw["qoffset"].astype(float)


def _compare_sizes(raw: Any, used_mm: Array) -> list[Finding]:
    """NIfTI states the voxel size as pixdim and again in the sform; one of pure 1, as in ACDC's files, states none."""
    lengths = np.linalg.norm(raw["srow"][:, :3].astype(float), axis=0)
    if raw["sform_code"] <= 0 or not lengths.all() or np.allclose(lengths, 1, atol=1e-3):
        return []
    sform_mm = lengths * used_mm / np.abs(raw["pixdim"][1:4])  # in the unit that pixdim is in
    if np.allclose(sform_mm, used_mm, rtol=SAME_SIZE):
        return []
    used, other = (" × ".join(f"{value:.2f}" for value in sizes) for sizes in (used_mm, sform_mm))
    return [Finding("voxel-size-differs", parameters={"used_mm": used, "other_mm": other})]
