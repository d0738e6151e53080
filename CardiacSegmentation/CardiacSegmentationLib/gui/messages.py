"""What the panel asks and tells in a window of its own. Kept few: most things are said in the panel itself."""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import qt
import slicer
from slicer.i18n import tr as _

from CardiacSegmentationLib.errors import CardiacSegmentationError
from CardiacSegmentationLib.findings import describe_error
from CardiacSegmentationLib.gui.translation import language

if TYPE_CHECKING:
    from collections.abc import Iterator


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
def errors_shown(messages: Messages) -> Iterator[None]:
    """Errors reach the user's eyes; a defect of the program itself is said to be one, and logged as well."""
    try:
        with slicer.util.WaitCursor():
            yield
    except CardiacSegmentationError as error:
        messages.tell_error(describe_error(error, language()))
    except OSError as error:
        text = _("{file}: {reason}. Choose another folder, or make room.")
        messages.tell_error(text.format(file=error.filename or "", reason=error.strerror or error))
    except Exception as error:
        text = _("The program has a defect: {error}. Slicer's error log tells the developers more.")
        messages.tell_error(text.format(error=error), traceback.format_exc())
        raise
