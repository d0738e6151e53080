"""What a person did, in few words, in English and in German."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.findings import languages, read_catalogue
from CardiacSegmentationLib.journal import JournalEntry, describe_entry
from CardiacSegmentationLib.reading import BasalRule
from CardiacSegmentationLib.segmentation import STRUCTURES, Label, Papillary
from CardiacSegmentationLib.session.contour_commands import delete_here
from scipy.ndimage import binary_dilation
from session_edits import copy_pixels

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.session import StudySession


def widen_rv(session: StudySession) -> None:
    image = session.segmentation.labels[2, 3]
    grown = binary_dilation(image == Label.RV) & (image == 0)
    session.put({(2, 3): np.where(grown, np.uint8(Label.RV), image)}, "Paint")


TEXTS: dict[str, tuple[Callable[[StudySession], object], str, str]] = {
    "paint": (widen_rv, "paint RV, slice 4, phase 3", "malen RV, Schicht 4, Phase 3"),
    "at ED": (
        lambda session: delete_here(session, (session.assessment.key_phases.lv_ed, 3), [Label.LV]),
        "delete LV, slice 4, ED",
        "löschen LV, Schicht 4, ED",
    ),
    "several images": (
        lambda session: copy_pixels(session, 5, 2, range(7), [Label.LV]),
        "copy LV, 5 images",
        "kopieren LV, 5 Bilder",
    ),
    "exclude": (
        lambda session: session.set_counts([Label.RV], session.assessment.key_phases.rv_es, 0, counts=False),
        "exclude RV, slice 1, ES",
        "RV ausschließen, Schicht 1, ES",
    ),
    "exclude in all phases": (
        lambda session: session.set_counts([Label.LV, Label.MYO], range(8), 0, counts=False),
        "exclude LV, myocardium, 8 images",
        "LV, Myokard ausschließen, 8 Bilder",
    ),
    "count": (
        lambda session: session.set_counts([Label.RV], 1, 0, counts=True),
        "count RV, slice 1, phase 2",
        "RV zählen, Schicht 1, Phase 2",
    ),
    "fix ES": (lambda session: session.set_key_phases(lv_es=5), "LV ES: phase 4 → 6", "LV ES: Phase 4 → 6"),
    "fix both": (
        lambda session: session.set_key_phases(lv_es=5, rv_es=4),
        "LV ES: phase 4 → 6; RV ES: phase 4 → 5",
        "LV ES: Phase 4 → 6; RV ES: Phase 4 → 5",
    ),
    "papillary": (
        lambda session: session.set_conventions(papillary=Papillary.MASS),
        "papillary muscles: volume → mass",
        "Papillarmuskeln: Volumen → Masse",
    ),
    "basal rule": (
        lambda session: session.set_conventions(basal_rule=BasalRule.AS_LABELLED),
        "basal rule: half of the ring → as labelled",
        "Basisregel: halber Ring → wie markiert",
    ),
    "height": (
        lambda session: session.set_patient(height_cm=181.5),
        "height (cm): 176 → 181.5",
        "Größe (cm): 176 → 181,5",
    ),
    "weight not known": (
        lambda session: session.set_patient(weight_kg=None),
        "weight (kg): 75 → –",
        "Gewicht (kg): 75 → –",
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_undo_says_what_it_takes_back(session: StudySession, name: str) -> None:
    command, english, german = TEXTS[name]
    command(session)
    assert session.undo_text() == english
    assert session.undo_text("de") == german
    session.undo()
    assert session.redo_text() == english


def test_giving_a_phase_back_says_which_holds_then(session: StudySession) -> None:
    session.set_key_phases(lv_es=5)
    session.set_key_phases(lv_es=None)
    assert session.undo_text() == "LV ES: phase 6 → 4"


def test_an_entry_says_when_where_and_what_it_changed(session: StudySession) -> None:
    before = session.assessment.areas_mm2[Label.LV - 1, 2, 3]
    delete_here(session, (2, 3), [Label.LV, Label.RV])
    (entry,) = session.reading.journal
    assert (entry.when, entry.tool, entry.structure) == ("2026-03-01T12:00:00Z", "delete", "RV+LV")
    assert (entry.phase, entry.slice, entry.images) == (2, 3, 1)
    assert entry.before.endswith(f"LV {before:.0f} mm²")
    assert entry.after == "RV 0 mm², LV 0 mm²"


def test_a_stroke_on_a_few_images_has_an_entry_for_each_and_a_large_one_has_one(session: StudySession) -> None:
    copy_pixels(session, 5, 2, range(7), [Label.LV])
    assert [entry.slice for entry in session.reading.journal] == [1, 2, 3, 4, 5]
    session.put({(phase, place): np.zeros((74, 74), np.uint8) for phase in range(8) for place in range(7)}, "Erase")
    assert len(session.reading.journal) == 6
    assert session.reading.journal[-1].structure == "RV+MYO+LV"
    assert session.reading.journal[-1].images == 46  # those that held any label
    assert session.undo_text() == "erase RV, myocardium, LV, 46 images"


def test_signing_and_segmenting_are_in_the_journal(session: StudySession) -> None:
    session.set_reader("Dr. A")
    session.sign()
    session.unlock()
    session.replace_segmentation(session.segmentation)
    texts = [describe_entry(entry) for entry in session.reading.journal]
    assert texts == ["signed by Dr. A", "unlocked (was signed by Dr. A)", "segmented (a network)"]
    assert describe_entry(session.reading.journal[1], language="de") == "entsperrt (war unterschrieben von Dr. A)"


@pytest.mark.parametrize("language", languages())
def test_every_action_has_a_sentence_without_gaps(session: StudySession, language: str) -> None:
    for command, *_ in TEXTS.values():
        command(session)
    session.note_outside([(1, 1)])
    session.restore({}, session.reading)
    session.put({(1, 3): session.segmentation.labels[2, 3]}, "propagate", "propagate")
    for entry in session.reading.journal:
        assert f"journal-{entry.action}" in read_catalogue(language).templates
        text = describe_entry(entry, vars(session.assessment.key_phases), language)
        assert text == text.strip()
        assert not set("?{}") & set(text)


def test_moments_of_the_ventricles_are_told_apart_where_they_are_other_phases() -> None:
    key_phases = {"lv_ed": 0, "lv_es": 5, "rv_ed": 0, "rv_es": 4}
    texts = [describe_entry(JournalEntry("", "delete", phase=phase, slice=3), key_phases) for phase in (0, 4, 5)]
    assert [text.rpartition(", ")[2] for text in texts] == ["ED", "RV ES", "LV ES"]


def test_structures_are_those_that_changed(session: StudySession) -> None:
    delete_here(session, (2, 3), STRUCTURES)
    assert session.reading.journal[0].structure == "RV+MYO+LV"


def test_a_name_reads_as_it_is_spoken_and_what_was_not_known_is_a_dash() -> None:
    assert describe_entry(JournalEntry("", "sign", after="Reader^Ada")) == "signed by Ada Reader"
    assert describe_entry(JournalEntry("", "patient", subject="height_cm", after="175")) == "height (cm): – → 175"
    sex = JournalEntry("", "patient", subject="sex", before="M", after="F")
    assert describe_entry(sex) == "sex: male → female"
    assert describe_entry(sex, language="de") == "Geschlecht: männlich → weiblich"
