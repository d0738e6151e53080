"""What a network was trained on; outside of it a segmentation deserves a second look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from CardiacSegmentationLib.findings import Finding

if TYPE_CHECKING:
    from CardiacSegmentationLib.stack import CineStack

TOLERANCE = 1.1  # ranges are those of the data seen; a tenth beyond is no other anatomy


@dataclass(frozen=True)
class TrainingRange:
    """What the network has seen. Ranges are (low, high); nothing is held against ``vendors`` and ``age``."""

    pixel_mm: tuple[float, float]
    fov_mm: tuple[float, float]
    slice_mm: tuple[float, float]
    vendors: tuple[str, ...] = ()
    age: str = ""


def check_training_range(stack: CineStack, seen: TrainingRange | None) -> tuple[Finding, ...]:
    """Spacing and field of view that the network was not trained on; nothing where that is not known."""
    if seen is None:
        return ()
    slice_mm, row_mm, column_mm = stack.spacing_mm
    rows, columns = stack.voxels.shape[-2:]
    facts = (
        ("pixel-size", (row_mm, column_mm), seen.pixel_mm),
        ("field-of-view", (rows * row_mm, columns * column_mm), seen.fov_mm),
        ("slice-distance", (slice_mm,), seen.slice_mm),
    )
    findings = []
    for what, values, (low, high) in facts:
        outside = [value for value in values if not low / TOLERANCE <= value <= high * TOLERANCE]
        if outside:
            parameters = {"what": what, "value": outside[0], "low": low, "high": high}
            findings.append(Finding("outside-training-range", parameters=parameters))
    return tuple(findings)
