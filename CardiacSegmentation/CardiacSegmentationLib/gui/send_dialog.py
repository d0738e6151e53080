"""The window that asks which PACS results are sent to. It tests a node; nothing is sent before *Send* is pressed."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import ctk
import qt
import slicer
from slicer.i18n import tr as _

from CardiacSegmentationLib.export.wording import word
from CardiacSegmentationLib.findings import Severity
from CardiacSegmentationLib.gui.background import BackgroundRun, End, Process
from CardiacSegmentationLib.gui.messages import Messages, errors_shown
from CardiacSegmentationLib.gui.nodes import LONGEST_TITLE, Node, forget, remember, remembered_nodes
from CardiacSegmentationLib.gui.packages import ensure_packages
from CardiacSegmentationLib.gui.texts import message_html
from CardiacSegmentationLib.gui.translation import language

if TYPE_CHECKING:
    from collections.abc import Callable


class SendDialog:
    """Opened for one study; ``send`` hears the node when *Send* is pressed."""

    def __init__(
        self,
        who: str,
        messages: Messages,
        send: Callable[[Node], None],
        make_process: Callable[[], Process] | None = None,
    ) -> None:
        self._messages, self._send = messages, send
        self._test = BackgroundRun(lambda _progress: None, self._tested, make_process)
        self._nodes = remembered_nodes()
        self.window: Any = None
        self._build(who)
        self.address.connect("editTextChanged(QString)", lambda _text: self._address_changed())
        self._fill_addresses()

    def open(self) -> None:
        """Show the window; it returns at once."""
        self.window.open()

    def close(self) -> None:
        """Take the window away; a test under way is of no interest any more."""
        window, self.window = self.window, None  # closing it tells that it was closed
        if window is not None:
            self._test.abandon()
            window.close()
            window.deleteLater()

    def test(self) -> None:
        """Ask the node with a C-ECHO, and say what it answers."""
        with errors_shown(self._messages):
            node = self._checked_node()
            self.answer.text = _("Asking …")
            self._show_buttons()
            self._test.start(["send", "--test", "--json-progress", *node.arguments()])
            self._show_buttons()

    def send(self) -> None:
        """Close the window and send."""
        with errors_shown(self._messages):
            node = self._checked_node()
            remember(node)
            self.close()
            self._send(node)

    def remove(self) -> None:
        """Remember the node that is shown no longer; the one used before it takes its place."""
        forget(self._node().address)
        self._nodes = remembered_nodes()
        self._fill_addresses()

    def _fill_addresses(self) -> None:
        self.address.clear()
        self.address.addItems([node.address for node in self._nodes])
        self._address_changed()

    def _known(self) -> Node | None:
        """The node of the address shown, where it is remembered."""
        return next((node for node in self._nodes if node.address == self.address.currentText.strip()), None)

    def _node(self) -> Node:
        return Node(
            self.address.currentText.strip(),
            self.title.text.strip(),
            bool(self.encrypted.checked),
            self.authorities.currentPath.strip(),
            self.certificate.currentPath.strip(),
        )

    def _checked_node(self) -> Node:
        """What is written, where it can be used."""
        node = self._node()
        node.check()
        if not node.is_web:
            ensure_packages(["pynetdicom"])
        return node

    def _tested(self, end: End, result: dict[str, Any], error: str) -> None:
        self._show_buttons()
        if end is not End.DONE:
            self.answer.text = message_html(Severity.ERROR, error)
            return
        remember(self._node())
        text = _("It answers.")
        if result["refused"]:
            kinds = ", ".join(word(kind, language()) for kind in result["refused"])
            text += " " + _("It does not take: {kinds}.").format(kinds=kinds)
        self.answer.text = f"✓ {html.escape(text)}"

    def _address_changed(self) -> None:
        """A node that is known comes with what was chosen for it; for any other what is shown stays, TLS above all."""
        known = self._known()
        if known is not None:
            self.title.text, self.encrypted.checked = known.title, known.is_encrypted
            self.authorities.currentPath, self.certificate.currentPath = known.authorities, known.certificate
        self._changed()

    def _changed(self) -> None:
        """What was answered was about other choices."""
        self.answer.text = ""
        self._show_buttons()

    def _show_buttons(self) -> None:
        node, is_testing = self._node(), self._test.is_running
        for field in (self.address, self.title, self.encrypted):
            field.enabled = not is_testing
        for field in (self.authorities, self.certificate):
            field.enabled = bool(self.encrypted.checked) and not is_testing
        self.remove_button.enabled = self._known() is not None and not is_testing
        self.send_button.enabled = bool(node.address) and not is_testing
        self.test_button.enabled = self.send_button.enabled and not node.is_web
        self.test_button.toolTip = (
            _("DICOMweb knows no C-ECHO.") if node.is_web else _("Ask the node with a C-ECHO; nothing is sent.")
        )

    def _build(self, who: str) -> None:
        self.window = qt.QDialog(slicer.util.mainWindow())
        self.window.windowTitle = _("Send to PACS")
        self.window.minimumWidth = 480
        self.window.connect("rejected()", self.close)
        self.address, self.title, self.answer = qt.QComboBox(), qt.QLineEdit(), qt.QLabel()
        self.address.editable = True
        self.address.lineEdit().placeholderText = "ORTHANC@pacs.example.org:4242"
        self.address.toolTip = _("AE@host:port, or https://… of a DICOMweb service")
        self.title.placeholderText = "CARDIACSEG"
        self.title.maxLength = LONGEST_TITLE
        self.encrypted = qt.QCheckBox(_("Encrypt (TLS)"))
        self.authorities, self.certificate = ctk.ctkPathLineEdit(), ctk.ctkPathLineEdit()
        self.title.connect("textChanged(QString)", lambda _text: self._changed())
        self.encrypted.connect("toggled(bool)", lambda _on: self._changed())
        for field in (self.authorities, self.certificate):
            field.connect("currentPathChanged(QString)", lambda _path: self._changed())
        self.authorities.toolTip = _("PEM file that vouches for the PACS; empty: the system's authorities")
        self.certificate.toolTip = _("PEM file with our own certificate and its key, where the PACS asks for one")
        self.remove_button = qt.QPushButton(_("Remove"))
        self.remove_button.toolTip = _("Remember this PACS no longer")
        self.answer.wordWrap = True
        self.answer.textFormat = qt.Qt.RichText
        self.window.setLayout(self._lines(who))

    def _lines(self, who: str) -> Any:
        patient = qt.QLabel(who)
        patient.textFormat = qt.Qt.PlainText
        note = qt.QLabel(
            _("SEG, SR, PDF and contours are made anew and sent. To query and retrieve, use Slicer's DICOM module.")
        )
        fields, buttons, lines = qt.QFormLayout(), qt.QHBoxLayout(), qt.QVBoxLayout()
        address = qt.QHBoxLayout()
        address.addWidget(self.address, 1)
        address.addWidget(self.remove_button)
        fields.addRow(_("PACS:"), address)
        fields.addRow(_("Our AE title:"), self.title)
        fields.addRow("", self.encrypted)
        fields.addRow(_("Authorities:"), self.authorities)
        fields.addRow(_("Own certificate:"), self.certificate)
        self.test_button, self.send_button = qt.QPushButton(_("Test")), qt.QPushButton(_("Send"))
        cancel = qt.QPushButton(_("Cancel"))
        for button in (self.test_button, self.send_button, cancel):
            buttons.addWidget(button)
        buttons.insertStretch(1, 1)
        for button, action in (
            (self.test_button, self.test),
            (self.send_button, self.send),
            (cancel, self.close),
            (self.remove_button, self.remove),
        ):
            button.autoDefault = False  # Enter in a field sends nothing
            button.connect("clicked()", action)
        for label in (patient, note):
            label.wordWrap = True
            lines.addWidget(label)
        lines.addLayout(fields)
        lines.addWidget(self.answer)
        lines.addLayout(buttons)
        return lines
