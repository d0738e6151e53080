"""The tools on contours, with real mouse events in a real slice view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from overlap import dice
from slicer_stand_in.mouse import SLICE, border, drag, in_view

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study
    from slicer_host.view import SliceView
    from slicer_stand_in.hand import Hand

pytestmark = pytest.mark.stand_in


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


def test_shift_deletes_a_control_point(a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView) -> None:
    """The stretch between its neighbours is drawn plainly: what was bent out there goes back."""
    session = a_hand.panel.session
    curve = border(a_hand, "endo")
    top = curve[curve[:, 0].argmin()]
    a_hand.panel._correct.choose_effect("Points")
    drag(a_hand, a_big_view, top, (-4.0, 0.0))
    bent = session.segmentation.labels.copy()
    curve = border(a_hand, "endo")
    bump = curve[curve[:, 0].argmin()]
    a_big_view._move(in_view(a_big_view, a_segmented_study, bump))
    a_big_view.interactor.SetShiftKey(1)
    a_big_view.interactor.LeftButtonPressEvent()
    a_big_view.interactor.LeftButtonReleaseEvent()
    a_big_view.interactor.SetShiftKey(0)
    assert [entry.tool for entry in session.reading.journal] == ["Points", "Points"]
    assert border(a_hand, "endo")[:, 0].min() > bump[0] + 1.0
    a_hand.panel._correct.undo()
    np.testing.assert_array_equal(session.segmentation.labels, bent)


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
    proposal = a_hand.panel._correct.proposal
    keys["T"]()
    assert proposal.row.visible
    assert "1 image stays as you corrected it." in proposal.label.text
    assert not (session.segmentation.origin == Origin.PROPAGATED).any()  # a proposal
    keys["Shift+T"]()
    assert (session.segmentation.origin[1:, SLICE] == Origin.PROPAGATED).any()
    assert not proposal.row.visible
    for _ in range(5):
        keys["Ctrl+Z"]()
    assert not session.segmentation.corrected.any()
    keys["T"]()
    assert "corrected" in a_hand.messages.errors[-1]


def test_keys_delete_in_all_phases_and_carry_what_two_phases_lost(a_hand: Hand, a_segmented_study: Study) -> None:
    from CardiacSegmentationLib.scene.views import go_to_phase, go_to_slice
    from CardiacSegmentationLib.segmentation import Label

    keys, session = a_hand.panel._shortcuts.actions(), a_hand.panel.session
    labels, phases = session.segmentation.labels, session.stack.phases
    go_to_slice(a_segmented_study, SLICE)
    keys["Shift+L"]()
    assert not (labels[:, SLICE] == Label.LV).any()
    assert (labels[:, SLICE] == Label.RV).any()
    keys["Ctrl+Z"]()
    assert (labels[:, SLICE] == Label.LV).any(axis=(1, 2)).all()
    for phase in (0, phases // 2):
        go_to_phase(a_segmented_study, phase)
        keys["R"]()
    proposal = a_hand.panel._correct.proposal
    keys["T"]()
    assert f"Deleted in {phases - 2} images: RV." in proposal.label.text
    keys["Shift+T"]()
    assert not (labels[:, SLICE] == Label.RV).any()
    for _ in range(3):
        keys["Ctrl+Z"]()
    keys["Shift+R"]()
    assert not (labels[:, SLICE] == Label.RV).any()


def test_what_was_proposed_before_an_undo_is_not_taken_any_more(a_hand: Hand, a_segmented_study: Study) -> None:
    from CardiacSegmentationLib.scene.views import go_to_slice

    keys, session = a_hand.panel._shortcuts.actions(), a_hand.panel.session
    go_to_slice(a_segmented_study, SLICE)
    keys["+"]()
    keys["T"]()
    keys["Ctrl+Z"]()
    keys["Shift+T"]()
    assert not session.segmentation.corrected.any()
    assert "does not fit any more" in a_hand.messages.errors[-1]


@pytest.mark.parametrize(("key", "step"), [("C", (-1, 0)), ("Shift+C", (1, 0)), ("B", (0, -1)), ("N", (0, 1))])
def test_one_structure_is_copied_from_each_side_and_nothing_else_changes(
    a_hand: Hand, a_segmented_study: Study, key: str, step: tuple[int, int]
) -> None:
    from CardiacSegmentationLib.scene.views import go_to_phase, go_to_slice
    from CardiacSegmentationLib.segmentation import Label

    keys, session, tools = a_hand.panel._shortcuts.actions(), a_hand.panel.session, a_hand.panel._correct.tools
    go_to_phase(a_segmented_study, 2)
    go_to_slice(a_segmented_study, SLICE)
    before = session.segmentation.labels.copy()
    while tools.chosen != (Label.RV,):
        keys["X"]()
    keys[key]()
    labels, source = session.segmentation.labels, before[2 + step[0], SLICE + step[1]]
    likeness = dice(labels[2, SLICE] == Label.RV, source == Label.RV)  # not all: it gives way to the LV
    assert likeness > max(0.9, dice(before[2, SLICE] == Label.RV, source == Label.RV))
    assert dice(labels[2, SLICE] == Label.LV, before[2, SLICE] == Label.LV) > 0.99
    assert np.argwhere((labels != before).any(axis=(2, 3))).tolist() == [[2, SLICE]]
    keys["Ctrl+Z"]()
    np.testing.assert_array_equal(session.segmentation.labels, before)


@pytest.mark.parametrize("along", ["slices", "phases"])
def test_an_image_that_was_emptied_is_filled_by_shape(
    a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView, along: str
) -> None:
    from CardiacSegmentationLib.scene.views import go_to_phase
    from CardiacSegmentationLib.segmentation import STRUCTURES

    keys, session, correct = a_hand.panel._shortcuts.actions(), a_hand.panel.session, a_hand.panel._correct
    truth = session.segmentation.labels.copy()
    go_to_phase(a_segmented_study, 2)
    keys["R"]()
    keys["L"]()
    before, plain = session.segmentation.labels.copy(), a_big_view.pixels()
    getattr(correct.tools, f"fill_{along}")()
    assert correct.proposal.label.text.startswith("One image would change")
    assert (a_big_view.pixels() != plain).any()
    np.testing.assert_array_equal(session.segmentation.labels, before)
    keys["Shift+T"]()
    for label in STRUCTURES:
        assert dice(session.segmentation.labels[2, SLICE] == label, truth[2, SLICE] == label) > 0.9
    assert session.reading.journal[-1].tool == "Fill"
    keys["Ctrl+Z"]()
    np.testing.assert_array_equal(session.segmentation.labels, before)
    correct.tools.fill_slices() if along == "phases" else correct.tools.fill_phases()
    keys["A"]()  # another proposal takes its place
    assert correct.proposal.label.text.startswith("Looking again")
    correct.proposal.discard()


def test_every_command_of_the_panel_changes_the_image_shown_and_no_other(
    a_hand: Hand, a_segmented_study: Study
) -> None:
    """Each key that changes labels; the tools with the mouse have tests of their own."""
    from CardiacSegmentationLib.scene.views import go_to_phase, go_to_slice

    keys, session = a_hand.panel._shortcuts.actions(), a_hand.panel.session
    go_to_phase(a_segmented_study, 3)
    go_to_slice(a_segmented_study, SLICE)
    for number, key in enumerate(("R", "L", "C", "Shift+C", "B", "N", "+", "-", "M", "E"), start=1):
        before = session.segmentation.labels.copy()
        keys[key]()
        assert len(session.reading.journal) == number, key
        changed = np.argwhere((session.segmentation.labels != before).any(axis=(2, 3))).tolist()
        assert changed in ([[3, SLICE]], []), key  # smoothing may move a border by less than a pixel
        keys["Ctrl+Z"]()
        np.testing.assert_array_equal(session.segmentation.labels, before)


def test_dashed_outlines_follow_the_image_and_leave_nothing_behind(
    a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView
) -> None:
    import slicer
    from CardiacSegmentationLib.segmentation import Label

    keys, session = a_hand.panel._shortcuts.actions(), a_hand.panel.session
    plain = a_big_view.pixels()
    keys["O"]()
    assert (a_big_view.pixels() != plain).any()
    keys["O"]()
    assert (a_big_view.pixels() == plain).all()
    session.set_counts([Label.RV], 0, SLICE, counts=False)
    assert (a_big_view.pixels() != plain).any()
    keys["Right"]()
    keys["Left"]()
    assert (a_big_view.pixels() != plain).any()
    keys["+"]()
    keys["T"]()
    keys["Right"]()
    proposed = a_big_view.pixels()
    a_hand.panel._correct.proposal.discard()
    assert (a_big_view.pixels() != proposed).any()
    models = slicer.util.getNodesByClass("vtkMRMLModelNode")
    ours = [node for node in models if "utline" in node.GetName()]
    assert len(ours) == 5  # three structures, automatic, proposed
    assert all(node.GetHideFromEditors() and not node.GetSaveWithScene() for node in ours)
    slicer.mrmlScene.Clear(False)
    assert not [node for node in slicer.util.getNodesByClass("vtkMRMLModelNode") if "utline" in node.GetName()]


def test_base_and_apex_are_decided_by_dragging_over_cells(a_hand: Hand, a_segmented_study: Study) -> None:
    from CardiacSegmentationLib.segmentation import Label

    grid, session = a_hand.panel._correct.grid, a_hand.panel.session
    grid.box.collapsed = False
    a_hand.see()
    assert [heading for _side, _phase, heading in grid._columns] == ["LV ED", "LV ES", "RV ED", "RV ES"]
    ed, es = session.assessment.key_phases.rv_ed, session.assessment.key_phases.rv_es
    before = session.assessment
    for row in (1, 2):
        for column in (2, 3):
            grid.table.item(row, column).setSelected(True)
    grid.decide(False)
    assert not session.assessment.counted[Label.RV - 1, [ed, es]][:, [1, 2]].any()
    assert len(session.reading.journal) == 1  # a rectangle is one step
    assert session.assessment.rv["edv_ml"].value < before.rv["edv_ml"].value
    assert session.assessment.lv["edv_ml"].value == before.lv["edv_ml"].value
    assert grid.table.item(1, 2).text() == "○"
    assert "decided" in grid.table.item(1, 2).toolTip()
    grid.decide(None)
    assert session.assessment.rv["edv_ml"].value == before.rv["edv_ml"].value
    grid.which.currentIndex = 1
    assert grid.table.columnCount == 2 * session.stack.phases


def test_in_another_segment_editor_the_pixels_are_written_as_any_tool_does(
    a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView, a_module: Any
) -> None:
    """The panel is gone; Slicer's own editor has the tool, and its own undo takes it back."""
    import slicer
    from CardiacSegmentationLib.scene.segmentation import read_frame

    curve = border(a_hand, "endo")
    top = curve[curve[:, 0].argmin()]
    study = a_hand.panel.study
    start, end = (in_view(a_big_view, study, np.subtract(top, (by, 0.0))) for by in (0.0, 3.0))
    a_module.unload()
    editor = slicer.qMRMLSegmentEditorWidget()
    editor.setMRMLSegmentEditorNode(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentEditorNode"))
    editor.setMRMLScene(slicer.mrmlScene)
    editor.setSegmentationNode(study.segmentation_node)
    editor.setSourceVolumeNode(study.volume_node)
    before = read_frame(study.segmentation, study.images, 0)
    editor.setActiveEffectByName("Pull")
    a_big_view.drag(start, end)
    after = read_frame(study.segmentation, study.images, 0)
    assert np.argwhere((after != before).any(axis=(1, 2))).tolist() == [[SLICE]]
    editor.undo()
    np.testing.assert_array_equal(read_frame(study.segmentation, study.images, 0), before)
    editor.setActiveEffect(None)
    editor.setSegmentationNode(None)
