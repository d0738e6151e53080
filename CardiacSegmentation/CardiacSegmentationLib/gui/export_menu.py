"""One button for everything that leaves the panel, with a menu of what the study at hand allows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import qt

from CardiacSegmentationLib.gui.exports import exports_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from CardiacSegmentationLib.gui.widget import CardiacPanel


class ExportMenu:
    """The menu of a button; ``write`` hears which parts were chosen."""

    def __init__(self, panel: CardiacPanel, button: Any, write: Callable[[Sequence[str]], None]) -> None:
        self._panel, self._write = panel, write
        self.menu = qt.QMenu(button)
        self.menu.connect("aboutToShow()", self.fill)
        button.setMenu(self.menu)

    def fill(self) -> None:
        """One line for each part, then those for several at once."""
        self.menu.clear()
        were_single = True
        for export in exports_of(self._panel.live):
            is_single = len(export.parts) == 1
            if were_single and not is_single:
                self.menu.addSeparator()
            were_single = is_single
            action = self.menu.addAction(export.title)
            action.objectName = "+".join(export.parts)
            action.enabled = export.is_offered
            action.connect("triggered()", partial(self._write, export.parts))
