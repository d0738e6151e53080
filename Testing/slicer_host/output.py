"""What VTK and MRML print: warnings and errors go to vtkOutputWindow, which here collects them, and to vtkLogger."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import vtk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def caught_output() -> Iterator[Callable[[], str]]:
    """Collect what VTK prints inside the block; the value returns the text so far."""
    before = vtk.vtkOutputWindow.GetInstance()
    window = vtk.vtkStringOutputWindow()
    vtk.vtkOutputWindow.SetInstance(window)
    vtk.vtkLogger.SetStderrVerbosity(vtk.vtkLogger.VERBOSITY_OFF)
    try:
        yield window.GetOutput
    finally:
        vtk.vtkOutputWindow.SetInstance(before)
        vtk.vtkLogger.SetStderrVerbosity(vtk.vtkLogger.VERBOSITY_INFO)
