"""Nodes of a study that are deleted in the Data module: nothing is lost, and nothing of another study is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from slicer_stand_in.hand import Hand, paint

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack


def test_labels_that_are_deleted_leave_a_study_without_labels(a_hand: Hand, a_segmented_study: Study) -> None:
    import slicer

    slicer.mrmlScene.RemoveNode(a_segmented_study.segmentation)
    a_hand.see()
    assert a_hand.panel.study == a_segmented_study
    assert a_hand.ui.resultsTable.rowCount == 0
    assert not a_hand.ui.autoPhasesButton.enabled
    assert a_hand.ui.segmentButton.text == "Segment"
    a_hand.ui.sexCombo.currentIndex = 1
    a_hand.panel._correct.copy_from_previous_phase()


def delete_node(node: Any, by_hierarchy: bool) -> None:
    """As the Data module does, or a script."""
    import slicer

    if by_hierarchy:
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
        hierarchy.RemoveItem(hierarchy.GetItemByDataNode(node))
    else:
        slicer.mrmlScene.RemoveNode(node)


@pytest.mark.parametrize("by_hierarchy", [True, False])
def test_labels_stay_although_the_node_on_display_was_deleted(
    a_hand: Hand, a_segmented_study: Study, by_hierarchy: bool
) -> None:
    from CardiacSegmentationLib.scene.study import segmentation_of

    study = a_segmented_study
    a_hand.ui.phaseSlider.value = 3
    before, numbers = segmentation_of(study), a_hand.ui.resultsTable.item(0, 1).text()
    assert before is not None
    delete_node(study.segmentation_node, by_hierarchy)
    a_hand.wait(0.5)
    after = segmentation_of(study)
    assert after is not None
    np.testing.assert_array_equal(after.labels, before.labels)
    assert after.corrected_images == ()
    assert study.segmentation_node.GetSegmentation().GetNumberOfSegments() == 3
    assert a_hand.ui.resultsTable.item(0, 1).text() == numbers
    assert a_hand.ui.editor.segmentationNode() is study.segmentation_node
    assert not a_hand.ui.undoButton.enabled


def test_labels_come_back_where_nothing_guarded_them(a_hand: Hand, a_segmented_study: Study) -> None:
    """In a script, Slicer's start does not call the module."""
    import slicer
    from CardiacSegmentationLib.scene.segmentation import guard_deletions
    from CardiacSegmentationLib.scene.study import segmentation_of

    study = a_segmented_study
    slicer.mrmlScene.RemoveObserver(guard_deletions(slicer.mrmlScene))
    guard_deletions.cache_clear()
    a_hand.ui.phaseSlider.value = 3
    before = segmentation_of(study)
    delete_node(study.segmentation_node, by_hierarchy=False)
    a_hand.wait(0.5)
    after = segmentation_of(study)
    np.testing.assert_array_equal(after.labels, before.labels)
    a_hand.ui.undoButton.click()  # who meant it can still have it
    emptied = segmentation_of(study)
    assert emptied is not None
    assert not emptied.labels[3].any()
    a_hand.ui.redoButton.click()
    restored = segmentation_of(study)
    assert restored is not None
    np.testing.assert_array_equal(restored.labels, before.labels)


@pytest.mark.parametrize("by_hierarchy", [True, False])
def test_a_study_not_at_hand_keeps_the_phase_whose_node_was_deleted(
    a_hand: Hand, a_segmented_study: Study, phantom: tuple[CineStack, Segmentation], by_hierarchy: bool
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import load_study, segmentation_of

    study = a_segmented_study
    before = segmentation_of(study)
    a_hand.panel.select(load_study(slicer.mrmlScene, phantom[0]))
    delete_node(study.segmentation_node, by_hierarchy)
    a_hand.wait(0.5)
    after = segmentation_of(study)
    np.testing.assert_array_equal(after.labels, before.labels)
    assert after.corrected_images == ()


def test_images_stay_although_the_volume_on_display_was_deleted(a_hand: Hand, a_segmented_study: Study) -> None:
    """Slicer makes another one of the sequence, with a grey scale of its own, and in no view."""
    import slicer

    study = a_segmented_study
    logics = slicer.app.applicationLogic().GetSliceLogics()
    display = study.volume_node.GetDisplayNode()
    grey = (display.GetWindow(), display.GetLevel())
    slicer.mrmlScene.RemoveNode(study.volume_node)
    a_hand.wait(0.5)
    display = study.volume_node.GetDisplayNode()
    assert (display.GetWindow(), display.GetLevel()) == pytest.approx(grey)
    for number in range(logics.GetNumberOfItems()):
        shown = logics.GetItemAsObject(number).GetSliceCompositeNode().GetBackgroundVolumeID()
        assert shown == study.volume_node.GetID()
    assert a_hand.ui.editor.sourceVolumeNode() is study.volume_node
    assert not a_hand.ui.undoButton.enabled
    paint(study, 4)
    a_hand.wait(0.4)
    assert a_hand.ui.undoButton.enabled


@pytest.mark.parametrize("broken", ["labels", "images", "reading"])
def test_a_study_that_cannot_be_read_is_not_shown_with_the_numbers_of_another(
    a_hand: Hand, a_segmented_study: Study, phantom: tuple[CineStack, Segmentation], broken: str
) -> None:
    """Somebody deleted a phase in Slicer's Sequences module, or a later version of this program saved the scene."""
    import slicer
    from CardiacSegmentationLib.scene.study import load_study, set_segmentation

    study = load_study(slicer.mrmlScene, replace(phantom[0], title="Another patient"))
    set_segmentation(study, phantom[1])
    if broken == "reading":
        study.node.SetParameter("reading", '{"schema": 99}')
    else:
        sequence = study.segmentation if broken == "labels" else study.images
        sequence.RemoveDataNodeAtValue(sequence.GetNthIndexValue(3))
    a_hand.ui.studySelector.setCurrentNode(study.node)
    a_hand.see()
    assert len(a_hand.messages.errors) == 1
    assert a_hand.panel.study == (None if broken == "reading" else study)  # what was decided is not written over
    assert a_hand.panel.live is None
    assert a_hand.ui.resultsTable.rowCount == 0
    plot = slicer.mrmlScene.GetSingletonNode("CardiacPlot", "vtkMRMLPlotViewNode")
    assert plot.GetPlotChartNode() is not a_segmented_study.result("chart") or broken == "reading"
    a_hand.ui.studySelector.setCurrentNode(a_segmented_study.node)
    assert a_hand.ui.resultsTable.rowCount > 5


def test_labels_that_lost_a_phase_can_be_segmented_again(
    a_hand: Hand, a_segmented_study: Study, phantom: tuple[CineStack, Segmentation]
) -> None:
    """As the message says that a reader meets."""
    from CardiacSegmentationLib.scene.study import segmentation_of, set_segmentation

    study = a_segmented_study
    a_hand.panel.select(None)
    study.segmentation.RemoveDataNodeAtValue(study.segmentation.GetNthIndexValue(3))
    a_hand.panel.select(study)
    assert "segment again" in a_hand.messages.errors[-1]
    assert a_hand.panel._segment._may_replace(study)
    assert "segment again" in a_hand.messages.questions[-1]  # what would be lost nobody knows
    a_hand.panel.before_replacing(study)
    set_segmentation(study, phantom[1])
    a_hand.panel.segmentation_replaced(study)
    a_hand.see()
    back = segmentation_of(study)
    assert back is not None
    np.testing.assert_array_equal(back.labels, phantom[1].labels)
    assert a_hand.ui.resultsTable.rowCount > 5
    paint(study, 4)
    a_hand.wait(0.4)
    assert a_hand.ui.undoButton.enabled


def test_images_without_labels_have_no_curve_of_another_study_beside_them(
    a_hand: Hand, a_segmented_study: Study, phantom: tuple[CineStack, Segmentation]
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import load_study

    plot = slicer.mrmlScene.GetSingletonNode("CardiacPlot", "vtkMRMLPlotViewNode")
    table = slicer.mrmlScene.GetSingletonNode("CardiacTable", "vtkMRMLTableViewNode")
    assert (plot.GetPlotChartNode() is None, table.GetTableNode() is None) == (False, False)
    a_hand.panel.select(load_study(slicer.mrmlScene, phantom[0]))
    assert (plot.GetPlotChartNode() is None, table.GetTableNode() is None) == (True, True)


def test_edits_count_although_the_node_on_display_was_deleted(a_hand: Hand, a_segmented_study: Study) -> None:
    import slicer

    study = a_segmented_study
    opacity = study.segmentation_node.GetDisplayNode().GetOpacity2DFill()
    slicer.mrmlScene.RemoveNode(study.segmentation_node)
    a_hand.see()
    assert a_hand.ui.editor.segmentationNode() is study.segmentation_node
    assert study.segmentation_node.GetDisplayNode().GetOpacity2DFill() == opacity
    before = a_hand.panel.live.assessment.lv["edv_ml"].value
    a_hand.ui.edButton.click()
    paint(study, 4)
    a_hand.wait(0.4)
    assert a_hand.ui.undoButton.enabled
    assert a_hand.panel.live.assessment.lv["edv_ml"].value > before


def test_removing_the_study_at_hand_empties_the_panel(a_hand: Hand, a_segmented_study: Study) -> None:
    from slicer_host.data_module import delete_folder

    delete_folder(a_segmented_study)
    a_hand.see()
    assert a_segmented_study.node.GetScene() is None  # nothing of the patient is left to be saved
    assert a_hand.panel.study is None
    assert a_hand.ui.resultsTable.rowCount == 0
