"""One study at hand: its four values, the commands that change them, the journal, the way back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.analysis import assess, propose
from CardiacSegmentationLib.analysis.assess import check_reading
from CardiacSegmentationLib.analysis.base_plane import check_lines
from CardiacSegmentationLib.analysis.phases import find_key_phases
from CardiacSegmentationLib.assessment import Assessment, finding_key
from CardiacSegmentationLib.errors import ReadingError
from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE
from CardiacSegmentationLib.journal import JournalEntry, describe_entry
from CardiacSegmentationLib.reading import BaseLine, KeyPhases, Reading, Signature
from CardiacSegmentationLib.segmentation import Label, Origin, Segmentation
from CardiacSegmentationLib.session.changes import (
    Change,
    Changed,
    History,
    ImageChange,
    automatic_labels,
    decisions_of,
    image_change,
    origins_of,
    went_on_unlocked,
    with_decisions,
    with_earlier_work,
    with_images,
)
from CardiacSegmentationLib.session.entries import changed_structures, edit_entries, phase_text, value_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from CardiacSegmentationLib.findings import Finding
    from CardiacSegmentationLib.segmentation import Contours, Labels, Place
    from CardiacSegmentationLib.stack import CineStack

    Listener = Callable[[Changed], None]


class StudySession:
    """The study under a person's hands.

    ``segmentation``, ``reading`` and ``assessment`` are the values at this moment; the assessment is always that of the
    other two. Every command that changes anything is an entry of the journal and one step of undo. A signed reading
    refuses all of them until it is unlocked.
    """

    def __init__(
        self,
        stack: CineStack,
        segmentation: Segmentation,
        reading: Reading | None = None,
        history: History | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self.stack = stack
        self.segmentation = _own_copy(segmentation)
        self.reading = reading or Reading()
        self.assessment: Assessment = assess(stack, self.segmentation, self.reading)
        self._automatic = automatic_labels(segmentation)
        self._assessed_automatic = self.assessment.automatic  # the last there was: work may be taken back, and go on
        fits = history is not None and history.fits(segmentation.labels.shape, len(self.reading.journal))
        self.history = history if history is not None and fits else History()
        self._now = now
        self._listeners: list[Listener] = []

    # Who is told

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` after every command that changed something; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # What there is

    @property
    def is_signed(self) -> bool:
        """Whether the reading is locked."""
        return self.reading.signature is not None

    def undo_text(self, language: str = DEFAULT_LANGUAGE) -> str:
        """What undo would take back, in few words; empty where nothing."""
        return self._text_of(self.history.to_undo, language)

    def redo_text(self, language: str = DEFAULT_LANGUAGE) -> str:
        """What redo would make again, in few words; empty where nothing."""
        return self._text_of(self.history.to_redo, language)

    # Labels

    def edit(self, phase: int, labels: Labels, tool: str) -> bool:
        """Take in ``labels[slice, row, column]`` of a phase that a person worked on; false where they are equal."""
        now = self.segmentation.labels[phase]
        differing = np.flatnonzero((labels != now).any(axis=(1, 2)))
        return self.put({(phase, int(place)): labels[place] for place in differing}, tool)

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
        self._require_unlocked()
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
            phase, place = images[0]
            entry = JournalEntry(self._time(), "outside", phase=phase, slice=place, images=len(images))
            reading = self._held(self.reading)
            self._note(replace(reading, journal=(*reading.journal, entry)), Changed(frozenset(images)))
            self.unlock()

    def delete(self, phase: int, slice_: int, structures: Iterable[Label]) -> bool:
        """Take structures out of one image."""
        image = self.segmentation.labels[phase, slice_]
        chosen = [int(label) for label in structures]
        return self.put({(phase, slice_): np.where(np.isin(image, chosen), np.uint8(0), image)}, tool="delete")

    def replace_segmentation(self, segmentation: Segmentation) -> None:
        """Begin anew with another segmentation: corrections and what was decided on them go, the journal stays.

        Conventions, facts about the patient, the reader's name and words stay: they are not about labels.
        """
        self._require_unlocked()
        kept = self.reading.begun_again(segmentation.model or "", self._time())
        self.assessment = assess(self.stack, segmentation, kept)  # raises where it does not fit
        self.segmentation, self.reading = _own_copy(segmentation), kept
        self._automatic = automatic_labels(segmentation)
        self._assessed_automatic = self.assessment.automatic
        self.history.clear()
        self._tell(Changed(images=self._all_places(), decisions=True))

    # Decisions

    def set_counts(
        self, structures: Iterable[Label], phases: int | Iterable[int], slices: int | Iterable[int], counts: bool | None
    ) -> bool:
        """Decide that slices count, or do not; ``None`` leaves them to the rule again."""
        chosen, in_phases, in_slices = list(structures), _as_list(phases), _as_list(slices)
        cells = [(int(label), phase, place) for label in chosen for phase in in_phases for place in in_slices]
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
        """Fix ED or ES: ``set_key_phases(lv_es=9)``; ``None`` gives one back to the proposal."""
        before, decided = self.assessment.key_phases, replace(self.reading.key_phases, **phases)
        after = decided.or_else(self.assessment.proposal.key_phases)
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
        proposal = replace(self.assessment.proposal, key_phases=found)
        after = replace(self.reading, key_phases=KeyPhases(), proposal=proposal)
        return self._decide(after, [JournalEntry(self._time(), "propose-key-phases")])

    def use_extreme(self, finding: Finding) -> bool:
        """Take the phase that a finding about a key phase names instead of the one that holds."""
        side, moment = str(finding.parameters["structure"]), str(finding.parameters["moment"])
        return self.set_key_phases(**{f"{side}_{moment}".lower(): int(str(finding.parameters["other_phase"]))})

    def set_conventions(self, **choices: Any) -> bool:
        """Measure by other conventions: ``set_conventions(papillary=Papillary.MASS)``.

        Another basal rule proposes anew which slices count; what the reader decided stays. On a study that nobody
        corrected or decided on, everything is proposed anew, as it would have been from the beginning.
        """
        before = self.reading.conventions
        conventions = replace(before, **choices)
        if conventions == before:
            return False
        after = replace(self.reading, conventions=conventions)
        if self.reading.proposal is not None and conventions.basal_rule is not before.basal_rule:
            proposed = propose(self.stack, self.segmentation, conventions, self.assessment.images)
            after = replace(after, proposal=replace(self.assessment.proposal, counted=proposed.counted))
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
            self._require_unlocked()
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
        earlier = [
            number for number in range(len(before.journal), len(after.journal)) if not after.journal[number].undone
        ]
        self._apply(changes, replace(after, journal=(*after.journal, entry)), forward=True)
        numbers = (len(after.journal), *earlier)
        both = enumerate(zip(before.journal, after.journal, strict=False))
        toggled = tuple(number for number, (was, now) in both if was.undone != now.undone)
        self.history.add(Change(numbers, changes, decisions_of(before), decisions_of(after), toggled))
        self._tell(Changed(frozenset(changes), decisions=True))

    # The reader

    def look_at(self, phase: int, slice_: int) -> None:
        """Note that the reader has seen an image; a signed reading stays as it was signed."""
        if (phase, slice_) not in self.reading.looked_at and not self.is_signed:
            self._note(replace(self.reading, looked_at=self.reading.looked_at | {(phase, slice_)}))

    def acknowledge(self, finding: Finding, seen: bool = True) -> None:
        """Tick a finding off, or bring it back."""
        self._require_unlocked()
        key = {finding_key(finding)}
        known = self.reading.acknowledged | key if seen else self.reading.acknowledged - key
        self._note(replace(self.reading, acknowledged=known))

    def set_reader(self, reader: str) -> None:
        """Name who reads."""
        self._require_unlocked()
        self._note(replace(self.reading, reader=reader.strip()))

    def set_impression(self, impression: str) -> None:
        """Put the reading in words."""
        self._require_unlocked()
        self._note(replace(self.reading, impression=impression))

    def sign(self) -> None:
        """Answer for the reading: it is locked from here on."""
        self._require_unlocked()
        if not self.reading.reader:
            raise ReadingError.of("no-reader")
        when = self._time()
        entry = JournalEntry(when, "sign", after=self.reading.reader)
        self._note(
            replace(
                self.reading,
                signature=Signature(self.reading.reader, when),
                proposal=self.assessment.proposal,
                journal=(*self.reading.journal, entry),
            )
        )

    def unlock(self) -> None:
        """Take the signature back, to go on working."""
        if self.reading.signature is not None:
            entry = JournalEntry(self._time(), "unlock", before=self.reading.signature.reader)
            self._note(replace(self.reading, signature=None, journal=(*self.reading.journal, entry)))

    # The way back

    def undo(self) -> bool:
        """Take the last change back, wherever it was; listeners are led there."""
        return self._step(self.history.to_undo, forward=False)

    def redo(self) -> bool:
        """Make the change again that was taken back last."""
        return self._step(self.history.to_redo, forward=True)

    def _step(self, change: Change | None, *, forward: bool) -> bool:
        if change is None:
            return False
        self._require_unlocked()
        reading = with_decisions(self.reading, change.after if forward else change.before)
        journal = list(reading.journal)
        for number in change.entries:
            journal[number] = replace(journal[number], undone=not forward)
        for number in change.toggled:
            journal[number] = replace(journal[number], undone=not journal[number].undone)
        self._apply(change.images, replace(reading, journal=tuple(journal)), forward=forward)
        self.history.step(1 if forward else -1)
        first = journal[change.entries[0]]
        self._tell(Changed(frozenset(change.images), change.before != change.after, (first.phase, first.slice)))
        return True

    # How

    def _decide(
        self, after: Reading, entries: list[JournalEntry], place: tuple[int | None, int | None] | None = None
    ) -> bool:
        self._require_unlocked()
        before = self.reading
        self._apply({}, self._held(after) if after.has_decisions else after, forward=True)
        self._finish(before, entries, {}, place)
        return True

    def _held(self, reading: Reading) -> Reading:
        """The reading with a proposal that holds still, from the first correction or decision on phases or slices."""
        return reading if reading.proposal is not None else replace(reading, proposal=self.assessment.proposal)

    def _apply(self, images: Mapping[Place, ImageChange], reading: Reading, *, forward: bool) -> None:
        """Put label images and decisions in place, and assess at the price of what changed."""
        segmentation = with_images(self.segmentation, images, self._automatic, forward=forward)
        before = replace(self.assessment, automatic=self.assessment.automatic or self._assessed_automatic)
        self.assessment = assess(self.stack, segmentation, reading, before, set(images))
        self._assessed_automatic = self.assessment.automatic or self._assessed_automatic
        self.segmentation, self.reading = segmentation, reading

    def _finish(
        self,
        before: Reading,
        entries: list[JournalEntry],
        images: Mapping[Place, ImageChange],
        place: tuple[int | None, int | None] | None = None,
    ) -> None:
        """Write what was done into journal and history, and tell of it."""
        old, new = decisions_of(before), decisions_of(self.reading)
        numbers = tuple(range(len(before.journal), len(before.journal) + len(entries)))
        self.history.add(Change(numbers, dict(images), old, new))
        changed = Changed(frozenset(images), old != new, place)
        self._note(replace(self.reading, journal=(*before.journal, *entries)), changed)

    def _note(self, reading: Reading, changed: Changed | None = None) -> None:
        """Take over a reading whose numbers are the same."""
        self.reading = reading
        self.assessment = replace(self.assessment, reading=reading)
        self._tell(changed or Changed())

    def _text_of(self, change: Change | None, language: str) -> str:
        if change is None:
            return ""
        entries = [self.reading.journal[number] for number in change.entries]
        if change.images:
            entries = [replace(entries[0], images=len(change.images))]
        return "; ".join(describe_entry(entry, vars(self.assessment.key_phases), language) for entry in entries)

    def _require_unlocked(self) -> None:
        signature = self.reading.signature
        if signature is not None:
            raise ReadingError.of("signed", reader=signature.reader)

    def _time(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def _all_places(self) -> frozenset[Place]:
        return frozenset((phase, place) for phase in range(self.stack.phases) for place in range(self.stack.slices))

    def _tell(self, changed: Changed) -> None:
        for listener in list(self._listeners):
            listener(changed)


def _own_copy(segmentation: Segmentation) -> Segmentation:
    return replace(segmentation, labels=np.array(segmentation.labels, np.uint8, copy=True))


def _as_list(places: int | Iterable[int]) -> list[int]:
    return [int(place) for place in (places if isinstance(places, Iterable) else (places,))]
