"""Results to a PACS: asked for in a window, written as by an export, sent by ``cardiacseg send`` in the background."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from CardiacSegmentationLib.export.results import choose_parts
from CardiacSegmentationLib.gui.background import BackgroundRun, End, Process
from CardiacSegmentationLib.gui.send_dialog import SendDialog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from CardiacSegmentationLib.gui.nodes import Node
    from CardiacSegmentationLib.gui.widget import CardiacPanel
    from CardiacSegmentationLib.pipeline import Progress


class Sending:
    """One at a time. ``write`` makes parts of the study at hand, ``say`` shows a line of rich text."""

    def __init__(
        self,
        panel: CardiacPanel,
        write: Callable[[Sequence[str]], list[Path]],
        say: Callable[[str], None],
        make_process: Callable[[], Process] | None = None,
    ) -> None:
        self._panel, self._write, self._say, self._make_process = panel, write, say, make_process
        self._run = BackgroundRun(self._show_progress, self._finish, make_process)
        self._what = ""
        self.dialog: SendDialog | None = None

    @property
    def is_running(self) -> bool:
        """Whether objects are on their way."""
        return self._run.is_running

    def ask_or_cancel(self) -> None:
        """The line of the menu: ask for the node, or stop what is under way."""
        if self._run.is_running:
            self._run.cancel()
            return
        if self._panel.live is None:
            return
        self.forget_question()
        who = str(self._panel.identity.label.text)
        self.dialog = SendDialog(who, self._panel.messages, self._send, self._make_process)
        self.dialog.open()

    def forget_question(self) -> None:
        """The study that was asked about is no longer at hand."""
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            dialog.close()

    def clean_up(self) -> None:
        """The module is unloaded."""
        self.forget_question()
        self._run.abandon()

    def _send(self, node: Node) -> None:
        self.dialog, live = None, self._panel.live
        if live is None:
            return
        written = self._write(choose_parts(["dicom"]))
        if not written:  # declined, cancelled, or failed
            return
        self._what = _("“{study}” → {address}").format(study=live.study.name, address=node.address)
        self._show(_("Sending …"))
        self._run.start(["send", "--json-progress", *node.arguments(), *map(str, written)])

    def _show_progress(self, progress: Progress) -> None:
        self._show(_("Sending …") + f" {round(100 * progress.fraction)} %")

    def _finish(self, end: End, result: dict[str, Any], error: str) -> None:
        if end is End.DONE:
            self._show(_("{count} objects stored.").format(count=result["stored"]))
        elif end is End.CANCELLED:
            self._show(_("Cancelled; what was stored before stays there."))
        else:
            self._show(_("Not everything was stored."))
            self._panel.messages.tell_error(f"{self._what}\n\n{error}")

    def _show(self, text: str) -> None:
        self._say(html.escape(f"{self._what}: {text}"))
