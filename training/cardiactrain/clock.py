"""Where a training's time goes, without making a graphics card wait for the answer."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import torch

Mark = float | torch.cuda.Event


@dataclass
class Clock:
    """Marks between the parts of a step, read once an epoch: a card that is asked more often stands still meanwhile."""

    device: torch.device
    _laps: dict[str, list[tuple[Mark, Mark]]] = field(default_factory=dict)
    _last: Mark | None = None

    def start(self) -> None:
        """A step begins."""
        self._last = self._mark()

    def lap(self, part: str) -> None:
        """A part of the step ends, and the next one begins."""
        now, last = self._mark(), self._last
        assert last is not None
        self._laps.setdefault(part, []).append((last, now))
        self._last = now

    def read(self) -> dict[str, float]:
        """Seconds of every part since the last reading."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        seconds = {part: sum(_between(*lap) for lap in laps) for part, laps in self._laps.items()}
        self._laps.clear()
        return seconds

    def _mark(self) -> Mark:
        if self.device.type != "cuda":
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record()
        return event


def _between(first: Mark, last: Mark) -> float:
    if isinstance(first, float) and isinstance(last, float):
        return last - first
    assert isinstance(first, torch.cuda.Event)
    assert isinstance(last, torch.cuda.Event)
    return float(first.elapsed_time(last)) / 1000
