"""Sign-off: who reads, the impression in words, the signature that locks the reading, and the text for the letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import qt
import slicer
from slicer.i18n import tr as _

from CardiacSegmentationLib.export.letter import letter_text, propose_impressions
from CardiacSegmentationLib.export.wording import describe_signature
from CardiacSegmentationLib.gui.messages import errors_shown
from CardiacSegmentationLib.gui.timers import Timer
from CardiacSegmentationLib.gui.translation import language

if TYPE_CHECKING:
    from CardiacSegmentationLib.gui.widget import CardiacPanel
    from CardiacSegmentationLib.session import StudySession

READER = "CardiacSegmentation/Reader"  # key in Slicer's settings
PAUSE_MS = 700  # who stops typing for so long has written something
IMPRESSION_HEIGHT = 76  # pixels: four lines


class SignPanel:
    """The last lines of the Results section before the export."""

    def __init__(self, panel: CardiacPanel) -> None:
        self._panel = panel
        self._pause = Timer(PAUSE_MS, self.take_in)
        self._build(panel.ui.resultsSection.layout())

    def clean_up(self) -> None:
        """The module is unloaded."""
        self._pause.end()

    def show(self) -> None:
        """Another study, or another state of its reading; what is being written stays as it is."""
        live = self._panel.live
        self.box.enabled = live is not None
        if live is None:
            self._fill("", "")
            self.state.text = ""
            return
        session = live.session
        if not self._pause.is_active:
            self._fill(session.reading.reader or _remembered_reader(), session.reading.impression)
        self.reader.readOnly = self.impression.readOnly = session.is_signed
        self.phrases.enabled = not session.is_signed
        self.sign_button.text = _("Unlock") if session.is_signed else _("Sign")
        self.sign_button.toolTip = (
            _("Take the signature back, to go on working.")
            if session.is_signed
            else _("Answer for these numbers: the reading is locked until it is unlocked.")
        )
        state = describe_signature(session.reading.signature, language())
        self.state.text = _("{signature}. Nothing can be changed.").format(signature=state) if session.is_signed else ""
        self.state.visible = session.is_signed

    def take_in(self) -> None:
        """Put what was typed into the reading; a name that is only proposed is not given yet."""
        self._pause.stop()
        live = self._panel.live
        if live is None or live.session.is_signed:
            return
        text = self.impression.plainText.strip()
        if text != live.session.reading.impression:
            live.session.set_impression(text)
        if self.reader.modified:
            self._name_reader(live.session)

    def sign_or_unlock(self) -> None:
        """Sign a reading that is open, unlock one that is signed."""
        session = self._panel.session
        if session is None:
            return
        with errors_shown(self._panel.messages):
            if session.is_signed:
                session.unlock()
            else:
                self._sign(session)

    def copy_text(self) -> None:
        """Put the paragraph for the letter on the clipboard."""
        session = self._panel.session
        if session is not None:
            text = letter_text(session.segmentation, session.assessment, language())
            qt.QApplication.clipboard().setText(text)
            self.copied.text = _("Copied.")

    def add_phrase(self, phrase: str) -> None:
        """Take a phrase that is proposed into the impression."""
        before = self.impression.plainText.rstrip()
        self.impression.plainText = f"{before} {phrase}".strip()
        self.take_in()

    def _sign(self, session: StudySession) -> None:
        self._name_reader(session)
        session.sign()

    def _name_reader(self, session: StudySession) -> None:
        self.reader.modified = False
        name = self.reader.text.strip()
        slicer.app.settings().setValue(READER, name)
        session.set_reader(name)

    def _written(self) -> None:
        self.copied.text = ""
        self._pause.start()

    def _fill(self, reader: str, impression: str) -> None:
        """Put texts into the fields; the cursor stays where nothing changes."""
        for field in (self.reader, self.impression):
            field.blockSignals(True)
        if self.reader.text.strip() != reader and not self.reader.modified:
            self.reader.text = reader
        if self.impression.plainText.strip() != impression:
            self.impression.plainText = impression
        for field in (self.reader, self.impression):
            field.blockSignals(False)

    def _propose(self) -> None:
        """Fill the menu of phrases with those that the numbers allow now."""
        self.menu.clear()
        session = self._panel.session
        for phrase in propose_impressions(session.assessment, language()) if session is not None else ():
            self.menu.addAction(phrase).connect("triggered()", lambda phrase=phrase: self.add_phrase(phrase))

    def _build(self, layout: Any) -> None:
        self.box, self.reader, self.impression = qt.QGroupBox(_("Sign-off")), qt.QLineEdit(), qt.QPlainTextEdit()
        self.reader.placeholderText = _("Reader's name")
        self.reader.connect("textEdited(QString)", lambda _text: self._written())
        self.impression.placeholderText = _("Impression")
        self.impression.setFixedHeight(IMPRESSION_HEIGHT)
        self.impression.tabChangesFocus = True
        self.impression.connect("textChanged()", self._written)
        self.phrases = qt.QToolButton()
        self.menu = qt.QMenu(self.phrases)  # which takes it along when it goes
        self.phrases.text = _("Phrases")
        self.phrases.toolTip = _("Take phrases about size, function and mass from the numbers into the impression.")
        self.phrases.popupMode = qt.QToolButton.InstantPopup
        self.phrases.setMenu(self.menu)
        self.menu.connect("aboutToShow()", self._propose)
        self.sign_button, self.copy_button = qt.QPushButton(), qt.QPushButton(_("Copy as text"))
        self.sign_button.connect("clicked()", self.sign_or_unlock)
        self.copy_button.toolTip = _("Put a paragraph for the letter on the clipboard.")
        self.copy_button.connect("clicked()", self.copy_text)
        self.state, self.copied = qt.QLabel(), qt.QLabel()
        self.state.wordWrap = True
        lines, row = qt.QVBoxLayout(self.box), qt.QHBoxLayout()
        row.addWidget(self.phrases)
        row.addWidget(self.copy_button)
        row.addWidget(self.copied, 1)
        row.addWidget(self.sign_button)
        for widget in (self.reader, self.impression):
            lines.addWidget(widget)
        lines.addLayout(row)
        lines.addWidget(self.state)
        layout.insertWidget(layout.indexOf(self._panel.ui.exportEdit), self.box)


def _remembered_reader() -> str:
    """Who read here last."""
    return str(slicer.app.settings().value(READER, "") or "")
