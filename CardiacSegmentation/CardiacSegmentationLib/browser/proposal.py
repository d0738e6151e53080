"""What a tab is shown before it is done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from CardiacSegmentationLib.segmentation import Contours, Place


@dataclass(frozen=True)
class Proposal:
    """Contours that could be put in place, what does that, and what a page needs to know to say so.

    ``next`` makes another proposal in its place, where there are several.
    """

    contours: Mapping[Place, Contours]
    take: Callable[[], object]
    facts: Mapping[str, Any] = field(default_factory=dict)
    next: Callable[[], Proposal] | None = None
