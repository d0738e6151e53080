"""Where one plane cuts another: the slices on a long axis, the long axis on a slice.

Lines are models of their own in the views they are for: hidden from lists, and not saved with the scene.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import slicer
import vtk

from CardiacSegmentationLib.scene.cine import stack_affine, stack_shape
from CardiacSegmentationLib.scene.voxels import LPS_TO_RAS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from CardiacSegmentationLib.long_axis import LongAxis
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.stack import Array

FEWEST_MM = 1.0  # a shorter cut is none


class PlaneLines:
    """Some straight lines in some slice views."""

    def __init__(self, name: str, colour: tuple[float, float, float], width: int) -> None:
        self._name, self._colour, self._width = name, colour, width
        self._node: Any = None
        self._lines = vtk.vtkPolyData()

    def show(self, scene: Any, lines: Sequence[Array], views: Iterable[Any]) -> None:
        """Show lines, each two points ``[2, 3]`` in RAS, in these views and no others."""
        shown_in = [view.GetID() for view in views]
        if not lines or not shown_in:
            self.hide()
            return
        display = self._require_node(scene).GetDisplayNode()
        if list(display.GetViewNodeIDs() or ()) != shown_in:
            display.SetViewNodeIDs(shown_in)
        self._lines.ShallowCopy(_poly_data(lines))
        self._lines.Modified()

    def hide(self) -> None:
        """Nothing is to be seen."""
        if self._lines.GetNumberOfPoints():
            self._lines.Initialize()
            self._lines.Modified()

    def forget(self) -> None:
        """The scene closes, or the panel goes: so does the node."""
        node, self._node = self._node, None
        self._lines = vtk.vtkPolyData()
        if node is not None and node.GetScene() is not None:
            display, scene = node.GetDisplayNode(), node.GetScene()
            scene.RemoveNode(node)
            if display is not None and display.GetScene() is not None:
                scene.RemoveNode(display)

    def _require_node(self, scene: Any) -> Any:
        if self._node is not None and self._node.GetScene() is scene:
            return self._node
        display = slicer.vtkMRMLModelDisplayNode()
        display.SetColor(*self._colour)
        display.SetLineWidth(self._width)
        display.SetSliceIntersectionThickness(self._width)
        display.SetVisibility2D(True)
        display.SetVisibility3D(False)
        display.SetSliceDisplayModeToProjection()
        model = slicer.vtkMRMLModelNode()
        model.SetName(self._name)
        model.SetSelectable(False)
        for node in (display, model):
            node.SetHideFromEditors(True)
            node.SetSaveWithScene(False)
        scene.AddNode(display)
        model.SetAndObserveDisplayNodeID(display.GetID())
        model.SetAndObservePolyData(self._lines)
        self._node = scene.AddNode(model)
        return self._node


def slice_lines(study: Study, long_axis: LongAxis) -> dict[int, Array]:
    """Where the slices cut a long axis, by slice: two points ``[2, 3]`` in RAS each."""
    slices, rows, columns = stack_shape(study.images)
    affine = stack_affine(study.images)
    cuts = {
        slice_: _cut(_corners(affine, rows, columns, slice_), long_axis.affine[:3, 3], long_axis.normal)
        for slice_ in range(slices)
    }
    return {slice_: _to_ras(line) for slice_, line in cuts.items() if line is not None}


def long_axis_line(study: Study, long_axis: LongAxis, slice_: int) -> Array | None:
    """Where a long axis cuts a slice: two points ``[2, 3]`` in RAS."""
    affine = stack_affine(study.images)
    normal = np.cross(affine[:3, 0], affine[:3, 1])
    rows, columns = long_axis.voxels.shape[1:]
    place = affine[:3, 3] + slice_ * affine[:3, 2]
    line = _cut(_corners(long_axis.affine, rows, columns, 0), place, normal / np.linalg.norm(normal))
    return None if line is None else _to_ras(line)


def _corners(affine: Array, rows: int, columns: int, slice_: int) -> Array:
    """The corners of an image, in order around it: ``[4, 3]`` in patient space."""
    index = [(-0.5, -0.5), (columns - 0.5, -0.5), (columns - 0.5, rows - 0.5), (-0.5, rows - 0.5)]
    return np.array([(affine @ [column, row, slice_, 1.0])[:3] for column, row in index])


def _cut(corners: Array, place: Array, normal: Array) -> Array | None:
    """Where a plane cuts a rectangle: two points ``[2, 3]``."""
    away = (corners - place) @ normal
    points = []
    for one in range(4):
        other = (one + 1) % 4
        if (away[one] < 0) != (away[other] < 0):
            share = away[one] / (away[one] - away[other])
            points.append(corners[one] + share * (corners[other] - corners[one]))
    if len(points) != 2 or np.linalg.norm(points[1] - points[0]) < FEWEST_MM:
        return None
    return np.array(points)


def _to_ras(points: Array) -> Array:
    return np.asarray(points @ LPS_TO_RAS[:3, :3].T)


def _poly_data(lines: Sequence[Array]) -> Any:
    points, cells = vtk.vtkPoints(), vtk.vtkCellArray()
    for line in lines:
        cells.InsertNextCell(2, [points.InsertNextPoint(*point) for point in line.tolist()])
    data = vtk.vtkPolyData()
    data.SetPoints(points)
    data.SetLines(cells)
    return data
