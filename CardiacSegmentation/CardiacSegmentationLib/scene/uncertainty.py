"""How unsure the network is of each voxel, as a volume sequence in step with the images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import slicer

from CardiacSegmentationLib.errors import LabelError
from CardiacSegmentationLib.scene.cine import frame_affine, stack_affine
from CardiacSegmentationLib.scene.hierarchy import put_beside
from CardiacSegmentationLib.scene.nodes import one_modification
from CardiacSegmentationLib.scene.study import UNCERTAINTY, Study
from CardiacSegmentationLib.scene.voxels import are_opposite, image_of

if TYPE_CHECKING:
    from CardiacSegmentationLib.stack import Array

COLOURS = "vtkMRMLColorTableNodeFileInferno.txt"  # as Slicer names the node; where it is missing, grey does


def set_uncertainty(study: Study, percent: Array) -> None:
    """Put ``percent[phase, slice, row, column]`` beside the images, in place of an earlier map."""
    images = study.images
    if len(percent) != images.GetNumberOfDataNodes():
        raise LabelError.of("uncertainty-phases", map=len(percent), images=images.GetNumberOfDataNodes())
    before = study.result(UNCERTAINTY)
    sequence = before or study.node.GetScene().AddNewNodeByClass("vtkMRMLSequenceNode", f"{study.name} uncertainty")
    with one_modification(sequence):
        sequence.SetIndexName(images.GetIndexName())
        sequence.SetIndexUnit(images.GetIndexUnit())
        for phase, voxels in enumerate(percent):
            sequence.SetDataNodeAtValue(_frame(images, phase, voxels), images.GetNthIndexValue(phase))
    if before is None:
        study.node.SetNodeReferenceID(UNCERTAINTY, sequence.GetID())
        study.browser.AddSynchronizedSequenceNode(sequence)
        put_beside(images, [sequence, uncertainty_node(study)])
        _set_display(uncertainty_node(study))


def uncertainty_node(study: Study) -> Any:
    """The map on display, or None."""
    sequence = study.result(UNCERTAINTY)
    return study.browser.GetProxyNode(sequence) if sequence is not None else None


def _frame(images: Any, phase: int, voxels: Array) -> Any:
    image = images.GetNthDataNode(phase)
    step = -1 if are_opposite(frame_affine(image), stack_affine(images)) else 1
    volume = slicer.vtkMRMLScalarVolumeNode()
    volume.SetName(f"{images.GetName()} uncertainty {phase + 1}")
    volume.CopyOrientation(image)
    volume.SetAndObserveImageData(image_of(voxels[::step]))
    return volume


def _set_display(volume: Any) -> None:
    """Nothing where the network is sure, bright where it is not."""
    display = volume.GetDisplayNode()
    if volume.GetScene().GetNodeByID(COLOURS) is not None:
        display.SetAndObserveColorNodeID(COLOURS)
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(0.0, 100.0)
    display.SetLowerThreshold(1.0)
    display.ApplyThresholdOn()
