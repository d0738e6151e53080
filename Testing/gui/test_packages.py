"""Packages that Slicer does not bring: what the user reads when one cannot be installed."""

from __future__ import annotations

import sys
from subprocess import CalledProcessError
from typing import Any

import pytest
from CardiacSegmentationLib.errors import CardiacSegmentationError

pytestmark = pytest.mark.stand_in  # a package manager that fails on command


@pytest.fixture
def nothing_installed(a_window: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """``slicer.packaging`` where nothing is installed and the user agrees to everything."""
    from CardiacSegmentationLib.gui import packages
    from slicer_stand_in import packaging

    monkeypatch.setattr(packages, "is_installed", lambda _name: False)
    monkeypatch.setattr(packaging, "_is_satisfied", lambda _requirement: False)
    monkeypatch.setattr(packaging, "answer", lambda _missing: True)
    return packaging


def test_without_the_internet_the_user_is_asked_about_it(
    nothing_installed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CardiacSegmentationLib.gui.packages import ensure_packages

    def fail(_missing: list[str]) -> bool:
        raise CalledProcessError(1, ["pip", "install", "highdicom>=0.25"])

    monkeypatch.setattr(nothing_installed, "answer", fail)
    with pytest.raises(CardiacSegmentationError, match=r"highdicom is needed .* is this computer online") as caught:
        ensure_packages(["highdicom"])
    assert "CalledProcessError" not in str(caught.value)
    assert "exit status" not in str(caught.value)


def test_a_slicer_that_cannot_install_packages_is_told_by_its_version(
    nothing_installed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CardiacSegmentationLib.gui.packages import ensure_packages

    monkeypatch.setitem(sys.modules, "slicer.packaging", None)  # Slicer 5.10
    with pytest.raises(CardiacSegmentationError, match=r"Slicer 5\.12 or newer"):
        ensure_packages(["highdicom"])


def test_only_what_is_needed_is_installed(nothing_installed: Any) -> None:
    from CardiacSegmentationLib.gui.packages import ensure_packages

    nothing_installed.asked.clear()
    with pytest.raises(CardiacSegmentationError, match="highdicom is needed"):  # pip said nothing, but it is not there
        ensure_packages(["highdicom"])
    assert nothing_installed.asked == [["highdicom>=0.25"]]
