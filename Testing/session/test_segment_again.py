"""Segmenting images again: what is asked, what is shown, what is taken, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.errors import ContourError
from CardiacSegmentationLib.network.alternatives import find_alternatives
from CardiacSegmentationLib.network.loaded import load_network
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.segmentation import STRUCTURES, Label, Origin, Segmentation
from CardiacSegmentationLib.session import StudySession
from CardiacSegmentationLib.session.contour_commands import contours_at, delete_here, edit_contours, grow_here
from CardiacSegmentationLib.session.segment_again import (
    Proposals,
    request_phase,
    request_slice,
    shown_labels,
    take_proposal,
)
from overlap import dice

if TYPE_CHECKING:
    from CardiacSegmentationLib.network.alternatives import Request
    from CardiacSegmentationLib.stack import CineStack

PLACE = (2, 4)


@pytest.fixture(scope="module")
def clear_phantom() -> tuple[CineStack, Segmentation]:
    """One that the network that ships can read."""
    return make_stack(PhantomSpec(phases=5, slices=9, pixel_mm=2.0))


@pytest.fixture
def read(clear_phantom: tuple[CineStack, Segmentation]) -> StudySession:
    """Only labels, as from a scene or another program: no evidence, no model."""
    return StudySession(*clear_phantom)


def ask(session: StudySession, request: Request) -> Proposals:
    before = shown_labels(session, request)
    return Proposals(request, before, find_alternatives(session.stack, load_network(None, "onnx"), request, before))


def damage(session: StudySession, place: tuple[int, int]) -> None:
    delete_here(session, place, [Label.RV])
    grow_here(session, place, [Label.LV], -6.0)


def test_a_damaged_slice_comes_back_as_one_step_and_undo_is_exact(
    read: StudySession, clear_phantom: tuple[CineStack, Segmentation]
) -> None:
    truth = clear_phantom[1].labels
    damage(read, PLACE)
    damage(read, (1, 4))
    before, drawn = read.segmentation.labels.copy(), read.segmentation.contours
    proposals = ask(read, request_slice(read, PLACE))
    assert set(proposals.contours(read)) == {PLACE}
    np.testing.assert_array_equal(read.segmentation.labels, before)  # a proposal
    assert take_proposal(read, proposals)
    for label in STRUCTURES:
        assert dice(read.segmentation.labels[PLACE] == label, truth[PLACE] == label) > 0.9
    changed = np.argwhere((read.segmentation.labels != before).any(axis=(2, 3)))
    assert changed.tolist() == [list(PLACE)], "the other corrected image is untouched"
    assert read.segmentation.origin[PLACE] == Origin.READER
    assert PLACE not in read.segmentation.contours
    entry = read.reading.journal[-1]
    assert (entry.action, entry.phase, entry.slice) == ("segment-again", *PLACE)
    assert read.undo_text("en").startswith("segment RV, myocardium, LV again, slice 5")
    assert "neu segmentieren" in read.undo_text("de")
    read.undo()
    np.testing.assert_array_equal(read.segmentation.labels, before)
    assert read.segmentation.contours == drawn
    read.redo()
    assert (read.segmentation.labels[PLACE] == proposals.answers[0][0]).all()


def test_the_next_proposal_is_another_one_and_after_the_last_comes_the_first(read: StudySession) -> None:
    delete_here(read, PLACE, STRUCTURES)
    proposals = ask(read, request_slice(read, PLACE))
    seen = [proposals]
    for _ in proposals.answers:
        seen.append(seen[-1].next())
    assert len(proposals.answers) > 1
    assert [one.number for one in seen] == [*range(len(proposals.answers)), 0]
    take_proposal(read, seen[1])
    assert (read.segmentation.labels[PLACE] == proposals.answers[1][0]).all()


def test_of_a_phase_the_images_stay_that_the_reader_corrected(read: StudySession) -> None:
    phase, mine, meanwhile = 2, 3, 5
    damage(read, (phase, mine))
    request = request_phase(read, phase)
    assert request.slices == tuple(slice_ for slice_ in range(9) if slice_ != mine)
    proposals = ask(read, request)
    damage(read, (phase, meanwhile))
    before = read.segmentation.labels.copy()
    assert take_proposal(read, proposals)
    changed = {tuple(place) for place in np.argwhere((read.segmentation.labels != before).any(axis=(2, 3)))}
    assert {(phase, 2), (phase, 4)} <= changed
    assert not {(phase, mine), (phase, meanwhile)} & changed
    assert {place[0] for place in changed} == {phase}
    read.undo()
    np.testing.assert_array_equal(read.segmentation.labels, before)


def test_a_phase_that_nobody_labelled_is_labelled_then(
    clear_phantom: tuple[CineStack, Segmentation],
) -> None:
    """Where the network looked at ED and ES alone, say."""
    stack, truth = clear_phantom
    labels = truth.labels.copy()
    labels[3] = 0
    session = StudySession(stack, Segmentation.of(labels))
    assert not session.segmentation.labelled[3]
    take_proposal(session, ask(session, request_phase(session, 3)))
    assert session.segmentation.labelled[3]
    for label in STRUCTURES:
        assert dice(session.segmentation.labels[3] == label, truth.labels[3] == label) > 0.9
    session.undo()
    assert not session.segmentation.labelled[3]


def test_what_was_changed_since_is_not_replaced(read: StudySession) -> None:
    proposals = ask(read, request_slice(read, PLACE))
    damage(read, PLACE)
    before = read.segmentation.labels.copy()
    with pytest.raises(ContourError, match="does not fit any more"):
        take_proposal(read, proposals)
    np.testing.assert_array_equal(read.segmentation.labels, before)


def test_a_phase_that_is_all_the_readers_is_refused(read: StudySession) -> None:
    dotted = read.segmentation.labels[2].copy()
    dotted[:, :2, :2] = Label.RV
    read.edit(2, dotted, "Paint")
    with pytest.raises(ContourError, match="every image of this phase"):
        request_phase(read, 2)


def test_where_the_network_looks(read: StudySession) -> None:
    labels = read.segmentation.labels
    rows, columns = request_slice(read, PLACE).box
    assert labels[..., rows, columns].any(axis=(0, 1)).sum() == labels.any(axis=(0, 1)).sum()
    _, row_mm, column_mm = read.stack.spacing_mm
    click = np.array([[30 * row_mm, 40 * column_mm], [30 * row_mm + 1, 40 * column_mm]])
    assert request_slice(read, PLACE, click).box == (slice(30, 31), slice(40, 41))
    corners = np.array([[60 * row_mm, 40 * column_mm], [30 * row_mm, 1e4]])
    assert request_slice(read, PLACE, corners).box == (slice(30, 61), slice(40, labels.shape[-1]))
    with pytest.raises(ContourError, match="Click into the image"):
        request_slice(read, PLACE, np.array([[-50.0, 20.0], [-50.0, 20.0]]))
    empty = StudySession(read.stack, Segmentation.of(np.zeros_like(labels)))
    assert request_slice(empty, PLACE).box is None, "the heart is searched for"


def test_a_slice_drawn_by_hand_loses_its_curve_and_undo_brings_it_back(read: StudySession) -> None:
    delete_here(read, PLACE, [Label.RV])
    edit_contours(read, {PLACE: contours_at(read, (1, 4))}, "Redraw")
    drawn = read.segmentation.contours[PLACE]
    take_proposal(read, ask(read, request_slice(read, PLACE)))
    assert PLACE not in read.segmentation.contours
    read.undo()
    assert read.segmentation.contours[PLACE] is drawn
