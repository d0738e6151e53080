"""Slicer's application object with a window system, and how it loads a scripted module.

==========================  =====================================================================================
Application                 qSlicerApplication (Base/QTGUI/qSlicerApplication.cxx) above the host's core part
LayoutManager               qMRMLLayoutManager (Libs/MRML/Widgets): the real layout logic and node; of the view widgets
                            only that plot and table lose their node when a batch ends
_remove_segments            qSlicerSubjectHierarchySegmentsPlugin.cxx (Modules/Loadable/Segmentations)
play                        qSlicerSequencesModule.cxx: a timer calls vtkSlicerSequencesLogic::UpdateAllProxyNodes
load_module                 qSlicerScriptedLoadableModule::setPythonSource, …ModuleWidget::setup
==========================  =====================================================================================
"""

from __future__ import annotations

import importlib.util
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import slicer
import vtk
from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Signal
from slicer_host import host

from slicer_stand_in import qt
from slicer_stand_in.pythonqt import wrap_class

if TYPE_CHECKING:
    from pathlib import Path


VIEWPORT = (1340, 900)  # pixels, of the views in a window of 1920 × 1080


class LayoutManager(wrap_class(QtCore.QObject)):  # type: ignore[misc]
    """Layouts are MRML: descriptions on the layout node, view nodes made by the layout logic."""

    layoutChanged = Signal(int)

    def __init__(self, application_logic: Any) -> None:
        super().__init__()
        self._logic = slicer.vtkMRMLLayoutLogic()
        self._logic.SetMRMLApplicationLogic(application_logic)
        self._logic.SetMRMLScene(slicer.mrmlScene)
        event = slicer.vtkMRMLScene.EndBatchProcessEvent
        self._tag = slicer.mrmlScene.AddObserver(event, lambda *_: self._reset_controllers())
        self._viewport = qt.QWidget()
        self._viewport.resize(*VIEWPORT)

    def _reset_controllers(self) -> None:
        """qMRMLPlotViewControllerWidget, qMRMLTableViewControllerWidget: their selectors were blind in the batch."""
        for view in slicer.util.getNodesByClass("vtkMRMLPlotViewNode"):
            view.SetPlotChartNodeID(None)
        for view in slicer.util.getNodesByClass("vtkMRMLTableViewNode"):
            view.SetTableNodeID(None)

    def close(self) -> None:
        """For tests: with the window go its views."""
        slicer.mrmlScene.RemoveObserver(self._tag)

    def layoutLogic(self) -> Any:
        return self._logic

    def sliceWidget(self, name: str) -> Any:
        """The widget of a view that a test has opened, by its name."""
        from slicer_stand_in.effects import slice_widgets

        return next((widget for widget in slice_widgets if widget.view.node.GetName() == name), None)

    def viewport(self) -> Any:
        """ctkLayoutManager: the widget that the views lie in; here it is empty."""
        return self._viewport

    def setLayout(self, layout: int) -> None:
        node = self._logic.GetLayoutNode()
        if node.GetViewArrangement() == layout:
            return
        node.SetViewArrangement(layout if node.IsLayoutDescription(layout) else node.SlicerLayoutConventionalView)
        self.layoutChanged.emit(self.layout)

    layout = QtCore.Property(int, lambda self: self._logic.GetLayoutNode().GetViewArrangement())


class Application(host.Application):
    """``slicer.app``: signals are kept by name, since this is no Qt class; unknown ones are refused."""

    _signals = ("startupCompleted()", "lastWindowClosed()", "aboutToQuit()")

    def __init__(self, application_logic: Any, temporary_path: Path) -> None:
        super().__init__(application_logic, temporary_path)
        self._slots: dict[str, list[Any]] = {signal: [] for signal in self._signals}
        self._layout_manager: LayoutManager | None = None
        self._main_window: Any = None
        self._testing = True
        settings_file = str(temporary_path / "Slicer.ini")
        self._settings = qt.QSettings(settings_file, qt.QSettings.IniFormat)

    def connect(self, signal: str, slot: Any) -> bool:
        self._slots[signal].append(slot)  # KeyError: a signal Slicer's application does not have
        return True

    def disconnect(self, signal: str, slot: Any) -> bool:
        self._slots[signal].remove(slot)
        return True

    def send(self, signal: str) -> None:
        """For tests: what the application does at start and end."""
        for slot in list(self._slots[signal]):
            slot()

    def layoutManager(self) -> LayoutManager | None:
        return self._layout_manager

    def open_main_window(self, opened: bool = True) -> None:
        """For tests: with and without ``--no-main-window``."""
        if self._layout_manager is not None:
            self._layout_manager.close()
        self._layout_manager = LayoutManager(self._application_logic) if opened else None
        self._main_window = qt.QMainWindow() if opened else None
        if self._main_window is not None:
            self._main_window.objectName = "qSlicerMainWindow"  # what slicer.util.mainWindow looks for

    def topLevelWidgets(self) -> list[Any]:
        return [self._main_window] if self._main_window is not None else []

    def testingEnabled(self) -> bool:
        return self._testing

    def settings(self) -> Any:
        return self._settings

    userSettings = settings

    def translate(self, context: str, text: str) -> str:
        return str(QtCore.QCoreApplication.translate(context, text))

    def processEvents(self, *_: Any) -> None:
        QtCore.QCoreApplication.processEvents()  # leaves deleteLater() to a loop that runs, as Slicer's does
        QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete.value)

    def setOverrideCursor(self, cursor: Any) -> None:
        QtWidgets.QApplication.setOverrideCursor(cursor)

    def restoreOverrideCursor(self) -> None:
        QtWidgets.QApplication.restoreOverrideCursor()

    def commandOptions(self) -> Any:
        return SimpleNamespace(noMainWindow=self._layout_manager is None)

    def moduleManager(self) -> Any:
        """qSlicerModuleManager: only its signal is asked for, when a widget is made and taken apart."""
        return SimpleNamespace(connect=lambda *_: True, disconnect=lambda *_: True)


_player = None


def play() -> None:
    """Let the real sequences logic advance what plays, as Slicer's Sequences module does."""
    global _player  # noqa: PLW0603
    if _player is None:
        _player = QtCore.QTimer()
        _player.timeout.connect(lambda: slicer.modules.sequences.logic().UpdateAllProxyNodes())
        _player.start(20)


def start() -> Application:
    """The host, with an application that has Qt; the second call finds the first one's."""
    if QtWidgets.QApplication.instance() is None:
        start.qt_application = QtWidgets.QApplication(["Slicer"])  # type: ignore[attr-defined]
        QtCore.QCoreApplication.setOrganizationName("StandIn")
        QtCore.QCoreApplication.setApplicationName("Slicer")
    running = host.start()
    if not isinstance(slicer.app, Application):
        slicer.app = Application(running.application_logic, running.folder)
        slicer.mrmlScene.AddObserver(slicer.vtkMRMLScene.NodeRemovedEvent, _remove_segments)
    return slicer.app  # type: ignore[no-any-return]


@vtk.calldata_type(vtk.VTK_OBJECT)
def _remove_segments(scene: Any, _event: str, node: Any) -> None:
    """qSlicerSubjectHierarchySegmentsPlugin: with a segmentation's branch go the segments, whoever shares them."""
    if node.IsA("vtkMRMLSegmentationNode") and not scene.IsClosing():
        for segment_id in list(node.GetSegmentation().GetSegmentIDs()):
            node.GetSegmentation().RemoveSegment(segment_id)


class ModuleParent:
    """qSlicerScriptedLoadableModule: what a module's constructor may set; anything else is refused."""

    __slots__ = (
        *("path", "name", "title", "categories", "dependencies", "contributors", "helpText", "acknowledgementText"),
        *("icon", "hidden", "index", "associatedNodeTypes"),
    )

    def __init__(self, path: Path) -> None:
        self.path, self.name, self.hidden, self.icon = str(path), path.stem, False, None


class LoadedModule:
    """``slicer.modules.<name>``: logic and widget are made on first use, as in qSlicerAbstractCoreModule."""

    def __init__(self, python: Any, path: Path) -> None:
        self.path, self.name, self._python = str(path), path.stem, python
        self.parent = ModuleParent(path)
        self.instance = getattr(python, self.name)(self.parent)
        self._widget: Any = None

    def widgetRepresentation(self) -> Any:
        if self._widget is None:
            container = slicer.qMRMLWidget()
            container.setLayout(qt.QVBoxLayout())
            container.setMRMLScene(slicer.mrmlScene)
            self._widget = container
            self.widget = getattr(self._python, f"{self.name}Widget")(container)
            setattr(slicer.modules, f"{self.name}Widget", self.widget)
            self.widget.setup()
        return self._widget

    def reload(self) -> None:
        """slicer.util.reloadScriptedModule: the old widgets are hidden only, and the module is not entered again."""
        for child in self._widget.children():
            if hasattr(child, "hide"):
                child.hide()
        self.widget.cleanup()
        layout = self._widget.layout()
        while layout.count():
            layout.takeAt(0)
        self.widget = getattr(self._python, f"{self.name}Widget")(self._widget)
        setattr(slicer.modules, f"{self.name}Widget", self.widget)
        self.widget.setup()

    def logic(self) -> Any:
        """qSlicerScriptedLoadableModule has a C++ logic of no use to Python; nothing here asks for it."""
        raise NotImplementedError

    def unload(self) -> None:
        """qSlicerModuleFactoryManager::unloadModule: ``cleanup``, then the widget goes."""
        if self._widget is not None:
            self.widget.cleanup()
            self._widget.deleteLater()
            self._widget = None
        for name in (self.name.lower(), f"{self.name}Widget", f"{self.name}Instance"):
            if hasattr(slicer.modules, name):
                delattr(slicer.modules, name)
        sys.modules.pop(self.name, None)


def load_module(path: Path) -> LoadedModule:
    """Import the module's file and make its module object; its folder goes on ``sys.path`` as in Slicer."""
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(str(path))
    python = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = python
    spec.loader.exec_module(python)
    module = LoadedModule(python, path)
    setattr(slicer.modules, path.stem.lower(), module)
    setattr(slicer.modules, f"{path.stem}Instance", module.instance)
    return module
