"""Structures that a reader deleted, or drew, in two phases: between them they go, or appear; nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.contours import Contours, find_contours
from CardiacSegmentationLib.contours.propagate import LeftOut
from CardiacSegmentationLib.contours.redraw import draw_border
from CardiacSegmentationLib.contours.transform import grow
from CardiacSegmentationLib.segmentation import STRUCTURES, Border, Label, Origin, Segmentation
from CardiacSegmentationLib.session.contour_commands import (
    contours_at,
    delete_here,
    delete_phases,
    edit_contours,
)
from CardiacSegmentationLib.session.propagation import (
    describe_proposal,
    propose_between,
    propose_phases,
    propose_slices,
    take,
)
from overlap import dice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from CardiacSegmentationLib.session import StudySession

SLICE, ED, ES, PHASES = 3, 0, 3, 8
LEFT = (Label.LV, Label.MYO)
ALL = (Label.LV, Label.MYO, Label.RV)


def phases_with(session: StudySession, label: Label) -> set[int]:
    return {phase for phase in range(PHASES) if (session.segmentation.labels[phase, SLICE] == label).any()}


def delete_at(session: StudySession, structures: Sequence[Label], *phases: int) -> None:
    for phase in phases:
        assert delete_here(session, (phase, SLICE), structures)


@pytest.mark.parametrize("structures", [(Label.RV,), LEFT, ALL, (Label.LV,), (Label.MYO,)])
def test_what_was_deleted_at_ed_and_es_goes_between_as_one_step(
    session: StudySession, structures: Sequence[Label]
) -> None:
    delete_at(session, structures, ED, ES)
    before = session.segmentation.labels.copy()
    proposal = propose_phases(session, SLICE)
    between = set(range(PHASES)) - {ED, ES}
    assert set(proposal) == {(phase, SLICE) for phase in between}
    np.testing.assert_array_equal(session.segmentation.labels, before)
    assert take(session, proposal)
    for label in STRUCTURES:
        assert phases_with(session, label) == (set() if label in structures else set(range(PHASES)))
    for label in set(STRUCTURES) - set(structures):
        np.testing.assert_array_equal(session.segmentation.labels == label, before == label)
    assert {int(session.segmentation.origin[phase, SLICE]) for phase in between} == {Origin.PROPAGATED}
    assert {int(session.segmentation.origin[phase, SLICE]) for phase in (ED, ES)} == {Origin.READER}
    assert session.undo()
    np.testing.assert_array_equal(session.segmentation.labels, before)
    assert session.redo()
    assert phases_with(session, structures[0]) == set()


def test_a_phase_between_that_the_reader_corrected_keeps_it_and_so_do_those_beside_it(session: StudySession) -> None:
    here = (1, SLICE)
    edit_contours(session, {here: grow(contours_at(session, here), [Border.RV], 1.0)}, "Grow")
    mine = session.segmentation.labels[here].copy()
    delete_at(session, [Label.RV], ED, ES)
    take(session, propose_phases(session, SLICE))
    np.testing.assert_array_equal(session.segmentation.labels[here], mine)
    assert phases_with(session, Label.RV) == {1, 2}  # 2 lies between one with an RV and one without


@pytest.mark.parametrize("structures", [(Label.RV,), LEFT, ALL])
def test_what_was_deleted_in_one_phase_stays_in_the_others_and_the_line_says_so(
    session: StudySession, structures: Sequence[Label]
) -> None:
    delete_at(session, structures, ES)
    proposal = propose_phases(session, SLICE)
    assert not proposal
    assert LeftOut.DELETED_ONCE in proposal.left_out.values()
    assert "deleted on one side of them only" in describe_proposal(session, proposal)
    assert "nur auf einer Seite" in describe_proposal(session, proposal, "de")


def test_phases_too_near_to_each_other_have_nothing_between_them_around_the_beat(session: StudySession) -> None:
    delete_at(session, [Label.RV], ED, 1)
    take(session, propose_phases(session, SLICE))
    assert phases_with(session, Label.RV) == set(range(2, PHASES))


def test_between_is_only_between(session: StudySession) -> None:
    delete_at(session, [Label.RV], ED, ES)
    take(session, propose_between(session, SLICE))
    assert phases_with(session, Label.RV) == set(range(ES + 1, PHASES))


def test_a_slice_between_two_without_an_rv_loses_it_too(session: StudySession) -> None:
    for slice_ in (2, 4):
        delete_here(session, (ED, slice_), [Label.RV])
    assert set(propose_slices(session, ED)) == {(ED, 3)}


def test_the_line_says_what_is_deleted_in_how_many_images(session: StudySession) -> None:
    delete_at(session, ALL, ED, ES)
    proposal = propose_phases(session, SLICE)
    assert "Deleted in 6 images: LV, myocardium, RV." in describe_proposal(session, proposal)
    assert "In 6 Bildern gelöscht: LV, Myokard, RV." in describe_proposal(session, proposal, "de")


def test_a_deletion_taken_back_at_es_gives_the_phases_between_back(session: StudySession) -> None:
    before = session.segmentation.labels.copy()
    delete_at(session, [Label.RV], ED, ES)
    take(session, propose_phases(session, SLICE))
    session.put({(ES, SLICE): before[ES, SLICE]}, "Paint")
    proposal = propose_phases(session, SLICE)
    assert take(session, proposal)
    assert phases_with(session, Label.RV) == set(range(PHASES)) - {ED}


def test_images_that_a_propagation_gives_back_are_the_networks_again(session: StudySession) -> None:
    before = session.segmentation
    numbers = session.assessment.areas_mm2[:, 1, SLICE].tolist()
    labels = before.labels.copy()
    delete_at(session, [Label.RV], ED, ES)
    take(session, propose_phases(session, SLICE))
    assert session.segmentation.origin[1, SLICE] == Origin.PROPAGATED
    session.put({(ES, SLICE): labels[ES, SLICE]}, "Paint")
    assert take(session, propose_phases(session, SLICE))
    np.testing.assert_array_equal(session.segmentation.labels[1, SLICE], labels[1, SLICE])
    assert session.segmentation.corrected_images == ((ED, SLICE),)
    assert session.assessment.areas_mm2[:, 1, SLICE].tolist() == numbers


def test_an_rv_lost_in_all_phases_and_drawn_at_ed_and_es_appears_between(
    begin: Callable[..., StudySession], made: Segmentation
) -> None:
    labels = made.labels.copy()
    labels[:, SLICE][labels[:, SLICE] == Label.RV] = 0
    session = begin(Segmentation.of(labels, model="a network"))
    draw(session, made, [Border.RV], ED, ES)
    proposal = propose_phases(session, SLICE)
    assert "Drawn in 6 images that lack it: RV." in describe_proposal(session, proposal)
    assert take(session, proposal)
    for phase in range(PHASES):
        now, truth = session.segmentation.labels[phase, SLICE], made.labels[phase, SLICE]
        assert dice(now == Label.RV, truth == Label.RV) > 0.85
        assert dice(now == Label.LV, truth == Label.LV) > 0.98
    session.undo()
    assert phases_with(session, Label.RV) == {ED, ES}


def test_a_heart_lost_in_all_phases_and_drawn_at_ed_and_es_appears_between(
    begin: Callable[..., StudySession], made: Segmentation
) -> None:
    labels = made.labels.copy()
    labels[:, SLICE] = 0
    session = begin(Segmentation.of(labels, model="a network"))
    draw(session, made, list(Border), ED, ES)
    assert take(session, propose_phases(session, SLICE))
    for label in STRUCTURES:
        for phase in range(PHASES):
            now, truth = session.segmentation.labels[phase, SLICE], made.labels[phase, SLICE]
            assert dice(now == label, truth == label) > 0.8


@pytest.mark.parametrize("structures", [(Label.RV,), ALL])
def test_one_phase_that_lost_what_ed_and_es_have_gets_it_from_there(
    begin: Callable[..., StudySession], made: Segmentation, structures: Sequence[Label]
) -> None:
    labels = made.labels.copy()
    labels[1, SLICE][np.isin(labels[1, SLICE], structures)] = 0
    session = begin(Segmentation.of(labels, model="a network"))
    for phase in (ED, ES):
        edit_contours(session, {(phase, SLICE): grow(contours_at(session, (phase, SLICE)), [Border.ENDO], 0.2)}, "Grow")
    take(session, propose_phases(session, SLICE))
    for label in structures:
        assert dice(session.segmentation.labels[1, SLICE] == label, made.labels[1, SLICE] == label) > 0.8


def test_an_rv_drawn_at_ed_only_appears_nowhere_else(begin: Callable[..., StudySession], made: Segmentation) -> None:
    labels = made.labels.copy()
    labels[:, SLICE][labels[:, SLICE] == Label.RV] = 0
    session = begin(Segmentation.of(labels, model="a network"))
    draw(session, made, [Border.RV], ED)
    assert not propose_phases(session, SLICE)


@pytest.mark.parametrize("is_base", [True, False])
def test_a_slice_that_left_the_heart_takes_no_correction_of_ed(
    begin: Callable[..., StudySession], made: Segmentation, is_base: bool
) -> None:
    labels, left = made.labels.copy(), [ES - 1, ES, ES + 1]
    there = np.flatnonzero(labels.any(axis=(2, 3)).all(axis=0))
    end = int(there[0] if is_base else there[-1])
    labels[left, slice(end + 1) if is_base else slice(end, None)] = 0
    session = begin(Segmentation.of(labels, model="a network"))
    edit_contours(session, {(ED, end): grow(contours_at(session, (ED, end)), [Border.EPI], 2.0)}, "Grow")
    proposal = propose_phases(session, end)
    assert {proposal.left_out.get((phase, end)) for phase in left} == {LeftOut.NO_CONTOURS}
    edit_contours(session, {(ES, end): find_contours(made.labels[ES, end], session.stack.pixel_mm)}, "Redraw")
    assert (ES - 1, end) in propose_phases(session, end)


def test_a_heart_drawn_at_ed_and_emptied_at_es_appears_nowhere_between(
    begin: Callable[..., StudySession], made: Segmentation
) -> None:
    labels = made.labels.copy()
    labels[[phase for phase in range(PHASES) if phase != ES], SLICE] = 0
    session = begin(Segmentation.of(labels, model="a network"))
    draw(session, made, list(Border), ED)
    delete_at(session, ALL, ES)
    assert not propose_phases(session, SLICE)


def test_deleting_in_all_phases_is_one_step_and_means_all(session: StudySession) -> None:
    here = (1, SLICE)
    edit_contours(session, {here: grow(contours_at(session, here), [Border.ENDO], 1.0)}, "Grow")
    drawn, before = session.segmentation.contours[here], session.segmentation.labels.copy()
    assert delete_phases(session, SLICE, [Label.RV])
    assert phases_with(session, Label.RV) == set()
    beside = [slice_ for slice_ in range(before.shape[1]) if slice_ != SLICE]
    np.testing.assert_array_equal(session.segmentation.labels[:, beside], before[:, beside])
    np.testing.assert_array_equal(session.segmentation.labels == Label.LV, before == Label.LV)
    np.testing.assert_array_equal(session.segmentation.contours[here].borders[Border.ENDO], drawn.borders[Border.ENDO])
    assert session.undo()
    np.testing.assert_array_equal(session.segmentation.labels, before)
    assert session.segmentation.contours[here] is drawn


def draw(session: StudySession, made: Segmentation, borders: Sequence[Border], *phases: int) -> None:
    """What a reader draws with closed lines: the true borders of a phase."""
    spacing = session.stack.pixel_mm
    for phase in phases:
        place = (phase, SLICE)
        truth = find_contours(made.labels[place], spacing)
        for border in borders:
            now = contours_at(session, place)
            drawn = draw_border(Contours(spacing, dict(now.borders)), border, truth.borders[border])
            assert edit_contours(session, {place: drawn}, "Redraw")


def test_a_cavity_that_the_reader_filled_with_muscle_at_ed_and_es_is_muscle_between(session: StudySession) -> None:
    for phase in (ED, ES):
        image = session.segmentation.labels[phase, SLICE].copy()
        image[image == Label.LV] = Label.MYO
        session.put({(phase, SLICE): image}, "Paint")
    before = session.segmentation.labels.copy()
    take(session, propose_phases(session, SLICE))
    heart = np.isin(before[:, SLICE], LEFT)
    np.testing.assert_array_equal(session.segmentation.labels[:, SLICE] == Label.MYO, heart)
