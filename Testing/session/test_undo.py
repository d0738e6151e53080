"""Undo and redo walk the work in its order, whatever it was and wherever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.corrections import describe_work
from CardiacSegmentationLib.reading import BasalRule, KeyPhases
from CardiacSegmentationLib.segmentation import Label, Papillary
from CardiacSegmentationLib.session.contour_commands import delete_here
from same_assessment import differences
from session_edits import copy_pixels

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.session import Changed, StudySession

COMMANDS: dict[str, Callable[[StudySession], bool]] = {
    "paint": lambda session: delete_here(session, (4, 3), [Label.LV]),
    "copy": lambda session: copy_pixels(session, 2, 3, range(7)),
    "exclude": lambda session: session.set_counts([Label.RV], range(8), 1, counts=False),
    "leave to the rule": lambda session: session.set_counts([Label.RV], 2, 1, counts=None),
    "fix ES": lambda session: session.set_key_phases(lv_es=5, rv_es=4),
    "papillary": lambda session: session.set_conventions(papillary=Papillary.MASS),
    "basal rule": lambda session: session.set_conventions(basal_rule=BasalRule.AS_LABELLED),
    "patient": lambda session: session.set_patient(height_cm=190.0),
    "erase": lambda session: session.edit(0, np.zeros_like(session.segmentation.labels[0]), "Erase"),
    "find ED and ES": lambda session: session.propose_key_phases(),
}


def test_everything_is_taken_back_and_made_again_in_its_order(session: StudySession) -> None:
    states = [(session.assessment, session.segmentation.labels.copy(), session.segmentation.origin)]
    texts = []
    for command in COMMANDS.values():
        assert command(session)
        states.append((session.assessment, session.segmentation.labels.copy(), session.segmentation.origin))
        texts.append(session.undo_text())
    for (assessment, labels, origin), text in zip(states[-2::-1], texts[::-1], strict=True):
        assert session.undo_text() == text
        assert session.undo()
        assert session.redo_text() == text
        assert differences(session.assessment, assessment) == []
        np.testing.assert_array_equal(session.segmentation.labels, labels)
        np.testing.assert_array_equal(session.segmentation.origin, origin)
    assert not session.undo()
    assert describe_work(session.segmentation, session.reading) == ""
    assert all(entry.undone for entry in session.reading.journal)
    for assessment, labels, _ in states[1:]:
        assert session.redo()
        assert differences(session.assessment, assessment) == []
        np.testing.assert_array_equal(session.segmentation.labels, labels)
    assert not session.redo()
    assert not any(entry.undone for entry in session.reading.journal)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_alone_is_one_step(session: StudySession, name: str) -> None:
    session.set_counts([Label.RV], 2, 1, counts=False)
    session.edit(session.assessment.key_phases.lv_ed, session.segmentation.labels[4].copy(), "Paint")
    before = session.assessment
    assert COMMANDS[name](session)
    assert session.undo()
    assert differences(session.assessment, before) == []
    assert session.redo()
    assert session.undo()
    assert differences(session.assessment, before) == []


def test_listeners_are_led_to_where_the_change_was(session: StudySession, heard: list[Changed]) -> None:
    delete_here(session, (4, 3), [Label.LV])
    session.set_counts([Label.RV], 6, 1, counts=False)
    session.set_key_phases(lv_es=5)
    assert [change.place for change in heard] == [None, (6, 1), (5, None)]
    del heard[:]
    session.undo()
    session.undo()
    session.undo()
    session.redo()
    assert [change.place for change in heard] == [(5, None), (6, 1), (4, 3), (4, 3)]
    assert [change.images for change in heard] == [frozenset(), frozenset(), {(4, 3)}, {(4, 3)}]
    assert [change.decisions for change in heard] == [True, True, True, True]  # the first stroke holds the phases still


def test_what_was_taken_back_is_gone_after_the_next_change_and_stays_in_the_journal(session: StudySession) -> None:
    delete_here(session, (4, 3), [Label.LV])
    delete_here(session, (4, 2), [Label.LV])
    session.undo()
    session.set_key_phases(lv_es=5)
    assert not session.redo()
    assert [(entry.action, entry.undone) for entry in session.reading.journal] == [
        ("edit", False),
        ("edit", True),
        ("key-phase", False),
    ]
    session.undo()
    assert session.reading.key_phases == KeyPhases()
    session.undo()
    assert describe_work(session.segmentation, session.reading) == ""


def test_an_edit_after_undo_is_measured_as_if_nothing_had_been(session: StudySession) -> None:
    first = session.assessment
    delete_here(session, (4, 3), [Label.LV])
    once = session.assessment
    session.undo()
    delete_here(session, (4, 3), [Label.LV])
    assert differences(session.assessment, once) == []
    assert differences(session.assessment.automatic, first) == []


def test_notes_of_the_reader_are_not_taken_back(session: StudySession) -> None:
    delete_here(session, (4, 3), [Label.LV])
    finding = session.assessment.findings[0]
    session.set_reader("Dr. A")
    session.set_impression("Normal.")
    session.acknowledge(finding)
    session.look_at(4, 3)
    session.undo()
    reading = session.reading
    assert (reading.reader, reading.impression, reading.looked_at) == ("Dr. A", "Normal.", {(4, 3)})
    assert len(reading.acknowledged) == 1
