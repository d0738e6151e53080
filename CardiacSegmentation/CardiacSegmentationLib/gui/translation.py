"""The panel in the user's language.

Slicer looks for translations in its own folder only (``qSlicerCoreApplication::translationFolders``), so the module
installs its file itself, for the language chosen in Slicer's settings.
"""

from __future__ import annotations

from typing import Any

import qt
import slicer

from CardiacSegmentationLib.resources import resource

_installed: list[Any] = []  # Qt keeps a pointer only


def install_translation() -> bool:
    """Install the translation for Slicer's language, once; false where there is none, or Slicer translates nothing."""
    settings = slicer.app.settings()
    is_on = slicer.util.toBool(settings.value("Internationalization/Enabled", False))
    language = str(settings.value("language", "") or "")[:2]
    if _installed or not is_on or not language:
        return bool(_installed)
    try:
        path = resource("Translations", f"CardiacSegmentation_{language}.qm")
    except FileNotFoundError:
        return False
    translator = qt.QTranslator()
    if not translator.load(str(path)):
        return False
    qt.QCoreApplication.installTranslator(translator)
    _installed.append(translator)
    return True


def remove_translation() -> None:
    """Take the translation out again, for a reload of the module."""
    while _installed:
        qt.QCoreApplication.removeTranslator(_installed.pop())
