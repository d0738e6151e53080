"""The curve as a control: a click goes to a phase, marks are dragged, and what it paints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.analysis.assess import assess
from CardiacSegmentationLib.gui.curve_axes import BOTTOM, LEFT, RIGHT, ROW, CurveAxes, axes_of, row_of, ventricle_of
from CardiacSegmentationLib.reading import Reading
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.session.contour_commands import delete_here

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack
    from slicer_stand_in.hand import Hand

in_the_window = pytest.mark.stand_in
MIDDLE_Y = 100  # between scale and flags
SIZE = (430, 210)


@pytest.fixture
def axes(phantom: tuple[CineStack, Segmentation]) -> CurveAxes:
    """The phantom's curves in a picture as large as in the panel."""
    return axes_of(assess(*phantom, Reading()), *SIZE)


@pytest.fixture
def curve(a_hand: Hand, a_segmented_study: Study) -> Any:
    """The curve in the panel."""
    return a_hand.panel._results._curve


def send(curve: Any, kind: str, x: float, y: float) -> None:
    """A mouse event as the window system sends it."""
    import qt

    kinds, left, none = qt.QEvent.Type, qt.Qt.MouseButton.LeftButton, qt.Qt.MouseButton.NoButton
    button = none if kind == "MouseMove" else left
    held = none if kind == "MouseButtonRelease" or (kind == "MouseMove" and not curve._is_pressed) else left
    at = qt.QPointF(x, y)
    event = qt.QMouseEvent(getattr(kinds, kind), at, curve.mapToGlobal(at), button, held, qt.Qt.NoModifier)
    qt.QCoreApplication.sendEvent(curve, event)


def drag(hand: Hand, curve: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    send(curve, "MouseButtonPress", *start)
    for share in (0.3, 0.6, 1.0):
        send(curve, "MouseMove", *(a + share * (b - a) for a, b in zip(start, end, strict=True)))
    send(curve, "MouseButtonRelease", *end)
    hand.see()


def flag(curve: Any, name: str) -> tuple[float, float]:
    axes = curve._axes()
    return axes.x(axes.marks[name]), row_of(ventricle_of(name)) + ROW / 2


def pixels(curve: Any) -> np.ndarray:
    """What is painted, ``[row, column, colour]``."""
    import qt

    image = curve.grab().toImage().convertToFormat(qt.QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)


def test_times_and_amounts_have_their_places(axes: CurveAxes) -> None:
    last = len(axes.times_ms) - 1
    assert (axes.x(0), axes.x(last)) == (LEFT, SIZE[0] - RIGHT)
    assert [axes.phase_at(axes.x(phase)) for phase in range(last + 1)] == list(range(last + 1))
    assert (axes.phase_at(-50), axes.phase_at(9999)) == (0, last)
    assert axes.y(0.0) == SIZE[1] - BOTTOM
    assert axes.y(axes.highest) == axes.top
    assert max(np.nanmax(line) for line in axes.lines.values()) < axes.highest


def test_unevenly_spaced_phases_lie_at_their_times(axes: CurveAxes) -> None:
    from dataclasses import replace

    uneven = replace(axes, times_ms=(0.0, 10.0, 400.0, 800.0))
    middle = (uneven.x(0) + uneven.x(3)) / 2
    assert uneven.x(2) == middle
    assert uneven.phase_at(middle - 30) == 2


def test_a_single_phase_has_its_place(axes: CurveAxes) -> None:
    from dataclasses import replace

    single = replace(axes, times_ms=(0.0,))
    assert LEFT < single.x(0) < SIZE[0] - RIGHT
    assert single.phase_at(0.0) == 0


def test_mass_is_in_grams(phantom: tuple[CineStack, Segmentation], axes: CurveAxes) -> None:
    assessment = assess(*phantom, Reading())
    assert axes.lines[Label.MYO][assessment.key_phases.lv_ed] == pytest.approx(assessment.lv["mass_g"].value)


def test_a_mark_is_taken_by_its_flag_or_on_its_curve(axes: CurveAxes) -> None:
    for name, phase in axes.marks.items():
        x, ventricle = axes.x(phase), ventricle_of(name)
        assert axes.mark_at(x, row_of(ventricle) + ROW / 2) == name
        assert axes.mark_at(x + 3, axes.y(axes.lines[ventricle][phase]) + 3) == name
    assert axes.mark_at(axes.x(axes.marks["lv_es"]), SIZE[1] - BOTTOM - 1) is None
    assert axes.mark_at(axes.x(axes.marks["lv_es"]) + 40, ROW / 2) is None


def test_phases_without_labels_are_left_out(axes: CurveAxes) -> None:
    line = axes.lines[Label.LV].copy()
    line[1:3] = np.nan
    assert [x for x, _y in axes.points(line)] == [axes.x(phase) for phase in (0, 3, 4, 5, 6, 7)]


@in_the_window
def test_a_click_goes_to_the_phase_and_decides_nothing(a_hand: Hand, curve: Any, a_segmented_study: Study) -> None:
    from CardiacSegmentationLib.scene.views import current_phase

    axes, session = curve._axes(), a_hand.panel.session
    for place in ((axes.x(5) + 4, MIDDLE_Y), (axes.x(2), axes.height - 2), flag(curve, "rv_es")):
        drag(a_hand, curve, place, place)
        assert current_phase(a_segmented_study) == axes.phase_at(place[0])
    assert not session.reading.has_decisions
    assert not session.undo_text()


@in_the_window
@pytest.mark.parametrize("name", ["lv_ed", "lv_es", "rv_ed", "rv_es"])
def test_a_mark_is_dragged_to_another_phase_in_one_step(
    a_hand: Hand, curve: Any, a_segmented_study: Study, name: str
) -> None:
    from CardiacSegmentationLib.scene.views import current_phase

    axes, session = curve._axes(), a_hand.panel.session
    before = session.assessment.key_phases
    to = getattr(before, name) + (2 if name.endswith("ed") else 1)
    drag(a_hand, curve, flag(curve, name), (axes.x(to), MIDDLE_Y))
    after = session.assessment.key_phases
    assert {key: phase for key, phase in vars(after).items() if phase != getattr(before, key)} == {name: to}
    assert current_phase(a_segmented_study) == to
    assert curve._axes().marks[name] == to
    a_hand.ui.undoButton.click()
    a_hand.see()
    assert session.assessment.key_phases == before
    assert not session.undo_text()


@in_the_window
def test_a_mark_that_comes_back_decides_nothing(a_hand: Hand, curve: Any) -> None:
    at = flag(curve, "lv_es")
    send(curve, "MouseButtonPress", *at)
    send(curve, "MouseMove", at[0] + 150, at[1])
    assert curve._over != curve._axes().marks["lv_es"]
    send(curve, "MouseMove", *at)
    send(curve, "MouseButtonRelease", *at)
    assert not a_hand.panel.session.reading.has_decisions


@in_the_window
def test_escape_lets_go_of_a_mark_which_stays(a_hand: Hand, curve: Any, a_segmented_study: Study) -> None:
    from CardiacSegmentationLib.scene.views import current_phase

    a_hand.panel._correct.choose_effect("Pull")
    at, escape = flag(curve, "lv_es"), a_hand.panel._shortcuts.actions()["Esc"]
    marks = dict(curve._axes().marks)
    send(curve, "MouseButtonPress", *at)
    send(curve, "MouseMove", at[0] + 150, at[1])
    assert current_phase(a_segmented_study) != marks["lv_es"]
    escape()
    assert current_phase(a_segmented_study) == marks["lv_es"]
    send(curve, "MouseMove", at[0] + 100, at[1])
    send(curve, "MouseButtonRelease", at[0] + 100, at[1])
    a_hand.see()
    assert curve._axes().marks == marks
    assert not a_hand.panel.session.reading.has_decisions
    assert a_hand.panel._correct.tool_in_hand() == "Pull"  # it was the mark that was dropped
    escape()
    assert a_hand.panel._correct.tool_in_hand() == ""


@in_the_window
def test_leaving_the_module_in_a_drag_ends_it(a_hand: Hand, curve: Any, a_segmented_study: Study) -> None:
    from CardiacSegmentationLib.scene.views import current_phase

    at, marks = flag(curve, "lv_es"), dict(curve._axes().marks)
    send(curve, "MouseButtonPress", *at)
    send(curve, "MouseMove", at[0] + 150, at[1])
    a_hand.panel.exit()
    a_hand.panel.enter()
    send(curve, "MouseMove", at[0] + 100, at[1])  # no button is down
    assert current_phase(a_segmented_study) == marks["lv_es"]
    assert curve._axes().marks == marks


@in_the_window
def test_a_signed_reading_says_why_a_mark_goes_back(a_hand: Hand, curve: Any) -> None:
    session = a_hand.panel.session
    session.set_reader("Dr. A")
    session.sign()
    before = session.assessment.key_phases
    drag(a_hand, curve, flag(curve, "lv_es"), (curve._axes().x(6), MIDDLE_Y))
    assert session.assessment.key_phases == before
    (error,) = a_hand.messages.errors
    assert "Dr. A" in error


@in_the_window
def test_the_tip_says_phase_time_and_volumes(a_hand: Hand, curve: Any) -> None:
    import qt

    axes, session = curve._axes(), a_hand.panel.session
    send(curve, "MouseMove", axes.x(2) + 1, MIDDLE_Y + 60)
    volumes = session.assessment.volumes_ml[:, 2]
    first, second = curve.toolTip.split("\n")
    assert first == f"Phase 3 of 8, {axes.times_ms[2]:.0f} ms"
    assert second == f"LV {volumes[2]:.1f} ml, RV {volumes[0]:.1f} ml, mass {volumes[1] * 1.05:.1f} g"
    send(curve, "MouseMove", *flag(curve, "rv_es"))
    assert curve.toolTip.endswith("Drag: set RV ES")
    assert curve.cursor.shape() == qt.Qt.SizeHorCursor


@in_the_window
def test_corrections_are_seen_over_the_dashed_automatic_curve(a_hand: Hand, curve: Any) -> None:
    session = a_hand.panel.session
    assert not curve._axes().automatic
    before = session.assessment.volumes_ml[Label.LV - 1].copy()
    unchanged = pixels(curve)
    delete_here(session, (3, 4), [Label.LV])
    a_hand.see()
    axes = curve._axes()
    assert set(axes.automatic) == {Label.LV}
    np.testing.assert_array_equal(axes.automatic[Label.LV], before)
    x, y = round(axes.x(3)), round(axes.y(session.assessment.volumes_ml[Label.LV - 1, 3]))
    orange = (213, 94, 0)
    assert tuple(pixels(curve)[y, x]) == orange
    assert tuple(unchanged[y, x]) != orange
    send(curve, "MouseMove", axes.x(3), MIDDLE_Y)
    assert f"Automatic: LV {before[3]:.1f} ml" in curve.toolTip


@in_the_window
def test_the_line_follows_the_phase_on_display(a_hand: Hand, curve: Any) -> None:
    def dark_columns() -> set[int]:
        stretch = pixels(curve)[170:188].sum(axis=2)
        return set(np.flatnonzero((stretch < 150).all(axis=0)))

    axes = curve._axes()
    for phase in (4, 6):
        a_hand.panel.go_to(None, phase)
        a_hand.see()
        (column,) = dark_columns()
        assert column == pytest.approx(axes.x(phase), abs=1)


@in_the_window
def test_the_keys_stay_the_panels(a_hand: Hand, curve: Any) -> None:
    import qt

    drag(a_hand, curve, (100, MIDDLE_Y), (100, MIDDLE_Y))
    assert curve.focusPolicy == qt.Qt.NoFocus
    assert not curve.focus


@in_the_window
def test_a_mark_in_hand_does_not_go_over_to_another_study(
    a_hand: Hand, curve: Any, phantom: tuple[CineStack, Segmentation]
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import load_study, set_segmentation

    at = flag(curve, "lv_es")
    send(curve, "MouseButtonPress", *at)
    send(curve, "MouseMove", at[0] + 150, at[1])
    other = load_study(slicer.mrmlScene, phantom[0])
    set_segmentation(other, phantom[1])
    a_hand.panel.select(other)
    send(curve, "MouseButtonRelease", at[0] + 150, at[1])
    assert not a_hand.panel.session.reading.has_decisions


@in_the_window
def test_without_a_study_a_mouse_does_no_harm(a_hand: Hand, curve: Any) -> None:
    a_hand.panel.select(None)
    drag(a_hand, curve, (100, MIDDLE_Y), (200, MIDDLE_Y))
    assert len(np.unique(pixels(curve)[5:-5, 5:-5].reshape(-1, 3), axis=0)) == 1
