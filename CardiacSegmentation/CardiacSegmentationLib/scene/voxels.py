"""Arrays and VTK images, and the two frames of reference.

DICOM and this program count millimetres to the patient's left, back and head (LPS); Slicer to the right, front and
head (RAS). A voxel ``[slice, row, column]`` is VTK's ``(i, j, k) = (column, row, slice)``, and the flat order of both
is the same.

Slices from base to apex make a left-handed index frame. Slicer shows one, but its file readers turn it round: after
saving and loading the slices run the other way. So nodes get right-handed frames from the start, with the slices
reversed where that takes it, and reading them turns the slices back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

if TYPE_CHECKING:
    from CardiacSegmentationLib.stack import Array

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])

# Slicer neither draws nor stores 64-bit integers or half floats.
_STORED_AS = {"i8": np.int32, "u8": np.uint32, "f2": np.float32}


def ras_matrix(affine: Array) -> vtk.vtkMatrix4x4:
    """The IJK-to-RAS matrix of a stack's affine."""
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy((LPS_TO_RAS @ affine).ravel().tolist())
    return matrix


def lps_affine(matrix: vtk.vtkMatrix4x4) -> Array:
    """The stack's affine of an IJK-to-RAS matrix."""
    ras = np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
    affine: Array = LPS_TO_RAS @ ras
    return affine


def right_handed(affine: Array, slices: int) -> Array:
    """The affine of the same stack as its nodes hold it: with the slices reversed if its own frame is left-handed."""
    return affine if np.linalg.det(affine[:3, :3]) > 0 else reverse_slices(affine, slices)


def reverse_slices(affine: Array, slices: int) -> Array:
    """The affine of the same stack with its slices in the other order."""
    flip = np.diag([1.0, 1.0, -1.0, 1.0])
    flip[2, 3] = slices - 1
    reversed_: Array = affine @ flip
    return reversed_


def are_opposite(one: Array, other: Array) -> bool:
    """Whether the slices of two affines run in opposite directions."""
    return bool(one[:3, 2] @ other[:3, 2] < 0)


def image_of(voxels: Array) -> vtk.vtkImageData:
    """A copy of ``[slice, row, column]`` as a VTK image without geometry."""
    image = vtk.vtkImageData()
    image.SetDimensions(*reversed(voxels.shape))
    image.GetPointData().SetScalars(numpy_to_vtk(as_stored(voxels).ravel(), deep=True))
    return image


def as_stored(voxels: Array) -> Array:
    """The same numbers, one after another and of a kind that Slicer stores."""
    kind = _STORED_AS.get(f"{voxels.dtype.kind}{voxels.dtype.itemsize}", voxels.dtype.newbyteorder("="))
    return np.ascontiguousarray(voxels, dtype=kind)


def voxels_of(image: vtk.vtkImageData) -> Array:
    """The image's own memory as ``[slice, row, column]``, or ``[slice, row, column, component]``."""
    scalars: Array = vtk_to_numpy(image.GetPointData().GetScalars())
    shape = tuple(reversed(image.GetDimensions()))
    components = image.GetNumberOfScalarComponents()
    return scalars.reshape(shape if components == 1 else (*shape, components))
