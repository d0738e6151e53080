"""A study as a scene file, written without a window."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer
import vtk

from CardiacSegmentationLib.errors import ExportError
from CardiacSegmentationLib.scene.study import load_study, set_assessment, set_reading, set_segmentation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack

# Each makes the scene know the classes of its module's nodes.
LOGICS = ("vtkSlicerVolumesLogic", "vtkSlicerSegmentationsModuleLogic", "vtkSlicerSequencesLogic")


def write_scene(
    path: Path,
    stack: CineStack,
    segmentation: Segmentation | None = None,
    assessment: Assessment | None = None,
) -> None:
    """Write an ``.mrb`` that 3D Slicer opens with images, segmentation, tables and plot in place."""
    path = Path(path)
    if path.suffix != ".mrb":
        msg = f"Slicer knows a scene bundle by its name: give {path} one that ends in .mrb."
        raise ExportError(msg)
    with _own_scene() as scene:
        study = load_study(scene, stack)
        if segmentation is not None:
            set_segmentation(study, segmentation)
        if assessment is not None:
            set_reading(study, assessment.reading)
            set_assessment(study, assessment)
        _write(scene, path)


def _write(scene: Any, path: Path) -> None:
    """Under its final name, for the bundle repeats it inside; in a folder aside, so that it appears whole."""
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as aside:
            made = Path(aside, path.name)
            if not scene.WriteToMRB(str(made), None, None) or not made.is_file():
                msg = f"{path} cannot be written. Is there room on the disk?"
                raise ExportError(msg)
            made.replace(path)
    except OSError as error:
        msg = f"{path} cannot be written ({error.strerror or error}). Choose another folder."
        raise ExportError(msg) from error


@contextmanager
def _own_scene() -> Iterator[Any]:
    """A scene apart from the application's, with just the logics a study needs, taken apart in order."""
    scene = slicer.vtkMRMLScene()
    # The oldest Slicer this is made for. slicer-core calls itself 4.0, which Slicer takes for a file of long ago.
    scene.SetVersion("Slicer 5.10.0 0")
    application = slicer.vtkMRMLApplicationLogic()
    application.SetMRMLScene(scene)
    logics = [getattr(slicer, name)() for name in LOGICS]
    for logic in logics:
        logic.SetMRMLApplicationLogic(application)
        logic.SetMRMLScene(scene)
    try:
        yield scene
    finally:
        scene.Clear(True)
        with _no_warnings():  # a logic asks the scene once more while it loses it, and complains that it is gone
            for logic in logics:
                logic.SetMRMLScene(None)
        application.SetMRMLScene(None)


@contextmanager
def _no_warnings() -> Iterator[None]:
    shown = vtk.vtkObject.GetGlobalWarningDisplay()
    vtk.vtkObject.SetGlobalWarningDisplay(0)
    try:
        yield
    finally:
        vtk.vtkObject.SetGlobalWarningDisplay(shown)
