"""Slicer's application object and module logics around the libraries of the ``slicer-core`` wheel.

The order of ``start`` is that of qSlicerCoreApplicationPrivate::init (Base/QTCore/qSlicerCoreApplication.cxx) and of
qSlicerAbstractCoreModule::initialize: scene, application logic, colours, data input and output, then one logic
per module, each told its scene, its application logic and its share directory.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import slicer
import vtk

from slicer_host.files import CoreIOManager
from slicer_host.output import caught_output
from slicer_host.terms import write_default_terms

# slicer.modules.<attribute>: the logic's class. Names as in Slicer's module list; the order is that of dependence.
MODULE_LOGICS = {
    "Terminologies": "vtkSlicerTerminologiesModuleLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Units": "vtkSlicerUnitsLogic",
    "Volumes": "vtkSlicerVolumesLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "Sequences": "vtkSlicerSequencesLogic",
    "Models": "vtkSlicerModelsLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Plots": "vtkSlicerPlotsLogic",
    "Transforms": "vtkSlicerTransformLogic",
    "Texts": "vtkSlicerTextsLogic",
    "Data": "vtkSlicerDataModuleLogic",
    "Cameras": "vtkSlicerCamerasModuleLogic",
    "CropVolume": "vtkSlicerCropVolumeLogic",
}


@dataclass(frozen=True)
class Module:
    """``slicer.modules.<name>``: stands for qSlicerAbstractCoreModule as far as its logic goes."""

    name: str
    module_logic: Any

    def logic(self) -> Any:
        """The one logic of the module, shared by everybody."""
        return self.module_logic


class Application:
    """``slicer.app``: the part of qSlicerCoreApplication that has nothing to do with Qt.

    A stand-in with a window (layout manager, event loop) derives from it; what neither has is an AttributeError.
    """

    applicationName = "Slicer"
    majorVersion, minorVersion = 5, 12
    revision = "0"

    def __init__(self, application_logic: Any, temporary_path: Path) -> None:
        self.temporaryPath = str(temporary_path)
        self._application_logic = application_logic
        self._io_manager = CoreIOManager()

    def applicationLogic(self) -> Any:
        return self._application_logic

    def mrmlScene(self) -> Any:
        return slicer.mrmlScene

    def coreIOManager(self) -> CoreIOManager:
        return self._io_manager

    def testingEnabled(self) -> bool:
        """True as with ``--testing``: message boxes of ``slicer.util`` answer themselves."""
        return True

    def layoutManager(self) -> None:
        """None, as with ``--no-main-window``."""

    def processEvents(self) -> None:
        """No event loop, no events."""

    def pauseRender(self) -> None:
        """qSlicerApplication::pauseRender acts on views alone."""

    def resumeRender(self) -> None:
        """See pauseRender."""


@dataclass(frozen=True)
class SlicerHost:
    """A running host; there is one per process, as there is one ``slicer.app``."""

    application_logic: Any
    remote_io: Any
    folder: Path


_running: SlicerHost | None = None


def start(application: type[Application] = Application) -> SlicerHost:
    """Fill ``slicer.mrmlScene``, ``slicer.app`` and ``slicer.modules``; the second call finds the first one's."""
    global _running  # noqa: PLW0603 - Slicer itself is one per process
    if _running is None:
        folder = Path(tempfile.mkdtemp(prefix="slicer-host-"))
        scene = slicer.vtkMRMLScene()
        slicer.mrmlScene = scene
        logic = _application_logic(scene, folder)
        _running = SlicerHost(logic, _data_io(scene, folder), folder)
        slicer.modules = _module_logics(scene, logic, folder)
        slicer.app = application(logic, folder)
        reset_scene()
    return _running


def reset_scene() -> None:
    """What File > Close Scene leaves: no data, the default crosshair and slice orientations."""
    scene = slicer.mrmlScene
    scene.Clear(False)
    if scene.GetFirstNodeByClass("vtkMRMLCrosshairNode") is None:  # qSlicerCoreApplicationPrivate::init
        crosshair = slicer.vtkMRMLCrosshairNode()
        crosshair.SetCrosshairName("default")
        scene.AddNode(crosshair)
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLSliceNode")):  # a layout's views outlive the scene
        scene.GetNthNodeByClass(index, "vtkMRMLSliceNode").SetOrientation("Axial")


def stop() -> None:
    """Take everything apart in order; otherwise VTK's own teardown may crash the interpreter at exit."""
    global _running  # noqa: PLW0603
    if _running is None:
        return
    slicer.mrmlScene.Clear(True)
    with caught_output():  # some logics ask the scene once more when they lose it, and complain that it is gone
        for module in vars(slicer.modules).values():
            module.logic().SetMRMLScene(None)
    _running.remote_io.RemoveDataIOFromScene()
    _running.remote_io.SetMRMLScene(None)
    _running.application_logic.SetMRMLScene(None)
    for factory in _view_factories():
        factory.SetMRMLApplicationLogic(None)
    shutil.rmtree(_running.folder, ignore_errors=True)
    _running = None


def _application_logic(scene: Any, folder: Path) -> Any:
    logic = slicer.vtkSlicerApplicationLogic()
    logic.SetTemporaryPath(str(folder))
    logic.SetMRMLScene(scene)
    logic.SetSliceLogics(vtk.vtkCollection())  # qSlicerLayoutManager does this in Slicer
    logic.SetViewLogics(vtk.vtkCollection())
    logic.GetColorLogic().SetMRMLScene(scene)
    logic.GetColorLogic().AddDefaultColorNodes()
    logic.SetModuleLogic("Colors", logic.GetColorLogic())
    for factory in _view_factories():
        factory.SetMRMLApplicationLogic(logic)
    return logic


def _data_io(scene: Any, folder: Path) -> Any:
    """Without it no storage node reads from a bundle (qSlicerCoreApplicationPrivate::initDataIO)."""
    remote_io = slicer.vtkMRMLRemoteIOLogic()
    remote_io.GetCacheManager().SetRemoteCacheDirectory(str(folder / "cache"))
    remote_io.SetMRMLScene(scene)
    remote_io.AddDataIOToScene()
    return remote_io


def _module_logics(scene: Any, application_logic: Any, folder: Path) -> SimpleNamespace:
    share = folder / "terms"
    write_default_terms(share)
    modules = SimpleNamespace(colors=Module("Colors", application_logic.GetColorLogic()))
    for name, class_name in MODULE_LOGICS.items():
        logic = getattr(slicer, class_name)()
        if hasattr(logic, "SetModuleShareDirectory"):
            logic.SetModuleShareDirectory(str(share))
        logic.SetMRMLScene(scene)
        logic.SetMRMLApplicationLogic(application_logic)
        application_logic.SetModuleLogic(name, logic)
        setattr(modules, name.lower(), Module(name, logic))
    return modules


def _view_factories() -> tuple[Any, ...]:
    return (
        slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance(),
        slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance(),
    )
