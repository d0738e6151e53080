"""ED, ES or any other phase as plain nodes of their own, for modules that know no sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from CardiacSegmentationLib.scene.cine import UIDS, stack_affine
from CardiacSegmentationLib.scene.labelmaps import get_labels, put_labels
from CardiacSegmentationLib.scene.segmentation import set_display

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study


def add_phase_nodes(study: Study, phase: int, name: str) -> tuple[Any, Any]:
    """Add a copy of one phase: its volume, and a segmentation that refers to it (None where there are no labels).

    They are the user's from here on: neither follows later edits, nor goes when the study is removed.
    """
    volume = _add_volume(study, phase, name)
    if study.segmentation is None:
        return volume, None
    affine = stack_affine(study.images)
    segmentation = study.node.GetScene().AddNewNodeByClass(
        "vtkMRMLSegmentationNode", f"{study.name} {name} segmentation"
    )
    put_labels(segmentation, get_labels(study.segmentation.GetNthDataNode(phase), affine), affine)
    segmentation.CreateDefaultDisplayNodes()
    set_display(segmentation, volume)
    return volume, segmentation


def _add_volume(study: Study, phase: int, name: str) -> Any:
    frame = study.images.GetNthDataNode(phase)
    volume = study.node.GetScene().AddNewNodeByClass("vtkMRMLScalarVolumeNode", f"{study.name} {name}")
    volume.CopyContent(frame)
    if frame.GetAttribute(UIDS):
        volume.SetAttribute(UIDS, frame.GetAttribute(UIDS))
    volume.CreateDefaultDisplayNodes()
    shown, display = study.volume_node.GetDisplayNode(), volume.GetDisplayNode()
    display.AutoWindowLevelOff()
    display.SetWindowLevel(shown.GetWindow(), shown.GetLevel())
    return volume
