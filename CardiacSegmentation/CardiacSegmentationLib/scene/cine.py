"""CineStack → volume sequence with its browser, and nodes of any origin → CineStack."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import slicer
import vtk

from CardiacSegmentationLib.errors import MALFORMED, StudyError
from CardiacSegmentationLib.scene.codec import from_json, to_text, type_hints
from CardiacSegmentationLib.scene.nodes import one_modification
from CardiacSegmentationLib.scene.voxels import (
    are_opposite,
    image_of,
    lps_affine,
    ras_matrix,
    reverse_slices,
    right_handed,
    voxels_of,
)
from CardiacSegmentationLib.stack import CineStack, Patient

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from CardiacSegmentationLib.stack import Array

SEQUENCE = "vtkMRMLSequenceNode"
INDEX_NAME, INDEX_UNIT = "time", "ms"
AFFINE = "CardiacSegmentation.Affine"  # attribute of both sequences: the stack's own affine, see ``voxels``
FACTS = "CardiacSegmentation.Stack"  # attribute of the volume sequence: what a sequence of volumes cannot hold
WINDOW_PHASES = 25  # that a grey scale is chosen from, at least
WINDOW = "CardiacSegmentation.Window"  # attribute of a volume's display: the grey scale that this program chose
UIDS = "DICOM.instanceUIDs"  # Slicer's own name for it: the instances a volume was read from


def add_cine(scene: Any, stack: CineStack, *, one_image: bool = False) -> tuple[Any, Any]:
    """Add the stack to the scene: a volume sequence, and a browser that shows its first phase.

    With ``one_image`` all frames share the voxels of the first: for a scene that is written and not looked at.
    """
    index = index_values(stack.times_ms)
    sequence = add_sequence(scene, stack.title or "Short-axis cine")
    with one_modification(sequence):
        sequence.SetIndexName(INDEX_NAME)
        sequence.SetIndexUnit(INDEX_UNIT)
        sequence.SetAttribute(FACTS, to_text(_stored_facts(stack)))
        set_stack_affine(sequence, stack.affine)
        image = image_of(node_voxels(stack, 0))
        for phase, value in enumerate(index):
            frame = sequence.SetDataNodeAtValue(_frame(stack, phase), value)  # a copy, so it gets the voxels later
            shown = image if one_image or phase == 0 else image_of(node_voxels(stack, phase))
            frame.SetAndObserveImageData(shown)
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", f"{sequence.GetName()} browser")
    browser.SetPlaybackRateFps(playback_rate_fps(stack))
    browser.AddSynchronizedSequenceNode(sequence)
    browser.SetSelectedItemNumber(0)  # none is selected by itself, though the first is shown
    set_window(browser.GetProxyNode(sequence), stack)
    return sequence, browser


def add_sequence(scene: Any, name: str) -> Any:
    """Add an empty sequence with an ID that no other scene has.

    While a scene is imported, its browsers look for their sequences by the IDs in the file. Where these are the IDs of
    sequences that are there already, a browser takes those for its own, and its files are read into their frames.
    """
    return scene.AddNewNodeByClassWithID(SEQUENCE, name, SEQUENCE + uuid4().hex)


def set_window(proxy: Any, stack: CineStack) -> None:
    """Show most of what there is, as long as nothing is labelled."""
    low, high = np.percentile(stack.voxels[:: _every(stack.phases), :, ::4, ::4], (1, 99.5))
    _set_window(proxy, low, high)


def has_window(proxy: Any) -> bool:
    """Whether the volume on display was given a grey scale; one that Slicer made for a deleted one has none."""
    return (
        proxy is not None and proxy.GetDisplayNode() is not None and bool(proxy.GetDisplayNode().GetAttribute(WINDOW))
    )


def fit_window(proxy: Any, phases: Iterable[Array], labels: Array) -> None:
    """Show what is labelled without burning it out, unless the user has chosen a grey scale.

    The voxels of each phase are ``[slice, row, column]``, the labels ``[phase, slice, row, column]``. Black is what is
    darkest around the heart; white leaves a reserve above the blood, which is the brightest there is in it.
    """
    display = proxy.GetDisplayNode()
    labelled = np.flatnonzero(labels.any(axis=(1, 2, 3)))
    if display.GetAttribute(WINDOW) != _window_text(display) or not labelled.size:
        return
    rows, columns = (np.flatnonzero(labels.any(axis=axes)) for axes in ((0, 1, 3), (0, 1, 2)))
    box = (slice(None), slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    chosen = labelled[:: _every(len(labelled))]
    around = np.stack([voxels[box] for phase, voxels in enumerate(phases) if phase in chosen])
    low, blood = np.percentile(around, 1), np.percentile(around[labels[(chosen, *box)] > 0], 99)
    _set_window(proxy, low, low + 1.15 * (blood - low))


def read_cine(sequence: Any) -> CineStack:
    """The stack that ``add_cine`` stored; where somebody gave its frames another place or voxel size, it is refused.

    A file rounds the frames' own matrices; the affine that was noted is the same, to the last digit, after any saving.
    """
    try:
        voxels = np.stack(list(read_phases(sequence)))
        is_moved = not all(_lies_where_it_was(sequence, phase, voxels.shape[1]) for phase in range(len(voxels)))
        stack = CineStack(voxels=voxels, affine=stack_affine(sequence), **_read_facts(sequence))
    except MALFORMED as error:
        raise StudyError.of("images-changed", node=sequence.GetName()) from error
    if is_moved:
        raise StudyError.of("images-changed", node=sequence.GetName())
    return stack


def read_phases(sequence: Any) -> Iterator[Array]:
    """The voxels of one phase after another, not copied, slices in the order of the stack."""
    for phase in range(sequence.GetNumberOfDataNodes()):
        frame = sequence.GetNthDataNode(phase)
        step = -1 if are_opposite(frame_affine(frame), stack_affine(sequence)) else 1
        yield voxels_of(frame.GetImageData())[::step]


def node_voxels(stack: CineStack, phase: int) -> Array:
    """The voxels of a phase, slices in the order of its node."""
    voxels: Array = _in_node_order(stack, stack.voxels[phase])
    return voxels


def read_patient(sequence: Any) -> Patient:
    """The facts about the patient that the images state, without reading a voxel."""
    return _read_facts(sequence).get("patient", Patient())  # type: ignore[no-any-return]


def is_own(sequence: Any) -> bool:
    """Whether ``add_cine`` made the sequence."""
    return bool(sequence.GetAttribute(FACTS) and sequence.GetAttribute(AFFINE))


def stack_affine(sequence: Any) -> Array:
    """The affine of the stack that a sequence was made from."""
    return np.array(json.loads(sequence.GetAttribute(AFFINE)), float)


def stack_shape(sequence: Any) -> tuple[int, int, int]:
    """Slices, rows and columns of the images in a sequence."""
    columns, rows, slices = sequence.GetNthDataNode(0).GetImageData().GetDimensions()
    return slices, rows, columns


def set_stack_affine(sequence: Any, affine: Array) -> None:
    """Note the affine of the stack that a sequence is made from."""
    sequence.SetAttribute(AFFINE, json.dumps(affine.tolist()))


def frame_affine(volume: Any) -> Array:
    """A volume node's affine in DICOM's patient space."""
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return lps_affine(matrix)


def index_values(times_ms: tuple[float, ...]) -> list[str]:
    """The phases' places on the sequence's axis; Slicer takes values nearer than 0.001 for the same."""
    if any(later - earlier < 0.01 for earlier, later in pairwise(times_ms)):
        raise StudyError.of("phases-not-in-order")
    return [f"{time:.2f}" for time in times_ms]


def playback_rate_fps(stack: CineStack) -> float:
    """So many frames a second that one loop takes one heart beat."""
    beat_ms = stack.rr_ms
    if not beat_ms and stack.phases > 1:
        beat_ms = (stack.times_ms[-1] - stack.times_ms[0]) * stack.phases / (stack.phases - 1)
    return 1000.0 * stack.phases / beat_ms if beat_ms else 1.0


def _lies_where_it_was(sequence: Any, phase: int, slices: int) -> bool:
    noted, now = stack_affine(sequence), frame_affine(sequence.GetNthDataNode(phase))
    return np.allclose(reverse_slices(now, slices) if are_opposite(now, noted) else now, noted, atol=1e-3)


def _read_facts(sequence: Any) -> dict[str, Any]:
    stored = json.loads(sequence.GetAttribute(FACTS) or "{}")
    kinds = type_hints(CineStack)
    return {name: from_json(kinds[name], stored[name]) for name in _facts() if name in stored}


def _stored_facts(stack: CineStack) -> dict[str, Any]:
    """What a scene keeps beside the volumes; the files of a study are found again behind its path."""
    facts = {name: getattr(stack, name) for name in _facts()}
    if stack.source is not None:
        facts["source"] = replace(stack.source, files=())
    return facts


def _facts() -> tuple[str, ...]:
    """All of a CineStack but what the volumes hold."""
    return tuple(field.name for field in fields(CineStack) if field.name not in ("voxels", "affine"))


def _frame(stack: CineStack, phase: int) -> Any:
    """A volume node that lacks nothing but its voxels."""
    affine = right_handed(stack.affine, stack.slices)
    volume = slicer.vtkMRMLScalarVolumeNode()
    volume.SetName(f"{stack.title or 'Short-axis cine'} {phase + 1}")
    volume.SetIJKToRASMatrix(ras_matrix(affine))
    if stack.instance_uids:  # a missing slice has none, the slices of a multi-frame file share one
        volume.SetAttribute(
            UIDS, " ".join(filter(None, dict.fromkeys(_in_node_order(stack, stack.instance_uids[phase]))))
        )
    return volume


def _in_node_order(stack: CineStack, slices: Any) -> Any:
    opposite = are_opposite(right_handed(stack.affine, stack.slices), stack.affine)
    return slices[::-1] if opposite else slices


def _every(phases: int) -> int:
    """The step between the phases that a grey scale is chosen from: of a long cine, some tell as much as all."""
    return max(phases // WINDOW_PHASES, 1)


def _set_window(proxy: Any, low: float, high: float) -> None:
    """One grey-scale window for all phases: an automatic one flickers from frame to frame."""
    display = proxy.GetDisplayNode()
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(float(low), float(max(high, low + 1)))
    display.SetAttribute(WINDOW, _window_text(display))


def _window_text(display: Any) -> str:
    return f"{display.GetWindow():.6g} {display.GetLevel():.6g}"
