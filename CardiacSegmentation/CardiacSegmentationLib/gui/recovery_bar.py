"""The line at the top that offers corrections an earlier session left behind, and keeps those of this one."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np
import qt
from slicer.i18n import tr as _

from CardiacSegmentationLib.gui import recovery

if TYPE_CHECKING:
    from CardiacSegmentationLib.gui.recovery import Recovered
    from CardiacSegmentationLib.gui.widget import CardiacPanel
    from CardiacSegmentationLib.scene.live import LiveStudy


KEEP_MS = 3000  # after the last change


class RecoveryBar:
    """Shown only where there is something to restore."""

    def __init__(self, panel: CardiacPanel) -> None:
        self._panel, self._ui = panel, panel.ui
        self._found: Recovered | None = None
        self._at_start: list[int] = []  # checksums of the labels, phase by phase
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(KEEP_MS)
        self._timer.connect("timeout()", self.keep)
        self._ui.recoveryFrame.visible = False
        self._ui.restoreButton.connect("clicked()", self.restore)
        self._ui.discardButton.connect("clicked()", self.discard)

    def show_study(self) -> None:
        """Look for what was left behind for the study at hand."""
        live = self._panel.live
        self._timer.stop()
        self._at_start = _checksums(live) if live is not None else []
        self._found = recovery.find_recovered(live) if live is not None else None
        self._ui.recoveryFrame.visible = self._found is not None
        if self._found is not None:
            text = _("A session ended unexpectedly; its corrections were kept (phases: {count}).")
            self._ui.recoveryLabel.text = text.format(count=len(self._found.labels))

    def labels_changed(self) -> None:
        """A correction was made: keep it soon."""
        if not self._timer.isActive():
            self._timer.start()

    def keep(self) -> None:
        """Write down what was corrected in this session; what waits to be restored is not overwritten."""
        self._timer.stop()
        live = self._panel.live
        if live is None or self._found is not None or not self._at_start:
            return
        now = _checksums(live)
        edited = {phase for phase, then in enumerate(self._at_start) if now[phase] != then}
        if edited:
            recovery.keep(live, edited)

    def forget(self) -> None:
        """The session ends as it should: what was kept for a crash is not needed."""
        self._timer.stop()
        if self._panel.live is not None and self._found is None:
            recovery.forget(self._panel.live.study)

    def restore(self) -> None:
        """Put the corrections back; undo takes them out again."""
        live, found = self._panel.live, self._found
        self._dismiss()
        if live is not None and found is not None:
            live.put(found.labels)
            self._panel.numbers_changed()
            self.keep()

    def discard(self) -> None:
        """Delete them."""
        if self._found is not None:
            self._found.path.unlink(missing_ok=True)
        self._dismiss()

    def _dismiss(self) -> None:
        self._found = None
        self._ui.recoveryFrame.visible = False


def _checksums(live: LiveStudy) -> list[int]:
    return [zlib.crc32(np.ascontiguousarray(frame)) for frame in live.segmentation.labels]
