"""Commands that change labels: what they change, what holds still, which findings come and go."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.corrections import describe_work
from CardiacSegmentationLib.errors import LabelError
from CardiacSegmentationLib.segmentation import STRUCTURES, Label, Origin, Segmentation
from CardiacSegmentationLib.session.contour_commands import delete_here
from same_assessment import differences
from scipy.ndimage import binary_dilation, binary_erosion
from session_edits import copy_pixels

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.session import Changed, StudySession
    from CardiacSegmentationLib.stack import CineStack

IN_PLANE = np.array([[[0, 1, 0], [1, 1, 1], [0, 1, 0]]], bool)


def erode_lv(labels: np.ndarray) -> np.ndarray:
    """The LV of a phase, smaller by one pixel all around in every slice; the wall grows inwards."""
    cavity = labels == Label.LV
    return np.where(cavity & ~binary_erosion(cavity, IN_PLANE), np.uint8(Label.MYO), labels)


def widen_lv(labels: np.ndarray) -> np.ndarray:
    return np.where(binary_dilation(labels == Label.LV, IN_PLANE), np.uint8(Label.LV), labels)


def codes(session: StudySession) -> set[str]:
    return {finding.code for finding in session.assessment.findings}


def test_a_fresh_session_shows_what_the_rules_propose(
    session: StudySession, stack: CineStack, made: Segmentation
) -> None:
    assert differences(session.assessment, assess(stack, made)) == []
    assert describe_work(session.segmentation, session.reading) == ""
    assert not session.segmentation.corrected.any()
    assert (session.undo_text(), session.redo_text()) == ("", "")
    assert session.assessment.automatic is None


def test_the_labels_of_others_are_not_touched(session: StudySession, made: Segmentation) -> None:
    before = made.labels.copy()
    session.edit(0, erode_lv(session.segmentation.labels[0]), "Margin")
    np.testing.assert_array_equal(made.labels, before)


def test_a_smaller_lv_at_ed_is_a_smaller_edv_and_ed_holds_still(session: StudySession) -> None:
    """The volume of the phase falls below that of its neighbours: it stays end-diastole, and the reader is told."""
    before = session.assessment
    ed = before.key_phases.lv_ed
    assert ed is not None
    assert session.edit(ed, erode_lv(session.segmentation.labels[ed]), "Margin")
    after = session.assessment
    assert after.key_phases == before.key_phases
    assert after.lv["edv_ml"].value == after.volumes_ml[Label.LV - 1, ed] < 0.9 * before.lv["edv_ml"].value
    largest = int(np.argmax(after.volumes_ml[Label.LV - 1]))
    (finding,) = [one for one in after.findings if one.code == "key-phase-largest"]
    assert (finding.phase, finding.parameters["other_phase"]) == (ed, largest)
    assert after.automatic is not None
    assert after.automatic.lv["edv_ml"].value == before.lv["edv_ml"].value
    assert session.use_extreme(finding)
    assert session.assessment.key_phases.lv_ed == largest
    assert session.assessment.lv["edv_ml"].value == after.volumes_ml[Label.LV - 1, largest]
    assert "key-phase-largest" not in codes(session)
    assert session.assessment.key_phases.rv_ed == before.key_phases.rv_ed


def test_a_wider_lv_at_es_is_a_larger_esv_and_es_holds_still(session: StudySession) -> None:
    es = session.assessment.key_phases.lv_es
    assert es is not None
    session.edit(es, widen_lv(session.segmentation.labels[es]), "Margin")
    assert session.assessment.key_phases.lv_es == es
    assert session.assessment.lv["esv_ml"].value == session.assessment.volumes_ml[Label.LV - 1, es]


def test_which_slices_count_holds_still(session: StudySession) -> None:
    """An opened wall at the base would take the slice out by the basal rule, and change a volume nobody touched."""
    labels, counted = session.segmentation.labels, session.assessment.counted
    base = int(np.flatnonzero((labels == Label.LV).any(axis=(0, 2, 3)))[0])
    images = {}
    for phase in range(len(labels)):
        image = labels[phase, base].copy()
        image[: image.shape[0] * 3 // 5][image[: image.shape[0] * 3 // 5] == Label.MYO] = 0
        images[phase, base] = image
    session.put(images, "Erase")
    assert (session.assessment.counted == counted).all()
    assert "basal-rule" in codes(session)


def test_findings_follow_the_labels_in_the_same_stroke(session: StudySession, made: Segmentation) -> None:
    image = made.labels[3, 3].copy()
    assert delete_here(session, (3, 3), [Label.LV, Label.MYO])
    (finding,) = [one for one in session.assessment.findings if one.code == "slice-missing"]
    assert (finding.slice, finding.phase) == (3, 3)
    session.put({(3, 3): image}, "Paint")
    assert "slice-missing" not in codes(session)


def test_the_networks_doubts_vanish_where_a_person_corrected(session: StudySession) -> None:
    assert {"network-unsure", "repaired-in-time"} <= codes(session)
    for phase, place, code in ((2, 4, "network-unsure"), (5, 3, "repaired-in-time")):
        image = session.segmentation.labels[phase, place].copy()
        image[tuple(np.argwhere(image == Label.LV)[0])] = Label.MYO
        session.put({(phase, place): image}, "Paint")
        assert code not in codes(session)
    session.undo()
    session.undo()
    assert {"network-unsure", "repaired-in-time"} <= codes(session)


def test_images_that_are_as_the_network_made_them_are_the_networks_again(
    session: StudySession, made: Segmentation
) -> None:
    delete_here(session, (2, 4), [Label.LV])
    assert session.segmentation.origin[2, 4] == Origin.READER
    session.put({(2, 4): made.labels[2, 4]}, "Paint")
    assert session.segmentation.origin[2, 4] == Origin.NETWORK
    assert not session.segmentation.corrected.any()
    assert len(session.reading.journal) == 2


def test_every_image_remembers_whose_it_is(session: StudySession) -> None:
    delete_here(session, (2, 4), [Label.LV])
    session.put({(3, 4): session.segmentation.labels[2, 4]}, "propagate", "propagate", Origin.PROPAGATED)
    origin = session.segmentation.origin
    assert (origin[2, 4], origin[3, 4], origin[4, 4]) == (Origin.READER, Origin.PROPAGATED, Origin.NETWORK)
    assert session.segmentation.corrected_images == ((2, 4), (3, 4))
    assert session.assessment.provenance["labels"].endswith("corrected by hand on 2 images")


def test_an_edit_that_changes_nothing_is_none(session: StudySession, heard: list[Changed]) -> None:
    assert not session.edit(2, session.segmentation.labels[2].copy(), "Paint")
    assert not delete_here(session, (2, 0), [])
    assert not copy_pixels(session, 2, 2, range(7))
    assert (heard, session.reading.journal, session.undo_text()) == ([], (), "")


def test_listeners_hear_which_images_changed_until_they_leave(session: StudySession) -> None:
    told: list[Changed] = []
    leave = session.subscribe(told.append)
    delete_here(session, (2, 4), [Label.LV])
    leave()
    delete_here(session, (2, 3), [Label.LV])
    assert [change.images for change in told] == [frozenset({(2, 4)})]


def test_a_phase_that_the_network_did_not_look_at_can_be_drawn_and_taken_back(
    begin: Callable[..., StudySession], made: Segmentation
) -> None:
    """Its other slices become empty, not unknown; undone, the phase is unknown again."""
    assert made.evidence is not None
    labels, labelled = made.labels.copy(), made.labelled.copy()
    labels[4], labelled[4] = 0, False
    confidence = made.evidence.confidence.copy()
    confidence[:, 4] = np.nan
    evidence = replace(made.evidence, confidence=confidence)
    session = begin(replace(made, labels=labels, labelled=labelled, evidence=evidence))
    first = session.assessment
    session.put({(4, 3): made.labels[4, 3]}, "Paint")
    assert session.segmentation.labelled[4]
    assert differences(session.assessment, assess(session.stack, session.segmentation, session.reading)) == []
    session.undo()
    assert not session.segmentation.labelled[4]
    assert differences(session.assessment, first) == []


def test_a_phase_emptied_by_hand_stays_labelled(session: StudySession) -> None:
    session.edit(4, np.zeros_like(session.segmentation.labels[4]), "Erase")
    assert session.segmentation.labelled[4]
    assert "structure-in-some-phases" in codes(session)


def test_another_segmentation_begins_anew_and_keeps_what_is_not_about_labels(
    session: StudySession, made: Segmentation, heard: list[Changed]
) -> None:
    session.set_reader("Dr. A")
    session.set_impression("Normal.")
    session.set_patient(height_cm=181.0)
    delete_here(session, (2, 4), STRUCTURES)
    session.set_counts([Label.RV], 0, 1, counts=False)
    journal = session.reading.journal
    session.replace_segmentation(replace(made, model="another network"))
    assert (describe_work(session.segmentation, session.reading), session.undo_text()) == ("", "")
    reading = session.reading
    assert (reading.reader, reading.impression, reading.patient.height_cm) == ("Dr. A", "Normal.", 181.0)
    assert reading.journal[:-1] == journal
    assert (reading.journal[-1].action, reading.journal[-1].after) == ("segment", "another network")
    assert len(heard[-1].images) == 56
    assert differences(session.assessment, assess(session.stack, session.segmentation, reading)) == []


def test_a_segmentation_of_another_stack_changes_nothing(session: StudySession, made: Segmentation) -> None:
    delete_here(session, (2, 4), STRUCTURES)
    before = (session.segmentation, session.reading, session.assessment, session.undo_text())
    with pytest.raises(LabelError, match="do not lie on the grid"):
        session.replace_segmentation(Segmentation.of(made.labels[:, :5]))
    assert (session.segmentation, session.reading, session.assessment, session.undo_text()) == before


def test_labels_that_were_corrected_before_anyone_kept_the_automatic_ones_have_none(
    begin: Callable[..., StudySession], made: Segmentation
) -> None:
    origin = made.origin.copy()
    origin[2, 4] = Origin.READER
    session = begin(replace(made, origin=origin))
    delete_here(session, (3, 3), [Label.LV])
    assert session.segmentation.automatic is None
    assert session.assessment.automatic is None


def test_changes_by_other_hands_are_noted(session: StudySession) -> None:
    session.note_outside([(3, 2), (1, 2)])
    entry = session.reading.journal[-1]
    assert (entry.action, entry.phase, entry.slice, entry.images) == ("outside", 1, 2, 2)
    assert session.undo_text() == ""


def test_undo_and_redo_spare_what_other_hands_did(begin: Callable[..., StudySession]) -> None:
    """In another module of Slicer, while another study was at hand."""
    before = begin()
    delete_here(before, (1, 2), [Label.RV])
    delete_here(before, (4, 4), [Label.LV])
    delete_here(before, (2, 3), [Label.LV])
    delete_here(before, (4, 4), [Label.MYO])
    before.undo()
    labels = before.segmentation.labels.copy()
    labels[4, 4, :5, :5] = Label.RV
    session = begin(replace(before.segmentation, labels=labels), reading=before.reading, history=before.history)
    session.note_outside([(4, 4)])
    assert session.redo_text() == ""
    assert session.undo()
    assert (session.segmentation.labels[2, 3] == Label.LV).any()
    assert not session.undo()
    assert np.array_equal(session.segmentation.labels[4, 4], labels[4, 4])
    assert not (session.segmentation.labels[1, 2] == Label.RV).any()
    assert session.redo()
    assert np.array_equal(session.segmentation.labels, labels)
