"""Keys for looking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from CardiacSegmentationLib.corrections import describe_work

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study
    from slicer_host.view import SliceView
    from slicer_stand_in.hand import Hand

pytestmark = pytest.mark.stand_in


def test_a_segmented_study_opens_near_the_heart_without_fill(a_hand: Hand, a_segmented_study: Study) -> None:
    from CardiacSegmentationLib.gui.layout import short_axis_view

    display = a_segmented_study.segmentation_node.GetDisplayNode()
    assert not display.GetVisibility2DFill()
    keys = a_hand.panel._shortcuts.actions()
    keys["F"]()
    assert display.GetVisibility2DFill()
    keys["H"]()
    assert not display.GetVisibility()
    view = short_axis_view()
    near = min(view.GetFieldOfView()[:2])
    rows_mm = 2.0 * a_segmented_study.volume_node.GetImageData().GetDimensions()[1]
    assert near < 0.8 * rows_mm


def test_keys_lead_to_end_diastole_and_end_systole_of_either_ventricle(a_hand: Hand, a_segmented_study: Study) -> None:
    session = a_hand.panel.session
    session.set_key_phases(rv_ed=1, rv_es=5)
    phases = session.assessment.key_phases
    for key, name in (("S", "lv_es"), ("D", "lv_ed"), ("Shift+S", "rv_es"), ("Shift+D", "rv_ed")):
        a_hand.panel._shortcuts.actions()[key]()
        assert a_hand.ui.phaseSlider.value == getattr(phases, name)


def test_a_key_leads_through_all_images_that_count_and_notes_what_was_seen(
    a_hand: Hand, a_segmented_study: Study
) -> None:
    from CardiacSegmentationLib.gui.looking import reading_order

    session, go_on = a_hand.panel.session, a_hand.panel._shortcuts.actions()["G"]
    order = reading_order(session.assessment)
    key = session.assessment.key_phases
    assert {phase for phase, _ in order} == {key.lv_ed, key.lv_es, key.rv_ed, key.rv_es}
    assert len(order) == len(set(order)) > 10
    for _ in range(len(order) + 1):  # the image shown at first may not be one that counts
        go_on()
    assert set(order) <= session.reading.looked_at
    before = a_hand.ui.phaseSlider.value
    go_on()
    assert a_hand.ui.phaseSlider.value == before


def test_an_image_shown_for_a_moment_has_been_looked_at(a_hand: Hand, a_segmented_study: Study) -> None:
    session = a_hand.panel.session
    for place in (1, 2, 5):  # past the first two in a hurry
        a_hand.panel.go_to(place, 3)
    a_hand.wait_for(lambda: (3, 5) in session.reading.looked_at, 5)
    assert not {(3, 1), (3, 2)} & session.reading.looked_at
    names = [a_hand.ui.sliceTable.item(row, 0).text() for row in (4, 5)]
    assert names == ["5", "6 ✓"]
    assert describe_work(session.segmentation, session.reading) == ""


def test_a_signed_reading_and_a_module_out_of_view_note_nothing(a_hand: Hand, a_segmented_study: Study) -> None:
    session = a_hand.panel.session
    a_hand.panel.exit()
    a_hand.panel.go_to(5, 3)
    a_hand.wait(1.2)
    assert (3, 5) not in session.reading.looked_at
    a_hand.panel.enter()
    session.set_reader("Ada")
    session.sign()
    a_hand.wait(1.2)
    assert (3, 5) not in session.reading.looked_at


def test_a_key_shows_the_pixels_as_they_are(a_hand: Hand, a_segmented_study: Study) -> None:
    display = a_segmented_study.volume_node.GetDisplayNode()
    before = display.GetInterpolate()
    a_hand.panel._shortcuts.actions()["I"]()
    assert display.GetInterpolate() != before
    a_hand.panel._shortcuts.actions()["I"]()
    assert display.GetInterpolate() == before


def test_shift_and_the_wheel_lead_through_the_phases(
    a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView
) -> None:
    from CardiacSegmentationLib.scene.views import current_phase, current_slice

    panel, interactor = a_hand.panel, a_big_view.interactor
    panel.enter()  # in Slicer the view is there from the beginning
    panel.go_to(4, 2)

    def turn(shift: int, event: str) -> tuple[int, int]:
        interactor.SetShiftKey(shift)
        getattr(interactor, event)()
        interactor.SetShiftKey(0)
        return current_phase(a_segmented_study), current_slice(a_segmented_study, a_big_view.node)

    assert turn(1, "MouseWheelForwardEvent") == (3, 4)
    assert turn(1, "MouseWheelBackwardEvent") == (2, 4)
    phase, slice_ = turn(0, "MouseWheelForwardEvent")
    assert phase == 2
    assert abs(slice_ - 4) == 1  # Slicer's own
    panel._correct.choose_effect("Pull")
    assert turn(1, "MouseWheelForwardEvent")[0] == 2  # it is the tool's
    panel._correct.choose_effect("Pull")
    panel.exit()
    assert turn(1, "MouseWheelForwardEvent")[0] == 2
