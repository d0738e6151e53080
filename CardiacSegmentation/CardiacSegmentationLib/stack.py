"""The first of the four values that flow through the program: a cine study, and what is recorded about it.

Geometry: ``affine`` maps ``(column, row, slice, 1)`` to millimetres in DICOM's patient space (LPS, right-handed: +x to
the patient's left, +y to the back, +z to the head). Slices run from base to apex, so the index frame itself is often
left-handed (seen from the apex, rows × columns point to the base).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.findings import Finding

Array = npt.NDArray[Any]

WHOLE_BEAT = 0.9  # of the R-R interval: phases that cover as much are taken for the whole beat
FEWEST_IN_A_BEAT = 8  # phases; fewer tell too little of the motion between them


@dataclass(frozen=True)
class Patient:
    """Facts about the patient that numbers depend on; ``None`` where the study does not say."""

    sex: str | None = None  # "M" or "F"
    age_years: float | None = None
    height_cm: float | None = None
    weight_kg: float | None = None


@dataclass(frozen=True)
class Source:
    """Where a stack came from, and how to get back: stack slice k is slice ``slice_order[k]`` of the source."""

    path: Path
    format: str  # "DICOM", "NIfTI", "NRRD"
    slice_order: tuple[int, ...]
    files: tuple[Path, ...] = ()  # the stack's own, by slice and phase
    unpacked: object = field(default=None, repr=False, compare=False)  # an archive's files are there as long as this


@dataclass(frozen=True, eq=False)
class CineStack:
    """A short-axis cine study: ``voxels[phase, slice, row, column]``, slices from base to apex, phases in time."""

    voxels: Array
    affine: Array
    times_ms: tuple[float, ...]
    rr_ms: float | None = None
    slice_thickness_mm: float | None = None
    instance_uids: tuple[tuple[str, ...], ...] = ()  # [phase][slice], "" where a slice is missing; () without DICOM
    frame_numbers: tuple[tuple[int, ...], ...] = ()  # [phase][slice], from 1; empty where each instance is one image
    patient: Patient = field(default_factory=Patient)
    findings: tuple[Finding, ...] = ()
    title: str = ""
    source: Source | None = None

    def __post_init__(self) -> None:
        if self.voxels.ndim != 4:
            msg = f"A cine stack is [phase, slice, row, column]; this array has {self.voxels.ndim} axes."
            raise ValueError(msg)
        if self.affine.shape != (4, 4) or abs(np.linalg.det(self.affine[:3, :3])) < 1e-9:
            msg = "The affine of a cine stack is an invertible 4 × 4 matrix."
            raise ValueError(msg)
        if len(self.times_ms) != self.phases:
            msg = f"{len(self.times_ms)} times for {self.phases} phases."
            raise ValueError(msg)
        if self.instance_uids and [len(row) for row in self.instance_uids] != [self.slices] * self.phases:
            msg = "Instance UIDs do not match the phases and slices of the stack."
            raise ValueError(msg)

    @property
    def phases(self) -> int:
        """Number of heart phases."""
        return int(self.voxels.shape[0])

    @property
    def slices(self) -> int:
        """Number of slices, counted from the base."""
        return int(self.voxels.shape[1])

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between neighbouring (slices, rows, columns); the slice distance includes the gap."""
        column, row, slice_ = (float(np.linalg.norm(self.affine[:3, axis])) for axis in range(3))
        return slice_, row, column

    @property
    def pixel_mm(self) -> tuple[float, float]:
        """Size of a pixel: the distance between neighbouring (rows, columns)."""
        _, row, column = self.spacing_mm
        return row, column

    @property
    def heart_rate_bpm(self) -> float | None:
        """Heart rate from the R-R interval."""
        return 60_000.0 / self.rr_ms if self.rr_ms else None

    @property
    def beat_coverage(self) -> float | None:
        """The share of the R-R interval that the phases cover; ``None`` where the interval is not known."""
        if not self.rr_ms or self.phases < 2:
            return None
        return (self.times_ms[-1] - self.times_ms[0]) * self.phases / (self.phases - 1) / self.rr_ms

    @property
    def is_whole_beat(self) -> bool:
        """Whether the phases cover the whole beat closely, so that the first follows the last."""
        return self.phases >= FEWEST_IN_A_BEAT and (self.beat_coverage or 0.0) >= WHOLE_BEAT
