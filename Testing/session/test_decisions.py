"""Commands that decide: which slices count, ED and ES, conventions, facts about the patient, another reading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.corrections import describe_work
from CardiacSegmentationLib.errors import LabelError
from CardiacSegmentationLib.reading import BasalRule, Conventions, KeyPhases, Reading
from CardiacSegmentationLib.segmentation import Label, Papillary, Segmentation
from CardiacSegmentationLib.session import Changed, StudySession
from CardiacSegmentationLib.session.contour_commands import delete_here
from CardiacSegmentationLib.stack import Patient
from same_assessment import differences

Begin = Callable[..., StudySession]


def with_open_base(segmentation: Segmentation) -> Segmentation:
    """The most basal slice of the LV has a quarter of its wall missing: half a ring, not a whole one."""
    labels = segmentation.labels.copy()
    base = int(np.flatnonzero((labels == Label.LV).any(axis=(0, 2, 3)))[0])
    corner = labels[:, base, : labels.shape[2] // 2, : labels.shape[3] // 2]
    corner[corner == Label.MYO] = 0
    return replace(segmentation, labels=labels)


def test_slices_count_as_decided_and_the_rule_can_have_them_back(session: StudySession) -> None:
    es = session.assessment.key_phases.rv_es
    before = session.assessment.rv["ef_percent"].value
    assert session.set_counts([Label.RV], es, range(3), counts=False)
    assert session.assessment.rv["ef_percent"].value > before
    assert not session.assessment.counted[Label.RV - 1, es, :3].any()
    assert session.assessment.counted.sum() == session.assessment.counted.size - 3
    assert describe_work(session.segmentation, session.reading)
    assert not session.segmentation.corrected.any()
    assert session.assessment.automatic.rv["ef_percent"].value == before
    assert not session.set_counts([Label.RV], es, [0, 1, 2], counts=False)
    assert session.set_counts([Label.RV], es, [0, 1, 2], counts=None)
    assert session.assessment.rv["ef_percent"].value == before
    assert describe_work(session.segmentation, session.reading) == ""
    assert [entry.action for entry in session.reading.journal] == ["leave-out", "automatic-count"]


def test_places_may_be_numbers_of_any_kind(session: StudySession) -> None:
    session.set_counts([Label.LV], np.int64(2), np.array([3, 4]), counts=False)
    assert session.reading.counts == (((3, 2, 3), False), ((3, 2, 4), False))
    assert {type(number) for cell, _ in session.reading.counts for number in cell} == {int}


def test_key_phases_of_each_ventricle_are_fixed_and_given_back(session: StudySession, heard: list[Changed]) -> None:
    proposed = session.assessment.key_phases
    assert session.set_key_phases(lv_es=5)
    assert session.assessment.key_phases == replace(proposed, lv_es=5)
    assert session.assessment.lv["esv_ml"].value == session.assessment.volumes_ml[Label.LV - 1, 5]
    assert heard[-1] == Changed(frozenset(), True, (5, None))
    assert not session.set_key_phases(lv_es=5)
    assert session.set_key_phases(lv_es=None)
    assert session.assessment.key_phases == proposed
    assert not session.set_key_phases(lv_es=None, rv_ed=None)


def test_deciding_for_the_phase_that_is_proposed_is_a_decision(session: StudySession) -> None:
    proposed = session.assessment.key_phases.lv_ed
    assert session.set_key_phases(lv_ed=proposed)
    assert session.reading.key_phases.lv_ed == proposed


@pytest.mark.parametrize(
    "decide",
    [
        lambda session: session.set_key_phases(lv_es=8),
        lambda session: session.set_key_phases(lv_es=-1),
        lambda session: session.set_counts([Label.LV], 8, 0, counts=False),
        lambda session: session.set_conventions(bsa_formula="Boyd"),
    ],
)
def test_what_the_study_does_not_have_changes_nothing(
    session: StudySession, decide: Callable[[StudySession], object]
) -> None:
    session.set_counts([Label.LV], 1, 1, counts=False)
    before = (session.reading, session.assessment, session.undo_text())
    with pytest.raises(LabelError):
        decide(session)
    assert (session.reading, session.assessment, session.undo_text()) == before
    assert session.undo()


def test_key_phases_can_be_found_anew(session: StudySession) -> None:
    assert not session.propose_key_phases()
    ed = session.assessment.key_phases.lv_ed
    session.set_key_phases(rv_es=6)
    session.edit(ed, np.zeros_like(session.segmentation.labels[ed]), "Erase")
    assert session.assessment.lv["edv_ml"].value is None
    assert session.propose_key_phases()
    volumes = session.assessment.volumes_ml[Label.LV - 1]
    assert session.assessment.lv["edv_ml"].value == np.nanmax(volumes)
    assert session.reading.key_phases == KeyPhases()
    session.undo()
    assert session.reading.key_phases == KeyPhases(rv_es=6)


def test_on_a_fresh_study_conventions_give_what_they_give_from_the_beginning(begin: Begin, made: Segmentation) -> None:
    """As the command line gives it: nothing holds still before anybody corrected or decided."""
    session = begin(with_open_base(made))
    session.set_conventions(papillary=Papillary.MASS, basal_rule=BasalRule.WHOLE_RING)
    asked = Reading(conventions=Conventions(papillary=Papillary.MASS, basal_rule=BasalRule.WHOLE_RING))
    assert differences(session.assessment, assess(session.stack, session.segmentation, asked)) == []
    assert not session.assessment.counted.all()
    assert session.reading.by_rules is None
    assert describe_work(session.segmentation, session.reading) == ""


def test_another_basal_rule_proposes_anew_and_leaves_decisions_and_phases(begin: Begin, made: Segmentation) -> None:
    session = begin(with_open_base(made))
    base = int(np.flatnonzero((made.labels == Label.LV).any(axis=(0, 2, 3)))[0])
    others = np.flatnonzero((made.labels[:, base] == Label.LV).any(axis=(1, 2)))[1:]
    session.set_counts([Label.LV], 0, base, counts=True)
    delete_here(session, (1, 4), [Label.RV])
    phases = session.assessment.key_phases
    assert session.set_conventions(basal_rule=BasalRule.WHOLE_RING)
    counted = session.assessment.counted[Label.LV - 1, :, base]
    assert counted[0]
    assert others.size
    assert not counted[others].any()
    assert session.assessment.key_phases == phases
    assert not session.set_conventions(basal_rule=BasalRule.WHOLE_RING)


def test_papillary_muscles_as_mass_change_the_automatic_numbers_alike(session: StudySession) -> None:
    delete_here(session, (0, 4), [Label.RV])
    volume = session.assessment.automatic.lv["edv_ml"].value
    session.set_conventions(papillary=Papillary.MASS)
    assert session.assessment.automatic.lv["edv_ml"].value < volume
    assert session.assessment.lv["edv_ml"].value == session.assessment.automatic.lv["edv_ml"].value


def test_facts_about_the_patient_are_put_right_or_not_known(session: StudySession) -> None:
    edv = session.assessment.lv["edv_ml"].value
    assert session.set_patient(height_cm=160.0, weight_kg=90.0)
    assert session.assessment.heart["bsa_m2"].value == pytest.approx(2.0)
    assert session.assessment.lv["edvi_ml_m2"].value == pytest.approx(edv / 2)
    assert session.set_patient(weight_kg=None)
    assert session.assessment.heart["bsa_m2"].note == "the patient's weight is not known"
    assert not session.set_patient(weight_kg=None)
    assert session.reading.patient == Patient(height_cm=160.0)
    assert session.stack.patient.weight_kg == 75.0
    assert session.reading.by_rules is None  # it is not about labels


def test_the_automatic_numbers_are_those_before_any_decision(session: StudySession) -> None:
    first = session.assessment
    session.set_key_phases(lv_ed=2)
    session.set_counts([Label.LV, Label.MYO], 2, 3, counts=False)
    delete_here(session, (2, 4), [Label.LV])
    assert differences(session.assessment.automatic, first) == []
    session.undo()
    session.undo()
    session.undo()
    assert session.assessment.automatic is None
    assert differences(session.assessment, first) == []
