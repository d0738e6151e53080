"""Slicer's window system without Slicer, for tests: what the ``slicer-core`` wheel lacks, as thin as possible.

``install()`` puts the modules below under the names that Slicer's Python knows. The scene, the logics and
``slicer.util`` are the real ones (see ``slicer_host``). A stand-in does what the source file named at its head does as
far as the panel needs it; anything else raises instead of being accepted.

======================  ==========================================================================
``pythonqt.py``         the manners of PythonQt: properties are attributes, new ones are refused
``qt.py``, ``ctk.py``   the modules ``qt`` and ``ctk``
``mrml_widgets.py``     node selector, ``qMRMLWidget``
``segment_editor.py``   the segment editor
``effects.py``          segment editor effects in Python, in real slice views
``application.py``      ``slicer.app`` with layouts and settings; loading a scripted module
``window.py``           the window with its views, for pictures
``scripted.py``         ``slicer.ScriptedLoadableModule``
``i18n.py``             ``slicer.i18n``
``packaging.py``        ``slicer.packaging``
``other_modules.py``    ``DICOMLib`` and ``SampleData``
======================  ==========================================================================
"""

from __future__ import annotations

import sys
from typing import Any


def install() -> Any:
    """Make ``import qt``, ``slicer.ScriptedLoadableModule`` and so on find the stand-ins; returns ``slicer.app``."""
    from PySide6 import QtCore

    from slicer_stand_in import application, ctk, i18n, other_modules, packaging, qt, scripted

    sys.modules["qt"], sys.modules["ctk"] = qt, ctk
    app = application.start()
    from slicer_stand_in import (
        effects,
        segment_editor,  # registers itself on slicer, which start() has imported  # noqa: F401
    )

    effects.install()
    for name, module in (("ScriptedLoadableModule", scripted), ("i18n", i18n), ("packaging", packaging)):
        sys.modules[f"slicer.{name}"] = module
        setattr(sys.modules["slicer"], name, module)
    sys.modules.setdefault("DICOMLib", other_modules.dicom_lib())
    sys.modules.setdefault("SampleData", other_modules.sample_data())
    QtCore.qInstallMessageHandler(_note_message)
    return app


def uninstall() -> None:
    """Close the window and take away what modules left on ``slicer.modules``, so that the host can stop."""
    import slicer

    slicer.app.open_main_window(False)
    for name in ("dicomPlugins", "sampleDataSources"):
        if hasattr(slicer.modules, name):
            delattr(slicer.modules, name)


qt_messages: list[str] = []  # what Qt itself complained about: a clean panel gives it no reason


def _note_message(_kind: Any, _context: Any, message: str) -> None:
    if "propagateSizeHints" not in message:  # the off-screen platform says this of every window
        qt_messages.append(message)
