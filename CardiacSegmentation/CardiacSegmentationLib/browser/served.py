"""The study that one reader works on, in as many tabs as she likes: commands in, what changed out, kept after each."""

from __future__ import annotations

import logging
import threading
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.browser.commands import COMMANDS
from CardiacSegmentationLib.browser.content import describe_state
from CardiacSegmentationLib.browser.hand import TOOLS, Hand
from CardiacSegmentationLib.browser.images import describe_contours, describe_images
from CardiacSegmentationLib.browser.long_axes import describe_base_lines, describe_long_axes
from CardiacSegmentationLib.browser.page import automatic_contours, describe_numbers
from CardiacSegmentationLib.browser.words import say
from CardiacSegmentationLib.choices import CHOICES, CONVENTIONS
from CardiacSegmentationLib.errors import CardiacSegmentationError, ContourError, ReadingError, as_error, reason_of
from CardiacSegmentationLib.export.dicom_source import read_source
from CardiacSegmentationLib.export.result_parts import PARTS, describe_patient
from CardiacSegmentationLib.export.results import default_parts
from CardiacSegmentationLib.export.wording import word
from CardiacSegmentationLib.network.loaded import load_network
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.session.contour_commands import contours_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.browser.proposal import Proposal
    from CardiacSegmentationLib.contours import Contours
    from CardiacSegmentationLib.export.deidentify import Deidentifier
    from CardiacSegmentationLib.long_axis import LongAxis
    from CardiacSegmentationLib.network.protocol import Network
    from CardiacSegmentationLib.segmentation import Place
    from CardiacSegmentationLib.session import Changed, Recovery, StudySession
    from CardiacSegmentationLib.stack import CineStack

# What rests on what the reader sees: refused where another tab changed it meanwhile.
RESTS_ON_WHAT_IS_SEEN = frozenset(
    {*TOOLS, "delete", "copy", "smooth", "snap", "grow", "shrink", "take", "undo", "redo", "sign"}
)
MOST_TABS = 50
LOG = logging.getLogger(__name__)


class ServedStudy:
    """A session with its contours, its revision, and the last answer to every tab.

    A tab numbers its commands: one that comes twice, because its answer was lost, is answered again and not done again.
    """

    def __init__(
        self,
        session: StudySession,
        recovery: Recovery,
        language: str,
        write: Callable[[StudySession, list[str]], list[Path]],
        *,
        network: Callable[[], Network] = load_network,
        deidentifier: Deidentifier | None = None,
        long_axes: Sequence[LongAxis] = (),
    ) -> None:
        self.session: StudySession = session
        self.language = language
        self.network = network  # called when it is needed; the engine is kept from then on
        self.long_axes = {one.name: one for one in long_axes}
        self.write = write  # the parts asked for; returns all files that there are now
        self.hand = Hand()
        self.files: dict[str, Path] = {}
        self.run = uuid.uuid4().hex[:12]  # another run of the server knows nothing of this one's numbers
        self._recovery = recovery
        self._revision = self._work_revision = 0
        self._written_at = -1  # the revision that the files tell of
        self._changed_at: dict[Place, int] = {}
        self._proposal: Proposal | None = None
        self._proposed_at = 0
        self._place: tuple[int | None, int | None] | None = None
        self._answers: dict[str, tuple[int, dict[str, Any]]] = {}
        self._changed = threading.Condition(threading.RLock())
        self._crop, self._images = describe_images(session.stack, session.segmentation, whole=True)
        self._described_long_axes = describe_long_axes(long_axes, session.stack)
        self._hide, self._facts = deidentifier, _facts_of(session.stack, deidentifier)
        for place in np.ndindex(session.segmentation.labels.shape[:2]):  # so that the page opens at once
            self.contours_at((int(place[0]), int(place[1])))
        session.subscribe(self._note)

    def page(self) -> dict[str, Any]:
        """Everything a tab shows when it opens."""
        with self._changed:
            session = self.session
            stack, segmentation = session.stack, session.segmentation
            study = {
                **describe_numbers(stack, segmentation, self._assessment(), self._facts, self.language),
                "images": self._images,
                "contours": [
                    [describe_contours(self.contours_at((phase, slice_)), self._crop) for slice_ in range(stack.slices)]
                    for phase in range(stack.phases)
                ],
                "automatic": automatic_contours(stack, segmentation, self._crop, segmentation.corrected_images),
            }
            study["longAxes"] = self._described_long_axes
            return {**study, "canRead": True, "parts": self._parts(), **self._news(self._revision)}

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Do a command, once, and say what changed since the tab last heard."""
        tab, number, seen = str(message["tab"]), int(message["number"]), int(message["seen"])
        with self._changed:
            if message["run"] != self.run:
                return {"reload": True}
            before, answer = self._answers.get(tab, (0, {}))
            if number == before:
                return answer
            if number < before:
                return self._news(seen)
            answer = self._do(str(message["command"]), message, seen)
            self._answers[tab] = (number, answer)
            if len(self._answers) > MOST_TABS:
                del self._answers[next(iter(self._answers))]
            return answer

    def preview(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """The borders as they would be if the hand let go now."""
        with self._changed:
            self.session.require_unlocked()
            place = self.place_of(message)
            after, points = self.hand.drag(self.contours_at(place), message)
            return {
                "borders": describe_contours(after, self._crop),
                "points": [] if points is None else points.round(2).tolist(),  # (row, column) in mm
            }

    def wait(self, run: str, seen: int, seconds: float) -> dict[str, Any]:
        """What other tabs changed, as soon as they do."""
        with self._changed:
            if run != self.run:
                return {"reload": True}
            self._changed.wait_for(lambda: self._revision > seen, seconds)
            return self._news(seen)

    def place_of(self, message: Mapping[str, Any]) -> Place:
        """The image that a message is about."""
        phase, slice_ = int(message["phase"]), int(message["slice"])
        if not (0 <= phase < self.session.stack.phases and 0 <= slice_ < self.session.stack.slices):
            raise ReadingError.of("no-such-image", phase=phase, slice=slice_)
        return phase, slice_

    def contours_at(self, place: Place) -> Contours:
        """The borders of an image: as they were drawn where they were, else found in its labels."""
        return contours_at(self.session, place)

    def propose(self, proposal: Proposal) -> dict[str, Any]:
        """Keep what could be taken over, until another edit, and show it."""
        self._proposal, self._proposed_at = proposal, self._work_revision
        shown = {
            f"{phase},{slice_}": describe_contours(contours, self._crop)
            for (phase, slice_), contours in proposal.contours.items()
        }
        return {"proposal": shown, **proposal.facts}

    @property
    def proposal(self) -> Proposal:
        """What was proposed last and still fits."""
        if self._proposal is None or self._proposed_at != self._work_revision:
            raise ContourError.of("proposal-outdated")
        return self._proposal

    def write_parts(self, parts: list[str]) -> list[Path]:
        """Write parts of the results, as they are now."""
        with self._changed:
            files = self.write(self.session, parts)
            self.files, self._written_at = {path.name: path for path in files}, self._revision
            return files

    @property
    def is_written(self) -> bool:
        """Whether the files tell all there is to tell."""
        return self._written_at == self._revision

    def keep(self) -> None:
        """Write down what there is, for the case that this process ends here."""
        self._recovery.keep(self.session)

    def _do(self, name: str, message: Mapping[str, Any], seen: int) -> dict[str, Any]:
        if name not in COMMANDS:
            problem = ReadingError.of("not-understood", what=name).text(self.language)
            return {**self._news(seen), "problem": problem}
        if name in RESTS_ON_WHAT_IS_SEEN and seen < self._work_revision:
            return {**self._news(seen), "stale": True}
        before, self._place = self._revision, None
        try:
            extra = COMMANDS[name](self, message) or {}
        except (CardiacSegmentationError, OSError) as error:
            return {**self._news(seen), "problem": as_error(error).text(self.language)}
        except Exception as error:  # the reader goes on, and developers can see where it was
            LOG.exception("cardiacseg: the command %s failed", name)
            return {**self._news(seen), "problem": say("defect", self.language, error=error)}
        if self._revision > before:
            self.keep()
            if self._recovery.failed is not None:
                unkept = ReadingError.of("work-not-kept", reason=reason_of(self._recovery.failed))
                extra = {**extra, "problem": unkept.text(self.language)}
        return {**self._news(seen), **extra, "place": self._place}

    def _news(self, seen: int) -> dict[str, Any]:
        """State and decisions now, and the borders of images that changed since ``seen``."""
        session = self.session
        places = [place for place, revision in self._changed_at.items() if revision > seen]
        corrected = set(session.segmentation.corrected_images)
        before = automatic_contours(
            session.stack, session.segmentation, self._crop, [place for place in places if place in corrected]
        )
        return {
            "run": self.run,
            "revision": self._revision,
            "state": describe_state(self._assessment(), session.segmentation, self.language),
            "changed": {
                f"{phase},{slice_}": describe_contours(self.contours_at((phase, slice_)), self._crop)
                for phase, slice_ in places
            },
            "changedAutomatic": before,
            "reading": self._reading(),
        }

    def _assessment(self) -> Assessment:
        """What the page tells of; de-identified, nothing about the patient, but what this reader said and signed."""
        now = self.session.assessment
        if self._hide is None:
            return now
        hidden, reading = self._hide.hide_assessment(now), now.reading
        said = {name: getattr(reading, name) for name in ("reader", "impression", "signature")}
        return replace(hidden, reading=replace(hidden.reading, **said))

    def _reading(self) -> dict[str, Any]:
        session, reading = self.session, self.session.reading
        conventions = {name: getattr(reading.conventions, name) for name in CONVENTIONS}
        return {
            "undo": session.undo_text(self.language),
            "redo": session.redo_text(self.language),
            "lookedAt": [f"{phase},{slice_}" for phase, slice_ in sorted(reading.looked_at)],
            "reader": reading.reader,
            "impression": reading.impression,
            "isSigned": session.is_signed,
            "decided": [f"{Label(label).name},{phase},{slice_}" for (label, phase, slice_), _ in reading.counts],
            "baseLines": describe_base_lines(list(self.long_axes.values()), session.stack, reading),
            "fixed": [name for name, phase in vars(reading.key_phases).items() if phase is not None],
            "conventions": {
                name: {
                    "value": str(getattr(value, "value", value)),
                    "choices": [[one, CHOICES[name].label(one, self.language)] for one in CHOICES[name].values],
                }
                for name, value in conventions.items()
            },
            "files": sorted(self.files),
        }

    def _note(self, changed: Changed) -> None:
        with self._changed:
            self._revision += 1
            for place in changed.images:
                self._changed_at[place] = self._revision
            if changed.images or changed.decisions:
                self._work_revision = self._revision
            if changed.place is not None:
                self._place = changed.place
            self._changed.notify_all()

    def _parts(self) -> list[tuple[str, str]]:
        """Every result that can be written, by name and title."""
        return [(name, word(PARTS[name].title, self.language)) for name in default_parts(self.session.stack)]


def _facts_of(stack: CineStack, hide: Deidentifier | None) -> dict[str, str]:
    """What the page says about patient and study."""
    is_dicom = stack.source is not None and bool(stack.instance_uids)
    return describe_patient(stack, read_source(stack, ()).first if is_dicom else None, hide)
