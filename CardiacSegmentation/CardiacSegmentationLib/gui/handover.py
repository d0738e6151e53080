"""The study on its way to the background process: a plain file in a temporary folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.stack import CineStack


def write_stack(stack: CineStack, path: Path) -> None:
    """Write the images as a four-dimensional NRRD file that ``cardiacseg`` reads back voxel for voxel."""
    import numpy as np
    import SimpleITK as sitk  # noqa: N813 - its own name for itself

    image = sitk.GetImageFromArray(stack.voxels, isVector=False)
    spacing = np.linalg.norm(stack.affine[:3, :3], axis=0)
    direction = np.eye(4)
    direction[:3, :3] = stack.affine[:3, :3] / spacing
    image.SetSpacing([*spacing.tolist(), _step_ms(stack)])
    image.SetOrigin([*stack.affine[:3, 3].tolist(), 0.0])
    image.SetDirection(direction.ravel().tolist())
    image.SetMetaData("axis 0 index type", "numeric")
    image.SetMetaData("axis 0 index unit", "ms")
    image.SetMetaData("axis 0 index values", ",".join(f"{time:.3f}" for time in stack.times_ms))
    sitk.WriteImage(image, str(path), useCompression=False)


def _step_ms(stack: CineStack) -> float:
    if stack.rr_ms:
        return stack.rr_ms / stack.phases
    return (stack.times_ms[-1] - stack.times_ms[0]) / (stack.phases - 1) if stack.phases > 1 else 1.0
