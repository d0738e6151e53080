"""Long axes beside the short one, and base planes set on them with real mouse events in a real slice view."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from base_planes import true_line
from CardiacSegmentationLib.cine import find_stacks
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.phantom.geometry import TO_APEX
from CardiacSegmentationLib.phantom.heart import beating_heart
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from CardiacSegmentationLib.scene.study import Study
    from slicer_host.view import SliceView
    from slicer_stand_in.hand import Hand

pytestmark = pytest.mark.stand_in

SPEC = PhantomSpec(phases=8, slices=9, pixel_mm=2.0)
HEART = beating_heart(SPEC)


@pytest.fixture(scope="module")
def a_folder(written_phantom: Callable[[PhantomSpec], Path]) -> Path:
    return written_phantom(SPEC)


@pytest.fixture
def a_study_with_long_axes(a_hand: Hand, a_folder: Path) -> Study:
    """The phantom with its long axes and true labels, at hand in the panel."""
    import slicer
    from CardiacSegmentationLib.scene.long_axes import load_found
    from CardiacSegmentationLib.scene.study import set_segmentation

    study = load_found(slicer.mrmlScene, find_stacks(a_folder))
    set_segmentation(study, make_stack(SPEC)[1])
    a_hand.panel.select(study)
    a_hand.see()
    return study


@pytest.fixture
def views(a_window: Any, a_hand: Hand, a_study_with_long_axes: Study) -> Iterator[tuple[SliceView, SliceView]]:
    """The short-axis view and the one for a long axis, as the layout has them."""
    from CardiacSegmentationLib.gui import layout
    from slicer_host.view import SliceView, off_screen_problem

    if off_screen_problem():
        pytest.skip(off_screen_problem())
    made = [SliceView(a_window.applicationLogic(), name, (500, 500)) for name in (layout.SHORT_AXIS, layout.LONG_AXIS)]
    layout.show_study(a_study_with_long_axes)
    a_hand.panel._long_axes.show_study()
    layout.zoom_to_heart(a_study_with_long_axes, a_hand.panel.session.segmentation.labels)
    for view in made:
        view.pixels()
    yield made[0], made[1]
    for view in made:
        view.close()


def ends_of(label: Label, phase: int, deeper_mm: float = 0.0) -> np.ndarray:
    """Both ends of a true base line, in RAS."""
    points = np.array(true_line(SPEC, HEART, label, phase).points_mm) + deeper_mm * TO_APEX
    return points * [-1, -1, 1]


def click(view: SliceView, ras: Any) -> None:
    click_at(view, *view.ras_to_view(tuple(ras)))


def click_at(view: SliceView, x: float, y: float) -> None:
    view._move((x, y))
    view.interactor.LeftButtonPressEvent()
    view.interactor.LeftButtonReleaseEvent()


def set_plane(hand: Hand, view: SliceView, label: Label, phase: int, deeper_mm: float = 0.0) -> None:
    hand.panel.go_to(None, phase)
    hand.panel._long_axes.buttons[label].click()
    for point in ends_of(label, phase, deeper_mm):
        click(view, point)
    hand.see()


def shown_line(hand: Hand, label: Label) -> np.ndarray:
    """The points of the line that is drawn, in RAS."""
    node = hand.panel._long_axes._valves[label].node
    points = np.zeros((2, 3))
    for number in range(2):
        node.GetNthControlPointPositionWorld(number, points[number])
    return points


def test_a_long_axis_comes_up_beside_the_short_one(
    a_hand: Hand, a_study_with_long_axes: Study, views: tuple[SliceView, SliceView], tmp_path: Path
) -> None:
    from CardiacSegmentationLib.scene.long_axes import long_axis_volume

    panel = a_hand.panel._long_axes
    assert [panel.which.itemText(index) for index in range(panel.which.count)] == ["none", "2CH", "3CH", "4CH"]
    assert panel.which.currentText == "4CH"
    shown = [view.logic.GetSliceCompositeNode().GetBackgroundVolumeID() for view in views]
    assert shown == [
        a_study_with_long_axes.volume_node.GetID(),
        long_axis_volume(a_study_with_long_axes, "4CH").GetID(),
    ]
    panel.which.currentIndex = 1
    assert (
        views[1].logic.GetSliceCompositeNode().GetBackgroundVolumeID()
        == long_axis_volume(a_study_with_long_axes, "2CH").GetID()
    )


def test_the_editor_does_not_offer_to_turn_the_long_axis(
    a_hand: Hand, views: tuple[SliceView, SliceView], a_study_with_long_axes: Study
) -> None:
    import slicer

    a_hand.see()
    (sign,) = slicer.util.findChildren(a_hand.ui.editor, name="SliceRotateWarningButton")
    assert sign.height == 0


def test_the_long_axis_stays_in_its_view_whatever_other_modules_do(
    a_hand: Hand, a_study_with_long_axes: Study, views: tuple[SliceView, SliceView], a_window: Any
) -> None:
    import slicer

    composite, scene = views[1].logic.GetSliceCompositeNode(), slicer.mrmlScene
    shown, layout = composite.GetBackgroundVolumeID(), a_window.layoutManager().layout
    assert shown != a_study_with_long_axes.volume_node.GetID()
    scene.StartState(scene.BatchProcessState)
    scene.EndState(scene.BatchProcessState)
    a_hand.see()
    assert composite.GetBackgroundVolumeID() == shown
    a_hand.panel._correct.choose_effect("Pull")
    a_window.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    a_window.layoutManager().setLayout(layout)
    a_hand.see()
    assert composite.GetBackgroundVolumeID() == shown


def test_lines_of_the_slices_lie_on_the_long_axis_and_its_own_on_the_slice(
    a_hand: Hand, a_study_with_long_axes: Study, views: tuple[SliceView, SliceView]
) -> None:
    short, long = views
    before = [view.pixels() for view in views]
    a_hand.panel.go_to(2, None)
    third = long.pixels()
    a_hand.panel.go_to(5, None)
    sixth = long.pixels()
    for image, slice_, other in ((third, 2, 5), (sixth, 5, 2)):
        assert redness(long, image, slice_) > 0.8
        assert redness(long, image, other) < 0.2
    assert (short.pixels() != before[0]).any()
    a_hand.panel._long_axes.which.currentIndex = 0
    yellow = np.array([230, 184, 0])
    assert (np.abs(short.pixels().astype(int) - yellow).max(axis=2) < 40).sum() == 0
    a_hand.panel._long_axes.which.currentIndex = 3
    assert (np.abs(short.pixels().astype(int) - yellow).max(axis=2) < 40).sum() > 100


def redness(view: SliceView, image: np.ndarray, slice_: int) -> float:
    """The share of a slice's line on the long axis that is drawn in the colour of the slice shown."""
    from CardiacSegmentationLib.phantom.geometry import RIGHT, in_chest

    depth = float(HEART.slice_depths_mm[slice_])
    found = []
    for out in np.linspace(-60, 45, 40):
        x, y = view.ras_to_view(tuple(in_chest(0, 0, depth, SPEC) * [-1, -1, 1] + out * RIGHT * [-1, -1, 1]))
        around = image[image.shape[0] - 1 - int(y) - 2 : image.shape[0] - 1 - int(y) + 3, int(x)].astype(int)
        found.append((np.abs(around - [242, 74, 51]).max(axis=1) < 40).any())
    return float(np.mean(found))


def test_two_clicks_at_ed_and_es_set_the_plane_and_volumes_follow(
    a_hand: Hand, a_study_with_long_axes: Study, views: tuple[SliceView, SliceView]
) -> None:
    session = a_hand.panel.session
    before = session.assessment.lv["edv_ml"].value
    set_plane(a_hand, views[1], Label.LV, 0, deeper_mm=8.0)
    assert a_hand.panel._long_axes.status.text == "LV: set on 4CH, phase 1. Set it at ES too."
    after = session.assessment.lv["edv_ml"].value
    assert after < before - 5
    assert a_hand.ui.resultsTable.item(1, 1).text() == session.assessment.lv["edv_ml"].text
    set_plane(a_hand, views[1], Label.LV, HEART.es_phase)
    decided = {line.phase: line for line in session.reading.base_lines if not line.is_followed}
    assert set(decided) == {0, HEART.es_phase}
    assert np.abs(np.array(decided[0].points_mm) * [-1, -1, 1] - ends_of(Label.LV, 0, 8.0)).max() < 1.5  # a pixel
    assert not a_hand.panel._long_axes.buttons[Label.LV].checked
    assert [entry.action for entry in session.reading.journal] == ["base-plane", "base-plane"]
    a_hand.panel._correct.undo()
    a_hand.panel._correct.undo()
    assert session.assessment.lv["edv_ml"].value == before
    assert a_hand.panel._long_axes._valves[Label.LV].node is None


def test_the_line_follows_the_phase_and_its_ends_can_be_dragged(
    a_hand: Hand, a_study_with_long_axes: Study, views: tuple[SliceView, SliceView]
) -> None:
    session, view = a_hand.panel.session, views[1]
    set_plane(a_hand, view, Label.LV, 0)
    at_ed = shown_line(a_hand, Label.LV)
    a_hand.panel.go_to(None, 2)
    a_hand.see()
    carried = shown_line(a_hand, Label.LV)
    assert ((carried - at_ed) @ (TO_APEX * [-1, -1, 1])).mean() > 2.0
    assert a_hand.panel._long_axes._valves[Label.LV].node.GetDisplayNode().GetOpacity() < 1
    view.pixels()
    view.drag(view.ras_to_view(tuple(carried[0])), view.ras_to_view(tuple(carried[0] + 6 * TO_APEX * [-1, -1, 1])))
    a_hand.see()
    line = next(line for line in session.reading.base_lines if line.phase == 2)
    assert not line.is_followed
    moved = np.array(line.points_mm) * [-1, -1, 1] - carried
    assert moved[0] @ (TO_APEX * [-1, -1, 1]) == pytest.approx(6.0, abs=1.0)
    assert np.abs(moved[1]).max() < 0.5
    assert a_hand.panel._long_axes._valves[Label.LV].node.GetDisplayNode().GetOpacity() == 1


def test_the_key_delete_does_not_take_a_line_off_the_view_that_counts(
    a_hand: Hand, a_study_with_long_axes: Study, views: tuple[SliceView, SliceView]
) -> None:
    set_plane(a_hand, views[1], Label.LV, 0)
    views[1]._move(views[1].ras_to_view(tuple(ends_of(Label.LV, 0)[0])))
    views[1].interactor.SetKeyEventInformation(0, 0, "\x7f", 1, "Delete")
    views[1].interactor.KeyPressEvent()
    a_hand.see()
    assert a_hand.panel.session.reading.base_planes
    assert a_hand.panel._long_axes._valves[Label.LV].node.GetNumberOfDefinedControlPoints() == 2


def test_what_can_be_no_base_goes_back_with_a_word(
    a_hand: Hand, a_study_with_long_axes: Study, views: tuple[SliceView, SliceView]
) -> None:
    session, view = a_hand.panel.session, views[1]
    set_plane(a_hand, view, Label.LV, 0)
    before, drawn = session.reading, shown_line(a_hand, Label.LV)
    view.pixels()
    view.drag(view.ras_to_view(tuple(drawn[0])), view.ras_to_view(tuple(drawn[1] + 1.5)))
    a_hand.see()
    assert "mm apart" in a_hand.messages.errors[-1]
    assert session.reading.base_lines == before.base_lines
    np.testing.assert_allclose(shown_line(a_hand, Label.LV), drawn, atol=1e-6)


def test_clicks_in_the_short_axis_are_no_base(
    a_hand: Hand, a_study_with_long_axes: Study, views: tuple[SliceView, SliceView]
) -> None:
    a_hand.panel.go_to(4, 0)
    a_hand.panel._long_axes.buttons[Label.RV].click()
    for place in ((200, 200), (300, 220)):
        views[0]._move(place)
        views[0].interactor.LeftButtonPressEvent()
        views[0].interactor.LeftButtonReleaseEvent()
    a_hand.see()
    assert a_hand.panel.session.reading.base_lines == ()
    assert a_hand.panel._long_axes.status.text == "Click both ends of the valve in the view of the long axis."
    assert a_hand.panel._long_axes._valves[Label.RV].node.GetNumberOfDefinedControlPoints() == 0


def test_asking_ends_by_the_button_a_key_the_right_button_and_with_the_module(
    a_hand: Hand, a_study_with_long_axes: Study, views: tuple[SliceView, SliceView]
) -> None:
    import slicer

    interaction = slicer.app.applicationLogic().GetInteractionNode()
    button = a_hand.panel._long_axes.buttons[Label.LV]

    def take_a_tool() -> None:
        a_hand.panel._correct.choose_effect("Pull")

    def right_button() -> None:
        views[1]._move((100, 100))
        views[1].interactor.RightButtonPressEvent()
        views[1].interactor.RightButtonReleaseEvent()

    for end in (button.click, a_hand.panel._shortcuts.actions()["Esc"], right_button, take_a_tool, a_hand.panel.exit):
        button.click()
        assert button.checked
        assert interaction.GetCurrentInteractionMode() == interaction.Place
        assert a_hand.panel._correct.tool_in_hand() == ""
        end()
        a_hand.see()
        assert interaction.GetCurrentInteractionMode() == interaction.ViewTransform
        assert not button.checked


def test_a_signed_reading_locks_the_line(
    a_hand: Hand, a_study_with_long_axes: Study, views: tuple[SliceView, SliceView]
) -> None:
    set_plane(a_hand, views[1], Label.LV, 0)
    session = a_hand.panel.session
    session.set_reader("Dr. A")
    session.sign()
    a_hand.see()
    panel = a_hand.panel._long_axes
    assert panel._valves[Label.LV].node.GetLocked()
    assert not panel.buttons[Label.LV].enabled
    assert not panel.remove_button.enabled


def test_the_grid_and_the_list_show_what_a_plane_cuts(
    a_hand: Hand, a_study_with_long_axes: Study, views: tuple[SliceView, SliceView]
) -> None:
    import qt

    a_hand.panel._correct.grid.box.collapsed = False
    set_plane(a_hand, views[1], Label.LV, 0, deeper_mm=3.0)
    shares = a_hand.panel.session.assessment.shares[Label.LV - 1, 0]
    (cut,) = np.flatnonzero((shares > 0) & (shares < 1))
    item = a_hand.panel._correct.grid.table.item(int(cut), 0)
    assert item.text() == "◐"
    assert item.toolTip() == f"counts by {100 * shares[cut]:.0f} %, by the base plane"
    below = a_hand.panel._correct.grid.table.item(int(cut) + 1, 0)
    assert (below.text(), below.toolTip()) == ("●", "counts, by the base plane")
    assert a_hand.ui.sliceTable.item(int(cut), 1).checkState() == qt.Qt.PartiallyChecked


def test_a_saved_scene_brings_everything_back(
    a_hand: Hand, a_study_with_long_axes: Study, views: tuple[SliceView, SliceView], tmp_path: Path
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import find_studies

    set_plane(a_hand, views[1], Label.LV, 0, deeper_mm=8.0)
    a_hand.panel._long_axes.which.currentIndex = 1
    a_hand.panel._long_axes.which.currentIndex = 3
    before = a_hand.panel.session.assessment.lv["edv_ml"].text
    lines = a_hand.panel.session.reading.base_lines
    path = str(tmp_path / "scene.mrb")
    assert slicer.util.saveScene(path)
    slicer.mrmlScene.Clear(False)
    a_hand.see()
    assert not slicer.util.getNodesByClass("vtkMRMLMarkupsLineNode")
    models = [node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLModelNode")]
    assert all(name.endswith("Volume Slice") for name in models), models  # the views' own
    slicer.util.loadScene(path)
    a_hand.see()
    (study,) = find_studies(slicer.mrmlScene)
    assert a_hand.panel.study == study
    assert a_hand.panel.session.reading.base_lines == lines
    assert a_hand.panel.session.assessment.lv["edv_ml"].text == before
    assert a_hand.panel._long_axes.which.currentText == "4CH"
    assert len(slicer.util.getNodesByClass("vtkMRMLMarkupsLineNode")) == 1  # the one drawn, not one that was saved


def test_none_is_remembered_and_the_layout_goes_back(a_hand: Hand, a_study_with_long_axes: Study) -> None:
    import slicer
    from CardiacSegmentationLib.gui.layout import LAYOUT_ID, LONG_AXIS_LAYOUT_ID

    assert slicer.app.layoutManager().layout == LONG_AXIS_LAYOUT_ID
    a_hand.panel._long_axes.which.currentIndex = 0
    assert slicer.app.layoutManager().layout == LAYOUT_ID
    a_hand.panel.select(None)
    a_hand.panel.select(a_study_with_long_axes)
    assert a_hand.panel._long_axes.which.currentText == "none"
    assert slicer.app.layoutManager().layout == LAYOUT_ID


def test_a_study_without_long_axes_says_so(a_hand: Hand, a_segmented_study: Study) -> None:
    panel = a_hand.panel._long_axes
    assert not any(button.enabled for button in panel.buttons.values())
    assert panel.status.text == "No long-axis cines came with this study: base planes cannot be set."


def test_a_base_plane_may_be_taken_away(
    a_hand: Hand, a_study_with_long_axes: Study, views: tuple[SliceView, SliceView]
) -> None:
    set_plane(a_hand, views[1], Label.LV, 0)
    set_plane(a_hand, views[1], Label.RV, 0)
    panel = a_hand.panel._long_axes
    panel._fill_menu()
    assert [action.text for action in panel._menu.actions()] == ["Mitral", "Tricuspid"]
    panel._menu.actions()[1].trigger()
    assert a_hand.panel.session.reading.base_planes == (Label.LV,)
    assert panel._valves[Label.RV].node is None


@pytest.mark.skipif("CARDIACSEG_PICTURES" not in os.environ, reason="no folder for pictures: CARDIACSEG_PICTURES")
def test_both_views_are_pictured(
    a_hand: Hand, a_study_with_long_axes: Study, views: tuple[SliceView, SliceView]
) -> None:
    for label in (Label.LV, Label.RV):
        set_plane(a_hand, views[1], label, 0)
    a_hand.panel.go_to(3, 0)
    a_hand.see()
    for name, view in zip(("short-axis", "long-axis"), views, strict=True):
        view.save(Path(os.environ["CARDIACSEG_PICTURES"]) / f"base-plane-{name}.png")


def test_the_page_in_a_browser_sets_the_same_plane(
    a_hand: Hand, a_study_with_long_axes: Study, views: tuple[SliceView, SliceView], new_tab: Any, tmp_path: Path
) -> None:
    """The view's pixels lie on the image where the page's do: the same clicks give the same reading and numbers."""
    from CardiacSegmentationLib.browser.long_axes import in_patient, in_pixels
    from CardiacSegmentationLib.browser.served import ServedStudy
    from CardiacSegmentationLib.browser.server import Desk, ReadingServer, serve_in_background
    from CardiacSegmentationLib.session import Recovery, StudySession

    own, panel = a_hand.panel.session, a_hand.panel._long_axes
    four, recovery = panel.shown, Recovery(tmp_path / "kept")
    session = StudySession(own.stack, own.segmentation, now=own._now)
    recovery.find(session)
    study = ServedStudy(session, recovery, "en", lambda _session, _parts: [], long_axes=[four])
    server = ReadingServer(Desk("en", study))
    serve_in_background(server)
    page = new_tab(reduced_motion="reduce", viewport={"width": 1400, "height": 2600}).open(server.address).page
    page.click("#long-axes summary")
    box = page.locator("#long-axis").bounding_box()
    corner, scale = np.floor([box["x"], box["y"]]), np.array([box["width"], box["height"]]) / four.voxels.shape[:0:-1]

    def in_ras(pixel: Any) -> np.ndarray:
        """Where a pixel of the page lies."""
        return in_patient(four, [(pixel - (box["x"], box["y"])) / scale])[0] * [-1, -1, 1]

    lay_over(views[1], [in_ras(corner + step) for step in ((0, 0), (1, 0), (0, 1))], (600, 600))
    for label, phase in ((Label.LV, 0), (Label.RV, HEART.es_phase)):
        page.evaluate("phase => goTo(phase, 4)", phase)
        page.click(f"#plane-{label.name}")
        ends = np.round(in_pixels(four, ends_of(label, phase, 6.0) * [-1, -1, 1]) * scale + (box["x"], box["y"]))
        page.mouse.move(*ends[0])
        page.mouse.down()
        page.mouse.move(*ends[1], steps=3)
        page.mouse.up()
        page.evaluate("queue.then(() => null)")
        a_hand.panel.go_to(None, phase)
        panel.buttons[label].click()
        for end in ends:
            x, y = views[1].ras_to_view(tuple(in_ras(end)))
            click_at(views[1], round(x), round(y))
        a_hand.see()
    server.shutdown()
    server.server_close()
    assert len(own.reading.base_lines) == 2 * SPEC.phases
    assert own.reading.base_lines == session.reading.base_lines
    for side in ("lv", "rv"):
        for name in ("edv_ml", "esv_ml"):
            mine, other = (getattr(one.assessment, side)[name].value for one in (own, session))
            assert mine == other
    np.testing.assert_array_equal(own.assessment.shares, session.assessment.shares)


def lay_over(view: SliceView, ras: list[np.ndarray], size: tuple[int, int]) -> None:
    """Give the view such a place that its upper left pixel, and those beside and below it, lie at these points."""
    import vtk

    first, right, down = ras
    view.window.SetSize(*size)
    view.logic.ResizeSliceNode(*size)
    pixels_mm = [float(np.linalg.norm(to - first)) for to in (right, down)]
    view.node.SetFieldOfView(size[0] * pixels_mm[0], size[1] * pixels_mm[1], view.node.GetFieldOfView()[2])
    view.node.SetXYZOrigin(0.0, 0.0, 0.0)
    to_view = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Invert(view.node.GetXYToRAS(), to_view)
    x, y = to_view.MultiplyPoint((*first, 1.0))[:2]
    view.node.SetXYZOrigin(x * pixels_mm[0], (y - (size[1] - 1)) * pixels_mm[1], 0.0)
    for point, pixel in zip(ras, ((0, size[1] - 1), (1, size[1] - 1), (0, size[1] - 2)), strict=True):
        assert np.abs(np.array(view.ras_to_view(tuple(point))) - pixel).max() < 1e-6
