"""Where the tests of the panel run: one switch, ``CARDIACSEG_GUI_HOST``.

==========================  ==================================================================================
``stand-in`` (the default)  Slicer's own scene and logics, with the stand-in for its window
``slicer``                  a real Slicer: ``Slicer --disable-settings --python-script Testing/run_in_slicer.py``
==========================  ==================================================================================

A test uses what both have: the panel's widgets, the scene, ``slicer.app``, and the few things of ``Host``. One that
needs a part of the stand-in's own, such as a package manager that says no, is marked ``stand_in``.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path


class Host(Protocol):
    """What a test cannot do in the same way everywhere."""

    def start(self) -> Any:
        """``slicer.app``; afterwards ``qt`` and the rest can be imported."""

    def stop(self) -> None: ...

    def open(self) -> None:
        """A main window, default settings, an empty scene."""

    def close(self) -> list[Any]:
        """Close the window; what went wrong since it was opened."""

    def load(self, path: Path) -> Any:
        """The module, its panel not made yet: ``widgetRepresentation``, ``widget``, ``reload``, ``unload``."""

    def finish_start(self) -> None:
        """What Slicer does when it has started."""

    def play(self) -> None:
        """Let sequences play."""


def chosen_host() -> Host:
    """The host that the switch names."""
    hosts: dict[str, type[Host]] = {"stand-in": StandIn, "slicer": RealSlicer}
    return hosts[os.environ.get("CARDIACSEG_GUI_HOST", "stand-in")]()


class StandIn:
    """See ``slicer_stand_in``."""

    def start(self) -> Any:
        import slicer_stand_in

        self._app = slicer_stand_in.install()
        return self._app

    def stop(self) -> None:
        import slicer_stand_in

        slicer_stand_in.uninstall()

    def open(self) -> None:
        self._app.settings().clear()
        self._app.open_main_window()

    def close(self) -> list[Any]:
        import slicer_stand_in
        from slicer_stand_in import pythonqt, segment_editor

        self._app.processEvents()
        self._app.open_main_window(False)
        found: list[Any] = []
        for source in (pythonqt.slot_errors, slicer_stand_in.qt_messages, segment_editor.crashes):
            found += source
            source.clear()
        return found

    def load(self, path: Path) -> Any:
        from slicer_stand_in import application

        module = application.load_module(path)
        self._app.processEvents()
        return module

    def finish_start(self) -> None:
        self._app.send("startupCompleted()")

    def play(self) -> None:
        from slicer_stand_in import application

        application.play()


class RealSlicer:
    """A Slicer that has started; its module is loaded once and gets a new panel for every test."""

    def start(self) -> Any:
        import slicer

        if not slicer.app.commandOptions().settingsDisabled:  # the tests change settings and recovery files
            raise SystemExit("Start Slicer with --disable-settings: these tests must not touch yours.")
        return slicer.app

    def stop(self) -> None:
        """Slicer goes on."""

    def open(self) -> None:
        import slicer

        slicer.app.settings().clear()
        slicer.mrmlScene.Clear(False)
        self._errors: list[Any] = []
        self._hook, sys.excepthook = sys.excepthook, lambda *error: self._errors.append(error)  # PythonQt prints there

    def close(self) -> list[Any]:
        import slicer

        slicer.app.processEvents()
        slicer.mrmlScene.Clear(False)
        sys.excepthook = self._hook
        return self._errors

    def load(self, path: Path) -> Any:
        import qt
        import slicer

        if not hasattr(slicer.modules, path.stem.lower()):
            factory = slicer.app.moduleManager().factoryManager()
            factory.registerModule(qt.QFileInfo(str(path)))
            factory.loadModules([path.stem])
        return _LoadedInSlicer(path.stem)

    def finish_start(self) -> None:
        """It has started already."""

    def play(self) -> None:
        """Its Sequences module does."""


class _LoadedInSlicer:
    def __init__(self, name: str) -> None:
        import slicer

        self._name, self._module = name, getattr(slicer.modules, name.lower())
        self.path = self._module.path

    def widgetRepresentation(self) -> Any:  # noqa: N802 - Slicer's name
        import slicer

        slicer.util.selectModule(self._name)
        slicer.util.reloadScriptedModule(self._name)
        return self._module.widgetRepresentation()

    @property
    def widget(self) -> Any:
        return self._module.widgetRepresentation().self()

    def reload(self) -> None:
        import slicer

        slicer.util.reloadScriptedModule(self._name)

    def unload(self) -> None:
        import slicer

        slicer.util.selectModule("Welcome")
