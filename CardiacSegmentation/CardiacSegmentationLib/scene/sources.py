"""Nodes that somebody else loaded → CineStack: a volume sequence, a multi-volume, or one plain volume."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import vtk

from CardiacSegmentationLib.cine.axis import toward_apex
from CardiacSegmentationLib.cine.phases import LONGEST_RR_MS, SHORTEST_RR_MS, UNKNOWN_RR_MS
from CardiacSegmentationLib.errors import StudyError
from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.scene.cine import UIDS, frame_affine, is_own, read_cine
from CardiacSegmentationLib.scene.nodes import nodes_of_class
from CardiacSegmentationLib.scene.voxels import lps_affine, reverse_slices, voxels_of
from CardiacSegmentationLib.stack import CineStack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CardiacSegmentationLib.stack import Array

MS_PER_UNIT = {"ms": 1.0, "s": 1000.0}

# What MultiVolumeExplorer and the DICOM plugins of Slicer write on a multi-volume.
FRAME_LABELS = "MultiVolume.FrameLabels"
FRAME_UNIT = "MultiVolume.FrameIdentifyingDICOMTagUnits"


@dataclass(frozen=True, eq=False)
class _Frames:
    """What the kinds of nodes have in common."""

    voxels: Array  # [phase, slice, row, column] as the node holds them
    affine: Array
    times_ms: tuple[float, ...] | None
    instance_uids: tuple[tuple[str, ...], ...] = ()


def stack_from_node(node: Any) -> CineStack:
    """The images of a node; what it does not tell is assumed and becomes a finding."""
    sequence = node if node.IsA("vtkMRMLSequenceNode") else _sequence_behind(node)
    if sequence is not None and is_own(sequence):
        return read_cine(sequence)
    frames = _frames_of(node if sequence is None else sequence)
    frames, about_base = _base_to_apex(frames)
    times, rr_ms, about_times = _times(frames.times_ms, len(frames.voxels))
    return CineStack(
        voxels=frames.voxels,
        affine=frames.affine,
        times_ms=times,
        rr_ms=rr_ms,
        instance_uids=frames.instance_uids,
        findings=(*about_base, *about_times),
        title=str(node.GetName()),
    )


def _sequence_behind(node: Any) -> Any:
    """The sequence that a volume on display shows one item of, or None."""
    for browser in nodes_of_class(node.GetScene(), "vtkMRMLSequenceBrowserNode"):
        if browser.IsProxyNodeID(node.GetID()):
            return browser.GetSequenceNode(node)
    return None


def _frames_of(node: Any) -> _Frames:
    if node.IsA("vtkMRMLSequenceNode"):
        return _frames_of_sequence(node)
    if not node.IsA("vtkMRMLVolumeNode") or node.IsA("vtkMRMLLabelMapVolumeNode") or node.GetImageData() is None:
        raise StudyError.of("node-without-images", node=node.GetName())
    voxels = voxels_of(node.GetImageData())
    if voxels.ndim == 3:
        return _Frames(voxels[None], _world_affine(node), (0.0,), _uids([node], voxels.shape[0]))
    labels = node.GetAttribute(FRAME_LABELS)
    if labels is None and voxels.shape[-1] in (3, 4) and voxels.dtype == np.uint8:
        raise StudyError.of("node-in-colour", node=node.GetName())
    unit = node.GetAttribute(FRAME_UNIT) or "ms"
    times = _parse_times((labels or "").split(","), unit)
    return _Frames(np.moveaxis(voxels, -1, 0), _world_affine(node), times)


def _frames_of_sequence(sequence: Any) -> _Frames:
    nodes = [sequence.GetNthDataNode(item) for item in range(sequence.GetNumberOfDataNodes())]
    if not nodes or not all(node.IsA("vtkMRMLScalarVolumeNode") and node.GetImageData() for node in nodes):
        raise StudyError.of("no-volume-sequence", node=sequence.GetName())
    images = [voxels_of(node.GetImageData()) for node in nodes]
    affine = _world_affine(nodes[0])
    if any(image.shape != images[0].shape or image.ndim != 3 for image in images) or not all(
        np.allclose(_world_affine(node), affine, atol=1e-3) for node in nodes
    ):
        raise StudyError.of("no-common-grid", node=sequence.GetName())
    values = [sequence.GetNthIndexValue(item) for item in range(len(nodes))]
    times = _parse_times(values, sequence.GetIndexUnit() or "")
    return _Frames(np.stack(images), affine, times, _uids(nodes, images[0].shape[0]))


def _world_affine(volume: Any) -> Array:
    """Where the volume is shown: with the transform it lies under, if it is one that moves and turns."""
    transform = volume.GetParentTransformNode()
    if transform is None:
        return frame_affine(volume)
    if not transform.IsTransformToWorldLinear():
        raise StudyError.of("bent", node=volume.GetName())
    to_world, to_ras = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    transform.GetMatrixTransformToWorld(to_world)
    volume.GetIJKToRASMatrix(to_ras)
    vtk.vtkMatrix4x4.Multiply4x4(to_world, to_ras, to_ras)
    return lps_affine(to_ras)


def _uids(nodes: Sequence[Any], slices: int) -> tuple[tuple[str, ...], ...]:
    """Instance UIDs, where there is one per slice."""
    uids = tuple(tuple((node.GetAttribute(UIDS) or "").split()) for node in nodes)
    return uids if all(len(row) == slices for row in uids) else ()


def _base_to_apex(frames: _Frames) -> tuple[_Frames, list[Finding]]:
    step = frames.affine[:3, 2] / np.linalg.norm(frames.affine[:3, 2])
    direction, certain = toward_apex(step)
    findings = [] if certain or frames.voxels.shape[1] == 1 else [Finding("base-assumed")]
    if direction @ step > 0:
        return frames, findings
    affine = reverse_slices(frames.affine, frames.voxels.shape[1])
    uids = tuple(row[::-1] for row in frames.instance_uids)
    return _Frames(frames.voxels[:, ::-1], affine, frames.times_ms, uids), findings


def _parse_times(values: Sequence[str], unit: str) -> tuple[float, ...] | None:
    """Times in milliseconds, or None where the values are something else."""
    scale = MS_PER_UNIT.get(unit.strip().lower())
    try:
        times = tuple(float(value) * (scale or 0.0) for value in values)
    except ValueError:
        return None
    return times if scale and all(later > earlier for earlier, later in pairwise(times)) else None


def _times(times: tuple[float, ...] | None, phases: int) -> tuple[tuple[float, ...], float | None, list[Finding]]:
    """The times of the phases and the R-R interval, with the same findings as for files."""
    if phases == 1:
        return (0.0,), None, []
    rr_ms = None if times is None or len(times) != phases else (times[-1] - times[0]) * phases / (phases - 1)
    if times is None or rr_ms is None or not SHORTEST_RR_MS <= rr_ms <= LONGEST_RR_MS:
        even = tuple(phase * UNKNOWN_RR_MS / phases for phase in range(phases))
        return even, None, [Finding("times-unknown")]
    return times, rr_ms, [Finding("rr-assumed", Severity.INFO, parameters={"rr_ms": rr_ms})]
