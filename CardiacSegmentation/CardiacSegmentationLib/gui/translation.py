"""The panel in the user's language.

Slicer looks for translations in its own folder only (``qSlicerCoreApplication::translationFolders``), so the module
installs its file itself, for the language chosen in Slicer's settings.
"""

from __future__ import annotations

from typing import Any

import qt
import slicer

from CardiacSegmentationLib.findings import DEFAULT_LANGUAGE, languages
from CardiacSegmentationLib.resources import resource

_installed: list[Any] = []  # Qt keeps a pointer only


def language() -> str:
    """The language the panel speaks: that of Slicer's settings where there is a translation, else English."""
    chosen = _chosen_language()
    return chosen if _installed and chosen in languages() else DEFAULT_LANGUAGE


def install_translation() -> bool:
    """Install the translation for Slicer's language, once; false where there is none, or Slicer translates nothing."""
    chosen = _chosen_language()
    if _installed or not chosen:
        return bool(_installed)
    try:
        path = resource("Translations", f"CardiacSegmentation_{chosen}.qm")
    except FileNotFoundError:
        return False
    translator = qt.QTranslator()
    if not translator.load(str(path)):
        return False
    qt.QCoreApplication.installTranslator(translator)
    _installed.append(translator)
    return True


def _chosen_language() -> str:
    settings = slicer.app.settings()
    is_on = slicer.util.toBool(settings.value("Internationalization/Enabled", False))
    return str(settings.value("language", "") or "")[:2] if is_on else ""
