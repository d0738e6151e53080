"""What the panel asks and tells in a window of its own. Kept few: most things are said in the panel itself."""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import qt
import slicer
from slicer.i18n import tr as _

from CardiacSegmentationLib.errors import Cancelled, CardiacSegmentationError, as_error
from CardiacSegmentationLib.gui.translation import language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_MS = 1000  # what takes longer shows how far it is


class Messages(Protocol):
    """Questions and bad news; a test answers in the user's place."""

    def ask(self, question: str) -> bool: ...

    def tell_error(self, text: str, details: str = "") -> None: ...


class Windows:
    """Slicer's own message boxes."""

    def ask(self, question: str) -> bool:
        """Yes or no. In Slicer's testing mode nobody can answer, and the careful answer is no."""
        if slicer.app.testingEnabled():
            return False
        with arrow_shown():
            return bool(slicer.util.confirmYesNoDisplay(question, windowTitle=_("Cardiac segmentation")))

    def tell_error(self, text: str, details: str = "") -> None:
        """Show an error, with what only an expert reads behind a button."""
        more = {"detailedText": details} if details else {}
        with arrow_shown():
            slicer.util.errorDisplay(text, windowTitle=_("Cardiac segmentation"), **more)


@contextmanager
def arrow_shown() -> Iterator[None]:
    """For windows that ask something in the middle of work: Slicer leaves its hourglass over them."""
    qt.QApplication.setOverrideCursor(qt.QCursor(qt.Qt.ArrowCursor))
    try:
        yield
    finally:
        qt.QApplication.restoreOverrideCursor()


@contextmanager
def progress_shown(text: str, when_cancelled: str) -> Iterator[Callable[..., None]]:
    """``tell(done, total, text)`` says how far it is; a window shows it when it takes long, and cancels."""
    dialog = qt.QProgressDialog(slicer.util.mainWindow())
    dialog.windowTitle = _("Cardiac segmentation")
    dialog.labelText = text
    dialog.minimumDuration = PATIENCE_MS
    dialog.setWindowModality(qt.Qt.WindowModal)  # such a one handles clicks on Cancel whenever its value is set

    def tell(done: int, total: int, text: str = "") -> None:
        if text:
            dialog.labelText = text
        dialog.maximum = total
        dialog.value = done
        if dialog.wasCanceled:
            raise Cancelled(when_cancelled)

    try:
        with arrow_shown():  # its button can be pressed
            yield tell
    finally:
        dialog.close()
        dialog.deleteLater()


@contextmanager
def errors_shown(messages: Messages) -> Iterator[None]:
    """Errors reach the user's eyes; a defect of the program itself is said to be one, and logged as well."""
    try:
        with slicer.util.WaitCursor():
            yield
    except (CardiacSegmentationError, OSError) as error:
        messages.tell_error(as_error(error).text(language()))
    except Exception as error:
        text = _("The program has a defect: {error}. Slicer's error log tells the developers more.")
        messages.tell_error(text.format(error=error), traceback.format_exc())
        raise
