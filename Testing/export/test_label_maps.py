"""Label maps lie where the images lie, to the last bit, and Slicer knows them as segmentations."""

from __future__ import annotations

import dataclasses
import gzip
import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK
from CardiacSegmentationLib.cine import find_stacks, read_stack
from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.export.label_maps import NIFTI, write_label_nifti, write_slicer_segmentation
from CardiacSegmentationLib.segmentation import Segmentation
from CardiacSegmentationLib.stack import CineStack, Source
from CardiacSegmentationLib.structures import BY_LABEL

if TYPE_CHECKING:
    from pathlib import Path


def _centre_of_voxel(image: SimpleITK.Image, column: int, row: int, slice_: int) -> np.ndarray:
    index = [column, row, slice_, 0][: image.GetDimension()]
    return np.array(image.TransformIndexToPhysicalPoint(index)[:3])


def test_labels_without_a_source_lie_on_the_grid_of_the_stack(
    tmp_path: Path, stack: CineStack, segmentation: Segmentation
) -> None:
    write_label_nifti(stack, segmentation, tmp_path / "labels.nii.gz")
    image = SimpleITK.ReadImage(tmp_path / "labels.nii.gz")
    assert np.array_equal(SimpleITK.GetArrayFromImage(image), segmentation.labels)
    for index in ((0, 0, 0), (79, 0, 0), (0, 71, 0), (0, 0, 5)):
        assert np.allclose(_centre_of_voxel(image, *index), (stack.affine @ [*index, 1])[:3], atol=1e-4)


@pytest.mark.parametrize("name", ["images.nii.gz", "images.nii"])
@pytest.mark.parametrize("order", ["base first", "apex first"])
def test_labels_of_a_nifti_share_its_grid_to_the_last_bit(
    tmp_path: Path, stack: CineStack, segmentation: Segmentation, name: str, order: str
) -> None:
    slices = list(range(stack.slices)) if order == "base first" else list(range(stack.slices))[::-1]
    source = tmp_path / name
    frames = [SimpleITK.GetImageFromArray(frame[slices]) for frame in stack.voxels]
    image = SimpleITK.JoinSeries(frames, 0.0, 0.125)
    image.SetSpacing((1.4987654, 1.4987654, 9.87654321, 0.0333))
    SimpleITK.WriteImage(image, str(source))
    read = dataclasses.replace(stack, source=Source(source, "NIfTI", tuple(slices)))

    written = tmp_path / "labels.nii.gz"
    write_label_nifti(read, segmentation, written)

    content = source.read_bytes()
    theirs = np.frombuffer(gzip.decompress(content) if name.endswith("gz") else content, NIFTI, 1)[0]
    ours = np.frombuffer(gzip.decompress(written.read_bytes()), NIFTI, 1)[0]
    for field in ("dim", "pixdim", "xyzt_units", "qform_code", "sform_code", "quaternion", "qoffset", "srow"):
        assert np.array_equal(ours[field], theirs[field]), field
    assert np.array_equal(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(written)), segmentation.labels[:, slices])


def test_free_text_of_a_nifti_header_is_not_passed_on(
    tmp_path: Path, stack: CineStack, segmentation: Segmentation
) -> None:
    source = tmp_path / "images.nii"
    image = SimpleITK.JoinSeries([SimpleITK.GetImageFromArray(frame) for frame in stack.voxels])
    SimpleITK.WriteImage(image, source)
    content = bytearray(source.read_bytes())
    content[14:24], content[148:153], content[228:233] = b"Mrs. Smith", b"Smith", b"Smith"  # db_name, descrip, aux_file
    source.write_bytes(content)
    read = dataclasses.replace(stack, source=Source(source, "NIfTI", tuple(range(stack.slices))))
    write_label_nifti(read, segmentation, tmp_path / "labels.nii")
    assert b"Smith" not in (tmp_path / "labels.nii").read_bytes()


def test_a_source_that_changed_meanwhile_is_refused(
    tmp_path: Path, stack: CineStack, segmentation: Segmentation
) -> None:
    source = tmp_path / "images.nii"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(stack.voxels[0, :, :-1]), str(source))
    read = dataclasses.replace(stack, source=Source(source, "NIfTI", tuple(range(stack.slices))))
    with pytest.raises(ExportError, match="changed since it was read"):
        write_label_nifti(read, segmentation, tmp_path / "labels.nii.gz")
    assert not (tmp_path / "labels.nii.gz").exists()


@pytest.mark.parametrize(
    "write", [write_label_nifti, lambda *values: write_slicer_segmentation(*values[:2], 0, values[2])]
)
def test_a_name_that_says_another_format_is_refused(tmp_path, stack, segmentation, write) -> None:
    with pytest.raises(ExportError, match="name"):
        write(stack, segmentation, tmp_path / "labels.png")


def test_the_same_labels_give_the_same_bytes(tmp_path: Path, stack: CineStack, segmentation: Segmentation) -> None:
    for name in ("a.nii.gz", "b.nii.gz"):
        write_label_nifti(stack, segmentation, tmp_path / name)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


def test_slicer_opens_a_phase_as_a_segmentation_with_names_colours_and_terminology(
    tmp_path: Path, stack: CineStack, segmentation: Segmentation
) -> None:
    slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")
    vtk = pytest.importorskip("vtk")
    path = tmp_path / "ES.seg.nrrd"
    write_slicer_segmentation(stack, segmentation, 3, path)

    scene = slicer.vtkMRMLScene()
    node, storage = slicer.vtkMRMLSegmentationNode(), slicer.vtkMRMLSegmentationStorageNode()
    scene.AddNode(node)
    scene.AddNode(storage)
    storage.SetFileName(str(path))
    node.SetAndObserveStorageNodeID(storage.GetID())
    assert storage.ReadData(node)

    opened = node.GetSegmentation()
    assert {opened.GetNthSegmentID(index) for index in range(opened.GetNumberOfSegments())} == {"LV", "MYO", "RV"}
    for label, structure in BY_LABEL.items():
        segment = opened.GetSegment(structure.segment_id)
        assert segment.GetName() == structure.name
        assert np.allclose(np.array(segment.GetColor()) * 255, structure.color_rgb, atol=0.5)
        terminology = vtk.reference("")
        assert segment.GetTag("TerminologyEntry", terminology)
        assert str(terminology) == structure.terminology_entry

        labelmap = slicer.vtkOrientedImageData()
        node.GetBinaryLabelmapRepresentation(structure.segment_id, labelmap)
        to_world = vtk.vtkMatrix4x4()
        labelmap.GetImageToWorldMatrix(to_world)
        inside = np.argwhere(segmentation.labels[3] == label)
        for slice_, row, column in inside[:: len(inside) // 7]:
            lps = stack.affine @ [column, row, slice_, 1]
            ras = [-lps[0], -lps[1], lps[2], 1]
            inverse = vtk.vtkMatrix4x4()
            vtk.vtkMatrix4x4.Invert(to_world, inverse)
            i, j, k = (round(value) for value in inverse.MultiplyPoint(ras)[:3])
            assert labelmap.GetScalarComponentAsDouble(i, j, k, 0) > 0


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd"])
@pytest.mark.parametrize("order", ["base first", "apex first"])
def test_labels_of_a_file_read_by_the_importer_fit_that_file(
    tmp_path: Path, stack: CineStack, segmentation: Segmentation, suffix: str, order: str
) -> None:
    slices = list(range(stack.slices)) if order == "base first" else list(range(stack.slices))[::-1]
    frames = []
    for voxels in stack.voxels:
        frame = SimpleITK.GetImageFromArray(voxels[slices])
        frame.SetSpacing((1.5, 1.5, 10.0))
        step = stack.affine[:3, 2] / 10.0 * (1 if order == "base first" else -1)
        frame.SetDirection(np.column_stack([stack.affine[:3, 0] / 1.5, stack.affine[:3, 1] / 1.5, step]).ravel())
        frame.SetOrigin((stack.affine @ [0, 0, slices[0], 1])[:3])
        frames.append(frame)
    source = tmp_path / f"images{suffix}"
    SimpleITK.WriteImage(SimpleITK.JoinSeries(frames, 0.0, 0.125), source)
    read = read_stack(find_stacks(source), 0)
    assert read.source is not None
    in_its_order = segmentation.labels[:, [slices[index] for index in read.source.slice_order]]

    write_label_nifti(read, Segmentation.of(in_its_order), tmp_path / "labels.nii.gz")

    images, labels = SimpleITK.ReadImage(source), SimpleITK.ReadImage(tmp_path / "labels.nii.gz")
    assert np.array_equal(SimpleITK.GetArrayFromImage(labels), segmentation.labels[:, slices])
    for index in ((0, 0, 0), (79, 71, 0), (40, 3, 5)):
        assert np.allclose(_centre_of_voxel(images, *index), _centre_of_voxel(labels, *index), atol=1e-4)


@pytest.mark.parametrize("name", ["labels.nii.gz", "labels.nii"])
def test_labels_are_written_phase_by_phase(
    tmp_path: Path, stack: CineStack, segmentation: Segmentation, name: str
) -> None:
    """A long study needs no more memory for it than a short one."""
    many = 50
    times = tuple(np.arange(many * stack.phases) * 10.0)
    long = dataclasses.replace(stack, voxels=np.repeat(stack.voxels, many, axis=0), times_ms=times)
    labels = Segmentation.of(np.repeat(segmentation.labels, many, axis=0))
    tracemalloc.start()
    try:
        write_label_nifti(long, labels, tmp_path / name)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < labels.labels.nbytes / 5
    assert np.array_equal(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(tmp_path / name)), labels.labels)
