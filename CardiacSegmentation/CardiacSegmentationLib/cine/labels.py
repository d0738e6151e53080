"""Label maps made anywhere, brought onto a stack's grid."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from CardiacSegmentationLib.cine.open import is_volume_file
from CardiacSegmentationLib.cine.volume_files import read_volume_header
from CardiacSegmentationLib.cine.volumes import read_stored, require_whole
from CardiacSegmentationLib.errors import LabelError, StudyError
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CardiacSegmentationLib.cine.volumes import VolumeHeader
    from CardiacSegmentationLib.stack import Array, CineStack

ACDC_CODES: Mapping[int, Label] = {int(label): label for label in Label}


@dataclass(frozen=True, eq=False)
class LabelMap:
    """``labels[phase, slice, row, column]`` on a stack's grid, and which phases have labels."""

    labels: npt.NDArray[np.uint8]
    labelled: npt.NDArray[np.bool_]


def read_labels(
    path: Path | str, stack: CineStack, *, codes: Mapping[int, Label] = ACDC_CODES, phase: int | None = None
) -> LabelMap:
    """A label map (NIfTI or NRRD, 3D or 4D) on the grid of ``stack``.

    ``codes`` tells what the numbers in the file mean. A 3D map of a stack with several phases needs ``phase`` (from 0).
    Flipped and reordered axes are put right by the orientation in the file.
    """
    path = Path(path)
    if not path.is_file():
        msg = f"{path} does not exist. Name a label map in NIfTI or NRRD."
        raise LabelError(msg)
    if not is_volume_file(path):
        msg = f"{path.name} is neither NIfTI nor NRRD. Save the labels as .nii.gz or .nrrd."
        raise LabelError(msg)
    try:
        header = read_volume_header(path)
        _require_size(header, stack)
        require_whole(header)
        values = read_stored(header)
    except StudyError as error:
        raise LabelError(str(error)) from error
    fitted = _fit(path, values, header.affine, stack)
    coded = _recode(path, fitted, codes)
    return _place(path, coded, stack, phase)


def _require_size(header: VolumeHeader, stack: CineStack) -> None:
    """No more is unpacked than fits the images."""
    most = 4 * stack.voxels.size  # one that does not fit is told so in its own words
    if header.expected_bytes // header.stored.dtype.itemsize > most:
        there, wanted = (" × ".join(map(str, sizes[::-1])) for sizes in (header.shape, stack.voxels.shape))
        msg = f"{header.path.name} has {there} voxels, the images {wanted}. Use the label map made on these images."
        raise LabelError(msg)


def _fit(path: Path, values: Array, affine: Array, stack: CineStack) -> Array:
    """Reorder ``[phase, k, j, i]`` to the stack's ``[phase, slice, row, column]``."""
    between = np.linalg.inv(stack.affine) @ affine  # (i, j, k) of the file → (column, row, slice) of the stack
    turn = between[:3, :3]
    axes = np.abs(turn).argmax(axis=1)
    exact = np.zeros((3, 3))
    exact[range(3), axes] = np.sign(turn[range(3), axes])
    if sorted(axes) != [0, 1, 2] or np.abs(turn - exact).max() > 0.1:
        raise LabelError(_why_elsewhere(path, affine, stack))
    # array axes 1, 2, 3 are k, j, i: file axis a is array axis 3 − a
    order = [3 - int(axes[target]) for target in (2, 1, 0)]
    fitted = np.transpose(values, (0, *order))
    shape = stack.voxels.shape[1:]
    if fitted.shape[1:] != shape:
        msg = (
            f"{path.name} has {fitted.shape[1]} slices of {fitted.shape[3]} × {fitted.shape[2]} pixels, "
            f"the images {shape[0]} of {shape[2]} × {shape[1]}. Use the label map made on these images."
        )
        raise LabelError(msg)
    flips = tuple(axis for axis, target in ((1, 2), (2, 1), (3, 0)) if exact[target].sum() < 0)
    fitted = np.flip(fitted, flips)
    corners = np.array(np.meshgrid(*[(0, size - 1) for size in values.shape[:0:-1]])).reshape(3, -1)
    there = turn @ corners + between[:3, 3:]
    start = np.array([0 if exact[target].sum() > 0 else shape[2 - target] - 1 for target in range(3)])
    if np.abs(there - (exact @ corners + start[:, None])).max() > 0.5:
        msg = f"{path.name} lies elsewhere in the patient than the images. Use the label map made on these images."
        raise LabelError(msg)
    return fitted


def _why_elsewhere(path: Path, affine: Array, stack: CineStack) -> str:
    spacing = sorted(np.linalg.norm(affine[:3, :3], axis=0).tolist())
    wanted = sorted(stack.spacing_mm)
    if not np.allclose(spacing, wanted, rtol=0.05):
        found, there = (" × ".join(f"{value:.2f}" for value in values) for values in (spacing, wanted))
        return f"{path.name} has voxels of {found} mm, the images {there} mm. Use the label map made on these images."
    return f"{path.name} is turned against the images. Save the labels with the orientation of the images."


def _recode(path: Path, values: Array, codes: Mapping[int, Label]) -> npt.NDArray[np.uint8]:
    found = np.unique(values)
    if not all(float(code).is_integer() for code in found.tolist()):
        msg = f"{path.name} holds values that are no label codes ({found[found % 1 != 0][0]:g}): it may be an image."
        raise LabelError(msg)
    unknown = [int(code) for code in found if int(code) != 0 and int(code) not in codes]
    if unknown:
        known = ", ".join(f"{code} = {label.name}" for code, label in codes.items() if label)
        some = ", ".join(map(str, unknown[:5]))
        remedy = f"Known are {known}. Say what they mean (--codes)."
        msg = f"{path.name} holds label codes of unknown meaning: {some}. {remedy}"
        raise LabelError(msg)
    coded = np.zeros(values.shape, np.uint8)
    for code, label in codes.items():
        if label:
            coded[values == code] = label
    return coded


def _place(path: Path, coded: npt.NDArray[np.uint8], stack: CineStack, phase: int | None) -> LabelMap:
    if coded.shape[0] == stack.phases and phase is None:
        return LabelMap(coded, coded.any(axis=(1, 2, 3)))
    if coded.shape[0] == stack.phases > 1:
        msg = f"{path.name} labels all {stack.phases} phases: leave out which phase it belongs to (--phase)."
        raise LabelError(msg)
    if coded.shape[0] != 1:
        msg = f"{path.name} has {coded.shape[0]} phases, the images {stack.phases}. Use labels made on these images."
        raise LabelError(msg)
    if phase is None:
        msg = (
            f"{path.name} labels one phase, the images have {stack.phases}. Say which phase it belongs to (--phase N)."
        )
        raise LabelError(msg)
    if not 0 <= phase < stack.phases:
        msg = f"There is no phase {phase}: the images have {stack.phases}, counted from 0."
        raise LabelError(msg)
    labels = np.zeros(stack.voxels.shape, np.uint8)
    labels[phase] = coded[0]
    labelled = np.zeros(stack.phases, bool)
    labelled[phase] = True
    return LabelMap(labels, labelled)
