"""Labels of one phase ↔ one segmentation node, on the grid of the images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import slicer
import vtk

from CardiacSegmentationLib.errors import ContourError, LabelError
from CardiacSegmentationLib.scene.voxels import are_opposite, image_of, lps_affine, ras_matrix, right_handed, voxels_of
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.structures import BY_LABEL, Structure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CardiacSegmentationLib.segmentation import Labels
    from CardiacSegmentationLib.stack import Array

    Shape = tuple[int, int, int]  # slices, rows, columns

LABELMAP = "Binary labelmap"  # as vtkSegmentationConverter names the representation
REFERENCE_GEOMETRY = "Reference image geometry"  # as vtkSegmentationConverter names the parameter

# Where a user let segments overlap, a voxel of cavity and muscle is cavity.
PAINTING_ORDER = (Label.MYO, Label.RV, Label.LV)


def put_labels(node: Any, labels: Labels, affine: Array) -> None:
    """Give a segmentation node the three segments; they share one label map, as the segment editor likes it.

    The label map holds the box around what is labelled. Names and colours that were changed are kept, and so are all
    other segments.
    """
    before = node.GetSegmentation()
    grid = right_handed(affine, len(labels))
    image = _cropped(labels[::-1] if are_opposite(grid, affine) else labels)
    image.SetImageToWorldMatrix(ras_matrix(grid))
    segmentation = slicer.vtkSegmentation()
    segmentation.SetSourceRepresentationName(LABELMAP)
    geometry = slicer.vtkSegmentationConverter.SerializeImageGeometry(ras_matrix(grid), _extent(labels.shape))
    segmentation.SetConversionParameter(REFERENCE_GEOMETRY, geometry)
    for structure in BY_LABEL.values():
        segmentation.AddSegment(_segment(structure, image, before), structure.segment_id)
    for segment_id in before.GetSegmentIDs():
        if segmentation.GetSegment(segment_id) is None:
            segmentation.CopySegmentFromSegmentation(before, segment_id)
    node.SetAndObserveSegmentation(segmentation)


def get_labels(node: Any, affine: Array, shape: Shape) -> Labels:
    """The labels as they are now on a stack of this affine and shape, whatever grid or form other modules gave them.

    Segments other than the three are left alone; a deleted one is empty.
    """
    grid = right_handed(affine, shape[0])
    labels = np.zeros(shape, np.uint8)
    segmentation = node.GetSegmentation()
    for label in PAINTING_ORDER:
        segment = segmentation.GetSegment(BY_LABEL[label].segment_id)
        if segment is not None:
            image, value = _labelmap(node, BY_LABEL[label].segment_id, segment)
            if not image.IsEmpty():
                _paint(labels, int(label), _on_grid(image, grid, shape), value)
    return np.ascontiguousarray(labels[::-1]) if are_opposite(grid, affine) else labels


def is_on_grid(node: Any, affine: Array, shape: Shape) -> bool:
    """Whether the labels are label maps on the grid of this stack, as ``put_labels`` leaves them."""
    grid, extent = vtk.vtkMatrix4x4(), [0] * 6
    segmentation = node.GetSegmentation()
    text = segmentation.GetConversionParameter(REFERENCE_GEOMETRY)
    return bool(
        segmentation.GetSourceRepresentationName() == LABELMAP
        and text
        and slicer.vtkSegmentationConverter.DeserializeImageGeometry(text, grid, extent)
        and extent == _extent(shape)
        and np.allclose(lps_affine(grid), right_handed(affine, shape[0]), atol=1e-3)
    )


def shared_labelmap(node: Any) -> tuple[Any, dict[Label, int]]:
    """The one label map of the three segments over the whole grid, and the value of each label in it.

    Slicer's tools crop it, and may split it. No observer is told, for no voxel changes.
    """
    segmentation = node.GetSegmentation()
    segments = {label: segmentation.GetSegment(structure.segment_id) for label, structure in BY_LABEL.items()}
    if None in segments.values():
        raise ContourError.of("no-segments")
    grid = vtk.vtkMatrix4x4()
    shape = _read_grid(node, grid)
    images = {segment.GetRepresentation(LABELMAP) for segment in segments.values()}
    image = images.pop()
    if images or image is None or list(image.GetExtent()) != _extent(shape):
        image = slicer.vtkOrientedImageData()
        image.ShallowCopy(image_of(get_labels(node, lps_affine(grid), shape)))
        image.SetImageToWorldMatrix(grid)
        for label, segment in segments.items():
            segment.SetLabelValue(int(label))
            segment.AddRepresentation(LABELMAP, image)
    return image, {label: segment.GetLabelValue() for label, segment in segments.items()}


def _extent(shape: Sequence[int]) -> list[int]:
    """Of the whole grid, as VTK counts it."""
    return [bound for size in reversed(shape) for bound in (0, size - 1)]


def _labelmap(node: Any, segment_id: str, segment: Any) -> tuple[Any, int]:
    """A segment's label map and its value there; one that another module keeps in another form is converted."""
    image = segment.GetRepresentation(LABELMAP)
    if image is not None:
        return image, int(segment.GetLabelValue())
    image = slicer.vtkOrientedImageData()
    slicer.vtkSlicerSegmentationsModuleLogic.GetSegmentBinaryLabelmapRepresentation(node, segment_id, image)
    return image, 1


def _cropped(labels: Labels) -> Any:
    """The box around what is labelled, or one voxel where nothing is, as an image with its place on the grid."""
    low, high = [0, 0, 0], [1, 1, 1]
    if labels.any():
        along = [np.flatnonzero(labels.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
        low, high = [int(places[0]) for places in along], [int(places[-1]) + 1 for places in along]
    image = slicer.vtkOrientedImageData()
    image.ShallowCopy(image_of(labels[tuple(map(slice, low, high))]))
    image.SetExtent([bound for axis in (2, 1, 0) for bound in (low[axis], high[axis] - 1)])
    return image


def _segment(structure: Structure, image: Any, before: Any) -> Any:
    segment = slicer.vtkSegment()
    known = before.GetSegment(structure.segment_id)
    if known is not None:
        segment.DeepCopyMetadata(known)
    else:
        segment.SetName(structure.name)
        segment.SetColor(*(channel / 255 for channel in structure.color_rgb))
        segment.SetTag(segment.GetTerminologyEntryTagName(), structure.terminology_entry)
    segment.SetLabelValue(int(structure.label))
    segment.AddRepresentation(LABELMAP, image)
    return segment


def _read_grid(node: Any, to_ras: vtk.vtkMatrix4x4) -> Shape:
    """Fill in the matrix of the node's own reference grid, and return its shape."""
    text = node.GetSegmentation().GetConversionParameter(REFERENCE_GEOMETRY)
    extent = [0] * 6
    if not text or not slicer.vtkSegmentationConverter.DeserializeImageGeometry(text, to_ras, extent):
        raise LabelError.of("no-geometry", node=node.GetName())
    columns, rows, slices = (extent[2 * axis + 1] + 1 for axis in range(3))
    return slices, rows, columns


def _on_grid(image: Any, grid: Array, shape: Shape) -> Any:
    """The image itself where it lies on the grid, and it does unless somebody changed the segmentation's geometry."""
    to_ras = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(to_ras)
    if np.allclose(lps_affine(to_ras), grid, atol=1e-3):
        return image
    reference = slicer.vtkOrientedImageData()
    reference.SetExtent(_extent(shape))
    reference.SetImageToWorldMatrix(ras_matrix(grid))
    resampled = slicer.vtkOrientedImageData()
    slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(image, reference, resampled)
    return resampled


def _paint(labels: Labels, label: int, image: Any, value: int) -> None:
    """The segment's voxels; its image holds any part of the grid, and may reach beyond."""
    first = np.array(image.GetExtent()[::2])[::-1]
    voxels = voxels_of(image)
    low = np.maximum(first, 0)
    high = np.minimum(first + voxels.shape, labels.shape)
    if (low >= high).any():
        return
    inside = tuple(map(slice, low, high))
    labels[inside][voxels[tuple(map(slice, low - first, high - first))] == value] = label
