"""A slice view rendered off screen, with the displayable managers that draw in Slicer's own.

Stands for qMRMLSliceView and qMRMLSliceControllerWidget (Libs/MRML/Widgets), which are Qt: the pipeline below is that
of qMRMLSliceViewPrivate::initDisplayableManagers and of vtkMRMLSliceLogic's ``GetImageDataConnection``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

if TYPE_CHECKING:
    from pathlib import Path

DISPLAYABLE_MANAGERS = (
    "vtkMRMLVolumeGlyphSliceDisplayableManager",
    "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLCrosshairDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager2D",
    "vtkMRMLMarkupsDisplayableManager",
)


# Without a display VTK tries X first and complains; these need none.
OFF_SCREEN_WINDOWS = ("vtkEGLRenderWindow", "vtkOSOpenGLRenderWindow")


@cache
def off_screen_problem() -> str:
    """Why nothing can be rendered here, or nothing; tried in another process, for a missing driver may abort it."""
    if sys.platform != "linux" or os.environ.get("DISPLAY"):
        return _trial(dict(os.environ))
    for window in OFF_SCREEN_WINDOWS:
        problem = _trial({**os.environ, "VTK_DEFAULT_OPENGL_WINDOW": window})
        if not problem:
            os.environ["VTK_DEFAULT_OPENGL_WINDOW"] = window
            return ""
    return problem


def _trial(environment: dict[str, str]) -> str:
    code = "import vtk; w = vtk.vtkRenderWindow(); w.SetOffScreenRendering(1); w.Render(); print(w.SupportsOpenGL())"
    trial = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    works = trial.returncode == 0 and trial.stdout.strip() == "1"
    return "" if works else f"no off-screen rendering on this machine (EGL or OSMesa): {trial.stderr.strip()[-200:]}"


class SliceView:
    """One slice view of ``size`` pixels, named as Slicer names its views."""

    def __init__(self, application_logic: Any, name: str = "Red", size: tuple[int, int] = (400, 400)) -> None:
        self._application_logic = application_logic
        self.window = vtk.vtkRenderWindow()
        self.window.SetOffScreenRendering(1)
        self.window.SetMultiSamples(0)
        self.window.SetSize(*size)
        self.renderer = vtk.vtkRenderer()
        self.renderer.GetActiveCamera().ParallelProjectionOn()
        self.window.AddRenderer(self.renderer)
        self.interactor = vtk.vtkRenderWindowInteractor()
        self.interactor.SetRenderWindow(self.window)
        self.interactor.Initialize()
        self._own_nodes: list[Any] = []
        self.logic = self._slice_logic(name)
        self.node = self.logic.GetSliceNode()
        self.node.SetMappedInLayout(1)
        self._mapper = self._image_mapper()  # before the managers: what is added first is drawn first, here the image
        self._managers = self._displayable_managers()
        self._style = slicer.vtkMRMLSliceViewInteractorStyle()
        self._style.SetSliceLogic(self.logic)
        self._style.SetDisplayableManagers(self._managers)
        self.interactor.SetInteractorStyle(vtk.vtkInteractorStyleUser())
        self._style.SetInteractor(self.interactor)
        self.logic.ResizeSliceNode(*size)

    def show(self, volume: Any) -> None:
        """Show the volume's own slices, the middle one first, filling the view: columns to the right, rows down."""
        self.logic.GetSliceCompositeNode().SetBackgroundVolumeID(volume.GetID())
        axes = vtk.vtkMatrix4x4()
        volume.GetIJKToRASDirectionMatrix(axes)
        right, down = (np.array([axes.GetElement(row, axis) for row in range(3)]) for axis in range(2))
        bounds = [0.0] * 6
        volume.GetRASBounds(bounds)
        center = [(bounds[2 * axis] + bounds[2 * axis + 1]) / 2 for axis in range(3)]
        self.node.SetSliceToRASByNTP(*np.cross(right, -down), *right, *center, 0)
        self.logic.FitSliceToBackground()
        self.logic.SnapSliceOffsetToIJK()

    def go_to_slice(self, volume: Any, index: int) -> None:
        """Move to one slice of the volume."""
        to_ras = vtk.vtkMatrix4x4()
        volume.GetIJKToRASMatrix(to_ras)
        self.node.JumpSliceByOffsetting(*to_ras.MultiplyPoint((0, 0, index, 1))[:3])

    def pixels(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Render; ``[row, column, RGB]``, the upper row first."""
        self._mapper.SetInputConnection(self.logic.GetImageDataConnection())
        self.window.Render()
        grab = vtk.vtkWindowToImageFilter()
        grab.SetInput(self.window)
        grab.ReadFrontBufferOff()
        grab.SetInputBufferTypeToRGB()
        grab.Update()
        image = grab.GetOutput()
        columns, rows, _ = image.GetDimensions()
        return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(rows, columns, 3)[::-1].copy()

    def save(self, path: Path) -> None:
        """Render into a PNG file."""
        import matplotlib.image

        matplotlib.image.imsave(path, self.pixels())

    def ras_to_view(self, ras: tuple[float, float, float]) -> tuple[float, float]:
        """Where a point is in the view, in pixels from the lower left."""
        to_view = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(self.node.GetXYToRAS(), to_view)
        x, y = to_view.MultiplyPoint((*ras, 1))[:2]
        return x, y

    def drag(self, start: tuple[float, float], end: tuple[float, float], steps: int = 8) -> None:
        """Press the left button at ``start``, move to ``end``, release; in pixels from the lower left."""
        self._move(start)
        self.interactor.LeftButtonPressEvent()
        for step in range(1, steps + 1):
            self._move(tuple(a + (b - a) * step / steps for a, b in zip(start, end, strict=True)))
        self.interactor.LeftButtonReleaseEvent()

    def close(self) -> None:
        """Let go of scene and window."""
        self._style.SetInteractor(None)
        self._managers.SetMRMLDisplayableNode(None)
        self._application_logic.GetSliceLogics().RemoveItem(self.logic)
        self.logic.SetMRMLScene(None)
        for node in self._own_nodes:
            slicer.mrmlScene.RemoveNode(node)
        self.window.Finalize()

    def _move(self, point: tuple[float, ...]) -> None:
        self.interactor.SetEventInformation(int(point[0]), int(point[1]))
        self.interactor.MouseMoveEvent()

    def _slice_logic(self, name: str) -> Any:
        logic = slicer.vtkMRMLSliceLogic()
        logic.SetMRMLApplicationLogic(self._application_logic)
        self._application_logic.GetSliceLogics().AddItem(logic)
        logic.SetMRMLScene(slicer.mrmlScene)
        of_layout = slicer.mrmlScene.GetSingletonNode(name, "vtkMRMLSliceNode")
        if of_layout is not None:  # as qMRMLSliceWidget::setMRMLSliceNode takes the layout's
            logic.SetSliceNode(of_layout)
        else:
            logic.AddSliceNode(name)
            self._own_nodes = [logic.GetSliceNode(), logic.GetSliceCompositeNode()]
        return logic

    def _displayable_managers(self) -> Any:
        factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
        for name in DISPLAYABLE_MANAGERS:
            if not factory.IsDisplayableManagerRegistered(name):
                factory.RegisterDisplayableManager(name)
        group = slicer.vtkMRMLDisplayableManagerGroup()
        group.SetRenderer(self.renderer)
        group.Initialize(factory, self.renderer)
        group.SetMRMLDisplayableNode(self.node)
        return group

    def _image_mapper(self) -> Any:
        mapper = vtk.vtkImageMapper()
        mapper.SetColorWindow(255)
        mapper.SetColorLevel(127.5)
        actor = vtk.vtkActor2D()
        actor.SetMapper(mapper)
        actor.GetProperty().SetDisplayLocationToBackground()
        self.renderer.AddViewProp(actor)
        return mapper
