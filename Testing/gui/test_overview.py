"""The overview: every image on one screen, its state to be seen, a click away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.segmentation import STRUCTURES, Label
from CardiacSegmentationLib.session.contour_commands import delete_here

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study
    from slicer_stand_in.hand import Hand

pytestmark = pytest.mark.stand_in


def press_v(hand: Hand) -> Any:
    hand.panel._shortcuts.actions()["V"]()
    hand.see()
    return hand.panel.overview


def cell_of(overview: Any, place: tuple[int, int]) -> tuple[int, int]:
    return next(cell for cell, shown in overview._cells.items() if shown == place)


def picture_at(overview: Any, place: tuple[int, int]) -> np.ndarray:
    """What the cell of an image shows, ``[row, column, colour]``."""
    import qt

    side = overview._side
    image = overview.table.item(*cell_of(overview, place)).icon().pixmap(side, side).toImage()
    image = image.convertToFormat(qt.QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)


def test_a_key_covers_the_views_with_all_images_and_gives_them_free(a_hand: Hand, a_segmented_study: Study) -> None:
    session = a_hand.panel.session
    key = session.assessment.key_phases
    overview = press_v(a_hand)
    assert overview.is_shown
    assert a_hand.ui.overviewButton.checked
    phases = {key.lv_ed, key.lv_es, key.rv_ed, key.rv_es}
    assert set(overview._cells.values()) == {(phase, slice_) for phase in phases for slice_ in range(9)}
    overview.which.currentIndex = 1
    assert len(overview._cells) == 8 * 9
    overview = press_v(a_hand)
    assert not overview.is_shown
    assert not a_hand.ui.overviewButton.checked


def test_a_click_leads_to_the_image(a_hand: Hand, a_segmented_study: Study) -> None:
    from CardiacSegmentationLib.gui.layout import reading_view
    from CardiacSegmentationLib.scene.views import current_phase, current_slice

    overview = press_v(a_hand)
    es = a_hand.panel.session.assessment.key_phases.lv_es
    overview.table.cellClicked.emit(*cell_of(overview, (es, 6)))
    assert not overview.is_shown
    assert current_phase(a_segmented_study) == es
    assert current_slice(a_segmented_study, reading_view(a_segmented_study)) == 6


def test_what_does_not_count_is_dimmed_and_a_doubt_is_framed(a_hand: Hand, a_segmented_study: Study) -> None:
    session = a_hand.panel.session
    ed = session.assessment.key_phases.lv_ed
    overview = press_v(a_hand)
    before = picture_at(overview, (ed, 4))
    session.set_counts(STRUCTURES, ed, 4, counts=False)
    a_hand.see()
    after = picture_at(overview, (ed, 4))
    inside = np.s_[30:-30, 30:-30]
    assert after[inside].mean() == pytest.approx(0.4 * before[inside].mean(), rel=0.1)
    delete_here(session, (ed, 5), [Label.RV])
    a_hand.see()
    doubts = [finding for finding in session.assessment.open_findings if finding.slice == 5]
    assert doubts
    edge = np.s_[-2, 5]
    red, green, blue = picture_at(overview, (ed, 5))[edge]
    assert red > 240
    assert green < 180
    assert blue < 80
    assert overview.table.item(*cell_of(overview, (ed, 5))).toolTip()
    for doubt in doubts:
        session.acknowledge(doubt)
    a_hand.see()
    red, green, blue = picture_at(overview, (ed, 5))[edge]
    assert abs(red - green) + abs(green - blue) < 10


def test_what_was_looked_at_has_a_tick(a_hand: Hand, a_segmented_study: Study) -> None:
    session = a_hand.panel.session
    place = (session.assessment.key_phases.lv_es, 5)
    overview = press_v(a_hand)
    before = picture_at(overview, place)
    session.look_at(*place)
    a_hand.see()
    caption = np.s_[:24, :60]
    assert (picture_at(overview, place)[caption] != before[caption]).any()


def test_contours_in_the_picture_lie_where_the_labels_end(a_hand: Hand, a_segmented_study: Study) -> None:
    from CardiacSegmentationLib.gui.tiles import TilePainter

    session = a_hand.panel.session
    painter = TilePainter(session, 200)
    place = (session.assessment.key_phases.lv_ed, 4)
    picture = painter.paint(place).astype(int)
    orange = (abs(picture - (213, 94, 0)).sum(axis=2) < 60).nonzero()
    window, (row_mm, column_mm) = painter._window, session.stack.spacing_mm[1:]
    mm = window.side_mm / 200
    cavity = (session.segmentation.labels[place] == Label.LV).nonzero()
    for found, inside, corner, pixel_mm in zip(
        orange, cavity, (window.row, window.column), (row_mm, column_mm), strict=True
    ):
        edges = ((inside.min() - 0.5 - corner) * pixel_mm / mm, (inside.max() + 0.5 - corner) * pixel_mm / mm)
        assert (found.min(), found.max()) == pytest.approx(edges, abs=3)


def test_it_follows_the_size_of_the_window(a_hand: Hand, a_segmented_study: Study) -> None:
    import qt
    import slicer

    overview, views = press_v(a_hand), slicer.app.layoutManager().viewport()
    side, whole, half = overview._side, views.size, qt.QSize(views.width // 2, views.height // 2)

    def resize(before: Any, size: Any) -> None:
        views.resize(size)
        qt.QCoreApplication.sendEvent(views, qt.QResizeEvent(size, before))  # of a window that is seen Qt sends it

    try:
        resize(whole, half)
        assert overview._box.size == half
        a_hand.wait_for(lambda: overview._side < side, 10, "smaller images")
        resize(half, whole)
        assert overview._box.size == whole
        a_hand.wait_for(lambda: overview._side == side, 10, "images as large as before")
        overview.hide()
        resize(whole, half)
        assert overview._box.size == whole  # as it was, until it is shown again
        assert not overview._resized.is_active
    finally:
        views.resize(whole)


def test_it_ends_with_the_study_and_without_one_it_does_not_open(a_hand: Hand, a_segmented_study: Study) -> None:
    import slicer

    assert press_v(a_hand).is_shown
    slicer.mrmlScene.Clear(False)
    a_hand.see()
    assert not a_hand.panel.overview.is_shown
    assert not press_v(a_hand).is_shown
