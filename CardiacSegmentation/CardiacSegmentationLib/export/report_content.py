"""What a report is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack

FOOTER_MM = 14.0
PHASES_LISTED = 4  # corrections in more phases are counted, not listed


@dataclass(frozen=True)
class Content:
    """Everything a report is made from."""

    stack: CineStack
    segmentation: Segmentation
    assessment: Assessment
    facts: Mapping[str, str] = field(default_factory=dict)  # what the source says about patient and study
    paper: str = "A4"
    created: str = ""
    reader: str = ""


def describe_edits(segmentation: Segmentation) -> str:
    """Which images a person corrected, in words; empty where none."""
    by_phase: dict[int, list[str]] = {}
    for phase, slice_ in sorted(segmentation.edited):
        by_phase.setdefault(phase + 1, []).append(str(slice_ + 1))
    if not by_phase:
        return ""
    if len(by_phase) > PHASES_LISTED:
        return f"Corrected by a person – {len(segmentation.edited)} images in {len(by_phase)} phases."
    images = "; ".join(
        f"phase {phase}: {'slice' if len(slices) == 1 else 'slices'} {', '.join(slices)}"
        for phase, slices in by_phase.items()
    )
    return f"Corrected by a person – {images}."
