"""Segmentation ↔ a segmentation sequence in step with the images.

Each phase is one segmentation node. The browser shows the sequence through one proxy node that takes over each
phase's data without a copy, so what the segment editor changes is changed in the sequence.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import slicer
import vtk

from CardiacSegmentationLib.errors import LabelError
from CardiacSegmentationLib.scene.cine import SEQUENCE, add_sequence, set_stack_affine, stack_affine, stack_shape
from CardiacSegmentationLib.scene.labelmaps import get_labels, is_on_grid, put_labels
from CardiacSegmentationLib.scene.nodes import nodes_of_class, one_modification
from CardiacSegmentationLib.segmentation import (
    STRUCTURES,
    Label,
    Origin,
    PackedLabels,
    Segmentation,
    changed_by_hand,
    changed_images,
    checksums_of,
)
from CardiacSegmentationLib.segmentation_json import contours_to_list, segmentation_from_dict, segmentation_to_dict
from CardiacSegmentationLib.structures import BY_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from CardiacSegmentationLib.segmentation import Labels

# Attributes of the segmentation sequence: what label maps cannot hold, and what changes with every stroke.
FACTS, IMAGES = "CardiacSegmentation.Segmentation", "CardiacSegmentation.Images"
PER_IMAGE = ("labelled", "origin", "contours")
LINE_PIXELS = 2
FILL_OPACITY = 0.2  # the image stays readable under the fill; the outline stays opaque


def add_segmentation(browser: Any, images: Any, segmentation: Segmentation) -> Any:
    """Add the labels beside the images; the browser shows both in step and keeps what is edited."""
    _check_fit(images, segmentation)
    name = f"{images.GetName()} segmentation"
    sequence = add_sequence(browser.GetScene(), name)
    with one_modification(sequence):
        sequence.SetIndexName(images.GetIndexName())  # name and unit must be those of the images,
        sequence.SetIndexUnit(images.GetIndexUnit())  # or Slicer refuses to show both in step
        affine = stack_affine(images)
        set_stack_affine(sequence, affine)
        for phase, labels in enumerate(segmentation.labels):
            node = slicer.vtkMRMLSegmentationNode()
            node.SetName(name)
            kept = sequence.SetDataNodeAtValue(node, images.GetNthIndexValue(phase))  # a copy
            put_labels(kept, labels, affine)
        write_facts(sequence, segmentation)
    browser.AddSynchronizedSequenceNode(sequence)
    # Last: with it on, the proxy's first content would have been written into the phase on display.
    browser.SetSaveChanges(sequence, True)
    set_display(browser.GetProxyNode(sequence), browser.GetProxyNode(images))
    return sequence


def replace_segmentation(sequence: Any, images: Any, segmentation: Segmentation) -> None:
    """Put other labels into the nodes of ``add_segmentation``; who observes or edits those keeps them."""
    _check_fit(images, segmentation)
    with one_modification(sequence):
        for phase, labels in enumerate(segmentation.labels):
            write_frame(sequence, phase, labels)
        write_facts(sequence, segmentation)


def has_all_phases(sequence: Any, images: Any) -> bool:
    """Whether there are labels for each phase, as ``replace_segmentation`` needs them: somebody may delete some."""
    indices = [
        [one.GetNthIndexValue(phase) for phase in range(one.GetNumberOfDataNodes())] for one in (sequence, images)
    ]
    return indices[0] == indices[1]


def read_segmentation(sequence: Any, images: Any) -> Segmentation:
    """The labels as they are now, on the grid of the images.

    One that differs from what was noted last was changed by a person.
    """
    noted = _read_json(sequence, IMAGES)
    phases = sequence.GetNumberOfDataNodes()
    if phases != len(noted["labelled"]):
        raise LabelError.of("segmentation-phases", node=sequence.GetName(), there=phases, made=len(noted["labelled"]))
    labels = np.stack([read_frame(sequence, images, phase) for phase in range(phases)])
    made = segmentation_from_dict({**_read_json(sequence, FACTS), **noted}, labels)
    return changed_by_hand(made, changed_images(labels, noted["checksums"]))


def changed_outside(sequence: Any, segmentation: Segmentation) -> list[tuple[int, int]]:
    """The images ``(phase, slice)`` that were changed since they were noted last, by other modules."""
    return changed_images(segmentation.labels, _read_json(sequence, IMAGES)["checksums"])


def read_frame(sequence: Any, images: Any, phase: int) -> Labels:
    """The labels of one phase, whether or not it is the one on display."""
    return get_labels(sequence.GetNthDataNode(phase), stack_affine(sequence), stack_shape(images))


def is_as_written(sequence: Any, images: Any, phase: int) -> bool:
    """Whether a phase is a label map on the grid of the images; other modules may give it another form."""
    node = sequence.GetNthDataNode(phase)
    return node is None or is_on_grid(node, stack_affine(sequence), stack_shape(images))


def write_frame(sequence: Any, phase: int, labels: Labels) -> None:
    """Replace the labels of one phase; views and observers take it for a change of the phase, not for a stroke."""
    put_labels(sequence.GetNthDataNode(phase), labels, stack_affine(sequence))
    sequence.Modified()


def write_facts(sequence: Any, segmentation: Segmentation) -> None:
    """Store what label maps cannot hold, and the labels as the network made them."""
    if segmentation.automatic is None and not segmentation.corrected.any():
        automatic = PackedLabels.pack(segmentation.labels, segmentation.labelled)
        segmentation = replace(segmentation, automatic=automatic)
    facts = segmentation_to_dict(segmentation)
    sequence.SetAttribute(FACTS, json.dumps({name: facts[name] for name in facts if name not in PER_IMAGE}))
    note_images(sequence, segmentation)


def note_images(sequence: Any, segmentation: Segmentation, changed: Iterable[tuple[int, int]] | None = None) -> None:
    """Note which images are whose, and how they are now: those that ``changed``, or all."""
    if changed is None:
        checksums = checksums_of(segmentation.labels)
    else:
        checksums = _read_json(sequence, IMAGES)["checksums"]
        for phase, place in changed:
            checksums[phase][place] = checksums_of(segmentation.labels[phase : phase + 1, place : place + 1])[0][0]
    noted = {
        "labelled": segmentation.labelled.tolist(),
        "origin": [[Origin(code).name for code in phase] for phase in segmentation.origin.tolist()],
        "contours": contours_to_list(segmentation.contours),
        "checksums": checksums,
    }
    sequence.SetAttribute(IMAGES, json.dumps(noted))


def _read_json(sequence: Any, name: str) -> dict[str, Any]:
    try:
        stored = json.loads(sequence.GetAttribute(name) or "null")
        return dict(stored)
    except (TypeError, ValueError) as error:
        raise LabelError.of("segmentation-unreadable", node=sequence.GetName()) from error


@cache  # one guard for a scene
def guard_imports(scene: Any) -> tuple[int, int]:
    """Let no import write into the labels that are in the scene; returns the tags of the guard's observers.

    A browser in a file that was saved from a study in the scene finds this study's sequences and nodes by their IDs.
    It puts a phase on display, and its own labels are read into that. So the phases hold copies while an import runs.
    """
    kept: list[tuple[Any, Any, Any]] = []

    def lend_copies(*_event: Any) -> None:
        for sequence in _own_sequences(scene):
            for phase in range(sequence.GetNumberOfDataNodes()):
                node = sequence.GetNthDataNode(phase)
                kept.append((sequence, node, node.GetSegmentation()))
                node.SetAndObserveSegmentation(_copy_of(node.GetSegmentation()))

    def put_back(*_event: Any) -> None:
        for sequence, node, labels in kept:
            node.SetAndObserveSegmentation(labels)
            sequence.Modified()  # its browser shows the phase again that it showed before
        kept.clear()

    start = scene.AddObserver(slicer.vtkMRMLScene.StartImportEvent, lend_copies)
    end = scene.AddObserver(slicer.vtkMRMLScene.EndImportEvent, put_back, 1.0)  # before anybody reads the labels
    return start, end


@cache  # one guard for a scene
def guard_deletions(scene: Any) -> int:
    """Let no phase go empty with the node that shows it; returns the tag of the guard's observer.

    With a segmentation node Slicer takes away its segments, and the phase on display shares them with it. So the phase
    gets a copy before, whether or not its study is at hand.
    """

    @vtk.calldata_type(vtk.VTK_OBJECT)  # type: ignore[untyped-decorator]
    def keep_phase(_scene: Any, _event: str, node: Any) -> None:
        if not node.IsA("vtkMRMLSegmentationNode") or scene.IsClosing():
            return
        for sequence in _own_sequences(scene):
            for phase in range(sequence.GetNumberOfDataNodes()):
                frame = sequence.GetNthDataNode(phase)
                if frame.GetSegmentation() is node.GetSegmentation():
                    frame.SetAndObserveSegmentation(_copy_of(frame.GetSegmentation()))

    return int(scene.AddObserver(slicer.vtkMRMLScene.NodeAboutToBeRemovedEvent, keep_phase, 1.0))  # before Slicer


def _own_sequences(scene: Any) -> list[Any]:
    return [node for node in nodes_of_class(scene, SEQUENCE) if node.GetAttribute(FACTS)]


def _copy_of(segmentation: Any) -> Any:
    copy = slicer.vtkSegmentation()
    copy.DeepCopy(segmentation)
    return copy


def set_display(proxy: Any, volume: Any) -> None:
    """Contours as a reader wants them, and the volume that the segment editor paints on."""
    display = proxy.GetDisplayNode()
    display.SetOpacity2DFill(FILL_OPACITY)
    display.SetVisibility2DFill(False)
    display.SetSliceIntersectionThickness(LINE_PIXELS)
    proxy.SetNodeReferenceID(proxy.GetReferenceImageGeometryReferenceRole(), volume.GetID())


def toggle_fill(proxy: Any) -> None:
    """Fill the contours, or show lines alone."""
    display = proxy.GetDisplayNode()
    display.SetVisibility2DFill(not display.GetVisibility2DFill())


def toggle_contours(proxy: Any) -> None:
    """Hide the contours, or show them again."""
    display = proxy.GetDisplayNode()
    display.SetVisibility(not display.GetVisibility())


def show_voxel_outlines(display: Any, on: bool) -> None:
    """Show Slicer's own outlines along the voxels by a display node, or leave it to lines of ours."""
    if display.GetScene() is not None and bool(display.GetVisibility2DOutline()) != on:
        display.SetVisibility2DOutline(on)


def shown_structures(proxy: Any) -> tuple[Label, ...]:
    """The structures that are not hidden, all together or by their eyes in Slicer's lists."""
    display = proxy.GetDisplayNode()
    if not display.GetVisibility():
        return ()
    there = set(proxy.GetSegmentation().GetSegmentIDs())  # one may have been removed; to ask about it is an error
    ids = {label: BY_LABEL[label].segment_id for label in STRUCTURES}
    return tuple(label for label, name in ids.items() if name in there and display.GetSegmentVisibility(name))


def _check_fit(images: Any, segmentation: Segmentation) -> None:
    grid = (images.GetNumberOfDataNodes(), *stack_shape(images))
    if segmentation.labels.shape != grid:
        labels, there = (" × ".join(map(str, sizes)) for sizes in (segmentation.labels.shape, grid))
        raise LabelError.of("labels-grid", labels=labels, images=there)
