"""How far a run is, how long it will take, and whether it should stop."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from CardiacSegmentationLib.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EARLIEST = 0.05  # before this much is done, the time left is a guess and not told


@dataclass(frozen=True)
class Progress:
    """One report of a run: what it is doing and how far the whole of it is."""

    stage: str
    fraction: float
    seconds_left: float | None = None
    message: str = ""


class Reporter:
    """Turns the progress of stages into that of the whole run; raises ``Cancelled`` when the user wants it to stop.

    ``shares`` are the usual seconds of each stage: only their ratio matters.
    """

    def __init__(
        self,
        shares: Mapping[str, float],
        listen: Callable[[Progress], None] | None,
        is_cancelled: Callable[[], bool] | None,
    ) -> None:
        self._shares = shares
        self._listen = listen
        self._is_cancelled = is_cancelled
        self._started = time.monotonic()
        self._highest = 0.0
        self._told = ("", 0.0)

    def stage(self, name: str, message: str) -> Callable[[float], None]:
        """Begin a stage; the function returned takes the fraction of it that is done."""
        names = list(self._shares)
        before = sum(self._shares[earlier] for earlier in names[: names.index(name)])
        total = sum(self._shares.values())

        def report(fraction: float) -> None:
            self.tell(name, (before + fraction * self._shares[name]) / total, message)

        report(0.0)
        return report

    def tell(self, stage: str, fraction: float, message: str) -> None:
        """Report, unless the run is to stop. The fraction never falls."""
        if self._is_cancelled is not None and self._is_cancelled():
            msg = "The run was cancelled; nothing was changed."
            raise Cancelled(msg)
        self._highest = max(self._highest, min(fraction, 1.0))
        told = (stage, round(self._highest, 4))
        if self._listen is not None and told != self._told:
            self._told = told
            self._listen(Progress(*told, self._seconds_left(), message))

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self._started

    def _seconds_left(self) -> float | None:
        if self._highest < EARLIEST:
            return None
        return round(self.seconds * (1 - self._highest) / self._highest, 1)
