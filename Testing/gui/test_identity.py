"""Who is shown: on top of the panel and in the corner of the view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from CardiacSegmentationLib.scene.study import Study
    from slicer_host.view import SliceView
    from slicer_stand_in.hand import Hand

pytestmark = pytest.mark.stand_in


@pytest.fixture
def a_study_of_a_patient(a_hand: Hand, tmp_path: Path) -> Study:
    from CardiacSegmentationLib.phantom import PhantomSpec, write_study

    write_study(tmp_path / "phantom", PhantomSpec(phases=4, slices=8, pixel_mm=3.0))
    a_hand.look_into(tmp_path / "phantom")
    a_hand.click(a_hand.ui.loadButton)
    a_hand.see()
    return a_hand.panel.study


@pytest.fixture
def a_view(a_window: Any, a_study_of_a_patient: Study) -> Iterator[SliceView]:
    from CardiacSegmentationLib.gui.layout import SHORT_AXIS
    from slicer_host.view import SliceView, off_screen_problem
    from slicer_stand_in.effects import SliceWidget, slice_widgets

    if off_screen_problem():
        pytest.skip(off_screen_problem())
    view = SliceView(a_window.applicationLogic(), SHORT_AXIS, (400, 400))
    view.show(a_study_of_a_patient.volume_node)
    slice_widgets.append(SliceWidget(view))
    yield view
    slice_widgets.clear()
    view.close()


def corner(view: SliceView) -> int:
    """How much of the upper right corner is as bright as text."""
    return int((view.pixels()[:90, 200:] > 245).all(axis=2).sum())


def test_the_view_says_who_is_shown_until_it_shows_another(a_hand: Hand, a_view: SliceView) -> None:
    panel = a_hand.panel
    without = corner(a_view)
    panel.enter()
    assert "8 slices" in panel.identity.label.text
    lines = panel.identity.corner._actor.GetInput().splitlines()
    assert lines == panel.identity.label.text.split(" · ")
    assert len(lines) >= 3
    assert corner(a_view) > without + 100
    panel.identity.button.click()
    assert corner(a_view) == without
    assert panel.identity.label.text.startswith("Patient hidden")
    panel.identity.button.click()
    assert corner(a_view) > without + 100
    a_view.logic.GetSliceCompositeNode().SetBackgroundVolumeID(None)
    assert panel.identity.corner._actor.GetInput() == ""
    a_view.show(panel.study.volume_node)
    panel.exit()
    assert corner(a_view) == without
    panel._show_study()  # as at the end of a run in the background
    assert corner(a_view) == without


def test_two_loads_of_one_study_are_told_apart(a_hand: Hand, a_study_of_a_patient: Study) -> None:
    first = a_hand.panel.identity.label.text
    a_hand.click(a_hand.ui.loadButton)
    second = a_hand.panel.identity.label.text
    assert a_hand.panel.study != a_study_of_a_patient
    assert first != second
    assert "(2)" in second
    a_hand.panel.study.node.SetName("Before therapy")  # as the selector's menu does
    assert "Before therapy" in a_hand.panel.identity.label.text
