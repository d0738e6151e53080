"""One study at hand: its four values, the commands that change them, the journal, the way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.analysis import assess, propose
from CardiacSegmentationLib.analysis.phases import find_key_phases
from CardiacSegmentationLib.assessment import Assessment, finding_key
from CardiacSegmentationLib.errors import ReadingError
from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE
from CardiacSegmentationLib.journal import JournalEntry, describe_entry
from CardiacSegmentationLib.reading import KeyPhases, Reading, Signature
from CardiacSegmentationLib.segmentation import STRUCTURES, Label, Origin, PackedLabels, Segmentation
from CardiacSegmentationLib.session.changes import (
    Change,
    Changed,
    History,
    ImageChange,
    decisions_of,
    pack_image,
    unpack_image,
    with_decisions,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from CardiacSegmentationLib.findings import Finding
    from CardiacSegmentationLib.segmentation import Labels
    from CardiacSegmentationLib.session.changes import Place
    from CardiacSegmentationLib.stack import CineStack

    Listener = Callable[[Changed], None]

MOST_ENTRIES = 12  # of one command: what changes more images is one entry with their number


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
        self._automatic = segmentation.automatic or PackedLabels.pack(self.segmentation.labels)
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
    def has_corrections(self) -> bool:
        """Whether a person changed any label image."""
        return bool(self.segmentation.corrected.any())

    @property
    def has_work(self) -> bool:
        """Whether a person corrected or decided anything that segmenting again would replace."""
        return self.has_corrections or self.reading.has_decisions or self.is_signed

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
        """Take in ``labels[slice, row, column]`` of a phase after a person worked on them; false where they are equal."""
        now = self.segmentation.labels[phase]
        differing = np.flatnonzero((labels != now).any(axis=(1, 2)))
        return self.put({(phase, int(place)): labels[place] for place in differing}, tool)

    def put(
        self, images: Mapping[Place, Labels], tool: str, action: str = "edit", origin: Origin = Origin.READER
    ) -> bool:
        """Replace label images ``[row, column]`` by ``(phase, slice)``, as one step; false where all are equal."""
        labels = self.segmentation.labels
        differing = {place: image for place, image in images.items() if (labels[place] != image).any()}
        if not differing:
            return False
        self._require_unlocked()
        changes = {
            place: ImageChange(
                pack_image(labels[place]),
                pack_image(image),
                int(self.segmentation.origin[place]),
                int(self._origin_of(place, image, origin)),
            )
            for place, image in differing.items()
        }
        structures = {place: _changed_structures(labels[place], image) for place, image in differing.items()}
        reading, assessment = self.reading, self.assessment
        self._apply(changes, self._held(reading), forward=True)
        entries = self._edit_entries(action, tool, structures, assessment)
        self._finish(reading, entries, changes)
        return True

    def note_outside(self, places: Iterable[Place]) -> None:
        """Note that images were changed by other hands than this session's; the labels are known already."""
        images = sorted(places)
        if images:
            phase, place = images[0]
            entry = JournalEntry(self._time(), "outside", phase=phase, slice=place, images=len(images))
            reading = self._held(self.reading)
            self._note(replace(reading, journal=(*reading.journal, entry)), Changed(frozenset(images)))

    def copy_phase(
        self, source: int, phase: int, slices: Iterable[int], structures: Iterable[Label] = STRUCTURES
    ) -> bool:
        """Take structures over from another phase, in some slices."""
        return self.copy_images({(phase, place): (source, place) for place in slices}, structures)

    def copy_images(self, sources: Mapping[Place, Place], structures: Iterable[Label] = STRUCTURES) -> bool:
        """Take structures over from other images: ``sources`` gives the image for each one to change."""
        labels, chosen = self.segmentation.labels, [int(label) for label in structures]
        count = self.stack.phases
        images = {
            target: _with_structures(labels[target], labels[source[0] % count, source[1]], chosen)
            for target, source in sources.items()
        }
        return self.put(images, tool="copy")

    def delete(self, phase: int, slice_: int, structures: Iterable[Label]) -> bool:
        """Take structures out of one image."""
        image = self.segmentation.labels[phase, slice_]
        chosen = [int(label) for label in structures]
        return self.put({(phase, slice_): np.where(np.isin(image, chosen), np.uint8(0), image)}, tool="delete")

    def replace_segmentation(self, segmentation: Segmentation) -> None:
        """Begin anew with another segmentation: corrections and what was decided on them go, the journal stays.

        Conventions, facts about the patient and the reader's name stay: they are not about labels.
        """
        self._require_unlocked()
        self.segmentation = _own_copy(segmentation)
        self._automatic = segmentation.automatic or PackedLabels.pack(self.segmentation.labels)
        entry = JournalEntry(self._time(), "segment", after=segmentation.model or "")
        kept = Reading(
            conventions=self.reading.conventions,
            patient=self.reading.patient,
            reader=self.reading.reader,
            journal=(*self.reading.journal, entry),
        )
        self.history.clear()
        self.reading = kept
        self.assessment = assess(self.stack, self.segmentation, self.reading)
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

    def set_key_phases(self, **phases: int | None) -> bool:
        """Fix ED or ES: ``set_key_phases(lv_es=9)``; ``None`` gives one back to the proposal."""
        after = replace(self.reading, key_phases=replace(self.reading.key_phases, **phases))
        shown = self.assessment.key_phases
        entries = [
            JournalEntry(
                self._time(),
                "key-phase",
                phase=phase,
                subject=name,
                before=_from_one(getattr(shown, name)),
                after=_from_one(phase),
            )
            for name, phase in phases.items()
        ]
        return self._decide(after, entries, place=(next(iter(phases.values()), None), None))

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

        Another basal rule proposes anew which slices count; what the reader decided stays.
        """
        before = self.reading.conventions
        conventions = replace(before, **choices)
        if conventions == before:
            return False
        after = replace(self.reading, conventions=conventions)
        if conventions.basal_rule is not before.basal_rule:
            proposed = propose(self.stack, self.segmentation, conventions, self.assessment.images)
            after = replace(after, proposal=replace(self.assessment.proposal, counted=proposed.counted))
        return self._decide(after, _value_entries(self._time(), "convention", before, conventions))

    def set_patient(self, **facts: Any) -> bool:
        """Put facts about the patient right; ``None`` takes what the images say."""
        before = self.reading.patient
        patient = replace(before, **facts)
        if patient == before:
            return False
        return self._decide(
            replace(self.reading, patient=patient), _value_entries(self._time(), "patient", before, patient)
        )

    def apply_reading(self, reading: Reading) -> bool:
        """Take over all decisions of another reading of this stack, as one step."""
        assess(self.stack, self.segmentation, reading)  # raises where it does not fit
        after = replace(with_decisions(self.reading, reading), reader=reading.reader or self.reading.reader)
        return self._decide(after, [JournalEntry(self._time(), "apply-reading", after=reading.reader)])

    # The reader

    def look_at(self, phase: int, slice_: int) -> None:
        """Note that the reader has seen an image."""
        if (phase, slice_) not in self.reading.looked_at:
            self.reading = replace(self.reading, looked_at=self.reading.looked_at | {(phase, slice_)})
            self._tell(Changed())

    def acknowledge(self, finding: Finding, seen: bool = True) -> None:
        """Tick a finding off, or bring it back."""
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
            msg = "Nobody can sign without a name: say who reads."
            raise ReadingError(msg)
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
        decisions = change.after if forward else change.before
        reading = self.reading if decisions is None else with_decisions(self.reading, decisions)
        last = change.first_entry + change.entries
        journal = tuple(
            replace(entry, undone=not forward) if change.first_entry <= number < last else entry
            for number, entry in enumerate(reading.journal)
        )
        self._apply(change.images, replace(reading, journal=journal), forward=forward)
        self.history.step(1 if forward else -1)
        entry = journal[change.first_entry] if change.entries else None
        place = None if entry is None else (entry.phase, entry.slice)
        self._tell(Changed(frozenset(change.images), decisions is not None, place))
        return True

    # How

    def _decide(
        self, after: Reading, entries: list[JournalEntry], place: tuple[int | None, int | None] | None = None
    ) -> bool:
        self._require_unlocked()
        before = self.reading
        self._apply({}, self._held(after), forward=True)
        self._finish(before, entries, {}, place)
        return True

    def _held(self, reading: Reading) -> Reading:
        """The reading with a proposal that holds still: from the first change on only the reader moves what it says."""
        return reading if reading.proposal is not None else replace(reading, proposal=self.assessment.proposal)

    def _apply(self, images: Mapping[Place, ImageChange], reading: Reading, *, forward: bool) -> None:
        """Put label images and decisions in place, and assess at the price of what changed."""
        labels, origin = self.segmentation.labels, self.segmentation.origin.copy()
        labelled = self.segmentation.labelled.copy()
        for place, change in images.items():
            labels[place] = unpack_image(change.after if forward else change.before, labels.shape[2:])
            origin[place] = change.origin_after if forward else change.origin_before
        for phase in {phase for phase, _ in images}:
            labelled[phase] = self._was_labelled(phase) or bool(labels[phase].any())
        self.segmentation = replace(self.segmentation, labelled=labelled, origin=origin, automatic=self._automatic)
        self.reading = reading
        self.assessment = assess(self.stack, self.segmentation, reading, self.assessment, set(images))

    def _finish(
        self,
        before: Reading,
        entries: list[JournalEntry],
        images: Mapping[Place, ImageChange],
        place: tuple[int | None, int | None] | None = None,
    ) -> None:
        """Write what was done into journal and history, and tell of it."""
        old, new = decisions_of(before), decisions_of(self.reading)
        self.history.add(Change(len(before.journal), len(entries), dict(images), old, new))
        self._note(replace(self.reading, journal=(*before.journal, *entries)), Changed(frozenset(images), True, place))

    def _note(self, reading: Reading, changed: Changed = Changed()) -> None:
        """Take over a reading whose numbers are the same."""
        self.reading = reading
        self.assessment = replace(self.assessment, reading=reading)
        self._tell(changed)

    def _origin_of(self, place: Place, image: Labels, origin: Origin) -> Origin:
        """Whose an image is: one that is again as the network made it is the network's, whoever put it there."""
        phase, slice_ = place
        if not np.array_equal(self._automatic.phase(phase)[slice_], image):
            return origin
        return Origin.FILE if self.segmentation.model is None else Origin.NETWORK

    def _was_labelled(self, phase: int) -> bool:
        """Whether a phase counts as labelled even where a person takes all labels out of it."""
        evidence = self.segmentation.evidence
        if evidence is not None and np.isfinite(evidence.presence[:, phase]).any():
            return True
        return bool(self._automatic.phase(phase).any())

    def _edit_entries(
        self, action: str, tool: str, structures: Mapping[Place, list[Label]], before: Assessment
    ) -> list[JournalEntry]:
        when, places = self._time(), sorted(structures)
        if len(places) > MOST_ENTRIES:
            names = [label.name for label in STRUCTURES if any(label in changed for changed in structures.values())]
            phase, place = places[0]
            return [JournalEntry(when, action, tool, "+".join(names), phase, place, len(places))]
        return [
            JournalEntry(
                when,
                action,
                tool,
                "+".join(label.name for label in structures[place]),
                *place,
                before=_areas_text(before, structures[place], place),
                after=_areas_text(self.assessment, structures[place], place),
            )
            for place in places
        ]

    def _text_of(self, change: Change | None, language: str) -> str:
        if change is None or not change.entries:
            return ""
        entry = self.reading.journal[change.first_entry]
        if change.entries > 1:
            entry = replace(entry, images=change.entries)
        return describe_entry(entry, vars(self.assessment.key_phases), language)

    def _require_unlocked(self) -> None:
        signature = self.reading.signature
        if signature is not None:
            msg = f"The reading is signed by {signature.reader}. Unlock it to change it."
            raise ReadingError(msg)

    def _time(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def _all_places(self) -> frozenset[Place]:
        return frozenset((phase, place) for phase in range(self.stack.phases) for place in range(self.stack.slices))

    def _tell(self, changed: Changed) -> None:
        for listener in list(self._listeners):
            listener(changed)


def _own_copy(segmentation: Segmentation) -> Segmentation:
    return replace(segmentation, labels=np.array(segmentation.labels, np.uint8, copy=True))


def _changed_structures(before: Labels, after: Labels) -> list[Label]:
    return [label for label in STRUCTURES if ((before == label) != (after == label)).any()]


def _with_structures(image: Labels, source: Labels, structures: list[int]) -> Labels:
    """An image with some structures of another one; what lies under them gives way, their own old place is emptied."""
    kept = np.where(np.isin(image, structures), np.uint8(0), image)
    return np.where(np.isin(source, structures), source, kept)


def _areas_text(assessment: Assessment, structures: list[Label], place: Place) -> str:
    areas = (float(np.nan_to_num(assessment.areas_mm2[(label - 1, *place)])) for label in structures)
    return ", ".join(f"{label.name} {area:.0f} mm²" for label, area in zip(structures, areas, strict=True))


def _value_entries(when: str, action: str, before: Any, after: Any) -> list[JournalEntry]:
    """An entry for each field of a dataclass that differs."""
    return [
        JournalEntry(when, action, subject=name, before=_value_text(old), after=_value_text(new))
        for name, old in vars(before).items()
        if (new := getattr(after, name)) != old
    ]


def _value_text(value: Any) -> str:
    if value is None:
        return ""
    return str(getattr(value, "value", value))


def _from_one(phase: int | None) -> str:
    return "" if phase is None else str(phase + 1)


def _as_list(places: int | Iterable[int]) -> list[int]:
    return [places] if isinstance(places, int) else list(places)
