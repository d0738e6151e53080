"""The tools on contours, with real mouse events in a real slice view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from CardiacSegmentationLib.scene.study import Study
    from slicer_host.view import SliceView
    from slicer_stand_in.hand import Hand

pytestmark = pytest.mark.stand_in
SLICE = 4


@pytest.fixture
def a_big_view(a_window: Any, a_segmented_study: Study) -> Iterator[SliceView]:
    """The panel's view of the short axis, at end-diastole and a slice in the middle."""
    from CardiacSegmentationLib.gui.layout import SHORT_AXIS
    from slicer_host.view import SliceView, off_screen_problem
    from slicer_stand_in.effects import SliceWidget, slice_widgets

    if off_screen_problem():
        pytest.skip(off_screen_problem())
    view = SliceView(a_window.applicationLogic(), SHORT_AXIS, (400, 400))
    view.show(a_segmented_study.volume_node)
    view.go_to_slice(a_segmented_study.volume_node, SLICE)
    slice_widgets.append(SliceWidget(view))
    yield view
    slice_widgets.clear()
    view.close()


def in_view(view: SliceView, study: Study, place_mm: Any) -> tuple[float, float]:
    """Where a place of a contour is in the view."""
    import vtk

    to_ras = vtk.vtkMatrix4x4()
    study.volume_node.GetIJKToRASMatrix(to_ras)
    column_mm, row_mm = study.volume_node.GetSpacing()[:2]
    ras = to_ras.MultiplyPoint((place_mm[1] / column_mm, place_mm[0] / row_mm, SLICE, 1))
    return view.ras_to_view(ras[:3])


def border(hand: Hand, name: str) -> Any:
    from CardiacSegmentationLib.scene.views import current_phase
    from CardiacSegmentationLib.segmentation import Border
    from CardiacSegmentationLib.session.contour_commands import contours_at

    session = hand.panel.session
    return contours_at(session, (current_phase(hand.panel.study), SLICE)).borders[Border(name)]


def drag(hand: Hand, view: SliceView, start: Any, by: tuple[float, float]) -> None:
    study = hand.panel.study
    view.drag(in_view(view, study, start), in_view(view, study, start + np.array(by)))


def test_pull_moves_the_endocardium_and_ef_follows_at_once(
    a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView
) -> None:
    a_hand.panel._correct.go_to_bookmark("lv_ed")
    session = a_hand.panel.session
    before, labels = session.assessment, session.segmentation.labels.copy()
    a_hand.panel._correct.choose_effect("Pull")
    curve = border(a_hand, "endo")
    top = curve[curve[:, 0].argmin()]
    bottom = 2 * curve.mean(axis=0) - top
    for start, by in ((top, -3.0), (bottom, 3.0)):
        drag(a_hand, a_big_view, start, (by, 0.0))
    after = session.assessment  # no timer has run
    assert after.lv["edv_ml"].value > before.lv["edv_ml"].value
    assert after.lv["ef_percent"].value > before.lv["ef_percent"].value
    assert a_hand.ui.resultsTable.item(1, 1).text() == after.lv["edv_ml"].text
    ed = after.key_phases.lv_ed
    changed = np.argwhere((session.segmentation.labels != labels).any(axis=(2, 3)))
    assert changed.tolist() == [[ed, SLICE]]
    assert [entry.tool for entry in session.reading.journal] == ["Pull", "Pull"]
    assert (ed, SLICE) in session.segmentation.contours
    a_hand.panel._correct.undo()
    a_hand.panel._correct.undo()
    np.testing.assert_array_equal(session.segmentation.labels, labels)
    assert session.assessment.lv["ef_percent"].value == before.lv["ef_percent"].value


@pytest.mark.parametrize("tool", ["Push", "Points", "Redraw"])
def test_every_tool_moves_the_border_where_the_mouse_goes(
    a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView, tool: str
) -> None:
    session = a_hand.panel.session
    before = session.segmentation.labels.copy()
    curve = border(a_hand, "endo")
    top, middle = curve[curve[:, 0].argmin()], curve.mean(axis=0)
    a_hand.panel._correct.choose_effect(tool)
    if tool == "Push":
        drag(a_hand, a_big_view, np.add(top, (12.0, 0.0)), (-8.0, 0.0))
    elif tool == "Points":
        drag(a_hand, a_big_view, top, (-3.0, 0.0))
    else:
        angles = np.radians(np.arange(-130, -49, 10))
        radius = np.hypot(*(top - middle))
        places = [middle + (radius + 2.0) * np.array([np.sin(a), np.cos(a)]) for a in angles]
        a_big_view._move(in_view(a_big_view, a_segmented_study, places[0]))
        a_big_view.interactor.LeftButtonPressEvent()
        for place in places[1:]:
            a_big_view._move(in_view(a_big_view, a_segmented_study, place))
        a_big_view.interactor.LeftButtonReleaseEvent()
    assert [entry.tool for entry in session.reading.journal] == [tool]
    assert border(a_hand, "endo")[:, 0].min() < top[0] - 1.0
    changed = np.argwhere((session.segmentation.labels != before).any(axis=(2, 3)))
    assert changed.tolist() == [[0, SLICE]]


def test_what_is_in_hand_is_dropped_on_escape_and_when_another_phase_comes(
    a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView
) -> None:
    keys, session = a_hand.panel._shortcuts.actions(), a_hand.panel.session
    before = session.segmentation.labels.copy()
    curve = border(a_hand, "endo")
    top = curve[curve[:, 0].argmin()]
    keys["1"]()
    for let_go in (keys["Esc"], keys["Right"], keys["Down"]):
        a_big_view.go_to_slice(a_segmented_study.volume_node, SLICE)
        a_big_view._move(in_view(a_big_view, a_segmented_study, top))
        a_big_view.interactor.LeftButtonPressEvent()
        a_big_view._move(in_view(a_big_view, a_segmented_study, np.subtract(top, (4.0, 0.0))))
        assert a_hand.ui.editor.activeEffect().self()._image is not None
        let_go()
        a_big_view._move(in_view(a_big_view, a_segmented_study, np.subtract(top, (6.0, 0.0))))
        a_big_view.interactor.LeftButtonReleaseEvent()
    a_hand.panel.settle()
    np.testing.assert_array_equal(session.segmentation.labels, before)
    assert not session.reading.journal
    assert a_hand.panel._correct.tool_in_hand() == "Pull"  # Esc dropped the drag, not the tool
    keys["Esc"]()
    assert a_hand.panel._correct.tool_in_hand() == ""


def test_reach_follows_brackets_and_the_wheel_with_shift(
    a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView
) -> None:
    keys = a_hand.panel._shortcuts.actions()
    keys["1"]()
    effect = a_hand.ui.editor.activeEffect().self()
    first = effect.reach_mm
    keys["]"]()
    assert effect.reach_mm == first + 2
    keys["["]()
    interactor = a_big_view.interactor
    interactor.SetShiftKey(1)
    interactor.MouseWheelForwardEvent()
    interactor.SetShiftKey(0)
    interactor.MouseWheelForwardEvent()  # goes through the slices
    assert effect.reach_mm == first + 2


def test_keys_delete_copy_and_propagate(a_hand: Hand, a_segmented_study: Study) -> None:
    from CardiacSegmentationLib.scene.views import go_to_slice
    from CardiacSegmentationLib.segmentation import Label, Origin

    keys, session = a_hand.panel._shortcuts.actions(), a_hand.panel.session
    go_to_slice(a_segmented_study, SLICE)
    labels = session.segmentation.labels
    keys["R"]()
    assert not (labels[0, SLICE] == Label.RV).any()
    keys["L"]()
    assert not labels[0, SLICE].any()
    keys["C"]()
    assert (labels[0, SLICE] == Label.LV).any()
    keys["+"]()
    tools = a_hand.panel._correct.tools
    keys["T"]()
    assert tools.proposal_row.visible
    assert not (session.segmentation.origin == Origin.PROPAGATED).any()  # a proposal
    keys["Shift+T"]()
    assert (session.segmentation.origin[1:, SLICE] == Origin.PROPAGATED).any()
    assert not tools.proposal_row.visible
    for _ in range(5):
        keys["Ctrl+Z"]()
    assert not session.has_corrections
    keys["T"]()
    assert "corrected" in a_hand.messages.errors[-1]
