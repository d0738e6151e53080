"""What a report is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack
    from CardiacSegmentationLib.ventricular import VentricularFunction

FOOTER_MM = 14.0


@dataclass(frozen=True)
class Content:
    """Everything a report is made from."""

    stack: CineStack
    segmentation: Segmentation
    function: VentricularFunction
    facts: Mapping[str, str] = field(default_factory=dict)  # what the source says about patient and study
    paper: str = "A4"
    created: str = ""
    reader: str = ""


def describe_edits(segmentation: Segmentation) -> str:
    """Which images a person corrected, in words; empty where none."""
    if not segmentation.edited:
        return ""
    by_phase: dict[int, list[int]] = {}
    for phase, slice_ in sorted(segmentation.edited):
        by_phase.setdefault(phase, []).append(slice_ + 1)
    images = "; ".join(
        f"phase {phase + 1}: {'slice' if len(slices) == 1 else 'slices'} {', '.join(map(str, slices))}"
        for phase, slices in by_phase.items()
    )
    return f"Corrected by a person – {images}."
