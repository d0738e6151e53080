"""A study under a person's hands."""

from __future__ import annotations

from dataclasses import replace
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.segmentation import Label, Papillary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from CardiacSegmentationLib.scene.live import LiveStudy
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack


@pytest.fixture
def strokes() -> list[str]:
    """One entry per stroke that the live study reported."""
    return []


@pytest.fixture
def a_live_study(a_study: Study, strokes: list[str]) -> Iterator[LiveStudy]:
    from CardiacSegmentationLib.scene.live import LiveStudy

    live = LiveStudy(a_study, on_edit=lambda: strokes.append("stroke"))
    yield live
    live.close()


def paint_square(study: Study, size: int) -> None:
    """A stroke over a corner of every slice of the phase on display."""
    import slicer

    mask = slicer.util.arrayFromSegmentBinaryLabelmap(study.segmentation_node, "LV", study.volume_node).copy()
    mask[:, :size, :size] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, study.segmentation_node, "LV", study.volume_node)


def labels_of(study: Study) -> np.ndarray:
    from CardiacSegmentationLib.scene.study import segmentation_of

    segmentation = segmentation_of(study)
    assert segmentation is not None
    return segmentation.labels


def test_numbers_and_table_follow_a_stroke(
    a_live_study: LiveStudy, strokes: list[str], a_stack: CineStack, a_segmentation: Segmentation
) -> None:
    from CardiacSegmentationLib.scene.views import go_to_phase

    study = a_live_study.study
    before = a_live_study.assessment
    go_to_phase(study, 3)
    assert strokes == []
    paint_square(study, 20)
    assert strokes
    after = a_live_study.settle().assessment
    labels = a_segmentation.labels.copy()
    labels[3, :, :20, :20] = Label.LV
    truth = assess(a_stack, replace(a_segmentation, labels=labels))
    np.testing.assert_allclose(after.volumes_ml, truth.volumes_ml)
    assert after.volumes_ml[Label.LV - 1, 3] > before.volumes_ml[Label.LV - 1, 3] + 10
    table = study.result("perPhase").GetTable()
    assert table.GetValueByName(3, "LV (ml)").ToDouble() == pytest.approx(after.volumes_ml[Label.LV - 1, 3], abs=1e-3)


def test_strokes_on_two_phases_before_the_timer_both_count(
    a_live_study: LiveStudy,
) -> None:
    from CardiacSegmentationLib.scene.views import go_to_phase

    before = a_live_study.assessment.volumes_ml[Label.LV - 1]
    for phase in (1, 2):
        go_to_phase(a_live_study.study, phase)
        paint_square(a_live_study.study, 20)
    go_to_phase(a_live_study.study, 0)
    grown = a_live_study.settle().assessment.volumes_ml[Label.LV - 1] - before > 10
    assert grown.tolist() == [False, True, True, False, False, False]


def test_undo_walks_back_in_the_order_of_the_work(a_live_study: LiveStudy, a_segmentation: Segmentation) -> None:
    from CardiacSegmentationLib.scene.views import go_to_phase

    study, original = a_live_study.study, a_segmentation.labels
    for phase, size in ((1, 10), (1, 20), (2, 10)):
        go_to_phase(study, phase)  # Slicer's own history is gone by now
        paint_square(study, size)
        a_live_study.settle()
    once = original[1].copy()
    once[:, :10, :10] = Label.LV
    session = a_live_study.session
    session.undo()
    assert np.array_equal(labels_of(study)[2], original[2])
    session.undo()
    assert np.array_equal(labels_of(study)[1], once)
    session.undo()
    assert np.array_equal(labels_of(study), original)
    assert not session.undo()  # one too many
    session.redo()
    assert np.array_equal(labels_of(study)[1], once)
    paint_square(study, 15)
    a_live_study.settle()
    assert not session.redo_text()


def test_undo_and_redo_survive_saving(a_live_study: LiveStudy, reload: Callable[[], None]) -> None:
    import slicer
    from CardiacSegmentationLib.scene.live import LiveStudy
    from CardiacSegmentationLib.scene.study import find_studies

    before = labels_of(a_live_study.study)
    paint_square(a_live_study.study, 10)
    a_live_study.settle()
    a_live_study.session.set_counts([Label.RV], 3, [0, 1], counts=False)
    a_live_study.session.undo()
    a_live_study.close()
    reload()
    (study,) = find_studies(slicer.mrmlScene)
    again = LiveStudy(study, tool=lambda: "Paint")
    assert again.session.redo_text() == "exclude RV, 2 images"
    assert again.session.redo()
    assert not again.assessment.counted[Label.RV - 1, 3, :2].any()
    assert again.session.undo()
    assert again.session.undo()
    assert np.array_equal(labels_of(study), before)
    assert [entry.undone for entry in again.session.reading.journal] == [True] * 9
    again.close()


def test_a_signed_reading_puts_strokes_back(a_live_study: LiveStudy) -> None:
    from CardiacSegmentationLib.errors import ReadingError

    before = labels_of(a_live_study.study)
    a_live_study.session.set_reader("Dr. Who")
    a_live_study.session.sign()
    paint_square(a_live_study.study, 10)
    with pytest.raises(ReadingError, match="signed by Dr"):
        a_live_study.settle()
    assert np.array_equal(labels_of(a_live_study.study), before)


def test_what_other_modules_change_is_noted(a_live_study: LiveStudy) -> None:
    from CardiacSegmentationLib.scene.live import LiveStudy

    study = a_live_study.study
    a_live_study.close()  # as when another module has the screen
    paint_square(study, 10)
    again = LiveStudy(study)
    assert again.session.segmentation.corrected_images == tuple((0, slice_) for slice_ in range(8))
    assert again.assessment.automatic is not None
    assert [entry.action for entry in again.session.reading.journal] == ["outside"]
    again.close()
    last = LiveStudy(study)
    assert len(last.session.reading.journal) == 1  # told once
    last.close()


def test_a_signature_goes_when_other_modules_change_what_was_signed(a_live_study: LiveStudy) -> None:
    from CardiacSegmentationLib.scene.live import LiveStudy
    from CardiacSegmentationLib.scene.study import reading_of

    study = a_live_study.study
    a_live_study.session.set_reader("Dr. Who")
    a_live_study.session.sign()
    a_live_study.close()  # another study is at hand
    paint_square(study, 10)
    again = LiveStudy(study)
    assert not again.session.is_signed
    assert [entry.action for entry in again.session.reading.journal] == ["sign", "outside", "unlock"]
    assert reading_of(study) == again.session.reading
    again.close()


def test_undo_leaves_other_segments_names_and_colours_alone(a_live_study: LiveStudy) -> None:
    import slicer

    study = a_live_study.study
    segments = study.segmentation_node.GetSegmentation()
    segments.AddEmptySegment("Scar", "Old scar", (1.0, 1.0, 0.0))
    segments.GetSegment("RV").SetName("Right")
    segments.GetSegment("RV").SetColor(0.0, 0.0, 1.0)
    drawn = np.zeros_like(slicer.util.arrayFromVolume(study.volume_node), np.uint8)
    drawn[2, 30:40, :9] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(drawn, study.segmentation_node, "Scar", study.volume_node)
    a_live_study.settle()
    paint_square(study, 10)
    session = a_live_study.session
    for change in (a_live_study.settle, session.undo, session.redo, session.undo):
        change()
        segments = study.segmentation_node.GetSegmentation()
        assert segments.GetSegmentIDs() == ("LV", "MYO", "RV", "Scar")
        assert [segments.GetSegment(name).GetName() for name in ("RV", "Scar")] == ["Right", "Old scar"]
        assert [segments.GetSegment(name).GetColor() for name in ("RV", "Scar")] == [(0.0, 0.0, 1.0), (1.0, 1.0, 0.0)]
        scar = slicer.util.arrayFromSegmentBinaryLabelmap(study.segmentation_node, "Scar", study.volume_node)
        assert np.array_equal(scar, drawn)


def specify_finer_geometry(study: Study) -> None:
    """As Slicer's segment editor does with *Specify geometry*: pixels half as wide and high, segments resampled."""
    import slicer
    from CardiacSegmentationLib.scene.voxels import image_of

    node, segments = study.segmentation_node, study.segmentation_node.GetSegmentation()
    columns, rows, slices = study.volume_node.GetImageData().GetDimensions()
    volume = slicer.vtkMRMLScalarVolumeNode()
    volume.SetAndObserveImageData(image_of(np.zeros((slices, 2 * rows, 2 * columns), np.uint8)))
    volume.CopyOrientation(study.volume_node)
    volume.SetSpacing(*(np.array(volume.GetSpacing()) / (2, 2, 1)))
    slicer.mrmlScene.AddNode(volume)
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    slicer.mrmlScene.RemoveNode(volume)
    reference = slicer.vtkOrientedImageData()
    text = segments.GetConversionParameter("Reference image geometry")
    slicer.vtkSegmentationConverter.DeserializeImageGeometry(text, reference, False)
    for segment_id in segments.GetSegmentIDs():
        image = segments.GetSegment(segment_id).GetRepresentation("Binary labelmap")
        resample = slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage
        resample(image, reference, image, False)
    segments.GetSegment("LV").GetRepresentation("Binary labelmap").Modified()


def move_by_five_columns(study: Study) -> None:
    """As with *Harden transform* in Slicer's Data module."""
    import slicer
    import vtk

    step = vtk.vtkMatrix4x4()
    to_ras = vtk.vtkMatrix4x4()
    study.volume_node.GetIJKToRASMatrix(to_ras)
    for axis in range(3):
        step.SetElement(axis, 3, 5 * to_ras.GetElement(axis, 0))
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(step)
    study.segmentation_node.SetAndObserveTransformNodeID(transform.GetID())
    study.segmentation_node.HardenTransform()


def make_surfaces_the_source(study: Study) -> None:
    """As *Make source* does in Slicer's Segmentations module: the label maps go."""
    study.segmentation_node.CreateClosedSurfaceRepresentation()
    study.segmentation_node.GetSegmentation().SetSourceRepresentationName("Closed surface")


@pytest.mark.parametrize("is_at_hand", [True, False])
@pytest.mark.parametrize("change", [specify_finer_geometry, move_by_five_columns, make_surfaces_the_source])
def test_labels_in_another_form_are_read_where_they_lie_and_brought_back(
    a_study: Study, a_segmentation: Segmentation, change: Callable[[Study], None], is_at_hand: bool
) -> None:
    from CardiacSegmentationLib.scene.live import LiveStudy
    from CardiacSegmentationLib.scene.segmentation import is_as_written
    from CardiacSegmentationLib.scene.views import go_to_phase

    go_to_phase(a_study, 2)
    live = LiveStudy(a_study) if is_at_hand else None
    change(a_study)
    assert not is_as_written(a_study.segmentation, a_study.images, 2)
    live = live or LiveStudy(a_study)
    labels = live.settle().segmentation.labels
    expected = a_segmentation.labels.copy()
    if change is move_by_five_columns:
        expected[2] = np.roll(expected[2], 5, axis=-1)
    for label in Label:  # surfaces are smooth
        of_both = (labels == label).sum() + (expected == label).sum()
        assert 2 * ((labels == label) & (expected == label)).sum() / of_both > 0.9
    assert np.array_equal(labels, expected) or change is make_surfaces_the_source
    assert np.array_equal(np.delete(labels, 2, 0), np.delete(expected, 2, 0))
    assert is_as_written(a_study.segmentation, a_study.images, 2)
    assert np.array_equal(labels_of(a_study), labels)
    paint_square(a_study, 4)
    assert (live.settle().segmentation.labels[2, :, :4, :4] == Label.LV).all()
    live.close()


def test_numbers_follow_undo(a_live_study: LiveStudy) -> None:
    before = a_live_study.assessment.volumes_ml
    paint_square(a_live_study.study, 20)
    assert not np.allclose(a_live_study.settle().assessment.volumes_ml, before)
    a_live_study.session.undo()
    assert np.array_equal(a_live_study.assessment.volumes_ml, before)


def test_the_programs_own_changes_are_no_strokes_but_can_be_undone(
    a_live_study: LiveStudy, strokes: list[str], a_segmentation: Segmentation
) -> None:
    session = a_live_study.session
    labels = session.segmentation.labels
    session.put({(phase, slice_): labels[3, slice_] for phase in (0, 2) for slice_ in range(8)}, "copy")
    assert strokes == []
    assert np.array_equal(labels_of(a_live_study.study)[2], a_segmentation.labels[3])
    volumes = a_live_study.assessment.volumes_ml
    assert volumes[:, 0] == pytest.approx(volumes[:, 3])
    session.undo()
    assert np.array_equal(labels_of(a_live_study.study)[0], a_segmentation.labels[0])


def test_decisions_are_measured_and_stored(a_live_study: LiveStudy) -> None:
    from CardiacSegmentationLib.scene.study import bookmark, reading_of, segmentation_of

    paint_square(a_live_study.study, 10)
    session = a_live_study.settle()
    before = session.assessment.volumes_ml[Label.LV - 1, 0]
    session.set_counts([Label.LV], 0, range(4), counts=False)
    assert session.assessment.volumes_ml[Label.LV - 1, 0] < before
    session.set_key_phases(lv_ed=2)
    assert session.assessment.key_phases.lv_ed == 2
    session.set_conventions(papillary=Papillary.MASS)
    session.set_patient(height_cm=180.0, weight_kg=80.0)
    assert session.assessment.heart["bsa_m2"].value == pytest.approx(2.0)
    assert reading_of(a_live_study.study) == session.reading
    assert bookmark(a_live_study.study, "lv_ed") == 2
    back = segmentation_of(a_live_study.study)
    assert back is not None
    assert len(back.corrected_images) == 8  # the decisions did not make the stroke an original


def test_a_live_study_knows_which_images_were_corrected(a_live_study: LiveStudy) -> None:
    from CardiacSegmentationLib.scene.study import segmentation_of
    from CardiacSegmentationLib.scene.views import go_to_phase

    go_to_phase(a_live_study.study, 2)
    paint_square(a_live_study.study, 10)
    session = a_live_study.settle()
    assert session.segmentation.corrected_images == tuple((2, slice_) for slice_ in range(8))
    back = segmentation_of(a_live_study.study)
    assert back is not None
    assert session.segmentation.corrected_images == back.corrected_images
    session.undo()
    assert session.segmentation.corrected_images == ()


def test_undoing_the_first_stroke_of_a_phase_leaves_it_without_labels(
    a_study: Study, a_segmentation: Segmentation
) -> None:
    from CardiacSegmentationLib.scene.live import LiveStudy
    from CardiacSegmentationLib.scene.study import set_segmentation
    from CardiacSegmentationLib.scene.views import go_to_phase

    a_segmentation.labels[1] = 0
    a_segmentation.labelled[1] = False
    set_segmentation(a_study, a_segmentation)
    live = LiveStudy(a_study)
    go_to_phase(a_study, 1)
    paint_square(a_study, 10)
    assert live.settle().assessment.volumes_ml[Label.LV - 1, 1] > 0
    live.session.undo()
    assert np.isnan(live.assessment.volumes_ml[:, 1]).all()
    live.close()


def test_a_scene_closed_after_a_stroke_does_no_harm(a_scene: Any, a_live_study: LiveStudy) -> None:
    paint_square(a_live_study.study, 10)
    before = a_live_study.assessment
    a_scene.Clear(False)
    assert a_live_study.settle().assessment is before


def test_a_closed_live_study_hears_nothing(a_live_study: LiveStudy, strokes: list[str]) -> None:
    a_live_study.close()
    paint_square(a_live_study.study, 10)
    assert strokes == []


def test_numbers_come_within_the_blink_of_an_eye(a_live_study: LiveStudy) -> None:
    paint_square(a_live_study.study, 20)
    start = process_time()
    a_live_study.settle()
    assert process_time() - start < 0.3
