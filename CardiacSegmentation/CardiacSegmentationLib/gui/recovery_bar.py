"""The line at the top that offers work that was left behind; a timer keeps that of the study at hand."""

from __future__ import annotations

import time
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
    from CardiacSegmentationLib.scene.live import LiveStudy
    from CardiacSegmentationLib.scene.study import Study
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
        self._found = self.recovery.find(live.session, live.study) if live is not None else None
        self._ui.recoveryFrame.visible = self._found is not None
        if self._found is not None:
            work = describe_found(len(self._found.images), self._found.reading, language())
            text = _("Work on this study was left unfinished on {when} and is kept ({work}).")
            when = time.strftime("%Y-%m-%d %H:%M", time.localtime(self._found.kept_at))
            self._ui.recoveryLabel.text = text.format(when=when, work=work)

    def session_changed(self) -> None:
        """Something was corrected or decided: keep it soon."""
        if not self._timer.is_active:
            self._timer.start()

    def keep(self) -> None:
        """Write down what was done to the study at hand."""
        self._timer.stop()
        live = self._panel.live
        if live is not None:
            self.recovery.keep(live.session, live.study)

    def leave(self, live: LiveStudy) -> None:
        """The study or its labels were deleted: what was done is offered when the same images come again."""
        self._timer.stop()
        self.recovery.keep(live.session, live.study)
        self.recovery.leave(live.study)

    def leave_deleted(self, at_hand: Study | None) -> None:
        """So it is with studies that were deleted while another was at hand."""
        for study in self.recovery.loads:
            if study != at_hand and not (study.exists and study.segmentation is not None):
                self.recovery.leave(study)

    def forget(self, study: Study) -> None:
        """What is kept of a study is not needed; what was left of it before stays."""
        self.recovery.forget(study)

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
        session, study, found = self._panel.session, self._panel.study, self._found
        if session is not None and found is not None:
            with errors_shown(self._panel.messages):
                self.recovery.restore(session, found, study)
                self.show_study()  # there may be more

    def discard(self) -> None:
        """Delete it."""
        if self._found is not None:
            self.recovery.discard(self._found)
        self.show_study()


def _folder() -> Path:
    settings = Path(slicer.app.settings().fileName())  # Slicer's own place for what belongs to this user
    return settings.parent / "CardiacSegmentationRecovery"
