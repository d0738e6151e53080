"""Keys for looking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study
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
