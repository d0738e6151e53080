"""Segmenting a slice or a phase again, with the network that ships, in the real background process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from overlap import dice
from slicer_stand_in.mouse import SLICE, border, in_view

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.session import StudySession
    from CardiacSegmentationLib.stack import CineStack
    from slicer_host.view import SliceView
    from slicer_stand_in.hand import Hand

pytestmark = pytest.mark.stand_in


@pytest.fixture
def keys(a_hand: Hand, a_segmented_study: Study) -> Any:
    """The keys, at a slice in the middle: the labels came with the scene, no network made them."""
    from CardiacSegmentationLib.scene.views import go_to_slice

    go_to_slice(a_segmented_study, SLICE)
    return a_hand.panel._shortcuts.actions()


def wait(hand: Hand) -> None:
    hand.wait_for(lambda: not hand.panel._correct.again._run.is_asking, 120, "the answer")


def assert_like_the_truth(session: StudySession, truth: Segmentation, place: tuple[int, int]) -> None:
    for label in (1, 2, 3):
        assert dice(session.segmentation.labels[place] == label, truth.labels[place] == label) > 0.9


def test_a_deleted_slice_comes_back_at_a_key_and_undo_is_exact(
    a_hand: Hand, keys: Any, phantom: tuple[CineStack, Segmentation]
) -> None:
    session, row = a_hand.panel.session, a_hand.panel._correct.proposal
    keys["R"]()
    keys["L"]()
    before = session.segmentation.labels.copy()
    keys["A"]()
    assert row.label.text.startswith("Looking again")
    assert row.discard_button.text == "Cancel"
    wait(a_hand)
    assert row.label.text.startswith("Proposal 1 of ")
    assert row.label.text.endswith("LV, MYO, RV.")
    np.testing.assert_array_equal(session.segmentation.labels, before)
    keys["Shift+T"]()
    assert_like_the_truth(session, phantom[1], (0, SLICE))
    assert session.reading.journal[-1].action == "segment-again"
    assert not row.row.visible
    keys["Ctrl+Z"]()
    np.testing.assert_array_equal(session.segmentation.labels, before)


def test_the_next_proposal_comes_at_the_key_and_is_shown(a_hand: Hand, keys: Any, a_big_view: SliceView) -> None:
    row, session = a_hand.panel._correct.proposal, a_hand.panel.session
    keys["R"]()
    keys["A"]()
    wait(a_hand)
    first, text = a_big_view.pixels(), row.label.text
    count = int(text.split()[3].rstrip(","))
    assert count > 1
    keys["A"]()
    assert row.label.text.startswith(f"Proposal 2 of {count}")
    assert not a_hand.panel._correct.again._run.is_asking, "it is at hand already"
    second = a_big_view.pixels()
    assert (first != second).any()
    for _ in range(count - 1):
        a_hand.click(row.next_button)
    assert row.label.text == text
    assert (a_big_view.pixels() == first).all()
    a_hand.click(row.discard_button)
    assert len(session.reading.journal) == 1, "the deletion alone"
    keys["Down"]()
    keys["A"]()
    assert a_hand.panel._correct.again._run.is_asking, "another slice is another question"
    wait(a_hand)


@pytest.mark.parametrize("is_box", [False, True])
def test_a_click_or_a_box_in_the_view_says_where(
    a_hand: Hand,
    keys: Any,
    a_big_view: SliceView,
    phantom: tuple[CineStack, Segmentation],
    is_box: bool,
) -> None:
    session, study = a_hand.panel.session, a_hand.panel.study
    keys["R"]()
    keys["L"]()
    keys["9"]()
    assert a_hand.panel._correct.tool_in_hand() == "Again"
    rows, columns = np.nonzero(phantom[1].labels[0, SLICE])
    _, row_mm, column_mm = phantom[0].spacing_mm
    corners = np.array([[rows.min(), columns.min()], [rows.max(), columns.max()]]) * (row_mm, column_mm)
    start, end = corners if is_box else [corners.mean(axis=0)] * 2
    plain = a_big_view.pixels()
    a_big_view._move(in_view(a_big_view, study, start))
    a_big_view.interactor.LeftButtonPressEvent()
    a_big_view._move(in_view(a_big_view, study, end))
    assert (a_big_view.pixels() != plain).any() == is_box, "the box is drawn while it is dragged"
    a_big_view.interactor.LeftButtonReleaseEvent()
    assert a_hand.panel._correct.again._run._asked.request.box is not None
    wait(a_hand)
    keys["Shift+T"]()
    assert_like_the_truth(session, phantom[1], (0, SLICE))
    changed = np.argwhere((session.segmentation.labels != phantom[1].labels).any(axis=(2, 3)))
    assert changed.tolist() == [[0, SLICE]]


def test_a_click_with_shift_means_the_whole_phase(a_hand: Hand, keys: Any, a_big_view: SliceView) -> None:
    study, run = a_hand.panel.study, a_hand.panel._correct.again._run
    middle = border(a_hand, "endo").mean(axis=0)
    keys["9"]()
    a_big_view._move(in_view(a_big_view, study, middle))
    a_big_view.interactor.SetShiftKey(1)
    a_big_view.interactor.LeftButtonPressEvent()
    a_big_view.interactor.LeftButtonReleaseEvent()
    a_big_view.interactor.SetShiftKey(0)
    assert run._asked.request.slices == tuple(range(9))
    wait(a_hand)
    a_hand.panel.select(None)  # what is shown of a study goes with it
    assert not a_hand.panel._correct.proposal.row.visible


def test_a_phase_at_once_but_for_what_the_reader_corrected(a_hand: Hand, keys: Any) -> None:
    session, row = a_hand.panel.session, a_hand.panel._correct.proposal
    keys["R"]()
    mine = session.segmentation.labels[0, SLICE].copy()
    others = session.segmentation.labels[1:].copy()
    keys["Shift+A"]()
    wait(a_hand)
    assert "images change" in row.label.text
    keys["Shift+T"]()
    np.testing.assert_array_equal(session.segmentation.labels[0, SLICE], mine)
    np.testing.assert_array_equal(session.segmentation.labels[1:], others)
    assert session.segmentation.corrected[0].sum() > 1
    keys["Ctrl+Z"]()
    assert session.segmentation.corrected[0].sum() == 1


def test_cancelling_stops_it_and_the_network_stays_at_hand(a_hand: Hand, keys: Any) -> None:
    again, row = a_hand.panel._correct.again, a_hand.panel._correct.proposal
    keys["R"]()
    keys["Shift+A"]()
    a_hand.click(row.discard_button)
    assert not again._run.is_asking
    assert not row.row.visible
    keys["A"]()
    process = again._run._run._process
    wait(a_hand)
    assert row.label.text.startswith("Proposal 1 of "), "the answer to the second question"
    assert again._run._run._process is process
    a_hand.see()
    keys["Down"]()
    keys["A"]()
    wait(a_hand)
    assert again._run._run._process is process


def test_closing_the_scene_ends_the_process_and_leaves_no_file(a_hand: Hand, keys: Any) -> None:
    import slicer

    again = a_hand.panel._correct.again
    keys["A"]()
    folder = again._run._folder
    assert folder.is_dir()
    slicer.mrmlScene.Clear(False)
    assert not again._run.is_asking
    assert not folder.exists()
    assert not a_hand.messages.errors


def test_without_an_engine_or_a_network_it_is_said_why(
    a_hand: Hand, keys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CardiacSegmentationLib.gui import packages

    row = a_hand.panel._correct.proposal
    keys["R"]()
    a_hand.ui.modelEdit.currentPath = str(tmp_path)  # no network there
    keys["A"]()
    wait(a_hand)
    assert str(tmp_path) in a_hand.messages.errors[-1]
    assert not row.row.visible
    a_hand.ui.modelEdit.currentPath = ""
    monkeypatch.setattr(packages, "is_installed", lambda _name: False)
    monkeypatch.setattr(packages, "is_engine_installed", lambda _name: False)
    keys["A"]()
    assert "onnxruntime is needed" in a_hand.messages.errors[-1]
    assert not row.row.visible


def test_where_the_network_sees_what_is_shown_that_is_said(a_hand: Hand, keys: Any) -> None:
    from CardiacSegmentationLib.scene.views import go_to_slice

    row = a_hand.panel._correct.proposal
    go_to_slice(a_hand.panel.study, 0)  # beyond the heart
    keys["A"]()
    wait(a_hand)
    assert row.label.text == "The network sees nothing else here."
    assert not row.take_button.enabled
