"""Whatever a person does in whatever order: the assessment is that of the end state, and undoing leads back."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.corrections import describe_work
from CardiacSegmentationLib.errors import ContourError
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.reading import BasalRule, Conventions, Reading
from CardiacSegmentationLib.reading_json import reading_from_dict, reading_to_dict
from CardiacSegmentationLib.segmentation import STRUCTURES, Evidence, Label, Origin, Papillary, Segmentation
from CardiacSegmentationLib.segmentation_json import segmentation_from_dict, segmentation_to_dict
from CardiacSegmentationLib.session import StudySession
from CardiacSegmentationLib.session.changes import History
from CardiacSegmentationLib.session.contour_commands import delete_here, grow_here
from CardiacSegmentationLib.session.propagation import propose_phases, take
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from same_assessment import differences
from session_edits import copy_pixels

PHASES, SLICES = 8, 7
UNLABELLED = 6  # a phase that the network did not look at

phases = st.integers(0, PHASES - 1)
slices = st.integers(0, SLICES - 1)
structures = st.sets(st.sampled_from(STRUCTURES), min_size=1)
key_phases = st.sampled_from(["lv_ed", "lv_es", "rv_ed", "rv_es"])


def small_study() -> tuple[Any, Segmentation]:
    """A phantom cut to its heart; one phase without labels, doubts of the network everywhere."""
    stack, truth = make_stack(PhantomSpec(phases=PHASES, slices=SLICES, pixel_mm=3.5, gap_mm=8))
    heart = (slice(None), slice(None), slice(14, 78), slice(14, 78))
    labels = np.ascontiguousarray(truth.labels[heart])
    labels[UNLABELLED] = 0
    random = np.random.default_rng(5)
    confidence = random.uniform(0.85, 1.0, (3, PHASES, SLICES)).astype(np.float32)
    presence = random.uniform(0.0, 1.0, (2, PHASES, SLICES)).astype(np.float32)
    confidence[:, UNLABELLED] = presence[:, UNLABELLED] = np.nan
    segmentation = Segmentation.of(labels, evidence=Evidence(presence, confidence), model="a network")
    return replace(stack, voxels=np.ascontiguousarray(stack.voxels[heart])), segmentation


STACK, MADE = small_study()


class AnyWork(RuleBasedStateMachine):
    """A reader who may do anything."""

    @initialize(papillary=st.sampled_from(list(Papillary)))
    def open_study(self, papillary: Papillary) -> None:
        """A study at hand, the convention chosen before."""
        self.session = StudySession(STACK, MADE, Reading(conventions=Conventions(papillary=papillary)))
        self.first = self.session.assessment

    @rule(phase=phases, place=slices, label=st.sampled_from([0, *STRUCTURES]), corner=st.integers(0, 50))
    def paint(self, phase: int, place: int, label: int, corner: int) -> None:
        image = self.session.segmentation.labels[phase, place].copy()
        image[corner : corner + 14, 20:44] = label
        self.session.put({(phase, place): image}, "Paint")

    @rule(phase=phases, chosen=structures)
    def erase_in_a_phase(self, phase: int, chosen: set[Label]) -> None:
        labels = self.session.segmentation.labels[phase]
        self.session.edit(phase, np.where(np.isin(labels, list(chosen)), np.uint8(0), labels), "Erase")

    @rule(phase=phases, place=slices, chosen=structures)
    def delete(self, phase: int, place: int, chosen: set[Label]) -> None:
        delete_here(self.session, (phase, place), chosen)

    @rule(source=phases, phase=phases, chosen=structures)
    def copy(self, source: int, phase: int, chosen: set[Label]) -> None:
        copy_pixels(self.session, source, phase, range(SLICES), sorted(chosen))

    @rule(source=phases, phase=phases, place=slices)
    def propagate(self, source: int, phase: int, place: int) -> None:
        image = self.session.segmentation.labels[source, place].copy()
        self.session.put({(phase, place): image}, "propagate", "propagate", Origin.PROPAGATED)

    @rule(phase=phases, place=slices, by_mm=st.sampled_from([-2.0, -0.3, 0.3, 2.0]))
    def grow_contours(self, phase: int, place: int, by_mm: float) -> None:
        with suppress(ContourError):  # there is none
            grow_here(self.session, (phase, place), STRUCTURES, by_mm)

    @rule(place=slices)
    def propagate_contours(self, place: int) -> None:
        with suppress(ContourError):  # nothing is corrected here
            take(self.session, propose_phases(self.session, place))

    @rule(phase=phases, place=slices)
    def restore_automatic(self, phase: int, place: int) -> None:
        self.session.put({(phase, place): MADE.labels[phase, place]}, "restore", "restore")

    @rule(chosen=structures, phase=phases, place=slices, counts=st.sampled_from([True, False, None]))
    def decide_counts(self, chosen: set[Label], phase: int, place: int, counts: bool | None) -> None:
        self.session.set_counts(chosen, [phase, (phase + 1) % PHASES], place, counts)

    @rule(name=key_phases, phase=st.none() | phases)
    def fix_phase(self, name: str, phase: int | None) -> None:
        self.session.set_key_phases(**{name: phase})

    @rule()
    def find_phases(self) -> None:
        self.session.propose_key_phases()

    @rule()
    def use_extreme(self) -> None:
        for finding in self.session.assessment.findings:
            if finding.code in ("key-phase-largest", "key-phase-smallest"):
                self.session.use_extreme(finding)
                break

    @rule(papillary=st.sampled_from(list(Papillary)), basal_rule=st.sampled_from(list(BasalRule)))
    def choose_conventions(self, papillary: Papillary, basal_rule: BasalRule) -> None:
        self.session.set_conventions(papillary=papillary, basal_rule=basal_rule)

    @rule(height_cm=st.none() | st.sampled_from([1.8, 160.0, 176.0]), sex=st.sampled_from([None, "F", "M"]))
    def put_patient_right(self, height_cm: float | None, sex: str | None) -> None:
        self.session.set_patient(height_cm=height_cm, sex=sex)

    @rule(phase=phases, place=slices)
    def look(self, phase: int, place: int) -> None:
        self.session.look_at(phase, place)
        for finding in self.session.assessment.open_findings[:1]:
            self.session.acknowledge(finding)

    @rule()
    def sign_and_go_on(self) -> None:
        self.session.set_reader("Dr. A")
        self.session.sign()
        self.session.unlock()

    @rule(times=st.integers(1, 4))
    def undo(self, times: int) -> None:
        for _ in range(times):
            self.session.undo()

    @rule(times=st.integers(1, 4))
    def redo(self, times: int) -> None:
        for _ in range(times):
            self.session.redo()

    @rule()
    def save_and_load(self) -> None:
        facts, reading, history = (
            json.loads(json.dumps(data, allow_nan=False))
            for data in (
                segmentation_to_dict(self.session.segmentation),
                reading_to_dict(self.session.reading),
                self.session.history.to_dict(),
            )
        )
        segmentation = segmentation_from_dict(facts, self.session.segmentation.labels.copy())
        before = self.session
        self.session = StudySession(STACK, segmentation, reading_from_dict(reading), History.from_dict(history))
        assert self.session.reading == before.reading
        assert (self.session.undo_text(), self.session.redo_text()) == (before.undo_text(), before.redo_text())
        assert describe_work(self.session.segmentation, self.session.reading) == describe_work(
            before.segmentation, before.reading
        )

    @rule()
    def decline_to_segment_again(self) -> None:
        """The question whether work would be lost changes nothing."""
        reading, assessment = self.session.reading, self.session.assessment
        if describe_work(self.session.segmentation, self.session.reading):
            assert self.session.assessment.automatic is not None or self.session.is_signed
        assert (self.session.reading, self.session.assessment) == (reading, assessment)

    def teardown(self) -> None:
        session = getattr(self, "session", None)
        if session is None:
            return
        afresh = assess(STACK, session.segmentation, session.reading)
        assert differences(session.assessment, afresh) == []
        assert session.assessment.reading == session.reading
        while session.undo():
            pass
        np.testing.assert_array_equal(session.segmentation.labels, MADE.labels)
        np.testing.assert_array_equal(session.segmentation.origin, MADE.origin)
        assert differences(session.assessment, self.first) == []
        assert describe_work(session.segmentation, session.reading) == ""


def test_any_sequence_gives_what_its_end_state_gives_and_leads_back() -> None:
    run_state_machine_as_test(
        AnyWork,
        settings=settings(
            max_examples=25,
            stateful_step_count=10,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
