"""One button for everything that leaves the panel, with a menu of what the study at hand allows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

from CardiacSegmentationLib.gui.exports import can_be_sent, exports_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from CardiacSegmentationLib.gui.sending import Sending
    from CardiacSegmentationLib.gui.widget import CardiacPanel


class ExportMenu:
    """The menu of a button; ``write`` hears which parts were chosen, ``sending`` that they go to a PACS."""

    def __init__(
        self, panel: CardiacPanel, button: Any, write: Callable[[Sequence[str]], object], sending: Sending
    ) -> None:
        self._panel, self._write, self._sending = panel, write, sending
        self.menu = qt.QMenu(button)
        self.menu.toolTipsVisible = True
        self.menu.connect("aboutToShow()", self.fill)
        button.setMenu(self.menu)

    def fill(self) -> None:
        """One line for each part, then those for several at once, then the way to a PACS."""
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
        self._add_sending()

    def _add_sending(self) -> None:
        is_running = self._sending.is_running
        self.menu.addSeparator()
        action = self.menu.addAction(_("Cancel sending") if is_running else _("Send to PACS …"))
        action.objectName = "send"
        action.enabled = is_running or can_be_sent(self._panel.live)
        if not action.enabled:
            action.toolTip = _("Only of images that were loaded from DICOM can DICOM objects be made.")
        action.connect("triggered()", self._sending.ask_or_cancel)
