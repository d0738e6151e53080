"""One phase as plain nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack


def test_a_phase_becomes_a_volume_and_a_segmentation_on_it(
    a_study: Study, a_stack: CineStack, a_segmentation: Segmentation
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.labelmaps import get_labels
    from CardiacSegmentationLib.scene.phase_nodes import add_phase_nodes
    from CardiacSegmentationLib.scene.views import go_to_phase

    volume, segmentation = add_phase_nodes(a_study, 3, "ES")
    go_to_phase(a_study, 1)
    assert volume.GetName() == "Short-axis cine ES"
    assert np.array_equal(slicer.util.arrayFromVolume(volume)[::-1], a_stack.voxels[3])
    assert volume.GetAttribute("DICOM.instanceUIDs").split()[::-1] == list(a_stack.instance_uids[3])
    assert np.array_equal(get_labels(segmentation, a_stack.affine), a_segmentation.labels[3])
    assert segmentation.GetNodeReference(segmentation.GetReferenceImageGeometryReferenceRole()) is volume


def test_later_edits_do_not_reach_it(a_study: Study, a_stack: CineStack, a_segmentation: Segmentation) -> None:
    from CardiacSegmentationLib.scene.labelmaps import get_labels
    from CardiacSegmentationLib.scene.phase_nodes import add_phase_nodes

    _, segmentation = add_phase_nodes(a_study, 0, "ED")
    a_study.segmentation_node.GetSegmentation().RemoveSegment("LV")
    assert np.array_equal(get_labels(segmentation, a_stack.affine), a_segmentation.labels[0])


def test_without_labels_there_is_a_volume_alone(a_scene: Any, a_stack: CineStack) -> None:
    from CardiacSegmentationLib.scene.phase_nodes import add_phase_nodes
    from CardiacSegmentationLib.scene.study import load_study

    _, segmentation = add_phase_nodes(load_study(a_scene, a_stack), 0, "ED")
    assert segmentation is None
