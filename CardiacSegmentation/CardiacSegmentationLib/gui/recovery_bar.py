"""The line at the top that offers work an earlier session left behind; a timer keeps that of this one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import slicer
from slicer.i18n import tr as _

from CardiacSegmentationLib.corrections import describe_found
from CardiacSegmentationLib.gui.messages import errors_shown
from CardiacSegmentationLib.gui.timers import Timer
from CardiacSegmentationLib.gui.translation import language
from CardiacSegmentationLib.session.recovery import Recovery

if TYPE_CHECKING:
    from CardiacSegmentationLib.gui.widget import CardiacPanel
    from CardiacSegmentationLib.session import StudySession
    from CardiacSegmentationLib.session.recovery import Found

KEEP_MS = 3000  # after the first change that is not kept yet


class RecoveryBar:
    """Shown only where there is something to restore."""

    def __init__(self, panel: CardiacPanel) -> None:
        self._panel, self._ui = panel, panel.ui
        self.recovery = Recovery(_folder())
        self._found: Found | None = None
        self._timer = Timer(KEEP_MS, self.keep)
        self._ui.recoveryFrame.visible = False
        self._ui.restoreButton.connect("clicked()", self.restore)
        self._ui.discardButton.connect("clicked()", self.discard)

    def show_study(self) -> None:
        """Look for what was left behind for the study at hand."""
        live = self._panel.live
        self._found = self.recovery.find(live.session) if live is not None else None
        self._ui.recoveryFrame.visible = self._found is not None
        if self._found is not None:
            work = describe_found(len(self._found.images), self._found.reading, language())
            text = _("Work on this study was left unfinished and is kept ({work}).")
            self._ui.recoveryLabel.text = text.format(work=work)

    def session_changed(self) -> None:
        """Something was corrected or decided: keep it soon."""
        if not self._timer.is_active:
            self._timer.start()

    def keep(self) -> None:
        """Write down what was done in this session; what waits to be restored is not overwritten."""
        self._timer.stop()
        if self._panel.live is not None:
            self.recovery.keep(self._panel.live.session)

    def leave(self, session: StudySession) -> None:
        """The study or its labels were deleted: what was done is offered when the same images come again."""
        self._timer.stop()
        self.recovery.leave(session)

    def forget(self) -> None:
        """What this session kept of the study at hand is not needed; what another session left stays."""
        if self._panel.live is not None:
            self.recovery.forget(self._panel.live.session)

    def forget_all(self) -> None:
        """The session ends as it should."""
        self._timer.stop()
        self.recovery.forget_all()

    def clean_up(self) -> None:
        """The panel goes, as it should."""
        self.forget_all()
        self._timer.end()

    def restore(self) -> None:
        """Bring the work back, decisions and all; undo takes it out again."""
        session, found = self._panel.session, self._found
        if session is not None and found is not None:
            with errors_shown(self._panel.messages):
                self.recovery.restore(session, found)
                self._dismiss()

    def discard(self) -> None:
        """Delete it; from here on this session's own work can be kept."""
        if self._found is not None:
            self.recovery.discard(self._found)
        self._dismiss()
        self.keep()

    def _dismiss(self) -> None:
        self._found = None
        self._ui.recoveryFrame.visible = False


def _folder() -> Path:
    settings = Path(slicer.app.settings().fileName())  # Slicer's own place for what belongs to this user
    return settings.parent / "CardiacSegmentationRecovery"
