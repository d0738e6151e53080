"""Segmentation → nodes → Segmentation, with a person's edits between."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.errors import LabelError
from CardiacSegmentationLib.findings import Finding
from CardiacSegmentationLib.segmentation import Evidence, Label, Origin, PackedLabels, Segmentation
from CardiacSegmentationLib.structures import BY_LABEL

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.scene.study import Study


def assert_same(one: Segmentation, other: Segmentation) -> None:
    for name in ("labels", "labelled", "origin"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert one.model == other.model
    assert (one.evidence is None) == (other.evidence is None)
    if one.evidence is not None and other.evidence is not None:
        np.testing.assert_allclose(one.evidence.presence, other.evidence.presence)
        np.testing.assert_allclose(one.evidence.confidence, other.evidence.confidence)
        assert one.evidence.remarks == other.evidence.remarks


def paint(study: Study, segment: str, slice_: int, *place: slice) -> None:
    """One stroke on the phase on display, as an effect of the segment editor makes it."""
    import slicer

    node, volume = study.segmentation_node, study.volume_node
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(node, segment, volume).copy()
    mask[::-1][(slice_, *place)] = 1  # the nodes of a left-handed stack hold its slices in the other order
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, segment, volume)


def shown_labels(study: Study) -> Any:
    """The labels of the segmentation on display."""
    from CardiacSegmentationLib.scene.cine import stack_affine, stack_shape
    from CardiacSegmentationLib.scene.labelmaps import get_labels

    return get_labels(study.segmentation_node, stack_affine(study.images), stack_shape(study.images))


def with_everything(segmentation: Segmentation) -> Segmentation:
    """With something in every field."""
    phases, slices = segmentation.origin.shape
    origin = segmentation.origin.copy()
    origin[1, 1] = Origin.READER
    evidence = Evidence(
        presence=np.full((2, phases, slices), 0.75, np.float32),
        confidence=np.full((3, phases, slices), np.nan, np.float32),
        remarks=(Finding("repaired-holes", slice=2, phase=1, parameters={"count": 1, "slices": (2, 3)}),),
    )
    automatic = PackedLabels.pack(segmentation.labels, segmentation.labelled)
    return replace(segmentation, origin=origin, evidence=evidence, automatic=automatic)


def test_a_segmentation_comes_back_as_it_was(a_study: Study, a_segmentation: Segmentation) -> None:
    from CardiacSegmentationLib.scene.study import segmentation_of, set_segmentation

    set_segmentation(a_study, with_everything(a_segmentation))
    back = segmentation_of(a_study)
    assert back is not None
    assert_same(back, with_everything(a_segmentation))


def test_segments_are_the_same_in_every_phase(a_study: Study) -> None:
    for phase in range(a_study.segmentation.GetNumberOfDataNodes()):
        segments = a_study.segmentation.GetNthDataNode(phase).GetSegmentation()
        assert segments.GetSegmentIDs() == ("LV", "MYO", "RV")
        assert segments.GetNumberOfLayers() == 1
        for structure in BY_LABEL.values():
            segment = segments.GetSegment(structure.segment_id)
            assert segment.GetName() == structure.name
            np.testing.assert_allclose(np.array(segment.GetColor()) * 255, structure.color_rgb, atol=0.5)
            assert structure.code.value in segment.GetTerminology()


def test_images_and_labels_are_browsed_in_step(a_study: Study, a_segmentation: Segmentation) -> None:
    from CardiacSegmentationLib.scene.views import go_to_phase

    for phase in (3, 0, 5):
        go_to_phase(a_study, phase)
        assert np.array_equal(shown_labels(a_study), a_segmentation.labels[phase])


def test_segments_lie_on_the_images(a_study: Study) -> None:
    import slicer

    node, volume = a_study.segmentation_node, a_study.volume_node
    assert node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole()) is volume
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(node, "LV", volume)
    inside = slicer.util.arrayFromVolume(volume)[mask > 0]
    muscle = slicer.util.arrayFromVolume(volume)[slicer.util.arrayFromSegmentBinaryLabelmap(node, "MYO", volume) > 0]
    assert np.median(inside) > 2 * np.median(muscle)  # blood is bright, muscle dark


def test_a_stroke_stays_when_the_phase_changes(a_study: Study, a_segmentation: Segmentation) -> None:
    from CardiacSegmentationLib.scene.study import segmentation_of
    from CardiacSegmentationLib.scene.views import go_to_phase

    go_to_phase(a_study, 2)
    paint(a_study, "LV", 4, slice(0, 6), slice(0, 9))
    for phase in (3, 0, 2):
        go_to_phase(a_study, phase)
    expected = a_segmentation.labels.copy()
    expected[2, 4, :6, :9] = Label.LV
    back = segmentation_of(a_study)
    assert back is not None
    assert np.array_equal(back.labels, expected)
    assert back.corrected_images == ((2, 4),)


def test_strokes_stay_through_saving_and_loading(a_study: Study, reload: Callable[[], None]) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import find_studies, segmentation_of
    from CardiacSegmentationLib.scene.views import go_to_phase

    go_to_phase(a_study, 1)
    paint(a_study, "RV", 3, slice(0, 5), slice(0, 5))
    reload()
    (study,) = find_studies(slicer.mrmlScene)
    paint(study, "RV", 5, slice(0, 5), slice(0, 5))  # on the phase that was on display
    go_to_phase(study, 4)
    paint(study, "MYO", 2, slice(0, 5), slice(0, 5))
    go_to_phase(study, 1)
    back = segmentation_of(study)
    assert back is not None
    assert back.corrected_images == ((1, 3), (1, 5), (4, 2))
    assert (back.labels[1, 5, :5, :5] == Label.RV).all()


def test_a_deleted_segment_is_empty_in_its_phase_alone(a_study: Study, a_segmentation: Segmentation) -> None:
    from CardiacSegmentationLib.scene.study import segmentation_of
    from CardiacSegmentationLib.scene.views import go_to_phase

    a_study.segmentation_node.GetSegmentation().RemoveSegment("RV")
    go_to_phase(a_study, 1)
    back = segmentation_of(a_study)
    assert back is not None
    assert not (back.labels[0] == Label.RV).any()
    assert np.array_equal(back.labels[1:], a_segmentation.labels[1:])


def test_other_segments_are_left_alone(a_study: Study, a_segmentation: Segmentation) -> None:
    from CardiacSegmentationLib.scene.study import segmentation_of

    a_study.segmentation_node.GetSegmentation().AddEmptySegment("Scar", "Scar")
    paint(a_study, "Scar", 0, slice(0, 5), slice(0, 5))
    back = segmentation_of(a_study)
    assert back is not None
    assert np.array_equal(back.labels, a_segmentation.labels)


def whole_grid(node: Any) -> Any:
    """An image without voxels on the node's reference grid."""
    import slicer

    image = slicer.vtkOrientedImageData()
    text = node.GetSegmentation().GetConversionParameter("Reference image geometry")
    slicer.vtkSegmentationConverter.DeserializeImageGeometry(text, image, False)
    return image


def test_where_segments_overlap_blood_wins(a_study: Study) -> None:
    import slicer

    node = a_study.segmentation_node
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    everything = whole_grid(node)
    everything.AllocateScalars(3, 1)
    everything.GetPointData().GetScalars().Fill(1)
    logic.SetBinaryLabelmapToSegment(everything, node, "MYO", logic.MODE_REPLACE)
    labels = shown_labels(a_study)
    assert (labels == Label.LV).any()
    assert (labels == Label.RV).any()
    assert (labels != Label.BACKGROUND).all()


def test_strokes_on_a_finer_grid_come_back_on_that_of_the_images(a_study: Study, a_segmentation: Segmentation) -> None:
    import slicer

    node = a_study.segmentation_node
    segment = node.GetSegmentation().GetSegment("LV")
    fine, coarse = slicer.vtkOrientedImageData(), whole_grid(node)
    fine.SetExtent(0, 2 * coarse.GetDimensions()[0] - 1, 0, 2 * coarse.GetDimensions()[1] - 1, *coarse.GetExtent()[4:])
    fine.CopyDirections(coarse)
    spacing = coarse.GetSpacing()
    fine.SetSpacing(spacing[0] / 2, spacing[1] / 2, spacing[2])
    fine.SetOrigin(coarse.GetOrigin())
    finer = slicer.vtkOrientedImageData()
    fine.AllocateScalars(3, 1)
    strokes = segment.GetRepresentation("Binary labelmap")
    slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(strokes, fine, finer)
    segment.AddRepresentation("Binary labelmap", finer)
    cavity = shown_labels(a_study) == Label.LV
    truth = a_segmentation.labels[0] == Label.LV
    assert 2 * (cavity & truth).sum() / (cavity.sum() + truth.sum()) > 0.97


def test_new_labels_keep_the_nodes_in_place(a_study: Study, a_segmentation: Segmentation) -> None:
    from CardiacSegmentationLib.scene.study import segmentation_of, set_segmentation

    before = (a_study.segmentation.GetID(), a_study.segmentation_node.GetID())
    flipped = replace(a_segmentation, labels=np.ascontiguousarray(a_segmentation.labels[:, ::-1]))
    set_segmentation(a_study, flipped)
    assert (a_study.segmentation.GetID(), a_study.segmentation_node.GetID()) == before
    assert np.array_equal(shown_labels(a_study), flipped.labels[0])
    back = segmentation_of(a_study)
    assert back is not None
    assert_same(back, flipped)


def test_phases_without_labels_are_told_from_empty_ones(a_study: Study, a_segmentation: Segmentation) -> None:
    from CardiacSegmentationLib.scene.study import segmentation_of, set_segmentation
    from CardiacSegmentationLib.scene.views import go_to_phase

    labels = a_segmentation.labels.copy()
    labels[[1, 2, 4, 5]] = 0
    set_segmentation(a_study, Segmentation.of(labels))
    go_to_phase(a_study, 4)
    paint(a_study, "LV", 4, slice(0, 5), slice(0, 5))
    back = segmentation_of(a_study)
    assert back is not None
    assert back.labelled.tolist() == [True, False, False, True, True, False]


def test_labels_of_another_grid_are_refused(a_study: Study, a_segmentation: Segmentation) -> None:
    from CardiacSegmentationLib.scene.study import set_segmentation

    with pytest.raises(LabelError, match="do not lie on the grid"):
        set_segmentation(a_study, Segmentation.of(a_segmentation.labels[:, 1:]))


def test_a_foreign_segmentation_without_geometry_is_refused(a_scene: Any) -> None:
    from CardiacSegmentationLib.scene.labelmaps import shared_labelmap

    node = a_scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Mine")
    for structure in BY_LABEL.values():
        node.GetSegmentation().AddEmptySegment(structure.segment_id)
    with pytest.raises(LabelError, match="Mine has no reference geometry"):
        shared_labelmap(node)
