"""A long-axis cine beside the short-axis stack: 2, 3 or 4 chambers, in step with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from CardiacSegmentationLib.stack import Array


@dataclass(frozen=True, eq=False)
class LongAxis:
    """One plane along the heart: ``voxels[phase, row, column]``, the phases those of the stack it goes with.

    ``affine`` maps ``(column, row, 0, 1)`` to millimetres in patient space (LPS), as that of a stack does.
    """

    name: str  # unique in its study: "4CH", or "4CH 14" with its series' number where there are several
    voxels: Array
    affine: Array
    times_ms: tuple[float, ...]  # when each image was taken; a stack with more phases shows some of them twice
    title: str = ""  # the series' own description
    instance_uids: tuple[str, ...] = ()  # [phase]

    def __post_init__(self) -> None:
        if self.voxels.ndim != 3 or len(self.times_ms) != len(self.voxels):
            msg = f"A long-axis cine is [phase, row, column] with a time for each phase, not {self.voxels.shape}."
            raise ValueError(msg)
        if self.affine.shape != (4, 4) or abs(np.linalg.det(self.affine[:3, :3])) < 1e-9:
            msg = "The affine of a long-axis cine is an invertible 4 × 4 matrix."
            raise ValueError(msg)

    @property
    def phases(self) -> int:
        """Number of heart phases: those of the stack."""
        return len(self.voxels)

    @property
    def spacing_mm(self) -> tuple[float, float]:
        """Size of a pixel, (row, column)."""
        return float(np.linalg.norm(self.affine[:3, 1])), float(np.linalg.norm(self.affine[:3, 0]))

    @property
    def normal(self) -> Array:
        """Unit vector at right angles to the image."""
        normal = np.cross(self.affine[:3, 0], self.affine[:3, 1])
        return np.asarray(normal / np.linalg.norm(normal))
