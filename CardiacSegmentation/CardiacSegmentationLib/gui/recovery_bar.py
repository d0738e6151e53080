"""The line at the top that offers corrections an earlier session left behind, and keeps those of this one."""

from __future__ import annotations

import logging
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from slicer.i18n import tr as _

from CardiacSegmentationLib.gui import recovery
from CardiacSegmentationLib.gui.timers import Timer

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.gui.recovery import Recovered
    from CardiacSegmentationLib.gui.widget import CardiacPanel
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Labels

KEEP_MS = 3000  # after the first change that is not kept yet


@dataclass
class _Begun:
    """A study of this session: how its labels were at first, and where its corrections are kept."""

    path: Path
    at_start: list[int]  # checksums of the labels, phase by phase
    is_kept: bool = False  # whether the file is there, and this session's


class RecoveryBar:
    """Shown only where there is something to restore."""

    def __init__(self, panel: CardiacPanel) -> None:
        self._panel, self._ui = panel, panel.ui
        self._found: Recovered | None = None
        self._begun: dict[Study, _Begun] = {}  # until the scene is closed, whichever study is at hand
        self._timer = Timer(KEEP_MS, self.keep)
        self._ui.recoveryFrame.visible = False
        self._ui.restoreButton.connect("clicked()", self.restore)
        self._ui.discardButton.connect("clicked()", self.discard)

    def show_study(self) -> None:
        """Look for what was left behind for the study at hand."""
        live = self._panel.live
        self._found = None
        if live is not None:
            labels = live.session.segmentation.labels
            if live.study not in self._begun:
                self._begun[live.study] = _Begun(recovery.recovery_path(live.study), _checksums(labels))
            self._found = recovery.find_recovered(self._begun[live.study].path, labels)
        self._ui.recoveryFrame.visible = self._found is not None
        if self._found is not None:
            text = _("A session ended unexpectedly; its corrections were kept (phases: {count}).")
            self._ui.recoveryLabel.text = text.format(count=len(self._found.labels))

    def session_changed(self) -> None:
        """A correction was made: keep it soon."""
        if not self._timer.is_active:
            self._timer.start()

    def keep(self) -> None:
        """Write down what is corrected in this session; what waits to be restored is not overwritten."""
        self._timer.stop()
        live = self._panel.live
        begun = self._begun.get(live.study) if live is not None else None
        if live is None or begun is None or self._found is not None:
            return
        labels = live.session.segmentation.labels
        pairs = enumerate(zip(begun.at_start, _checksums(labels), strict=True))
        edited = {phase: labels[phase] for phase, (then, now) in pairs if then != now}
        if edited:
            try:
                recovery.keep(begun.path, edited)
            except OSError as error:  # a full disk, for example: the work itself goes on
                logging.warning("Corrections are not kept for the case of a crash: %s", error)
            else:
                begun.is_kept = True
        elif begun.is_kept:  # all was taken back
            recovery.forget(begun.path)
            begun.is_kept = False

    def forget(self, study: Study) -> None:
        """What this session kept of a study is not needed; what another session left stays."""
        begun = self._begun.pop(study, None)
        if begun is not None and begun.is_kept:
            recovery.forget(begun.path)

    def forget_all(self) -> None:
        """The session ends as it should."""
        self._timer.stop()
        for study in list(self._begun):
            self.forget(study)

    def clean_up(self) -> None:
        """The module is unloaded."""
        self.forget_all()
        self._timer.end()

    def restore(self) -> None:
        """Put the corrections back; undo takes them out again."""
        live, found = self._panel.live, self._found
        self._dismiss()
        if live is not None and found is not None:
            images = {
                (phase, place): image for phase, frame in found.labels.items() for place, image in enumerate(frame)
            }
            live.session.put(images, tool="", action="restore")
            self.keep()

    def discard(self) -> None:
        """Delete them; from here on this session's own can be kept."""
        if self._found is not None:
            recovery.forget(self._found.path)
        self._dismiss()
        self.keep()

    def _dismiss(self) -> None:
        self._found = None
        self._ui.recoveryFrame.visible = False


def _checksums(labels: Labels) -> list[int]:
    return [zlib.crc32(np.ascontiguousarray(frame)) for frame in labels]
