"""What the readers of NIfTI data sets share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from CardiacSegmentationLib.cine.nifti import read_nifti_header

from cardiactrain.data.readers.reading import naming
from cardiactrain.data.subject import to_codes
from cardiactrain.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def find_nifti(folder: Path, stem: str) -> Path:
    """``stem.nii.gz`` or ``stem.nii`` in a folder."""
    for ending in (".nii.gz", ".nii"):
        if (folder / f"{stem}{ending}").is_file():
            return folder / f"{stem}{ending}"
    msg = f"{folder} has no {stem}.nii.gz."
    raise DataError(msg)


def read_nifti(path: Path) -> tuple[npt.NDArray[Any], tuple[float, float, float]]:
    """Voxels as [(phase,) slice, row, column], and the spacing (slice, row, column) in mm.

    The spacing is what the program reads: nibabel takes a missing one for 1 mm, and knows no metres.
    """
    column_mm, row_mm, slice_mm = np.linalg.norm(read_nifti_header(path).affine[:3, :3], axis=0).tolist()
    return _read_voxels(path), (slice_mm, row_mm, column_mm)


def _read_voxels(path: Path) -> npt.NDArray[Any]:
    import nibabel

    with naming(path):
        image: Any = nibabel.load(path)
        voxels = np.asarray(image.dataobj)
    if voxels.ndim not in (3, 4):
        msg = f"{path} has {voxels.ndim} dimensions: a stack of slices has 3, a cine 4."
        raise DataError(msg)
    return voxels.T


def read_labels(path: Path) -> npt.NDArray[np.uint8]:
    """Label codes from 0 to 3 as [(phase,) slice, row, column]; any other value is refused."""
    try:
        return to_codes(_read_voxels(path))
    except ValueError as error:
        msg = f"{path}: {error}"
        raise DataError(msg) from error


def read_frame(facts: Mapping[str, str], phase: str) -> int:
    """The number of the frame that a table names as ED or ES."""
    said = facts[phase] or ""
    if not re.fullmatch(r"\d+(\.0)?", said):
        msg = f"{said!r} is said to be the frame of {phase}"
        raise ValueError(msg)
    return int(float(said))
