"""Shift and the wheel lead through the phases of the big view; the wheel alone through the slices, as in Slicer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import slicer

from CardiacSegmentationLib.gui.layout import SHORT_AXIS

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = {"MouseWheelForwardEvent": 1, "MouseWheelBackwardEvent": -1}
PRIORITY = 1.0  # before the view itself


class PhaseWheel:
    """``step`` hears +1 or -1; it says whether it went there, for a tool in hand may want the wheel for itself."""

    def __init__(self, step: Callable[[int], bool]) -> None:
        self._step = step
        self._interactor: Any = None
        self._tags: dict[str, int] = {}

    def enter(self) -> None:
        """The module comes into view."""
        self.exit()
        manager = slicer.app.layoutManager()
        widget = manager.sliceWidget(SHORT_AXIS) if manager is not None else None
        if widget is not None:
            self._interactor = widget.sliceView().renderWindow().GetInteractor()
            self._tags = {event: self._interactor.AddObserver(event, self._turned, PRIORITY) for event in STEPS}

    def exit(self) -> None:
        """The module goes out of view."""
        for tag in self._tags.values():
            self._interactor.RemoveObserver(tag)
        self._interactor, self._tags = None, {}

    def _turned(self, interactor: Any, event: str) -> None:
        if interactor.GetShiftKey() and self._step(STEPS[event]):
            interactor.GetCommand(self._tags[event]).SetAbortFlag(1)  # the view would move on as well
