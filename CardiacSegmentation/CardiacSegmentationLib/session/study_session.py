"""The commands of a person on a study: labels, decisions, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.analysis import apply_rules
from CardiacSegmentationLib.analysis.assess import check_reading
from CardiacSegmentationLib.analysis.base_plane import check_lines
from CardiacSegmentationLib.analysis.phases import find_key_phases
from CardiacSegmentationLib.assessment import finding_key
from CardiacSegmentationLib.errors import ReadingError
from CardiacSegmentationLib.journal import JournalEntry
from CardiacSegmentationLib.reading import BaseLine, KeyPhases, Reading, Signature
from CardiacSegmentationLib.segmentation import Label, Origin, Segmentation
from CardiacSegmentationLib.session.changes import (
    Change,
    Changed,
    decisions_of,
    image_change,
    origins_of,
)
from CardiacSegmentationLib.session.earlier_work import entries_taken_over, went_on_unlocked, with_earlier_work
from CardiacSegmentationLib.session.entries import changed_structures, edit_entries, phase_text, value_entries
from CardiacSegmentationLib.session.study_at_hand import StudyAtHand

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CardiacSegmentationLib.findings import Finding
    from CardiacSegmentationLib.segmentation import Contours, Labels, Place


class StudySession(StudyAtHand):
    """The study under a person's hands, and the commands of that person.

    Every command that changes anything is an entry of the journal and one step of undo. A signed reading refuses all of
    them until it is unlocked.
    """

    # Labels

    def edit(self, phase: int, labels: Labels, tool: str) -> bool:
        """Take in ``labels[slice, row, column]`` of a phase that a person worked on; false where they are equal."""
        now = self.segmentation.labels[phase]
        differing = np.flatnonzero((labels != now).any(axis=(1, 2)))
        return self.put({(phase, int(slice_)): labels[slice_] for slice_ in differing}, tool)

    def put(
        self,
        images: Mapping[Place, Labels],
        tool: str,
        action: str = "edit",
        origin: Origin = Origin.READER,
        contours: Mapping[Place, Contours] | None = None,
    ) -> bool:
        """Replace label images ``[row, column]`` by ``(phase, slice)``, as one step; false where all are equal.

        An image with ``contours`` was drawn: it keeps these curves. One without has none from here on.
        """
        labels, drawn = self.segmentation.labels, contours or {}
        differing = {
            place: image for place, image in images.items() if place in drawn or (labels[place] != image).any()
        }
        if not differing:
            return False
        self.require_unlocked()
        origins = {**origins_of(self.segmentation, self._automatic, differing, origin), **dict.fromkeys(drawn, origin)}
        changes = {
            (int(place[0]), int(place[1])): image_change(
                self.segmentation, place, image, origins[place], drawn.get(place)
            )
            for place, image in differing.items()
        }
        structures = {
            place: changed_structures(labels[place], differing[place], change) for place, change in changes.items()
        }
        reading, assessment = self.reading, self.assessment
        self._apply(changes, self._held(reading), forward=True)
        entries = edit_entries(self._time(), action, tool, structures, before=assessment, after=self.assessment)
        self._finish(reading, entries, changes)
        return True

    def note_outside(self, places: Iterable[Place]) -> None:
        """Note that images were changed by other hands than this session's; the labels are known already.

        A signature stood for the labels as they were: it goes. So does the way back across changes of these images.
        """
        images = sorted(places)
        if images:
            self.history.forget(images)
            phase, slice_ = images[0]
            entry = JournalEntry(self._time(), "outside", phase=phase, slice=slice_, images=len(images))
            reading = self._held(self.reading)
            self._note(replace(reading, journal=(*reading.journal, entry)), Changed(frozenset(images)))
            self.unlock()

    def replace_segmentation(self, segmentation: Segmentation) -> None:
        """Begin anew with another segmentation: corrections and what was decided on them go, the journal stays.

        Conventions, facts about the patient, the reader's name and words stay: they are not about labels.
        """
        self.require_unlocked()
        kept = self.reading.begun_again(segmentation.model or "", self._time())
        self._begin(segmentation, kept)
        self.history.clear()
        self._tell(Changed(images=self._all_places(), decisions=True))

    # Decisions

    def set_counts(
        self, structures: Iterable[Label], phases: int | Iterable[int], slices: int | Iterable[int], counts: bool | None
    ) -> bool:
        """Decide that slices count, or do not; ``None`` leaves them to the rule again."""
        chosen, in_phases, in_slices = list(structures), _as_list(phases), _as_list(slices)
        cells = [(int(label), phase, slice_) for label in chosen for phase in in_phases for slice_ in in_slices]
        after = self.reading.decide_counts(cells, counts)
        if after.counts == self.reading.counts:
            return False
        action = {True: "count", False: "leave-out", None: "automatic-count"}[counts]
        entry = JournalEntry(
            self._time(),
            action,
            structure="+".join(label.name for label in chosen),
            phase=in_phases[0],
            slice=in_slices[0],
            images=len(in_phases) * len(in_slices),
        )
        return self._decide(after, [entry], place=(in_phases[0], in_slices[0]))

    def set_base_lines(self, label: Label, view: str, lines: Iterable[BaseLine], phase: int) -> bool:
        """Put these in place of a ventricle's base lines on a long axis; ``phase`` is the one that was set.

        ``session.base_planes`` finds the lines of the other phases.
        """
        after = self.reading.with_lines(label, view, lines)
        if after.base_lines == self.reading.base_lines:
            return False
        check_lines(self.stack, after)
        return self._decide(after, [JournalEntry(self._time(), "base-plane", view, label.name, phase)])

    def remove_base_plane(self, label: Label) -> bool:
        """Take a ventricle's base plane away, on all long axes: the basal rule holds again."""
        kept = tuple(line for line in self.reading.base_lines if line.label != label)
        if kept == self.reading.base_lines:
            return False
        entry = JournalEntry(self._time(), "remove-base-plane", structure=label.name)
        return self._decide(replace(self.reading, base_lines=kept), [entry])

    def set_key_phases(self, **phases: int | None) -> bool:
        """Fix ED or ES: ``set_key_phases(lv_es=9)``; ``None`` gives one back to the rules."""
        before, decided = self.assessment.key_phases, replace(self.reading.key_phases, **phases)
        after = decided.or_else(self.assessment.by_rules.key_phases)
        entries = [
            JournalEntry(
                self._time(),
                "key-phase",
                phase=getattr(after, name),
                subject=name,
                before=phase_text(getattr(before, name)),
                after=phase_text(getattr(after, name)),
            )
            for name, phase in phases.items()
            if phase != getattr(self.reading.key_phases, name)
        ]
        if not entries:
            return False
        return self._decide(replace(self.reading, key_phases=decided), entries, place=(entries[0].phase, None))

    def propose_key_phases(self) -> bool:
        """Find ED and ES of both ventricles anew, from the volumes as they are now."""
        found = find_key_phases(self.assessment.volumes_ml)
        if found == self.assessment.key_phases and self.reading.key_phases == KeyPhases():
            return False
        by_rules = replace(self.assessment.by_rules, key_phases=found)
        after = replace(self.reading, key_phases=KeyPhases(), by_rules=by_rules)
        return self._decide(after, [JournalEntry(self._time(), "propose-key-phases")])

    def use_extreme(self, finding: Finding) -> bool:
        """Take the phase that a finding about a key phase names instead of the one that holds."""
        side, moment = str(finding.parameters["structure"]), str(finding.parameters["moment"])
        return self.set_key_phases(**{f"{side}_{moment}".lower(): int(str(finding.parameters["other_phase"]))})

    def set_conventions(self, **choices: Any) -> bool:
        """Measure by other conventions: ``set_conventions(papillary=Papillary.MASS)``.

        Another basal rule says anew which slices count; what the reader decided stays. On a study that nobody
        corrected or decided on, everything is as the rules say anew, as it would have been from the beginning.
        """
        before = self.reading.conventions
        conventions = replace(before, **choices)
        if conventions == before:
            return False
        after = replace(self.reading, conventions=conventions)
        if self.reading.by_rules is not None and conventions.basal_rule is not before.basal_rule:
            again = apply_rules(self.stack, self.segmentation, conventions, self.assessment.images)
            after = replace(after, by_rules=replace(self.assessment.by_rules, counted=again.counted))
        return self._decide(after, value_entries(self._time(), "convention", before, conventions))

    def set_patient(self, **facts: Any) -> bool:
        """State facts about the patient, whatever the images say; ``None`` means that one is not known."""
        before = self.assessment.patient
        patient = replace(before, **facts)
        if patient == before:
            return False
        after = self.reading.put_right(self.stack.patient, patient)
        return self._decide(after, value_entries(self._time(), "patient", before, patient))

    def restore(
        self,
        images: Mapping[Place, tuple[Labels, Origin]],
        reading: Reading,
        contours: Mapping[Place, Contours] | None = None,
    ) -> None:
        """Take over what an earlier session left behind, as one step: label images with their origin, and a reading.

        A signed reading refuses, unless that session had unlocked it.
        """
        if not went_on_unlocked(self.reading, reading):
            self.require_unlocked()
        check_reading(self.stack, reading)
        labels, origins = self.segmentation.labels, self.segmentation.origin
        changes = {
            place: image_change(self.segmentation, place, image, origin, (contours or {}).get(place))
            for place, (image, origin) in images.items()
            if origins[place] != origin or (labels[place] != image).any() or place in (contours or {})
        }
        before = self.reading
        after = with_earlier_work(before, reading)
        entry = JournalEntry(self._time(), "recover", images=max(1, len(changes)))
        taken_over, toggled = entries_taken_over(before, after)
        self._apply(changes, replace(after, journal=(*after.journal, entry)), forward=True)
        numbers = (len(after.journal), *taken_over)
        self.history.add(Change(numbers, changes, decisions_of(before), decisions_of(after), toggled))
        self._tell(Changed(frozenset(changes), decisions=True))

    # The reader

    def look_at(self, phase: int, slice_: int) -> None:
        """Note that the reader has seen an image; a signed reading stays as it was signed."""
        if (phase, slice_) not in self.reading.looked_at and not self.is_signed:
            self._note(replace(self.reading, looked_at=self.reading.looked_at | {(phase, slice_)}))

    def acknowledge(self, finding: Finding, seen: bool = True) -> None:
        """Tick a finding off, or bring it back."""
        self.require_unlocked()
        key = {finding_key(finding)}
        known = self.reading.acknowledged | key if seen else self.reading.acknowledged - key
        self._note(replace(self.reading, acknowledged=known))

    def set_reader(self, reader: str) -> None:
        """Name who reads."""
        self.require_unlocked()
        self._note(replace(self.reading, reader=reader.strip()))

    def set_impression(self, impression: str) -> None:
        """Put the reading in words."""
        self.require_unlocked()
        self._note(replace(self.reading, impression=impression))

    def sign(self) -> None:
        """Answer for the reading: it is locked from here on."""
        self.require_unlocked()
        if not self.reading.reader:
            raise ReadingError.of("no-reader")
        when = self._time()
        entry = JournalEntry(when, "sign", after=self.reading.reader)
        self._note(
            replace(
                self.reading,
                signature=Signature(self.reading.reader, when),
                by_rules=self.assessment.by_rules,
                journal=(*self.reading.journal, entry),
            )
        )

    def unlock(self) -> None:
        """Take the signature back, to go on working."""
        if self.reading.signature is not None:
            entry = JournalEntry(self._time(), "unlock", before=self.reading.signature.reader)
            self._note(replace(self.reading, signature=None, journal=(*self.reading.journal, entry)))


def _as_list(numbers: int | Iterable[int]) -> list[int]:
    return [int(number) for number in (numbers if isinstance(numbers, Iterable) else (numbers,))]
