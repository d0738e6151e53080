"""Windows that ask or tell something."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.stand_in  # real message boxes wait for somebody


@pytest.fixture
def cursors(a_module: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The cursor over each message box that is opened, and the answer is yes."""
    import qt
    import slicer

    seen: list[Any] = []
    monkeypatch.setattr(slicer.app, "testingEnabled", lambda: False)
    for name in ("confirmYesNoDisplay", "errorDisplay"):
        monkeypatch.setattr(
            slicer.util, name, lambda *_, **__: seen.append(qt.QApplication.overrideCursor().shape()) or True
        )
    return seen


def test_no_question_is_asked_under_the_hourglass(cursors: list[Any]) -> None:
    import qt
    from CardiacSegmentationLib.gui.messages import Windows, errors_shown

    with errors_shown(Windows()):
        assert Windows().ask("Replace all corrections?")
        assert qt.QApplication.overrideCursor().shape() == qt.Qt.WaitCursor
        Windows().tell_error("This went wrong.")
    assert cursors == [qt.Qt.ArrowCursor, qt.Qt.ArrowCursor]
    assert qt.QApplication.overrideCursor() is None


def test_packages_are_not_asked_for_under_the_hourglass(cursors: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    import qt
    from CardiacSegmentationLib.errors import CardiacSegmentationError
    from CardiacSegmentationLib.gui.messages import Windows, errors_shown
    from CardiacSegmentationLib.gui.packages import ensure_packages
    from slicer_stand_in import packaging

    def decline(_missing: Any) -> bool:
        cursors.append(qt.QApplication.overrideCursor().shape())
        return False

    monkeypatch.setattr(packaging, "_is_satisfied", lambda _requirement: False)
    monkeypatch.setattr(packaging, "answer", decline)
    monkeypatch.setattr("CardiacSegmentationLib.gui.packages.is_installed", lambda _name: False)
    with errors_shown(Windows()), pytest.raises(CardiacSegmentationError, match="onnxruntime is needed"):
        ensure_packages(["onnxruntime"])
    assert cursors == [qt.Qt.ArrowCursor]
