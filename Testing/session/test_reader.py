"""The reader's name, words and signature, and what was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.corrections import describe_work
from CardiacSegmentationLib.errors import ReadingError
from CardiacSegmentationLib.reading import Reading, Signature
from CardiacSegmentationLib.segmentation import STRUCTURES, Label, Papillary
from CardiacSegmentationLib.session.contour_commands import delete_here
from same_assessment import differences
from session_edits import copy_pixels

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.session import Changed, StudySession

COMMANDS: dict[str, Callable[[StudySession], object]] = {
    "edit": lambda session: session.edit(0, np.zeros_like(session.segmentation.labels[0]), "Erase"),
    "delete": lambda session: delete_here(session, (2, 3), STRUCTURES),
    "copy": lambda session: copy_pixels(session, 2, 3, range(7)),
    "replace": lambda session: session.replace_segmentation(session.segmentation),
    "counts": lambda session: session.set_counts([Label.LV], 2, 3, counts=False),
    "key phases": lambda session: session.set_key_phases(lv_es=6),
    "propose": lambda session: session.propose_key_phases(),
    "conventions": lambda session: session.set_conventions(papillary=Papillary.MASS),
    "patient": lambda session: session.set_patient(height_cm=150.0),
    "restore": lambda session: session.restore({}, Reading()),
    "acknowledge": lambda session: session.acknowledge(session.assessment.findings[0]),
    "reader": lambda session: session.set_reader("Dr. B"),
    "impression": lambda session: session.set_impression("Dilated."),
    "sign": lambda session: session.sign(),
    "undo": lambda session: session.undo(),
}


@pytest.fixture
def signed(session: StudySession) -> StudySession:
    session.set_key_phases(lv_es=5)
    session.set_reader(" Dr. A ")
    session.sign()
    return session


@pytest.mark.parametrize("name", COMMANDS)
def test_a_signed_reading_refuses_every_change(signed: StudySession, name: str) -> None:
    before = (signed.reading, signed.assessment, signed.segmentation, signed.segmentation.labels.copy())
    with pytest.raises(ReadingError, match=r"signed by Dr\. A\. Unlock it to change it"):
        COMMANDS[name](signed)
    assert (signed.reading, signed.assessment, signed.segmentation) == before[:3]
    np.testing.assert_array_equal(signed.segmentation.labels, before[3])


def test_looking_on_leaves_a_signed_reading_as_it_was_signed(signed: StudySession) -> None:
    before = signed.reading
    signed.look_at(3, 3)
    assert signed.reading == before


def test_unlocked_the_work_goes_on(signed: StudySession) -> None:
    assert signed.reading.signature == Signature("Dr. A", "2026-03-01T12:00:00Z")
    assert describe_work(signed.segmentation, signed.reading)
    signed.unlock()
    assert not signed.is_signed
    assert signed.undo()
    signed.unlock()
    assert [entry.action for entry in signed.reading.journal] == ["key-phase", "sign", "unlock"]


def test_nobody_signs_without_a_name(session: StudySession) -> None:
    session.set_reader("  ")
    with pytest.raises(ReadingError, match="without a name"):
        session.sign()


def test_what_was_signed_holds_still(session: StudySession) -> None:
    """Even if a later version's rules would say otherwise."""
    session.set_reader("Dr. A")
    session.sign()
    assert session.reading.by_rules == session.assessment.by_rules
    assert differences(session.assessment, assess(session.stack, session.segmentation, session.reading)) == []


def test_findings_are_ticked_off_and_brought_back(session: StudySession, heard: list[Changed]) -> None:
    finding = next(one for one in session.assessment.findings if one.code == "network-unsure")
    session.acknowledge(finding)
    assert finding in session.assessment.findings
    assert finding not in session.assessment.open_findings
    delete_here(session, (5, 5), [Label.RV])
    assert finding not in session.assessment.open_findings
    session.acknowledge(finding, seen=False)
    assert finding in session.assessment.open_findings
    assert heard[0].images == frozenset()


def test_one_finding_ticked_off_is_not_its_neighbour(session: StudySession) -> None:
    for place in (2, 4):
        delete_here(session, (6, place), [Label.LV, Label.MYO])
    first, second = [one for one in session.assessment.findings if one.code == "slice-missing"]
    session.acknowledge(first)
    assert second in session.assessment.open_findings
    assert first not in session.assessment.open_findings


def test_a_finding_ticked_off_hides_none_of_another_phase(session: StudySession) -> None:
    """A slice lost at ED matters more than one that she has seen missing in the middle of filling."""
    delete_here(session, (6, 4), [Label.LV, Label.MYO])
    session.acknowledge(next(one for one in session.assessment.findings if one.code == "slice-missing"))
    assert "slice-missing" not in [one.code for one in session.assessment.open_findings]
    delete_here(session, (0, 4), [Label.LV, Label.MYO])
    assert "slice-missing" in [one.code for one in session.assessment.open_findings]


def test_what_the_reader_saw_and_said_is_part_of_the_assessment(session: StudySession) -> None:
    session.look_at(2, 3)
    session.look_at(2, 3)
    session.set_reader("Dr. A")
    session.set_impression("Normal.")
    assert session.reading.looked_at == {(2, 3)}
    assert session.assessment.reading == session.reading
    assert describe_work(session.segmentation, session.reading) == ""
