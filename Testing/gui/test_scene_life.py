"""The panel through the life of a scene: closed, saved, loaded, left, entered, unloaded."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from slicer_stand_in.hand import Hand, paint

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack
    from gui_hosts import Host


def test_closing_the_scene_leaves_an_empty_panel_that_works_again(
    a_hand: Hand, a_segmented_study: Study, phantom: tuple[CineStack, Segmentation]
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import load_study, set_segmentation

    paint(a_segmented_study, 4)  # a stroke still on its way
    slicer.mrmlScene.Clear(False)
    a_hand.wait(0.4)
    assert a_hand.panel.study is None
    assert a_hand.ui.resultsTable.rowCount == 0
    assert a_hand.ui.phaseLabel.text == "–"
    study = load_study(slicer.mrmlScene, phantom[0])
    set_segmentation(study, phantom[1])
    a_hand.panel.select(study)
    a_hand.see()
    assert a_hand.ui.resultsTable.rowCount > 5
    assert a_hand.ui.editor.segmentationNode() is study.segmentation_node


@pytest.mark.parametrize("tool", ["Paint", "Draw", "Erase", "Scissors"])
def test_a_scene_can_be_closed_with_a_tool_in_hand(a_hand: Hand, a_segmented_study: Study, tool: str) -> None:
    import slicer

    editor = a_hand.ui.editor
    editor.setActiveEffectByName(tool)
    assert editor.mrmlSegmentEditorNode().GetActiveEffectName() == tool
    slicer.mrmlScene.Clear(False)
    a_hand.wait(0.3)
    for view in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        view.SetOrientation("Coronal")  # the editor acts on no view any more
    assert editor.segmentationNode() is None
    assert editor.mrmlSegmentEditorNode().GetActiveEffectName() == ""


def test_a_scene_imported_beside_leaves_everything_with_the_study_at_hand(
    a_hand: Hand, a_segmented_study: Study, tmp_path: Path
) -> None:
    import slicer
    from CardiacSegmentationLib.gui.layout import short_axis_view
    from CardiacSegmentationLib.scene.study import find_studies
    from CardiacSegmentationLib.scene.views import align_view, short_axis_views

    study, editor = a_segmented_study, a_hand.ui.editor
    editor.mrmlSegmentEditorNode().SetSaveWithScene(True)  # as scenes of earlier versions hold it
    short_axis_view().SetOrientation("Sagittal")
    assert slicer.util.saveScene(str(tmp_path / "other.mrb"))
    align_view(study, short_axis_view())
    slicer.util.loadScene(str(tmp_path / "other.mrb"))
    a_hand.see()
    assert len(find_studies(slicer.mrmlScene)) == 2
    assert a_hand.panel.study == study
    assert editor.segmentationNode() is study.segmentation_node
    assert editor.sourceVolumeNode() is study.volume_node
    assert short_axis_view() in short_axis_views(study)
    plot = slicer.mrmlScene.GetSingletonNode("CardiacPlot", "vtkMRMLPlotViewNode")
    assert plot.GetPlotChartNode() is study.result("chart")
    table = slicer.mrmlScene.GetSingletonNode("CardiacTable", "vtkMRMLTableViewNode")
    assert table.GetTableNode() is study.result("summary")
    a_hand.ui.studySelector.setCurrentNode(next(s.node for s in find_studies(slicer.mrmlScene) if s != study))
    assert a_hand.panel.study != study


def test_a_scene_that_replaces_another_can_be_painted_on(
    a_hand: Hand, a_segmented_study: Study, tmp_path: Path
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import find_studies

    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.StartState(slicer.vtkMRMLScene.BatchProcessState)  # "clear existing scene": both in one batch
    slicer.mrmlScene.Clear(False)
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.EndState(slicer.vtkMRMLScene.BatchProcessState)
    a_hand.see()
    (study,) = find_studies(slicer.mrmlScene)
    assert a_hand.panel.study == study
    assert a_hand.ui.editor.segmentationNode() is study.segmentation_node
    assert a_hand.ui.editor.sourceVolumeNode() is study.volume_node
    plot = slicer.mrmlScene.GetSingletonNode("CardiacPlot", "vtkMRMLPlotViewNode")
    assert plot.GetPlotChartNode() is study.result("chart")


def test_another_modules_batch_leaves_views_and_editor_as_they_are(a_hand: Hand, a_segmented_study: Study) -> None:
    import slicer
    from CardiacSegmentationLib.gui.layout import short_axis_view
    from CardiacSegmentationLib.scene.views import current_slice

    a_hand.ui.sliceTable.cellClicked.emit(2, 0)
    slicer.mrmlScene.StartState(slicer.vtkMRMLScene.BatchProcessState)
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode")
    slicer.mrmlScene.EndState(slicer.vtkMRMLScene.BatchProcessState)
    a_hand.see()
    assert a_hand.ui.editor.segmentationNode() is a_segmented_study.segmentation_node
    plot = slicer.mrmlScene.GetSingletonNode("CardiacPlot", "vtkMRMLPlotViewNode")
    assert plot.GetPlotChartNode() is a_segmented_study.result("chart")
    assert current_slice(a_segmented_study, short_axis_view()) == 2


def test_the_panels_editor_is_no_part_of_a_saved_scene(a_hand: Hand, a_segmented_study: Study, tmp_path: Path) -> None:
    import slicer

    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    with zipfile.ZipFile(tmp_path / "scene.mrb") as archive:
        (scene,) = (archive.read(name) for name in archive.namelist() if name.endswith(".mrml"))
    assert b"<SequenceBrowser" in scene
    assert b"<SegmentEditor" not in scene


def test_a_corrected_study_comes_back_from_a_saved_scene(
    a_hand: Hand, a_segmented_study: Study, tmp_path: Path
) -> None:
    import slicer

    a_hand.ui.phaseSlider.value = 2
    paint(a_segmented_study, 4)
    a_hand.wait(0.4)
    a_hand.ui.weightSpin.value = 91.0
    a_hand.ui.exportEdit.currentPath = str(tmp_path)
    a_hand.export("scene")
    assert not a_hand.messages.errors
    before = a_hand.panel.live.session.segmentation.labels.copy()
    numbers = {key: measure.text for key, measure in a_hand.panel.live.assessment.lv.items()}
    slicer.mrmlScene.Clear(False)
    assert a_hand.panel.study is None
    (scene,) = tmp_path.rglob("*.mrb")
    slicer.util.loadScene(str(scene))
    a_hand.see()
    assert a_hand.panel.study is not None
    np.testing.assert_array_equal(a_hand.panel.live.session.segmentation.labels, before)
    assert {key: measure.text for key, measure in a_hand.panel.live.assessment.lv.items()} == numbers
    assert a_hand.ui.weightSpin.value == 91.0


def test_a_scene_made_by_the_command_line_opens_with_everything_in_place(
    a_hand: Hand, painted: tuple[CineStack, Segmentation], painted_bundle: Path, tmp_path: Path
) -> None:
    import slicer
    from CardiacSegmentationLib.gui.handover import write_stack

    write_stack(painted[0], tmp_path / "study.nrrd")
    command = [sys.executable, "-m", "CardiacSegmentationLib", "segment", str(tmp_path / "study.nrrd")]
    command += [
        "--out",
        str(tmp_path / "results"),
        "--model",
        str(painted_bundle),
        "--backend",
        "onnx",
        "--only",
        "scene",
    ]
    subprocess.run(command, check=True, capture_output=True)
    slicer.util.loadScene(str(tmp_path / "results" / "scene.mrb"))
    a_hand.see()
    study = a_hand.panel.study
    assert study is not None
    assert study.result("chart") is not None
    assert float(a_hand.ui.resultsTable.item(0, 1).text()) == pytest.approx(60, abs=6)
    assert a_hand.ui.phaseSlider.maximum == painted[0].phases - 1
    a_hand.ui.phaseSlider.value = 1
    paint(study, 3)
    a_hand.wait(0.4)
    assert a_hand.ui.undoButton.enabled  # it can be corrected like any other


def test_leaving_and_entering_takes_the_keys_and_gives_them_back(a_hand: Hand, a_module: Any) -> None:
    import slicer

    window = slicer.util.mainWindow()
    keys = shortcuts_of(window)
    assert keys > 15
    assert shortcuts_of(window) == keys
    a_module.widget.exit()
    a_hand.see()
    assert shortcuts_of(window) == 0
    a_module.widget.enter()
    a_module.widget.enter()
    a_hand.see()
    assert shortcuts_of(window) == keys


def test_keys_do_what_the_guide_says(a_hand: Hand, a_segmented_study: Study) -> None:
    keys = a_hand.panel._shortcuts.actions()
    keys["Right"]()
    assert a_hand.ui.phaseSlider.value == 1
    keys["Left"]()
    keys["Left"]()
    assert a_hand.ui.phaseSlider.value == 7
    keys["S"]()
    assert a_hand.ui.phaseLabel.text.startswith("ES")
    keys["D"]()
    assert a_hand.ui.phaseLabel.text.startswith("ED")
    keys["6"]()
    assert a_hand.ui.editor.mrmlSegmentEditorNode().GetActiveEffectName() == "Draw"
    keys["6"]()
    assert a_hand.ui.editor.mrmlSegmentEditorNode().GetActiveEffectName() == ""
    a_hand.ui.editor.setCurrentSegmentID("LV")
    keys["W"]()
    assert a_hand.ui.editor.currentSegmentID() != "LV"
    keys["Q"]()
    assert a_hand.ui.editor.currentSegmentID() == "LV"
    paint(a_segmented_study, 4)
    a_hand.wait(0.4)
    keys["Ctrl+Z"]()
    assert not a_hand.panel.live.session.segmentation.labels[0, :, :12, :12].any()


def test_arrow_keys_step_through_slices_of_the_short_axis_view(a_hand: Hand, a_segmented_study: Study) -> None:
    from CardiacSegmentationLib.gui.layout import reading_view
    from CardiacSegmentationLib.scene.views import current_slice

    view = reading_view(a_segmented_study)
    keys = a_hand.panel._shortcuts.actions()
    at = current_slice(a_segmented_study, view)
    keys["Down"]()
    assert current_slice(a_segmented_study, view) == at + 1
    for _ in range(20):
        keys["Up"]()
    assert current_slice(a_segmented_study, view) == 0
    a_hand.ui.sliceTable.cellClicked.emit(6, 0)
    assert current_slice(a_segmented_study, view) == 6


def test_the_module_can_be_reloaded_in_the_middle_of_work(
    a_hand: Hand, a_segmented_study: Study, a_module: Any, a_window: Any, gui_host: Host
) -> None:
    a_module.unload()
    a_window.processEvents()
    again = gui_host.load(Path(a_module.path))
    widget = again.widgetRepresentation()
    widget.show()
    again.widget.enter()
    hand = Hand(widget, again.widget.panel)
    hand.see()
    assert hand.panel.study == a_segmented_study
    assert hand.ui.resultsTable.rowCount > 5
    paint(a_segmented_study, 4)
    hand.wait(0.4)
    assert hand.ui.undoButton.enabled
    again.unload()


def test_after_a_reload_there_is_one_panel_and_its_keys_work(
    a_module: Any, a_window: Any, phantom: tuple[CineStack, Segmentation]
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import load_study, set_segmentation

    a_module.widgetRepresentation().show()
    a_module.widget.enter()
    study = load_study(slicer.mrmlScene, phantom[0])
    set_segmentation(study, phantom[1])
    a_module.widget.panel.select(study)
    a_window.processEvents()
    keys = shortcuts_of(slicer.util.mainWindow())
    before = weakref.ref(a_module.widget.panel)
    a_module.reload()
    a_window.processEvents()
    gc.collect()
    assert before() is None
    assert shortcuts_of(slicer.util.mainWindow()) == keys > 15
    assert a_module.widget.panel.study == study
    a_module.widget.exit()


def test_nothing_is_printed_in_normal_use(
    a_hand: Hand, a_segmented_study: Study, capfd: pytest.CaptureFixture[str], vtk_output: Any
) -> None:
    import slicer

    for phase in (1, 3, 0):
        a_hand.ui.phaseSlider.value = phase
    paint(a_segmented_study, 4)
    a_hand.wait(0.4)
    a_hand.ui.undoButton.click()
    a_segmented_study.segmentation_node.GetSegmentation().RemoveSegment("RV")  # as a button of the editor does
    a_hand.wait(0.5)
    assert not (a_hand.panel.live.session.segmentation.labels[0] == 1).any()
    slicer.mrmlScene.Clear(False)
    a_hand.see()
    assert capfd.readouterr() == ("", "")
    assert vtk_output() == ""


@pytest.mark.stand_in
def test_without_a_main_window_the_panel_works_all_the_same(
    a_hand: Hand, a_window: Any, phantom: tuple[CineStack, Segmentation]
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import load_study, set_segmentation

    a_hand.panel.exit()
    a_window.open_main_window(False)
    study = load_study(slicer.mrmlScene, phantom[0])
    set_segmentation(study, phantom[1])
    a_hand.panel.select(study)
    a_hand.panel.enter()
    a_hand.panel._correct.step_slice(1)
    a_hand.panel.exit()
    assert a_hand.ui.resultsTable.rowCount > 5


def shortcuts_of(window: Any) -> int:
    return sum(child.className() == "QShortcut" for child in window.children())
