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
        raise LabelError.of("no-label-map", path=path)
    if not is_volume_file(path):
        raise LabelError.of("no-label-format", path=path)
    try:
        header = read_volume_header(path)
        _require_size(header, stack)
        require_whole(header)
        values = read_stored(header)
    except StudyError as error:
        raise LabelError.of(error.code, **error.values) from error
    fitted = _fit(path, values, header.affine, stack)
    coded = _recode(path, fitted, codes)
    return _place(path, coded, stack, phase)


def _require_size(header: VolumeHeader, stack: CineStack) -> None:
    """No more is unpacked than fits the images."""
    most = 4 * stack.voxels.size  # one that does not fit is told so in its own words
    if header.expected_bytes // header.stored.dtype.itemsize > most:
        there, wanted = (" × ".join(map(str, sizes[::-1])) for sizes in (header.shape, stack.voxels.shape))
        raise LabelError.of("labels-size", file=header.path.name, labels=there, images=wanted)


def _fit(path: Path, values: Array, affine: Array, stack: CineStack) -> Array:
    """Reorder ``[phase, k, j, i]`` to the stack's ``[phase, slice, row, column]``."""
    between = np.linalg.inv(stack.affine) @ affine  # (i, j, k) of the file → (column, row, slice) of the stack
    turn = between[:3, :3]
    axes = np.abs(turn).argmax(axis=1)
    exact = np.zeros((3, 3))
    exact[range(3), axes] = np.sign(turn[range(3), axes])
    if sorted(axes) != [0, 1, 2] or np.abs(turn - exact).max() > 0.1:
        raise _why_elsewhere(path, affine, stack)
    # array axes 1, 2, 3 are k, j, i: file axis a is array axis 3 − a
    order = [3 - int(axes[target]) for target in (2, 1, 0)]
    fitted = np.transpose(values, (0, *order))
    shape = stack.voxels.shape[1:]
    if fitted.shape[1:] != shape:
        labels, images = (" × ".join(map(str, sizes[::-1])) for sizes in (fitted.shape[1:], shape))
        raise LabelError.of("labels-size", file=path.name, labels=labels, images=images)
    flips = tuple(axis for axis, target in ((1, 2), (2, 1), (3, 0)) if exact[target].sum() < 0)
    fitted = np.flip(fitted, flips)
    corners = np.array(np.meshgrid(*[(0, size - 1) for size in values.shape[:0:-1]])).reshape(3, -1)
    there = turn @ corners + between[:3, 3:]
    start = np.array([0 if exact[target].sum() > 0 else shape[2 - target] - 1 for target in range(3)])
    if np.abs(there - (exact @ corners + start[:, None])).max() > 0.5:
        raise LabelError.of("labels-elsewhere", file=path.name)
    return fitted


def _why_elsewhere(path: Path, affine: Array, stack: CineStack) -> LabelError:
    spacing = sorted(np.linalg.norm(affine[:3, :3], axis=0).tolist())
    wanted = sorted(stack.spacing_mm)
    if not np.allclose(spacing, wanted, rtol=0.05):
        found, there = (" × ".join(f"{value:.2f}" for value in values) for values in (spacing, wanted))
        return LabelError.of("labels-spacing", file=path.name, labels=found, images=there)
    return LabelError.of("labels-turned", file=path.name)


def _recode(path: Path, values: Array, codes: Mapping[int, Label]) -> npt.NDArray[np.uint8]:
    found = np.unique(values)
    if not all(float(code).is_integer() for code in found.tolist()):
        raise LabelError.of("no-label-codes", file=path.name, value=float(found[found % 1 != 0][0]))
    unknown = [int(code) for code in found if int(code) != 0 and int(code) not in codes]
    if unknown:
        known = tuple(f"{code} = {label.name}" for code, label in codes.items() if label)
        raise LabelError.of("unknown-label-codes", file=path.name, codes=tuple(unknown[:5]), known=known)
    coded = np.zeros(values.shape, np.uint8)
    for code, label in codes.items():
        if label:
            coded[values == code] = label
    return coded


def _place(path: Path, coded: npt.NDArray[np.uint8], stack: CineStack, phase: int | None) -> LabelMap:
    if coded.shape[0] == stack.phases and phase is None:
        return LabelMap(coded, coded.any(axis=(1, 2, 3)))
    if coded.shape[0] == stack.phases > 1:
        raise LabelError.of("labels-of-all-phases", file=path.name, images=stack.phases)
    if coded.shape[0] != 1:
        raise LabelError.of("labels-phases", file=path.name, labels=coded.shape[0], images=stack.phases)
    if phase is None:
        raise LabelError.of("labels-of-one-phase", file=path.name, images=stack.phases)
    if not 0 <= phase < stack.phases:
        raise LabelError.of("no-such-phase", number=phase + 1, images=stack.phases)
    labels = np.zeros(stack.voxels.shape, np.uint8)
    labels[phase] = coded[0]
    labelled = np.zeros(stack.phases, bool)
    labelled[phase] = True
    return LabelMap(labels, labelled)
