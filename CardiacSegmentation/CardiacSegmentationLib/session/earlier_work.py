"""Work that an earlier session left behind, taken over into a reading that may have gone on meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from CardiacSegmentationLib.reading import Reading


def with_earlier_work(reading: Reading, earlier: Reading) -> Reading:
    """The earlier reading, with what is new in this one beside it: nothing that a person wrote is lost."""
    shared = _shared_entries(reading, earlier)
    return replace(
        earlier,
        looked_at=reading.looked_at | earlier.looked_at,
        acknowledged=reading.acknowledged | earlier.acknowledged,
        reader=earlier.reader or reading.reader,
        impression=earlier.impression or reading.impression,
        journal=(*earlier.journal[:shared], *reading.journal[shared:], *earlier.journal[shared:]),
    )


def went_on_unlocked(reading: Reading, earlier: Reading) -> bool:
    """Whether earlier work began with this reading and took its signature back."""
    return any(entry.action == "unlock" for entry in earlier.journal[_shared_entries(reading, earlier) :])


def entries_taken_over(before: Reading, after: Reading) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """By number in the journal: entries that came with earlier work and hold, and those it took back or made again."""
    new = tuple(number for number in range(len(before.journal), len(after.journal)) if not after.journal[number].undone)
    both = enumerate(zip(before.journal, after.journal, strict=False))
    return new, tuple(number for number, (was, now) in both if was.undone != now.undone)


def _shared_entries(reading: Reading, earlier: Reading) -> int:
    """How many entries both journals begin with, taken back since or not."""
    shared = 0
    while shared < min(len(reading.journal), len(earlier.journal)) and (
        replace(reading.journal[shared], undone=False) == replace(earlier.journal[shared], undone=False)
    ):
        shared += 1
    return shared
