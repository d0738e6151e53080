"""What a person changed against the network, in words: in the panel, in the report, before it would be replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE, sentence
from CardiacSegmentationLib.journal import describe_entry, value_change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.journal import JournalEntry
    from CardiacSegmentationLib.reading import Reading
    from CardiacSegmentationLib.segmentation import Segmentation

COMPARED = (("lv", "ef_percent"), ("rv", "ef_percent"))


def corrections_text(assessment: Assessment, segmentation: Segmentation, language: str = DEFAULT_LANGUAGE) -> str:
    """``LV EF 48.1 → 52.3 %, 5 images of 300 corrected, 1 slice decided``; empty where nothing was changed."""
    parts = [
        sentence("corrections-value", {"structure": side.upper(), "before": before, "after": after}, language)
        for side, key in COMPARED
        for before, after in _both(assessment, side, key)
    ]
    work = describe_work(segmentation, assessment.reading, language)
    return ", ".join([*parts, work]) if work else ""


def describe_work(segmentation: Segmentation, reading: Reading, language: str = DEFAULT_LANGUAGE) -> str:
    """What would be lost with labels and decisions: how many images, slices and key phases; empty where nothing."""
    images = len(segmentation.corrected_images)
    corrected = {"count": images, "total": segmentation.origin.size}
    parts = [sentence("corrections-images", corrected, language)] if images else []
    return ", ".join([*parts, *_decisions(reading, language)])


def describe_found(images: int, reading: Reading, language: str = DEFAULT_LANGUAGE) -> str:
    """What a file that outlived a crash holds: so many corrected images, and decisions."""
    parts = [sentence("corrections-found", {"count": images}, language)] if images else []
    return ", ".join([*parts, *_decisions(reading, language)])


def _decisions(reading: Reading, language: str) -> list[str]:
    counts = {
        "corrections-slices": len({(label, slice_) for (label, _, slice_), _ in reading.counts}),
        "corrections-phases": sum(phase is not None for phase in vars(reading.key_phases).values()),
        "corrections-planes": len(reading.base_planes),
        "corrections-signed": int(reading.signature is not None),
    }
    return [sentence(code, {"count": count}, language) for code, count in counts.items() if count]


def entry_line(entry: JournalEntry, key_phases: Mapping[str, int | None], language: str = DEFAULT_LANGUAGE) -> str:
    """One line of the journal: when, what, and what it changed."""
    text = ": ".join(part for part in (describe_entry(entry, key_phases, language), value_change(entry)) if part)
    undone = f" ({sentence('journal-undone', {}, language)})" if entry.undone else ""
    return f"{entry.when.replace('T', ' ').rstrip('Z')}  {text}{undone}"


def _both(assessment: Assessment, side: str, key: str) -> list[tuple[str, str]]:
    """The network's value and the corrected one as shown, where they differ."""
    if assessment.automatic is None:
        return []
    before, after = getattr(assessment.automatic, side)[key], getattr(assessment, side)[key]
    return [(before.text, after.text)] if before.text != after.text else []
