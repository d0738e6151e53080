"""What the headers of a study come to: the stacks in it, what was left out, and which one would be segmented."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE, describe

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.cine.excluded import Excluded
    from CardiacSegmentationLib.cine.frames import Frame
    from CardiacSegmentationLib.cine.temporary import TemporaryFolder
    from CardiacSegmentationLib.findings import Finding
    from CardiacSegmentationLib.stack import Array


@dataclass(frozen=True, eq=False)
class Candidate:
    """A stack of parallel slices as the headers describe it; its pixels are still on disk.

    Slices run from base to apex. ``frames[slice][phase]`` is ``None`` throughout a slice that is missing. A volume file
    (NIfTI, NRRD) has no frames; it is named by ``volume``.
    """

    description: str
    kind: str
    rows: int
    columns: int
    affine: Array
    times_ms: tuple[float, ...]
    rr_ms: float | None
    thickness_mm: float | None
    frames: tuple[tuple[Frame | None, ...], ...]
    slice_order: tuple[int, ...]
    complete: bool
    findings: tuple[Finding, ...]
    is_short_axis: bool = False
    volume: Path | None = None
    format: str = "DICOM"

    @property
    def phases(self) -> int:
        """Number of heart phases."""
        return len(self.times_ms)

    @property
    def slices(self) -> int:
        """Number of slices."""
        return len(self.slice_order)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between neighbouring (slices, rows, columns)."""
        column, row, slice_ = (float((self.affine[:3, axis] ** 2).sum() ** 0.5) for axis in range(3))
        return slice_, row, column

    @property
    def files(self) -> tuple[Path, ...]:
        """The files the stack is made of, in the order of slices and phases."""
        if self.volume is not None:
            return (self.volume,)
        return tuple(dict.fromkeys(frame.file.path for row in self.frames for frame in row if frame is not None))


@dataclass(frozen=True, eq=False)
class FoundStudy:
    """All stacks found, ``chosen`` (an index into ``stacks``) and why that one, or why none."""

    path: Path  # as the user named it
    root: Path  # the folder the files lie in; for an archive a temporary one, gone when this value goes
    stacks: tuple[Candidate, ...]
    left_out: tuple[Excluded, ...]
    chosen: int | None
    why: tuple[Finding, ...]  # the reason, and what it speaks of
    findings: tuple[Finding, ...] = ()
    temporary: TemporaryFolder | None = field(default=None, repr=False)  # where an archive was unpacked

    @property
    def reason(self) -> str:
        """Why that stack, or why none, in English."""
        return self.describe_choice()

    def describe_choice(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Why that stack, or why none."""
        reason, *about = (describe(finding, language) for finding in self.why)
        mark = ": " if self.chosen is None else "; "
        return f"{reason}{mark}{'; '.join(about)}" if about else reason
