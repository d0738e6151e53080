"""NIfTI and NRRD files, 3D and 4D, through the same door as DICOM."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.cine.axis import angle_deg, toward_apex
from CardiacSegmentationLib.cine.kinds import CINE
from CardiacSegmentationLib.cine.nifti import read_nifti_header
from CardiacSegmentationLib.cine.nrrd import read_nrrd_header
from CardiacSegmentationLib.cine.phases import FEWEST_IN_A_RUN, LONGEST_RR_MS, SHORTEST_RR_MS, UNKNOWN_RR_MS
from CardiacSegmentationLib.cine.study import Candidate
from CardiacSegmentationLib.cine.volumes import read_stored, require_measurement, require_whole
from CardiacSegmentationLib.errors import StudyError, reason_of
from CardiacSegmentationLib.findings import Finding, Severity, readable
from CardiacSegmentationLib.stack import FEWEST_IN_A_BEAT

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.cine.frames import Vector
    from CardiacSegmentationLib.cine.volumes import VolumeHeader
    from CardiacSegmentationLib.stack import Array

_LABEL_NAME = re.compile(r"(\b|_)(gt|seg|segmentation|labels?|mask|uncertainty)$", re.IGNORECASE)
_NRRD_ENDINGS = (".nrrd", ".nhdr")


def read_volume_header(path: Path) -> VolumeHeader:
    """The header of a NIfTI or NRRD file; whether its voxels are there ``require_whole`` tells."""
    try:
        return read_nrrd_header(path) if _is_nrrd(path) else read_nifti_header(path)
    except OSError as error:
        raise StudyError.of("file-unreadable", path=path, reason=reason_of(error)) from error


def read_values(path: Path) -> Array:
    """All values of a NIfTI or NRRD file as ``[phase, k, j, i]``."""
    header = read_volume_header(path)
    require_whole(header)
    return read_stored(header)


def is_label_file(path: Path) -> bool:
    """Whether a volume file is a result by its name, no images, as in ``patient001_frame01_gt.nii.gz``."""
    return bool(_LABEL_NAME.search(_stem(path)))


def describe_volume(path: Path) -> Candidate:
    """A volume file as a candidate stack."""
    header = read_volume_header(path)
    require_measurement(header)
    require_whole(header)
    affine, order, findings = _base_to_apex(header)
    times, rr, about_time = _times(header)
    return Candidate(
        description=readable(path.name),
        kind=CINE,
        rows=header.shape[2],
        columns=header.shape[3],
        affine=affine,
        times_ms=times,
        rr_ms=rr,
        thickness_mm=None,
        frames=(),
        slice_order=order,
        complete=True,
        findings=(*header.findings, *findings, *about_time),
        volume=path,
        format="NRRD" if _is_nrrd(path) else "NIfTI",
    )


def read_volume(candidate: Candidate) -> Array:
    """Voxels of a volume file in the candidate's slice order; whole numbers stored as floats become integers again."""
    if candidate.volume is None:
        msg = "Only a volume file can be read here."
        raise ValueError(msg)
    values = read_values(candidate.volume)[:, list(candidate.slice_order)]
    if values.dtype.kind == "f":
        if not np.isfinite(values).all():
            raise StudyError.of("no-numbers", path=candidate.volume)
        if np.abs(values).max() <= np.iinfo(np.int16).max and (values == np.rint(values)).all():
            return values.astype(np.int16)
        return values.astype(np.float32)
    return values


def _is_nrrd(path: Path) -> bool:
    return path.name.lower().endswith(_NRRD_ENDINGS)


def _stem(path: Path) -> str:
    return re.sub(r"(\.nii(\.gz)?|(\.seq)?\.n(rrd|hdr))$", "", path.name.lower())


def _base_to_apex(header: VolumeHeader) -> tuple[Array, tuple[int, ...], list[Finding]]:
    slices = header.shape[1]
    step: Vector = header.affine[:3, 2] / np.linalg.norm(header.affine[:3, 2])
    if min(angle_deg(step, axis) for axis in np.eye(3)) < 0.5:
        # No short axis lies exactly along a body axis: the converter dropped the orientation, as ACDC's files show.
        return header.affine, tuple(range(slices)), [Finding("orientation-unknown")]
    direction, certain = toward_apex(step)
    findings = [] if certain else [Finding("base-assumed")]
    if direction @ step > 0:
        return header.affine, tuple(range(slices)), findings
    affine = header.affine.copy()
    affine[:3, 3] += affine[:3, 2] * (slices - 1)
    affine[:3, 2] *= -1
    return affine, tuple(reversed(range(slices))), findings


def _times(header: VolumeHeader) -> tuple[tuple[float, ...], float | None, list[Finding]]:
    phases = header.shape[0]
    if phases == 1:
        return (0.0,), None, []
    stated = header.times_ms
    step = (stated[-1] - stated[0]) / (phases - 1) if stated else _step_ms(header)
    rr = step * phases if step else None
    if rr is None or not SHORTEST_RR_MS <= rr <= LONGEST_RR_MS:
        return tuple(i * UNKNOWN_RR_MS / phases for i in range(phases)), None, [Finding("times-unknown")]
    times = stated or tuple(i * (step or 0.0) for i in range(phases))
    if phases < FEWEST_IN_A_RUN:
        return times, None, []
    return times, rr, [Finding("rr-assumed", Severity.INFO, parameters={"rr_ms": rr})]


def _step_ms(header: VolumeHeader) -> float | None:
    """Time between phases if it makes a heart beat: many programs write milliseconds and state seconds, or no unit."""
    phases = header.shape[0]
    if header.step is None or phases < FEWEST_IN_A_BEAT:
        return None
    in_ms = [header.step * unit for unit in (header.step_unit_ms, 1.0, 1000.0)]
    return next((value for value in in_ms if SHORTEST_RR_MS <= value * phases <= LONGEST_RR_MS), None)
