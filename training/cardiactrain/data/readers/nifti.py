"""What the readers of NIfTI data sets share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cardiactrain.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


def find_nifti(folder: Path, stem: str) -> Path:
    """``stem.nii.gz`` or ``stem.nii`` in a folder."""
    for ending in (".nii.gz", ".nii"):
        if (folder / f"{stem}{ending}").is_file():
            return folder / f"{stem}{ending}"
    msg = f"{folder} has no {stem}.nii.gz."
    raise DataError(msg)


def read_nifti(path: Path) -> tuple[npt.NDArray[Any], tuple[float, float, float]]:
    """Voxels as [(phase,) slice, row, column], and the spacing (slice, row, column) in mm."""
    import nibabel

    try:
        image: Any = nibabel.load(path)
        voxels = np.asarray(image.dataobj)
    except Exception as error:  # nibabel, gzip and zlib each raise their own
        msg = f"{path} cannot be read as NIfTI: {error}"
        raise DataError(msg) from error
    column_mm, row_mm, slice_mm = (float(mm) for mm in image.header.get_zooms()[:3])
    return voxels.T, (slice_mm, row_mm, column_mm)
