"""The reading layout and saved scenes, which name a layout by its number alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack
    from gui_hosts import Host
    from slicer_stand_in.hand import Hand

MODULE = Path(__file__).parents[2] / "CardiacSegmentation" / "CardiacSegmentation.py"


def views_shown() -> str:
    import slicer

    return str(slicer.app.layoutManager().layoutLogic().GetLayoutNode().GetCurrentLayoutDescription())


@pytest.fixture
def a_scene_in_the_reading_layout(a_module: Any, phantom: tuple[CineStack, Segmentation], tmp_path: Path) -> str:
    """A saved scene, and a Slicer that has not heard of the layout yet."""
    import slicer
    from CardiacSegmentationLib.gui.layout import LAYOUT_ID, show_layout
    from CardiacSegmentationLib.scene.study import load_study

    load_study(slicer.mrmlScene, phantom[0])
    show_layout()
    path = str(tmp_path / "scene.mrb")
    assert slicer.util.saveScene(path)
    slicer.mrmlScene.Clear(False)
    layout = slicer.app.layoutManager().layoutLogic().GetLayoutNode()
    layout.SetViewArrangement(layout.SlicerLayoutFourUpView)
    layout.SetLayoutDescription(LAYOUT_ID, "")
    return path


@pytest.mark.stand_in
def test_a_saved_scene_opens_in_its_layout_before_the_module_is_opened(
    a_scene_in_the_reading_layout: str, gui_host: Host, vtk_output: Any
) -> None:
    import slicer

    gui_host.finish_start()
    slicer.util.loadScene(a_scene_in_the_reading_layout)
    assert "CardiacPlot" in views_shown()
    assert slicer.mrmlScene.GetSingletonNode("Red", "vtkMRMLSliceNode").GetLayoutLabel() == "SAX"
    assert vtk_output() == ""


@pytest.mark.stand_in
def test_a_module_that_is_added_to_a_running_slicer_brings_its_layout_and_its_sample(
    a_window: Any, gui_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    import slicer
    from CardiacSegmentationLib.gui.layout import LAYOUT_ID

    layouts = a_window.layoutManager().layoutLogic().GetLayoutNode()
    layouts.SetLayoutDescription(LAYOUT_ID, "")
    monkeypatch.setattr(slicer.modules, "sampleDataSources", {}, raising=False)
    module = gui_host.load(MODULE)
    assert "CardiacPlot" in layouts.GetLayoutDescription(LAYOUT_ID)
    assert len(slicer.modules.sampleDataSources["Cardiac"]) == 1
    module.unload()


@pytest.mark.stand_in
@pytest.mark.parametrize(("width", "height", "panel_width"), [(1920, 1080, 500), (1280, 800, 560)])
def test_curve_and_numbers_can_be_read_in_their_windows(
    a_hand: Hand, a_segmented_study: Study, width: int, height: int, panel_width: int
) -> None:
    from slicer_stand_in.window import Window

    window = Window(a_hand.widget, a_segmented_study.volume_node, (width, height), panel_width)
    a_hand.see()
    plot, table = window.views["vtkMRMLPlotViewNode"], window.views["vtkMRMLTableViewNode"]
    assert plot.height() >= 250
    assert table.needed() <= table.width()  # type: ignore[attr-defined]
    chart = a_segmented_study.result("chart")
    assert not chart.GetLegendVisibility()  # it would lie over the curves
    window.close()


def test_no_view_gives_the_segment_editor_a_reason_to_warn(a_hand: Hand, a_segmented_study: Study) -> None:
    import slicer

    (warning,) = slicer.util.findChildren(a_hand.ui.editor, name="SliceRotateWarningButton")
    assert not warning.isVisibleTo(a_hand.ui.editor)


@pytest.mark.stand_in
def test_a_scene_opened_while_slicer_starts_gets_its_layout_when_it_has(
    a_scene_in_the_reading_layout: str, gui_host: Host, vtk_output: Any
) -> None:
    import slicer

    slicer.util.loadScene(a_scene_in_the_reading_layout)
    assert views_shown() == ""
    gui_host.finish_start()
    assert "CardiacPlot" in views_shown()


@pytest.mark.stand_in
def test_the_panel_shows_its_layout_where_slicer_holds_it_for_shown_already(
    a_scene_in_the_reading_layout: str, a_module: Any, vtk_output: Any
) -> None:
    import slicer

    slicer.util.loadScene(a_scene_in_the_reading_layout)
    assert views_shown() == ""
    a_module.widgetRepresentation()
    assert "CardiacPlot" in views_shown()
