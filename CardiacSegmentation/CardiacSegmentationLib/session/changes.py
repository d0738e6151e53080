"""What one command changed, and the way back: label images before and after, decisions before and after."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.errors import MALFORMED, ReadingError
from CardiacSegmentationLib.reading import Reading
from CardiacSegmentationLib.reading_json import reading_from_dict, reading_to_dict
from CardiacSegmentationLib.segmentation import Origin, PackedLabels
from CardiacSegmentationLib.segmentation_json import contours_from_dict, contours_to_dict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from CardiacSegmentationLib.segmentation import Contours, Labels, Place, Segmentation

# What undo takes back of a reading.
DECISIONS = ("key_phases", "counts", "base_lines", "conventions", "patient", "unknown_facts", "by_rules")


@dataclass(frozen=True)
class Changed:
    """What listeners of a session hear: which label images differ now, whether decisions do, and where to look."""

    images: frozenset[Place] = frozenset()
    decisions: bool = False
    place: tuple[int | None, int | None] | None = None  # phase and slice; None: stay where you are


@dataclass(frozen=True)
class ImageChange:
    """One label image before and after, compressed, where it came from, and its contours where they were drawn."""

    before: bytes
    after: bytes
    origin_before: int
    origin_after: int
    contours_before: Contours | None = None
    contours_after: Contours | None = None


@dataclass(frozen=True)
class Change:
    """One step of undo and redo: its entries in the journal, by number, and both states of what it changed."""

    entries: tuple[int, ...]
    images: Mapping[Place, ImageChange]
    before: Reading  # decisions alone
    after: Reading
    toggled: tuple[int, ...] = ()  # earlier entries that it took back, or made again


class History:
    """Changes in the order of the work, and how many of them hold at this moment."""

    def __init__(self, changes: Sequence[Change] = (), done: int | None = None) -> None:
        self._changes = list(changes)
        self._done = len(self._changes) if done is None else done

    @property
    def to_undo(self) -> Change | None:
        """The change that undo takes back."""
        return self._changes[self._done - 1] if self._done else None

    @property
    def to_redo(self) -> Change | None:
        """The change that redo makes again."""
        return self._changes[self._done] if self._done < len(self._changes) else None

    def add(self, change: Change) -> None:
        """Note a change; what was taken back before it cannot be made again."""
        del self._changes[self._done :]
        self._changes.append(change)
        self._done += 1

    def step(self, by: int) -> None:
        """One change was taken back (-1) or made again (+1)."""
        self._done += by

    def forget(self, places: Iterable[Place]) -> None:
        """Others changed these images since: no way leads across changes of them, for it would end in labels before."""
        there = set(places)
        touching = [number for number, change in enumerate(self._changes) if there & change.images.keys()]
        first = max((number + 1 for number in touching if number < self._done), default=0)
        end = min((number for number in touching if number >= self._done), default=len(self._changes))
        self._changes, self._done = self._changes[first:end], self._done - first

    def clear(self) -> None:
        """There is no way back from here."""
        self._changes, self._done = [], 0

    def to_dict(self) -> dict[str, Any]:
        """Fit for ``json.dumps``; places count from 0, for no person reads it."""
        return {"done": self._done, "changes": [_change_to_dict(change) for change in self._changes]}

    @classmethod
    def from_dict(cls, data: Any) -> History:
        """The history that ``to_dict`` wrote; an empty one where it cannot be used, for it is a convenience."""
        try:
            changes = [_change_from_dict(item) for item in data["changes"]]
            done = int(data["done"])
        except (*MALFORMED, zlib.error, ReadingError):
            return cls()
        return cls(changes, done) if 0 <= done <= len(changes) else cls()

    def fits(self, shape: tuple[int, ...], entries: int) -> bool:
        """Whether every change lies on a stack of this shape and within a journal of so many entries."""
        size = shape[2] * shape[3]
        return all(
            bool(change.entries)
            and all(0 <= number < entries for number in (*change.entries, *change.toggled))
            and all(0 <= phase < shape[0] and 0 <= slice_ < shape[1] for phase, slice_ in change.images)
            and all(_holds(image, size) for image in change.images.values())
            for change in self._changes
        )


def pack_image(image: Labels) -> bytes:
    """One label image, compressed to a few hundred bytes."""
    return zlib.compress(np.ascontiguousarray(image), 1)


def unpack_image(packed: bytes, shape: tuple[int, ...]) -> Labels:
    """The label image ``[row, column]`` that ``pack_image`` packed."""
    return np.frombuffer(zlib.decompress(packed), np.uint8).reshape(shape)


def image_change(
    segmentation: Segmentation, place: Place, image: Labels, origin: Origin, contours: Contours | None
) -> ImageChange:
    """The change from the image that is at ``place`` to another one."""
    return ImageChange(
        pack_image(segmentation.labels[place]),
        pack_image(image),
        int(segmentation.origin[place]),
        int(origin),
        segmentation.contours.get(place),
        contours,
    )


def with_images(
    segmentation: Segmentation,
    changes: Mapping[Place, ImageChange],
    automatic: PackedLabels | None,
    *,
    forward: bool,
) -> Segmentation:
    """The segmentation after these changes, or before them; its label images are changed in place."""
    labels, origin = segmentation.labels, segmentation.origin.copy()
    labelled, drawn = segmentation.labelled.copy(), dict(segmentation.contours)
    for place, change in changes.items():
        labels[place] = unpack_image(change.after if forward else change.before, labels.shape[2:])
        origin[place] = change.origin_after if forward else change.origin_before
        contours = change.contours_after if forward else change.contours_before
        if contours is None:
            drawn.pop(place, None)
        else:
            drawn[place] = contours
    for phase in {phase for phase, _ in changes}:
        was_labelled = automatic is not None and automatic.labelled[phase]
        labelled[phase] = was_labelled or bool(labels[phase].any())
    return replace(segmentation, labelled=labelled, origin=origin, automatic=automatic, contours=drawn)


def automatic_labels(segmentation: Segmentation) -> PackedLabels | None:
    """The labels as they were before any correction; ``None`` where they were corrected and nobody kept those."""
    if segmentation.automatic is not None or segmentation.corrected.any():
        return segmentation.automatic
    return PackedLabels.pack(segmentation.labels, segmentation.labelled)


def origins_of(
    segmentation: Segmentation, automatic: PackedLabels | None, images: Mapping[Place, Labels], origin: Origin
) -> dict[Place, Origin]:
    """Whose images are: one that is again as it was before any correction is its maker's, whoever put it there."""
    if automatic is None:
        return dict.fromkeys(images, origin)
    made = {phase: automatic.phase(phase) for phase in {phase for phase, _ in images}}
    makers = {
        phase: Origin.NETWORK if segmentation.model and automatic.labelled[phase] else Origin.FILE for phase in made
    }
    return {
        (phase, slice_): makers[phase] if np.array_equal(made[phase][slice_], image) else origin
        for (phase, slice_), image in images.items()
    }


def decisions_of(reading: Reading) -> Reading:
    """The part of a reading that undo takes back."""
    return Reading(**{name: getattr(reading, name) for name in DECISIONS})


def with_decisions(reading: Reading, decisions: Reading) -> Reading:
    """A reading with other decisions; journal, signature and notes stay."""
    return replace(reading, **{name: getattr(decisions, name) for name in DECISIONS})


def _holds(image: ImageChange, size: int) -> bool:
    try:
        return all(len(zlib.decompress(packed)) == size for packed in (image.before, image.after))
    except zlib.error:
        return False


def _change_to_dict(change: Change) -> dict[str, Any]:
    return {
        "entries": list(change.entries),
        "images": [
            [phase, slice_, _text(item.before), _text(item.after), item.origin_before, item.origin_after]
            + [
                None if drawn is None else contours_to_dict(drawn)
                for drawn in (item.contours_before, item.contours_after)
            ]
            for (phase, slice_), item in change.images.items()
        ],
        "before": reading_to_dict(change.before),
        "after": reading_to_dict(change.after),
        "toggled": list(change.toggled),
    }


def _change_from_dict(data: Mapping[str, Any]) -> Change:
    images = {
        (int(phase), int(slice_)): ImageChange(
            _bytes(before),
            _bytes(after),
            int(origin_before),
            int(origin_after),
            *(None if drawn is None else contours_from_dict(drawn) for drawn in contours),
        )
        for phase, slice_, before, after, origin_before, origin_after, *contours in data["images"]
    }
    before, after = (reading_from_dict(data[name]) for name in ("before", "after"))
    return Change(tuple(map(int, data["entries"])), images, before, after, tuple(map(int, data.get("toggled", ()))))


def _text(packed: bytes) -> str:
    return base64.b64encode(packed).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
