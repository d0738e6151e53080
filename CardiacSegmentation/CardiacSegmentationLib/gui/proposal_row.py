"""One line for what could be done to the labels: shown dashed in the views until it is taken or discarded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

from CardiacSegmentationLib.gui.messages import errors_shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from CardiacSegmentationLib.gui.widget import CardiacPanel
    from CardiacSegmentationLib.segmentation import Contours, Place
    from CardiacSegmentationLib.session import StudySession

    Take = Callable[[StudySession], object]


def _nothing() -> None:
    pass


class ProposalRow:
    """At most one proposal at a time, whoever made it."""

    def __init__(self, panel: CardiacPanel, show: Callable[[Mapping[Place, Contours]], None]) -> None:
        self._panel, self._show = panel, show
        self._take: Take | None = None
        self._next: Callable[[], object] = _nothing
        self._cancel: Callable[[], object] = _nothing
        self._build(panel.ui.correctSection.layout())
        self.discard()

    def offer(
        self,
        text: str,
        contours: Mapping[Place, Contours],
        take: Take | None,
        show_next: Callable[[], object] | None = None,
    ) -> None:
        """Show what would change. ``take`` does it, None where nothing would; ``show_next`` shows another proposal."""
        self.discard()
        self._take, self._next = take, show_next or _nothing
        self._say(text, _("Discard"))
        self.take_button.enabled = take is not None
        self.next_button.visible = show_next is not None
        self._show(contours)

    def wait(self, text: str, cancel: Callable[[], object]) -> None:
        """Say that a proposal is being made, and let the reader cancel that."""
        self.discard()
        self._cancel = cancel
        self._say(text, _("Cancel"))

    @property
    def has_next(self) -> bool:
        """Whether what is shown is one of several."""
        return self._next is not _nothing

    def take(self) -> None:
        """Do what was proposed."""
        session, take = self._panel.session, self._take
        self.discard()
        if session is not None and take is not None:
            with errors_shown(self._panel.messages):
                take(session)

    def next(self) -> None:
        """Show the next of several proposals."""
        self._next()

    def discard(self) -> None:
        """Do not; what is being made is cancelled."""
        cancel = self._cancel
        self._take, self._next, self._cancel = None, _nothing, _nothing
        self.row.visible = False
        self.take_button.enabled = self.next_button.visible = False
        self._show({})
        cancel()

    def _say(self, text: str, way_out: str) -> None:
        self.label.text, self.discard_button.text = text, way_out
        self.row.visible = True

    def _build(self, layout: Any) -> None:
        self.row, self.label = qt.QWidget(), qt.QLabel()
        self.label.wordWrap = True
        self.take_button, self.next_button = qt.QPushButton(_("Take")), qt.QPushButton(_("Next"))
        self.discard_button = qt.QPushButton()
        self.take_button.toolTip = _("Put these contours in place, as one step of undo (Shift+T).")
        self.next_button.toolTip = _("Show what else the network can see there (A).")
        self.take_button.connect("clicked()", self.take)
        self.next_button.connect("clicked()", self.next)
        self.discard_button.connect("clicked()", self.discard)
        beside = qt.QHBoxLayout(self.row)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(self.label, 1)
        for button in (self.take_button, self.next_button, self.discard_button):
            beside.addWidget(button)
        layout.insertWidget(layout.indexOf(self._panel.ui.editor), self.row)
