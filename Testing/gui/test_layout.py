"""The reading layout and saved scenes, which name a layout by its number alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack


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


def test_a_saved_scene_opens_in_its_layout_before_the_module_is_opened(
    a_scene_in_the_reading_layout: str, vtk_output: Any
) -> None:
    import slicer

    slicer.app.send("startupCompleted()")
    slicer.util.loadScene(a_scene_in_the_reading_layout)
    assert "CardiacPlot" in views_shown()
    assert vtk_output() == ""


def test_a_scene_opened_while_slicer_starts_gets_its_layout_when_it_has(
    a_scene_in_the_reading_layout: str, vtk_output: Any
) -> None:
    import slicer

    slicer.util.loadScene(a_scene_in_the_reading_layout)
    assert views_shown() == ""
    slicer.app.send("startupCompleted()")
    assert "CardiacPlot" in views_shown()


def test_the_panel_shows_its_layout_where_slicer_holds_it_for_shown_already(
    a_scene_in_the_reading_layout: str, a_module: Any, vtk_output: Any
) -> None:
    import slicer

    slicer.util.loadScene(a_scene_in_the_reading_layout)
    assert views_shown() == ""
    a_module.widgetRepresentation()
    assert "CardiacPlot" in views_shown()
