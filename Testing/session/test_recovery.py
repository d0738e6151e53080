"""Work outlives a crash: what comes back of it, and how it goes with what was done since."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.errors import ReadingError
from CardiacSegmentationLib.reading import KeyPhases
from CardiacSegmentationLib.segmentation import Label, Origin, Segmentation
from CardiacSegmentationLib.session import Recovery, StudySession
from CardiacSegmentationLib.session.changes import History
from CardiacSegmentationLib.session.contour_commands import delete_here, grow_here
from left_behind import Begin, kept_images, left_behind, work
from same_assessment import differences

if TYPE_CHECKING:
    from pathlib import Path


def test_after_a_crash_all_of_the_work_comes_back_as_one_step(begin: Begin, folder: Path, made: Segmentation) -> None:
    lost = left_behind(begin, folder)
    session, kept = begin(), Recovery(folder)
    first = session.assessment
    found = kept.find(session)
    assert found is not None
    kept.restore(session, found)
    assert differences(session.assessment, lost.assessment) == []
    assert session.segmentation.origin[2, 3] == Origin.READER
    assert (session.reading.reader, session.reading.impression) == ("Dr. A", "Normal.")
    assert session.reading.key_phases == KeyPhases(lv_es=5)
    assert [entry.action for entry in session.reading.journal] == [
        *("edit", "leave-out", "key-phase", "convention", "recover"),
    ]
    assert session.undo_text() == "recover earlier work"
    assert kept_images(folder) == [[2, 3]]  # kept on as this session's own
    session.undo()
    assert differences(session.assessment, first) == []
    np.testing.assert_array_equal(session.segmentation.labels, made.labels)
    assert all(entry.undone for entry in session.reading.journal)
    session.redo()
    assert differences(session.assessment, lost.assessment) == []
    assert not any(entry.undone for entry in session.reading.journal)


def test_what_was_taken_back_before_the_crash_stays_so(begin: Begin, folder: Path) -> None:
    def do(session: StudySession) -> None:
        work(session)
        session.undo()

    left_behind(begin, folder, do)
    session, kept = begin(), Recovery(folder)
    kept.restore(session, kept.find(session))
    undone = [entry.undone for entry in session.reading.journal]
    assert undone == [False, False, False, True, False]
    session.undo()
    session.redo()
    assert [entry.undone for entry in session.reading.journal] == undone


def test_the_journal_of_both_sessions_is_kept(begin: Begin, folder: Path) -> None:
    lost = left_behind(begin, folder)
    session, kept = begin(reading=replace(lost.reading, journal=lost.reading.journal[:1])), Recovery(folder)
    found = kept.find(session)
    delete_here(session, (5, 5), [Label.RV])
    kept.restore(session, found)
    assert [(entry.action, entry.structure) for entry in session.reading.journal] == [
        ("edit", "LV"),
        ("edit", "RV"),
        ("leave-out", "RV"),
        ("key-phase", ""),
        ("convention", ""),
        ("recover", ""),
    ]


def test_decisions_alone_are_worth_keeping(begin: Begin, folder: Path) -> None:
    left_behind(begin, folder, lambda session: session.set_counts([Label.RV], range(8), [0, 1], counts=False))
    session, kept = begin(), Recovery(folder)
    kept.restore(session, kept.find(session))
    assert not session.assessment.counted[Label.RV - 1, :, :2].any()
    assert kept_images(folder) == []


def test_a_signed_reading_comes_back_signed(begin: Begin, folder: Path) -> None:
    def do(session: StudySession) -> None:
        work(session)
        session.sign()

    left_behind(begin, folder, do)
    session, kept = begin(), Recovery(folder)
    kept.restore(session, kept.find(session))
    assert session.is_signed
    with pytest.raises(ReadingError):
        session.undo()


def test_what_was_done_after_unlocking_comes_back_to_the_signed_reading(begin: Begin, folder: Path) -> None:
    """She signed and saved, unlocked, corrected, and then the program died."""
    saved = begin()
    work(saved)
    saved.sign()

    def again() -> StudySession:
        return StudySession(saved.stack, saved.segmentation, saved.reading)

    def do(session: StudySession) -> None:
        session.unlock()
        delete_here(session, (3, 3), [Label.LV])

    left_behind(again, folder, do)
    session, kept = again(), Recovery(folder)
    kept.restore(session, kept.find(session))
    assert not session.is_signed
    assert not (session.segmentation.labels[3, 3] == Label.LV).any()
    assert [entry.action for entry in session.reading.journal[-4:]] == ["sign", "unlock", "edit", "recover"]
    session.undo()
    np.testing.assert_array_equal(session.segmentation.labels, saved.segmentation.labels)


def test_a_curve_that_was_taken_back_after_saving_does_not_come_back(begin: Begin, folder: Path) -> None:
    """It lay so near the network's that no pixel differed."""
    saved = begin()
    assert grow_here(saved, (2, 3), [Label.LV], 0.02)
    assert (saved.segmentation.labels == begin().segmentation.labels).all()

    def again() -> StudySession:
        return StudySession(saved.stack, saved.segmentation, saved.reading, History.from_dict(saved.history.to_dict()))

    def do(session: StudySession) -> None:
        session.undo()
        session.set_key_phases(lv_es=5)

    before = left_behind(again, folder, do)
    session, kept = again(), Recovery(folder)
    kept.restore(session, kept.find(session))
    assert session.segmentation.contours == {}
    assert session.segmentation.corrected_images == ()
    assert differences(session.assessment, before.assessment) == []


def test_the_journal_says_what_holds_when_restored_work_is_taken_back(begin: Begin, folder: Path) -> None:
    """A correction, saved; taken back, and then the program died."""
    saved = begin()
    delete_here(saved, (2, 3), [Label.LV])

    def again() -> StudySession:
        return StudySession(saved.stack, saved.segmentation, saved.reading, History.from_dict(saved.history.to_dict()))

    left_behind(again, folder, StudySession.undo)
    session, kept = again(), Recovery(folder)
    kept.restore(session, kept.find(session))
    assert session.reading.journal[0].undone
    session = StudySession(
        session.stack, session.segmentation, session.reading, History.from_dict(session.history.to_dict())
    )
    session.undo()
    np.testing.assert_array_equal(session.segmentation.labels, saved.segmentation.labels)
    assert [entry.undone for entry in session.reading.journal] == [False, True]
    session.redo()
    assert [entry.undone for entry in session.reading.journal] == [True, False]


def test_a_signed_reading_refuses_work_from_before(begin: Begin, folder: Path) -> None:
    left_behind(begin, folder)
    session, kept = begin(), Recovery(folder)
    session.set_reader("Dr. B")
    session.sign()
    with pytest.raises(ReadingError, match=r"Dr\. B"):
        kept.restore(session, kept.find(session))
