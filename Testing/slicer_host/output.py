"""What VTK and MRML print: warnings and errors go through vtkOutputWindow, which here collects them."""

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
    try:
        yield window.GetOutput
    finally:
        vtk.vtkOutputWindow.SetInstance(before)
