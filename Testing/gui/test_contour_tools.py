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
        a_big_view.drag(
            in_view(a_big_view, a_segmented_study, start), in_view(a_big_view, a_segmented_study, start + [by, 0.0])
        )
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
