"""A study at hand: its four values, and how a change of them is assessed, written down, taken back and told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.errors import ReadingError
from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE
from CardiacSegmentationLib.journal import TIME_FORMAT, describe_entry
from CardiacSegmentationLib.reading import Reading
from CardiacSegmentationLib.session.changes import (
    Change,
    Changed,
    History,
    automatic_labels,
    decisions_of,
    with_decisions,
    with_images,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.journal import JournalEntry
    from CardiacSegmentationLib.segmentation import Place, Segmentation
    from CardiacSegmentationLib.session.changes import ImageChange
    from CardiacSegmentationLib.stack import CineStack

    Listener = Callable[[Changed], None]


class StudyAtHand:
    """What all commands on a study share; ``StudySession`` has the commands.

    ``segmentation``, ``reading`` and ``assessment`` are the values at this moment; the assessment is always that of the
    other two. Whoever subscribed hears of every change.
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
        self._begin(segmentation, reading or Reading())
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

    def require_unlocked(self) -> None:
        """Refuse to go on where the reading is signed."""
        signature = self.reading.signature
        if signature is not None:
            raise ReadingError.of("signed", reader=signature.reader)

    def undo_text(self, language: str = DEFAULT_LANGUAGE) -> str:
        """What undo would take back, in few words; empty where nothing."""
        return self._text_of(self.history.to_undo, language)

    def redo_text(self, language: str = DEFAULT_LANGUAGE) -> str:
        """What redo would make again, in few words; empty where nothing."""
        return self._text_of(self.history.to_redo, language)

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
        self.require_unlocked()
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

    # What commands are made of

    def _begin(self, segmentation: Segmentation, reading: Reading) -> None:
        """Take these up, and leave what there was; raises where they do not fit the stack."""
        own = replace(segmentation, labels=np.array(segmentation.labels, np.uint8, copy=True))
        self.assessment: Assessment = assess(self.stack, own, reading)
        self.segmentation, self.reading = own, reading
        self._automatic = automatic_labels(own)
        self._assessed_automatic = self.assessment.automatic  # the last there was: work may be taken back, and go on

    def _decide(
        self, after: Reading, entries: list[JournalEntry], place: tuple[int | None, int | None] | None = None
    ) -> bool:
        """Put a reading with other decisions in place, as one step of undo."""
        self.require_unlocked()
        before = self.reading
        self._apply({}, self._held(after) if after.has_decisions else after, forward=True)
        self._finish(before, entries, {}, place)
        return True

    def _held(self, reading: Reading) -> Reading:
        """The reading from the first correction or decision on phases or slices on: what the rules said holds still."""
        return reading if reading.by_rules is not None else replace(reading, by_rules=self.assessment.by_rules)

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

    def _time(self) -> str:
        return self._now().strftime(TIME_FORMAT)

    def _all_places(self) -> frozenset[Place]:
        return frozenset((phase, slice_) for phase in range(self.stack.phases) for slice_ in range(self.stack.slices))

    def _tell(self, changed: Changed) -> None:
        for listener in list(self._listeners):
            listener(changed)
