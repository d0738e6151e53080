"""A person in front of the panel: looks, clicks, paints, answers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from CardiacSegmentationLib.scene.study import Study

PANEL_WIDTH = 480  # as wide as Slicer's module panel is by itself

DOUBLE_CLICK_S = 0.6  # two clicks further apart are two clicks


class Answers:
    """The user in front of the message boxes: what was asked and told, and what the answer is."""

    def __init__(self) -> None:
        self.questions: list[str] = []
        self.errors: list[str] = []
        self.answer = True

    def ask(self, question: str) -> bool:
        """Note the question."""
        self.questions.append(question)
        return self.answer

    def tell_error(self, text: str, details: str = "") -> None:
        """Note the error."""
        self.errors.append(text)


class Hand:
    """Looks at the panel and clicks on it."""

    def __init__(self, widget: Any, panel: Any) -> None:
        self.widget, self.panel, self.ui, self.messages = widget, panel, panel.ui, Answers()
        panel.messages = self.messages
        self._clicked: dict[str, float] = {}

    def click(self, button: Any) -> None:
        """Click once, and not so soon after the last time that it would be a double click."""
        name = str(button.objectName)
        self.wait(max(0.0, self._clicked.get(name, 0.0) + DOUBLE_CLICK_S - time.monotonic()))
        button.click()
        self._clicked[name] = time.monotonic()

    def export(self, *parts: str) -> None:
        """Choose a line of the export menu, by the parts of the results that it writes."""
        menu = self.panel._results.export_menu
        menu.fill()
        (action,) = (action for action in menu.menu.actions() if action.objectName == "+".join(parts))
        assert action.enabled, f"{action.text} is not offered"
        action.trigger()
        self.see()

    def double_click(self, button: Any) -> None:
        """Click twice; the second one waits where the first one works."""
        button.click()
        button.click()
        self._clicked[str(button.objectName)] = time.monotonic()

    def see(self) -> None:
        """Let Qt do what is due: timers, layouts, painting."""
        import slicer

        for _ in range(4):
            slicer.app.processEvents()

    def wait_for(self, happened: Callable[[], bool], seconds: float = 60.0, what: str = "") -> None:
        """Live through the event loop until something happened."""
        end = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < end, f"{what or 'it'} did not happen within {seconds} s"
            self.see()
            time.sleep(0.02)
        self.see()

    def wait(self, seconds: float) -> None:
        """Live through the event loop for a while."""
        end = time.monotonic() + seconds
        self.wait_for(lambda: time.monotonic() >= end, seconds + 10)

    def look_into(self, path: Path | str) -> None:
        """Name a study by its path, and press Enter."""
        import qt

        self.ui.folderEdit.currentPath = str(path)
        self.press(self.ui.folderEdit, qt.Qt.Key_Return)

    def press(self, field: Any, key: Any, text: str = "") -> None:
        """Press a key with the focus in a field."""
        import qt
        import slicer

        (line,) = slicer.util.findChildren(field, className="QLineEdit")
        for kind in (qt.QEvent.KeyPress, qt.QEvent.KeyRelease):
            qt.QCoreApplication.sendEvent(line, qt.QKeyEvent(kind, key, qt.Qt.NoModifier, text))
        self.see()

    def picture(self, path: Path) -> None:
        """A screenshot of the panel as it is."""
        self.see()
        self.widget.resize(PANEL_WIDTH, self.widget.sizeHint.height())
        self.see()
        self.widget.resize(PANEL_WIDTH, self.widget.sizeHint.height())
        self.see()
        path.parent.mkdir(parents=True, exist_ok=True)
        assert self.widget.grab().save(str(path))


def paint(study: Study, slice_index: int, size: int = 12) -> None:
    """A stroke of the segment editor in the phase on display: a square of LV in one slice."""
    import slicer

    node, volume = study.segmentation_node, study.volume_node
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(node, "LV", volume).copy()
    mask[slice_index, :size, :size] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, "LV", volume)
