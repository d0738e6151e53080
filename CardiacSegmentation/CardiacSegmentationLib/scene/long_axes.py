"""Long-axis cines of a study as volume sequences in the same browser: they show the phase that the stack shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import slicer

from CardiacSegmentationLib.cine import read_long_axes, read_stack
from CardiacSegmentationLib.long_axis import LongAxis
from CardiacSegmentationLib.scene.cine import UIDS, add_sequence, frame_affine
from CardiacSegmentationLib.scene.codec import from_json
from CardiacSegmentationLib.scene.hierarchy import put_beside
from CardiacSegmentationLib.scene.nodes import one_modification
from CardiacSegmentationLib.scene.study import Study, load_study
from CardiacSegmentationLib.scene.voxels import image_of, ras_matrix, right_handed, voxels_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CardiacSegmentationLib.cine import FoundStudy

LONG_AXIS = "longAxis"  # role of the references from the study's node, in the order of the long axes
CHOSEN = "longAxisShown"  # parameter of the study's node: the name of the one beside the short axis, "" for none
FACTS = "CardiacSegmentation.LongAxis"  # attribute of a sequence: what a sequence of volumes cannot hold
KINDS = {"name": str, "title": str, "times_ms": tuple[float, ...], "instance_uids": tuple[str, ...]}


def load_found(scene: Any, found: FoundStudy, index: int | None = None) -> Study:
    """Add the chosen stack of a study, or stack ``index``, to the scene, with the long axes that go with it."""
    study = load_study(scene, read_stack(found, index))
    add_long_axes(study, read_long_axes(found, index))
    return study


def add_long_axes(study: Study, long_axes: Sequence[LongAxis]) -> None:
    """Put long-axis cines beside the stack, in step with it."""
    for long_axis in long_axes:
        sequence = add_sequence(study.node.GetScene(), f"{study.name} {long_axis.name}")
        images = study.images
        with one_modification(sequence):
            sequence.SetIndexName(images.GetIndexName())
            sequence.SetIndexUnit(images.GetIndexUnit())
            sequence.SetAttribute(FACTS, json.dumps({name: getattr(long_axis, name) for name in KINDS}))
            for phase in range(images.GetNumberOfDataNodes()):
                sequence.SetDataNodeAtValue(_frame(long_axis, phase), images.GetNthIndexValue(phase))
        study.node.AddNodeReferenceID(LONG_AXIS, sequence.GetID())
        study.browser.AddSynchronizedSequenceNode(sequence)
        proxy = study.browser.GetProxyNode(sequence)
        display = proxy.GetDisplayNode()
        display.AutoWindowLevelOff()
        low, high = np.percentile(long_axis.voxels[:, ::4, ::4], (1, 99.5))
        display.SetWindowLevelMinMax(float(low), float(max(high, low + 1)))
        put_beside(images, [sequence, proxy])


def long_axes_of(study: Study) -> dict[str, LongAxis]:
    """The study's long axes by name, as the values they were made from; one that was changed is left out."""
    found = {}
    for sequence in _sequences(study):
        frames = [sequence.GetNthDataNode(phase) for phase in range(sequence.GetNumberOfDataNodes())]
        try:
            stored = json.loads(sequence.GetAttribute(FACTS) or "")
            facts = {name: from_json(kind, stored[name]) for name, kind in KINDS.items()}
            voxels = np.stack([voxels_of(frame.GetImageData())[0] for frame in frames])
            long_axis = LongAxis(voxels=voxels, affine=frame_affine(frames[0]), **facts)
        except (ValueError, KeyError, IndexError, AttributeError):
            continue
        if long_axis.phases == study.images.GetNumberOfDataNodes():
            found[long_axis.name] = long_axis
    return found


def long_axis_volume(study: Study, name: str) -> Any:
    """The volume on display of a long axis, or None."""
    for sequence in _sequences(study):
        if json.loads(sequence.GetAttribute(FACTS) or "{}").get("name") == name:
            return study.browser.GetProxyNode(sequence)
    return None


def choose_long_axis(study: Study, name: str) -> None:
    """Note which long axis is shown beside the short one; saved with the scene."""
    study.node.SetParameter(CHOSEN, json.dumps(name))


def chosen_long_axis(study: Study) -> str | None:
    """The long axis that was chosen, an empty name where none is to be shown; None where nobody chose."""
    text = study.node.GetParameter(CHOSEN)
    return str(json.loads(text)) if text else None


def _sequences(study: Study) -> list[Any]:
    count = study.node.GetNumberOfNodeReferences(LONG_AXIS)
    found = [study.node.GetNthNodeReference(LONG_AXIS, number) for number in range(count)]
    return [sequence for sequence in found if sequence is not None and sequence.GetNumberOfDataNodes()]


def _frame(long_axis: LongAxis, phase: int) -> Any:
    volume = slicer.vtkMRMLScalarVolumeNode()
    volume.SetName(f"{long_axis.title or long_axis.name} {phase + 1}")
    volume.SetIJKToRASMatrix(ras_matrix(right_handed(long_axis.affine, 1)))
    volume.SetAndObserveImageData(image_of(long_axis.voxels[phase][None]))
    if long_axis.instance_uids:
        volume.SetAttribute(UIDS, long_axis.instance_uids[phase])
    return volume
