"""Thickness of the LV wall."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Wall:
    """Placeholder shape."""

    def largest_ed_mm(self) -> float:
        """Largest."""
        raise NotImplementedError

    def mean_ed_mm(self) -> float:
        """Mean."""
        raise NotImplementedError
