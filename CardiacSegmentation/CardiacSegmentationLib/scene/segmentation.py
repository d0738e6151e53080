"""Segmentation ↔ a segmentation sequence in step with the images.

Each phase is one segmentation node. The browser shows the sequence through one proxy node that takes over each
phase's data without a copy, so what the segment editor changes is changed in the sequence.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import slicer

from CardiacSegmentationLib.errors import LabelError
from CardiacSegmentationLib.scene.cine import SEQUENCE, add_sequence, set_stack_affine, stack_affine
from CardiacSegmentationLib.scene.codec import from_text, to_text
from CardiacSegmentationLib.scene.labelmaps import get_labels, put_labels
from CardiacSegmentationLib.scene.nodes import nodes_of_class, one_modification
from CardiacSegmentationLib.reading import Conventions, KeyPhases
from CardiacSegmentationLib.segmentation import Segmentation

if TYPE_CHECKING:
    from CardiacSegmentationLib.findings import Finding
    from CardiacSegmentationLib.scene.labelmaps import Labels

FACTS = "CardiacSegmentation.Segmentation"  # attribute of the segmentation sequence: what label maps cannot hold
FILL_OPACITY = 0.2  # the image stays readable under the fill; the outline stays opaque


@dataclass(frozen=True)
class SegmentationFacts:
    """All of a Segmentation but its labels, and checksums of what the labels were."""

    labelled: tuple[bool, ...]
    included: tuple[tuple[tuple[bool, ...], ...], ...]
    key_phases: KeyPhases
    conventions: Conventions
    findings: tuple[Finding, ...]
    model: str | None
    edited: tuple[tuple[int, int], ...]
    checksums: tuple[tuple[int, ...], ...]  # [phase][slice]

    def edited_in(self, phase: int, labels: Labels) -> set[tuple[int, int]]:
        """``(phase, slice)`` of the label images a person changed in one phase, now or before they were stored."""
        pairs = enumerate(zip(self.checksums[phase], _checksums(labels), strict=True))
        changed = {(phase, slice_) for slice_, (then, now) in pairs if then != now}
        return changed | {place for place in self.edited if place[0] == phase}


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
            put_labels(node, labels, affine)
            sequence.SetDataNodeAtValue(node, images.GetNthIndexValue(phase))
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


def read_segmentation(sequence: Any) -> Segmentation:
    """The labels as they are now, with what was decided about them and which images a person changed since."""
    facts = read_facts(sequence)
    phases = sequence.GetNumberOfDataNodes()
    if phases != len(facts.labelled):
        msg = f"{sequence.GetName()} has {phases} phases, of {len(facts.labelled)} when it was made: segment again."
        raise LabelError(msg)
    labels = np.stack([read_frame(sequence, phase) for phase in range(phases)])
    return Segmentation(
        labels=labels,
        labelled=np.array(facts.labelled) | labels.any(axis=(1, 2, 3)),
        included=np.array(facts.included),
        key_phases=facts.key_phases,
        conventions=facts.conventions,
        findings=facts.findings,
        model=facts.model,
        edited=tuple(sorted(set().union(*(facts.edited_in(phase, frame) for phase, frame in enumerate(labels))))),
    )


def read_frame(sequence: Any, phase: int) -> Labels:
    """The labels of one phase, whether or not it is the one on display."""
    return get_labels(sequence.GetNthDataNode(phase), stack_affine(sequence))


def write_frame(sequence: Any, phase: int, labels: Labels) -> None:
    """Replace the labels of one phase; views and observers take it for a change of the phase, not for a stroke."""
    put_labels(sequence.GetNthDataNode(phase), labels, stack_affine(sequence))
    sequence.Modified()


def read_facts(sequence: Any) -> SegmentationFacts:
    """What is stored beside the labels."""
    try:
        facts: SegmentationFacts = from_text(SegmentationFacts, sequence.GetAttribute(FACTS) or "null")
    except ValueError as error:
        msg = f"{sequence.GetName()} was saved by another version of this program and cannot be read: segment again."
        raise LabelError(msg) from error
    return facts


def write_facts(sequence: Any, segmentation: Segmentation) -> None:
    """Store what label maps cannot hold; from here on, labels other than these count as edited."""
    facts = SegmentationFacts(
        labelled=tuple(segmentation.labelled.tolist()),
        included=segmentation.included.tolist(),
        key_phases=segmentation.key_phases,
        conventions=segmentation.conventions,
        findings=segmentation.findings,
        model=segmentation.model,
        edited=segmentation.edited,
        checksums=tuple(_checksums(labels) for labels in segmentation.labels),
    )
    sequence.SetAttribute(FACTS, to_text(facts))


def change_facts(sequence: Any, **changes: Any) -> None:
    """Change some of what is stored beside the labels, for example ``key_phases``; edits stay edits."""
    sequence.SetAttribute(FACTS, to_text(replace(read_facts(sequence), **changes)))


@cache  # one guard for a scene
def guard_imports(scene: Any) -> tuple[int, int]:
    """Let no import write into the labels that are in the scene; returns the tags of the guard's observers.

    A browser in a file that was saved from a study in the scene finds this study's sequences and nodes by their IDs.
    It puts a phase on display, and its own labels are read into that. So the phases hold copies while an import runs.
    """
    kept: list[tuple[Any, Any, Any]] = []

    def lend_copies(*_event: Any) -> None:
        sequences = [node for node in nodes_of_class(scene, SEQUENCE) if node.GetAttribute(FACTS)]
        for sequence in sequences:
            for phase in range(sequence.GetNumberOfDataNodes()):
                node, copy = sequence.GetNthDataNode(phase), slicer.vtkSegmentation()
                copy.DeepCopy(node.GetSegmentation())
                kept.append((sequence, node, node.GetSegmentation()))
                node.SetAndObserveSegmentation(copy)

    def put_back(*_event: Any) -> None:
        for sequence, node, labels in kept:
            node.SetAndObserveSegmentation(labels)
            sequence.Modified()  # its browser shows the phase again that it showed before
        kept.clear()

    start = scene.AddObserver(slicer.vtkMRMLScene.StartImportEvent, lend_copies)
    end = scene.AddObserver(slicer.vtkMRMLScene.EndImportEvent, put_back, 1.0)  # before anybody reads the labels
    return start, end


def set_display(proxy: Any, volume: Any) -> None:
    """Contours as a reader wants them, and the volume that the segment editor paints on."""
    display = proxy.GetDisplayNode()
    display.SetOpacity2DFill(FILL_OPACITY)
    display.SetSliceIntersectionThickness(2)
    proxy.SetNodeReferenceID(proxy.GetReferenceImageGeometryReferenceRole(), volume.GetID())


def _checksums(labels: Labels) -> tuple[int, ...]:
    return tuple(zlib.crc32(np.ascontiguousarray(image)) for image in labels)


def _check_fit(images: Any, segmentation: Segmentation) -> None:
    columns, rows, slices = images.GetNthDataNode(0).GetImageData().GetDimensions()
    grid = (images.GetNumberOfDataNodes(), slices, rows, columns)
    if segmentation.labels.shape != grid:
        msg = f"The labels {segmentation.labels.shape} do not lie on the grid of the images {grid}."
        raise LabelError(msg)
