"""Keys that act while the module is in view.

The segment editor could install keys of its own, but not leave out Ctrl+Z, whose undo forgets everything at each phase;
two shortcuts on one key silence each other in Qt. So all keys are the panel's, those of the tools as in Slicer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import qt
import slicer

from CardiacSegmentationLib.gui.correct_panel import EFFECTS
from CardiacSegmentationLib.gui.tools_panel import LEFT, NEXT_PHASE, PREVIOUS_PHASE, SLICE_ABOVE, SLICE_BELOW, STEP_MM
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from CardiacSegmentationLib.gui.correct_panel import CorrectPanel


class Shortcuts:
    """Installed on enter, removed on exit."""

    def __init__(self, correct: CorrectPanel, reading: Mapping[str, Callable[[], None]]) -> None:
        self._correct, self._reading = correct, reading
        self._installed: list[Any] = []

    def install(self) -> None:
        """Give the keys to the main window; without a window there are none."""
        self.remove()
        window = slicer.util.mainWindow()
        if window is None:
            return
        for key, action in self.actions().items():
            shortcut = qt.QShortcut(window)
            shortcut.setKey(qt.QKeySequence(key))
            shortcut.connect("activated()", action)
            self._installed.append(shortcut)

    def remove(self) -> None:
        """Take the keys away."""
        for shortcut in self._installed:
            shortcut.setParent(None)
            shortcut.deleteLater()
        self._installed = []

    def actions(self) -> dict[str, Callable[[], None]]:
        """Every key and what it does."""
        correct = self._correct
        keys: dict[str, Callable[[], None]] = {
            "Left": lambda: correct.step_phase(-1),
            "Right": lambda: correct.step_phase(1),
            "Up": lambda: correct.step_slice(-1),
            "Down": lambda: correct.step_slice(1),
            "D": lambda: correct.go_to_bookmark("lv_ed"),
            "S": lambda: correct.go_to_bookmark("lv_es"),
            "P": correct.toggle_play,
            "K": correct.tick_off,
            "Ctrl+Z": correct.undo,
            "Ctrl+Y": correct.redo,
            "Q": lambda: correct.choose_segment(-1),
            "W": lambda: correct.choose_segment(1),
            "X": correct.tools.choose_structures,
            "R": lambda: correct.tools.delete((Label.RV,)),
            "L": lambda: correct.tools.delete(LEFT),
            "Shift+R": lambda: correct.tools.delete_phases((Label.RV,)),
            "Shift+L": lambda: correct.tools.delete_phases(LEFT),
            "C": lambda: correct.tools.copy(PREVIOUS_PHASE),
            "Shift+C": lambda: correct.tools.copy(NEXT_PHASE),
            "B": lambda: correct.tools.copy(SLICE_ABOVE),
            "N": lambda: correct.tools.copy(SLICE_BELOW),
            "+": lambda: correct.tools.grow(STEP_MM),
            "-": lambda: correct.tools.grow(-STEP_MM),
            "M": correct.tools.smooth,
            "E": correct.tools.snap,
            "T": correct.tools.propagate_phases,
            "Shift+T": correct.proposal.take,
            "A": correct.again.slice,
            "Shift+A": correct.again.phase,
            "O": correct.outlines.toggle_automatic,
            "[": lambda: correct.change_reach(-1),
            "]": lambda: correct.change_reach(1),
        }
        for number, effect in enumerate(EFFECTS, start=1):
            keys[str(number)] = lambda effect=effect: correct.choose_effect(effect)  # type: ignore[misc]
        return {**keys, **self._reading}
