"""Segment an image, or a phase, again because the reader asked for exactly that.

The network's answers are proposals: they are shown one after the other, and the labels change when one is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.box import find_box
from CardiacSegmentationLib.contours import find_contours
from CardiacSegmentationLib.errors import ContourError
from CardiacSegmentationLib.network.alternatives import Request
from CardiacSegmentationLib.segmentation import Origin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CardiacSegmentationLib.box import Box
    from CardiacSegmentationLib.segmentation import Contours, FloatArray, Labels, Place
    from CardiacSegmentationLib.session.study_session import StudySession

TOOL = "Segment again"
CLICK_MM = 3.0  # a drag over less is a click


@dataclass(frozen=True, eq=False)
class Proposals:
    """The network's answers to a request, the most plausible first, and which of them is shown.

    ``answers[number][slice, row, column]`` and ``asked_about[slice, row, column]``, the labels there were, go with the
    slices of the request. What was changed since is no longer proposed.
    """

    request: Request
    asked_about: Labels
    answers: Sequence[Labels]
    number: int = 0

    @property
    def labels(self) -> Labels:
        """The answer shown."""
        return self.answers[self.number]

    def next(self) -> Proposals:
        """The next one shown; after the last comes the first."""
        return replace(self, number=(self.number + 1) % max(len(self.answers), 1))

    def images(self, session: StudySession) -> dict[Place, Labels]:
        """The label images of the one shown, by ``(phase, slice)``, where they differ from those there are."""
        if not self.answers:
            return {}
        phase, slices = self.request.phase, self.request.slices
        images = zip(slices, self.asked_about, self.labels, strict=True)
        labels = session.segmentation.labels[phase]
        return {
            (phase, slice_): answer
            for slice_, before, answer in images
            if (labels[slice_] == before).all() and (answer != before).any()
        }

    def contours(self, session: StudySession) -> dict[Place, Contours]:
        """What would change, as contours to be shown."""
        return {place: find_contours(image, session.stack.pixel_mm) for place, image in self.images(session).items()}


def request_slice(session: StudySession, place: Place, pointed_mm: FloatArray | None = None) -> Request:
    """What to ask the network to segment one image again, also one that the reader corrected.

    It looks where the reader pointed: ``[start and end, (row, column)]`` in mm, a click or the corners of a box; where
    she did not, at the heart as it is labelled.
    """
    return Request(place[0], (place[1],), _box(session, pointed_mm))


def request_phase(session: StudySession, phase: int, pointed_mm: FloatArray | None = None) -> Request:
    """The same for all images of a phase but those that the reader corrected."""
    slices = tuple(int(slice_) for slice_ in np.flatnonzero(session.segmentation.origin[phase] != Origin.READER))
    if not slices:
        raise ContourError.of("all-corrected")
    return Request(phase, slices, _box(session, pointed_mm))


def shown_labels(session: StudySession, request: Request) -> Labels:
    """The labels ``[slice, row, column]`` that a request's answers are to differ from."""
    return session.segmentation.labels[request.phase, list(request.slices)]


def take_proposal(session: StudySession, proposals: Proposals) -> bool:
    """Put the labels shown in place, as one step of undo."""
    images = proposals.images(session)
    if not images:
        raise ContourError.of("proposal-outdated")
    return session.put(images, TOOL, "segment-again")


def _box(session: StudySession, pointed_mm: FloatArray | None) -> Box | None:
    labels = session.segmentation.labels
    if pointed_mm is None:
        return find_box(labels) if labels.any() else None
    places = np.asarray(pointed_mm, float) / session.stack.pixel_mm
    if np.abs(np.diff(pointed_mm, axis=0)).max() < CLICK_MM:
        places = places[-1:]
    first, last = np.rint(places.min(axis=0)).astype(int), np.rint(places.max(axis=0)).astype(int)
    shape = np.array(labels.shape[-2:])
    if (last < 0).any() or (first >= shape).any():
        raise ContourError.of("pointed-beside")
    rows, columns = (
        slice(max(0, int(a)), min(int(b), int(n) - 1) + 1) for a, b, n in zip(first, last, shape, strict=True)
    )
    return rows, columns
