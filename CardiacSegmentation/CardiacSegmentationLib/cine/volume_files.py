"""NIfTI and NRRD files, 3D and 4D, through the same door as DICOM."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.cine.axis import angle_deg, toward_apex
from CardiacSegmentationLib.cine.kinds import CINE
from CardiacSegmentationLib.cine.phases import UNKNOWN_RR_MS
from CardiacSegmentationLib.cine.study import Candidate
from CardiacSegmentationLib.errors import StudyError
from CardiacSegmentationLib.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from CardiacSegmentationLib.cine.frames import Vector
    from CardiacSegmentationLib.stack import Array

SHORTEST_RR_MS, LONGEST_RR_MS = 250, 3000
FEWEST_PHASES = 8  # fewer than a whole heart beat is often stored: end-diastole and end-systole alone
SAME_SIZE = 0.01  # relative: voxel sizes that differ by less are rounded differently
ROUNDED_DEG = 0.005  # headers with few decimals
SHEAR_DEG = 1.0  # put straight up to here: over a heart of 100 mm it moves nothing by more than a pixel
_LABEL_NAME = re.compile(r"(\b|_)(gt|seg|segmentation|labels?|mask|uncertainty)$", re.IGNORECASE)
_NIFTI_TIME_MS = {8: 1000.0, 16: 1.0, 24: 0.001}  # xyzt_units: seconds, milliseconds, microseconds
_NIFTI = np.dtype(  # what is looked up in its header of 348 bytes
    {
        "names": ["size", "pixdim", "qform_code", "sform_code", "srow"],
        "formats": ["i4", "8f4", "i2", "i2", "(3,4)f4"],
        "offsets": [0, 76, 252, 254, 280],
        "itemsize": 348,
    }
)
_READ_SHEARED = "ITK_NIFTI_SFORM_PERMISSIVE"  # the reader refuses axes that are the least bit off a right angle


@dataclass(frozen=True, eq=False)
class Grid:
    """Where a volume file's voxels lie: ``affine`` maps (i, j, k) of the file to LPS millimetres."""

    shape: tuple[int, int, int, int]  # (phases, k, j, i)
    affine: Array
    step: float | None  # between phases, in the file's own unit
    facts: dict[str, str]
    findings: tuple[Finding, ...] = ()


def read_grid(path: Path) -> Grid:
    """The header of a NIfTI or NRRD file."""
    nifti = _read_nifti_header(path)
    straight, findings = (None, []) if nifti is None else _straighten(path, nifti)
    with _quiet_reader(path) as reader:
        reader.ReadImageInformation()
        size, spacing, dimension = reader.GetSize(), reader.GetSpacing(), reader.GetDimension()
        components = reader.GetNumberOfComponents()
        origin, direction = reader.GetOrigin(), np.array(reader.GetDirection()).reshape(dimension, dimension)
        facts = {key: reader.GetMetaData(key) for key in reader.GetMetaDataKeys()}
    _require_whole_nifti(path, facts)
    if dimension not in (2, 3, 4) or (dimension == 4 and components > 1):
        msg = f"{path} has {dimension} axes and {components} values per voxel; a cine has 3 axes and heart phases."
        raise StudyError(msg)
    _require_voxel_size(path, nifti, dimension)
    if nifti is not None:
        findings += _compare_voxel_sizes(nifti, np.abs(spacing[:3]))
    size, spacing, origin = (*size, 1)[:4], (*spacing, 1.0), (*origin, 0.0)
    affine = np.eye(4)
    axes = np.eye(3)
    space = min(dimension, 3)
    axes[:space, :space] = direction[:space, :space]
    axes = axes if straight is None else straight
    affine[:3, :3] = axes * np.array(spacing[:3])
    affine[:3, 3] = origin[:3]
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        msg = f"{path} has no usable voxel size or orientation in its header."
        raise StudyError(msg)
    phases = size[3] if dimension == 4 else components
    step = float(spacing[3]) if dimension == 4 else None
    return Grid((phases, size[2], size[1], size[0]), affine, step, facts, tuple(findings))


def read_values(path: Path) -> Array:
    """All values of a NIfTI or NRRD file as ``[phase, k, j, i]``."""
    sitk: Any = import_module("SimpleITK")  # has no types
    with _quiet_reader(path) as reader:
        image = reader.Execute()
    values: Array = sitk.GetArrayFromImage(image)
    if image.GetNumberOfComponentsPerPixel() > 1:
        values = np.moveaxis(values, -1, 0)
    return (
        values
        if values.ndim == 4
        else values.reshape(-1, *values.shape[-3:])
        if values.ndim == 3
        else values[None, None]
    )


def is_label_file(path: Path) -> bool:
    """Whether a volume file is a result by its name, no images, as in ``patient001_frame01_gt.nii.gz``."""
    return bool(_LABEL_NAME.search(_stem(path)))


def describe_volume(path: Path) -> Candidate:
    """A volume file as a candidate stack."""
    grid = read_grid(path)
    affine, order, findings = _base_to_apex(grid)
    times, rr, about_time = _times(grid)
    return Candidate(
        description=path.name,
        kind=CINE,
        rows=grid.shape[2],
        columns=grid.shape[3],
        affine=affine,
        times_ms=times,
        rr_ms=rr,
        thickness_mm=None,
        frames=(),
        slice_order=order,
        complete=True,
        findings=(*grid.findings, *findings, *about_time),
        volume=path,
        format="NRRD" if _stem(path) != path.name.lower() and path.name.lower().endswith(("nrrd", "nhdr")) else "NIfTI",
    )


def read_volume(candidate: Candidate) -> Array:
    """Voxels of a volume file in the candidate's slice order; whole numbers stored as floats become integers again."""
    if candidate.volume is None:
        msg = "Only a volume file can be read here."
        raise ValueError(msg)
    values = read_values(candidate.volume)[:, list(candidate.slice_order)]
    if values.dtype.kind == "f":
        if not np.isfinite(values).all():
            msg = f"{candidate.volume} holds values that are no numbers (NaN or infinite)."
            raise StudyError(msg)
        if np.abs(values).max() <= np.iinfo(np.int16).max and (values == np.rint(values)).all():
            return values.astype(np.int16)
        return values.astype(np.float32)
    return values


def _stem(path: Path) -> str:
    return re.sub(r"(\.nii(\.gz)?|(\.seq)?\.n(rrd|hdr))$", "", path.name.lower())


def _base_to_apex(grid: Grid) -> tuple[Array, tuple[int, ...], list[Finding]]:
    slices = grid.shape[1]
    step: Vector = grid.affine[:3, 2] / np.linalg.norm(grid.affine[:3, 2])
    if min(angle_deg(step, axis) for axis in np.eye(3)) < 0.5:
        # No short axis lies exactly along a body axis: the converter dropped the orientation, as ACDC's files show.
        return grid.affine, tuple(range(slices)), [Finding("orientation-unknown")]
    direction, certain = toward_apex(step)
    findings = [] if certain else [Finding("base-assumed")]
    if direction @ step > 0:
        return grid.affine, tuple(range(slices)), findings
    affine = grid.affine.copy()
    affine[:3, 3] += affine[:3, 2] * (slices - 1)
    affine[:3, 2] *= -1
    return affine, tuple(reversed(range(slices))), findings


def _times(grid: Grid) -> tuple[tuple[float, ...], float | None, list[Finding]]:
    phases = grid.shape[0]
    if phases == 1:
        return (0.0,), None, []
    stated = _listed_times(grid.facts, phases)
    step = stated[1] - stated[0] if stated else _step_ms(grid)
    rr = step * phases if step else None
    if rr is None or not SHORTEST_RR_MS <= rr <= LONGEST_RR_MS:
        return tuple(i * UNKNOWN_RR_MS / phases for i in range(phases)), None, [Finding("times-unknown")]
    times = stated or tuple(i * (step or 0.0) for i in range(phases))
    return times, rr, [Finding("rr-assumed", Severity.INFO, parameters={"rr_ms": rr})]


def _listed_times(facts: dict[str, str], phases: int) -> tuple[float, ...] | None:
    """Times as Slicer's sequence and multi-volume files list them, in milliseconds."""
    for key in ("axis 0 index values", "MultiVolume.FrameLabels"):
        try:
            times = tuple(float(part) for part in re.split(r"[,\s]+", facts.get(key, "").strip()))
        except ValueError:
            continue
        if len(times) == phases and all(b > a for a, b in pairwise(times)):
            seconds = facts.get("axis 0 index unit", "") == "s"
            return tuple(time * 1000 for time in times) if seconds else times
    return None


def _step_ms(grid: Grid) -> float | None:
    """Time between phases if it makes a heart beat: many programs write milliseconds and state seconds, or no unit."""
    phases = grid.shape[0]
    try:
        stated = _NIFTI_TIME_MS.get(int(grid.facts.get("xyzt_units", "0")) & 0x38, 1.0)
        step = float(grid.facts["pixdim[4]"]) if "pixdim[4]" in grid.facts else grid.step
    except ValueError:
        return None
    if step is None or phases < FEWEST_PHASES:
        return None
    in_ms = [step * unit for unit in (stated, 1.0, 1000.0)]
    return next((value for value in in_ms if SHORTEST_RR_MS <= value * phases <= LONGEST_RR_MS), None)


def _read_nifti_header(path: Path) -> Any | None:
    """Sizes and orientation as a NIfTI file states them: the reader hides zeros and contradictions."""
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            start = file.read(_NIFTI.itemsize).ljust(_NIFTI.itemsize, b"\0")
    except (OSError, EOFError, zlib.error):
        return None
    either = [np.frombuffer(start, _NIFTI.newbyteorder(order))[0] for order in ("<", ">")]
    return next((header for header in either if header["size"] == _NIFTI.itemsize), None)


def _straighten(path: Path, nifti: Any) -> tuple[Array | None, list[Finding]]:
    """The axes of a file that has a sform alone, in LPS and at right angles; the reader refuses or confuses others."""
    if not _has_only_sform(nifti):
        return None, []
    axes = np.diag([-1.0, -1.0, 1.0]) @ nifti["srow"][:, :3]
    lengths = np.linalg.norm(axes, axis=0)
    if not (np.isfinite(lengths).all() and lengths.all()):
        msg = f"{path} has no usable orientation in its header. Convert the DICOM study again, or open that."
        raise StudyError(msg)
    shear = max(90 - angle_deg(a, b) for a, b in combinations((axes / lengths).T, 2))
    if shear > SHEAR_DEG:
        msg = f"{path} cannot be used: its affine is sheared by {shear:.1f}°. Resample it, or open the DICOM study."
        raise StudyError(msg)
    left, _, right = np.linalg.svd(axes / lengths)
    sheared = Finding("axes-sheared", Severity.INFO, parameters={"angle_deg": float(shear)})
    return left @ right, [sheared] if shear > ROUNDED_DEG else []


def _has_only_sform(nifti: Any) -> bool:
    return bool(nifti["sform_code"] > 0 >= nifti["qform_code"])


def _require_voxel_size(path: Path, nifti: Any | None, dimension: int) -> None:
    """The reader takes a size that is missing for 1 mm."""
    if nifti is not None:
        stated = np.abs(nifti["pixdim"][1:4])
    elif path.name.lower().endswith((".nrrd", ".nhdr")):
        stated = _nrrd_voxel_size(path)[: 3 if dimension == 4 else None]
    else:
        return
    if np.count_nonzero(np.isfinite(stated) & (stated > 0)) < min(dimension, 3):
        msg = f"{path} has no voxel size in its header. Convert the DICOM study again, or open that."
        raise StudyError(msg)


def _nrrd_voxel_size(path: Path) -> Array:
    """What an NRRD header says for each of its axes; NaN for one that is none in space."""
    with path.open("rb") as file:
        lines = iter(lambda: file.readline(65536).decode("latin-1").strip(), "")
        fields = dict(line.partition("#")[0].split(": ", 1) for line in lines if ": " in line.partition("#")[0])
    fields = {name.lower().replace(" ", ""): value for name, value in fields.items()}
    if vectors := re.findall(r"none|\([^)]*\)", fields.get("spacedirections", "")):
        parts = [vector.strip("()").replace("none", "nan").split(",") for vector in vectors]
        return np.array([np.linalg.norm(np.array(part, float)) for part in parts])
    return np.array(fields.get("spacings", "").split(), float)


def _compare_voxel_sizes(nifti: Any, used_mm: Array) -> list[Finding]:
    """NIfTI states the voxel size as pixdim and again in the sform; one of pure 1, as in ACDC's files, states none."""
    lengths = np.linalg.norm(nifti["srow"][:, :3].astype(float), axis=0)
    if nifti["sform_code"] <= 0 or used_mm.size < 3 or not lengths.all() or np.allclose(lengths, 1, atol=1e-3):
        return []
    sform_mm = lengths * used_mm / np.abs(nifti["pixdim"][1:4])  # in the unit that pixdim is in
    if np.allclose(sform_mm, used_mm, rtol=SAME_SIZE):
        return []
    used, other = (" × ".join(f"{value:.2f}" for value in sizes) for sizes in (used_mm, sform_mm))
    return [Finding("voxel-size-differs", parameters={"used_mm": used, "other_mm": other})]


def _require_whole_nifti(path: Path, facts: dict[str, str]) -> None:
    """The reader takes a NIfTI file that was cut off for one that ends in zeros; its size tells."""
    try:
        counts = [int(facts[f"dim[{axis}]"]) for axis in range(1, int(facts["dim[0]"]) + 1)]
        expected = int(float(facts["vox_offset"])) + int(facts["bitpix"]) // 8 * int(np.prod(counts))
    except (KeyError, ValueError):
        return  # no NIfTI
    if _unpacked_size(path, expected) < expected:
        msg = f"{path} is truncated: some of its voxels are missing. Copy or convert it again."
        raise StudyError(msg)


def _unpacked_size(path: Path, expected: int) -> int:
    if path.suffix.lower() != ".gz":
        return path.stat().st_size
    with path.open("rb") as file:
        file.seek(-4, 2)
        if int.from_bytes(file.read(4), "little") == expected % 2**32:  # gzip ends with the size of its content
            return expected
    size = 0
    try:
        with gzip.open(path) as unpacked:
            while piece := unpacked.read(2**20):
                size += len(piece)
    except (OSError, EOFError, zlib.error):
        pass
    return size


@contextmanager
def _quiet_reader(path: Path) -> Iterator[Any]:
    """A reader whose warnings about harmless headers do not reach the user, and whose errors are ours."""
    sitk: Any = import_module("SimpleITK")
    shown = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    if (nifti := _read_nifti_header(path)) is not None and _has_only_sform(nifti):
        os.environ[_READ_SHEARED] = "yes"
    try:
        yield reader
    except RuntimeError as error:
        msg = f"{path} cannot be read as NIfTI or NRRD: it is damaged, or of another format than its name says."
        raise StudyError(msg) from error
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(shown)
        os.environ.pop(_READ_SHEARED, None)
