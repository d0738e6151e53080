"""Images that somebody else loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.errors import StudyError
from CardiacSegmentationLib.scene.sources import stack_from_node

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.stack import CineStack


def a_volume(scene: Any, stack: CineStack, phase: int = 0, class_name: str = "vtkMRMLScalarVolumeNode") -> Any:
    """One phase as any other module would have loaded it."""
    import slicer
    from CardiacSegmentationLib.scene.voxels import ras_matrix, reverse_slices

    node = scene.AddNewNodeByClass(class_name, "Loaded")
    node.SetIJKToRASMatrix(ras_matrix(reverse_slices(stack.affine, stack.slices)))
    slicer.util.updateVolumeFromArray(node, stack.voxels[phase, ::-1].astype(np.int16))
    return node


def a_sequence(scene: Any, stack: CineStack, index: tuple[str, str], values: list[str]) -> Any:
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "Loaded")
    sequence.SetIndexName(index[0])
    sequence.SetIndexUnit(index[1])
    for phase, value in enumerate(values):
        volume = a_volume(scene, stack, phase)
        sequence.SetDataNodeAtValue(volume, value)
        scene.RemoveNode(volume)
    return sequence


def codes(stack: CineStack) -> set[str]:
    return {finding.code for finding in stack.findings}


@pytest.mark.parametrize(
    ("index", "scale", "times_known"),
    [(("time", "ms"), 1.0, True), (("TriggerTime", "s"), 0.001, True), (("frame", ""), None, False)],
    ids=["milliseconds", "seconds", "frame numbers"],
)
def test_a_sequence_of_volumes(
    a_scene: Any, a_stack: CineStack, index: tuple[str, str], scale: float | None, times_known: bool
) -> None:
    values = [str(phase if scale is None else time * scale) for phase, time in enumerate(a_stack.times_ms)]
    stack = stack_from_node(a_sequence(a_scene, a_stack, index, values))
    assert np.array_equal(stack.voxels, a_stack.voxels)
    np.testing.assert_allclose(stack.affine, a_stack.affine, atol=1e-6)
    assert (stack.times_ms == pytest.approx(a_stack.times_ms)) is times_known
    assert ("times-unknown" in codes(stack)) is not times_known
    assert ("rr-assumed" in codes(stack)) is times_known
    assert (stack.rr_ms == pytest.approx(a_stack.rr_ms, rel=0.01)) is times_known


def test_a_multi_volume(a_scene: Any, a_stack: CineStack) -> None:
    """vtkMRMLMultiVolumeNode is no part of slicer-core; this is its content: a component per frame, and attributes."""
    import slicer
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    node = a_volume(a_scene, a_stack, class_name="vtkMRMLVectorVolumeNode")
    image = vtk.vtkImageData()
    image.SetDimensions(*reversed(a_stack.voxels.shape[1:]))
    values = np.moveaxis(a_stack.voxels[:, ::-1], 0, -1).reshape(-1, a_stack.phases)
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(values), deep=True))
    node.SetAndObserveImageData(image)
    node.SetAttribute("MultiVolume.FrameLabels", ",".join(map(str, a_stack.times_ms)))
    node.SetAttribute("MultiVolume.FrameIdentifyingDICOMTagUnits", "ms")
    stack = stack_from_node(node)
    assert np.array_equal(stack.voxels, a_stack.voxels)
    assert stack.times_ms == pytest.approx(a_stack.times_ms)
    assert slicer.mrmlScene is a_scene


def test_one_plain_volume_is_one_phase(a_scene: Any, a_stack: CineStack) -> None:
    stack = stack_from_node(a_volume(a_scene, a_stack, phase=2))
    assert np.array_equal(stack.voxels[0], a_stack.voxels[2])
    assert (stack.times_ms, stack.rr_ms, stack.title) == ((0.0,), None, "Loaded")


def test_our_own_sequence_and_what_it_shows_are_the_whole_stack(a_study: Study, a_stack: CineStack) -> None:
    for node in (a_study.images, a_study.volume_node):
        stack = stack_from_node(node)
        assert np.array_equal(stack.voxels, a_stack.voxels)
        assert stack.patient == a_stack.patient


def test_a_transform_above_the_volume_counts(a_scene: Any, a_stack: CineStack) -> None:
    import vtk

    volume = a_volume(a_scene, a_stack)
    transform = a_scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    shift = vtk.vtkMatrix4x4()
    shift.SetElement(0, 3, 10.0)  # to the right, which is minus x for DICOM
    transform.SetMatrixTransformToParent(shift)
    volume.SetAndObserveTransformNodeID(transform.GetID())
    moved = stack_from_node(volume).affine[:3, 3] - a_stack.affine[:3, 3]
    np.testing.assert_allclose(moved, (-10, 0, 0), atol=1e-6)


@pytest.mark.parametrize("kind", ["table", "empty volume", "label map", "colour picture", "mixed grids", "no volumes"])
def test_what_holds_no_stack_is_refused_in_plain_words(a_scene: Any, a_stack: CineStack, kind: str) -> None:
    import slicer

    if kind == "mixed grids":
        node = a_sequence(a_scene, a_stack, ("time", "ms"), ["0", "40"])
        node.GetNthDataNode(1).SetOrigin(1, 2, 3)
    elif kind == "colour picture":
        node = a_scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode")
        slicer.util.updateVolumeFromArray(node, np.zeros((2, 3, 4, 3), np.uint8))
    elif kind == "label map":
        node = a_volume(a_scene, a_stack, class_name="vtkMRMLLabelMapVolumeNode")
    else:
        classes = {"table": "vtkMRMLTableNode", "empty volume": "vtkMRMLScalarVolumeNode"}
        node = a_scene.AddNewNodeByClass(classes.get(kind, "vtkMRMLSequenceNode"))
    with pytest.raises(StudyError, match=r"no images|colour picture|do not lie on one grid|no sequence of volumes"):
        stack_from_node(node)
