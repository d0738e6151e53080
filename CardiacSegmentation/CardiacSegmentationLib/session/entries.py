"""What the journal says of a command: which structures it changed, and the values before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.journal import JournalEntry
from CardiacSegmentationLib.segmentation import STRUCTURES, Label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.segmentation import Labels, Place
    from CardiacSegmentationLib.session.changes import ImageChange

MOST_ENTRIES = 12  # of one command: what changes more images is one entry with their number


def edit_entries(
    when: str,
    action: str,
    tool: str,
    structures: Mapping[Place, list[Label]],
    *,
    before: Assessment,
    after: Assessment,
) -> list[JournalEntry]:
    """An entry for each image that an edit changed, with areas before and after; one for all where they are many."""
    places = sorted(structures)
    if len(places) > MOST_ENTRIES:
        names = [label.name for label in STRUCTURES if any(label in changed for changed in structures.values())]
        phase, slice_ = places[0]
        return [JournalEntry(when, action, tool, "+".join(names), phase, slice_, len(places))]
    return [
        JournalEntry(
            when,
            action,
            tool,
            "+".join(label.name for label in structures[place]),
            *place,
            before=_areas_text(before, structures[place], place),
            after=_areas_text(after, structures[place], place),
        )
        for place in places
    ]


def value_entries(when: str, action: str, before: Any, after: Any) -> list[JournalEntry]:
    """An entry for each field of a dataclass that differs."""
    return [
        JournalEntry(when, action, subject=name, before=_value_text(old), after=_value_text(new))
        for name, old in vars(before).items()
        if (new := getattr(after, name)) != old
    ]


def phase_text(phase: int | None) -> str:
    """A phase as readers count it, from 1; empty for none."""
    return "" if phase is None else str(phase + 1)


def changed_structures(before: Labels, after: Labels, change: ImageChange) -> list[Label]:
    """The structures that an edit of one image changed: in their pixels, else in their area as drawn."""
    pixels = [label for label in STRUCTURES if ((before == label) != (after == label)).any()]
    return pixels or _moved_structures(change)


def _moved_structures(change: ImageChange) -> list[Label]:
    """The structures whose area as drawn is another one, though no pixel changed; all that are drawn if none is."""
    before = change.contours_before.areas_mm2 if change.contours_before is not None else {}
    after = change.contours_after.areas_mm2 if change.contours_after is not None else {}
    both = [label for label in STRUCTURES if label in before or label in after]
    return [label for label in both if before.get(label) != after.get(label)] or both


def _areas_text(assessment: Assessment, structures: list[Label], place: Place) -> str:
    areas = (float(np.nan_to_num(assessment.areas_mm2[(label - 1, *place)])) for label in structures)
    return ", ".join(f"{label.name} {area:.0f} mm²" for label, area in zip(structures, areas, strict=True))


def _value_text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(getattr(value, "value", value))
