"""Thin lines over the images in the slice views: contours, what the network drew, what a propagation proposes.

Slicer draws a label map's outline along the voxels, and cannot dash. So the lines are models of our own, made anew for
each phase shown: ribbons as high as a slice, which a view cuts wherever it stands. They are hidden from lists, and not
saved with the scene.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray

from CardiacSegmentationLib.scene.cine import stack_affine
from CardiacSegmentationLib.scene.nodes import remove_nodes
from CardiacSegmentationLib.scene.segmentation import LINE_PIXELS
from CardiacSegmentationLib.scene.voxels import LPS_TO_RAS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import FloatArray
    from CardiacSegmentationLib.stack import Array

DASH_MM, GAP_MM = 2.0, 2.0


@dataclass(frozen=True, eq=False)
class Line:
    """A closed curve ``[point, (row, column)]`` in mm on a slice."""

    slice: int
    curve: FloatArray
    is_dashed: bool = False


class OutlineNode:
    """The lines of one colour, in all views that cut their slices."""

    def __init__(self, name: str, color_rgb: tuple[int, int, int]) -> None:
        self._name, self._color_rgb = name, color_rgb
        self._node: Any = None

    def show(self, study: Study, lines: Sequence[Line]) -> None:
        """Show these lines, and no others."""
        if not lines:
            self.hide()
            return
        ribbons = _make_ribbons(lines, LPS_TO_RAS @ stack_affine(study.images))
        scene = study.node.GetScene()
        if self._node is None or self._node.GetScene() is not scene:
            self._node = _add_node(scene, self._name, self._color_rgb, ribbons)
        else:
            self._node.GetPolyData().ShallowCopy(ribbons)
        self._node.GetDisplayNode().SetVisibility(True)

    def hide(self) -> None:
        """Nothing is to be seen."""
        if self._node is not None and self._node.GetScene() is not None:
            self._node.GetDisplayNode().SetVisibility(False)

    def forget(self) -> None:
        """The scene closes, or the panel goes: so does the node, and its lines with it, for a view may go as well."""
        node, self._node = self._node, None
        if node is not None and node.GetScene() is not None:
            remove_nodes(node.GetScene(), [node, node.GetDisplayNode()])


def closed(curve: FloatArray) -> FloatArray:
    """A curve that comes back to where it began."""
    return np.concatenate([curve, curve[:1]])


def dashed(curve: FloatArray) -> list[FloatArray]:
    """The dashes of a closed curve ``[point, (row, column)]`` in mm."""
    ring = closed(curve)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(ring, axis=0).T))])
    count = max(round(along[-1] / (DASH_MM + GAP_MM)), 1)
    period, share = along[-1] / count, DASH_MM / (DASH_MM + GAP_MM)
    starts = period * np.arange(count)
    inside = along[(along % period > 0.0) & (along % period < share * period)]
    at = np.sort(np.concatenate([starts, starts + share * period, inside]))
    places = np.stack([np.interp(at, along, axis) for axis in ring.T], axis=1)
    return np.split(places, np.searchsorted(at, starts[1:]))


def _add_node(scene: Any, name: str, color_rgb: tuple[int, int, int], ribbons: Any) -> Any:
    display = slicer.vtkMRMLModelDisplayNode()
    display.SetColor(*(part / 255 for part in color_rgb))
    display.SetLineWidth(LINE_PIXELS)
    display.SetSliceIntersectionThickness(LINE_PIXELS)
    display.SetVisibility2D(True)
    display.SetVisibility3D(False)
    display.SetSliceDisplayModeToIntersection()
    model = slicer.vtkMRMLModelNode()
    model.SetName(name)
    model.SetSelectable(False)
    for node in (display, model):
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
    scene.AddNode(display)
    model.SetAndObservePolyData(ribbons)
    model.SetAndObserveDisplayNodeID(display.GetID())
    return scene.AddNode(model)


def _make_ribbons(lines: Sequence[Line], to_ras: Array) -> Any:
    """Every line as a band of rectangles from half a slice below it to half a slice above."""
    column_mm, row_mm = np.linalg.norm(to_ras[:3, :2], axis=0)
    paths = [(line, path) for line in lines for path in (dashed if line.is_dashed else _whole)(line.curve)]
    lengths = np.array([len(path) for _, path in paths])
    rows, columns = (np.concatenate([path for _, path in paths]) / (row_mm, column_mm)).T
    slices = np.repeat([float(line.slice) for line, _ in paths], lengths)
    count = len(rows)
    ijk = [np.stack([columns, rows, slices + side, np.ones(count)], axis=1) for side in (-0.5, 0.5)]
    begins = np.delete(np.arange(count), np.cumsum(lengths) - 1)  # no rectangle leads from one path to the next
    corners = np.stack([begins, begins + 1, begins + 1 + count, begins + count], axis=1)
    points, cells = vtk.vtkPoints(), vtk.vtkCellArray()
    points.SetData(numpy_to_vtk(np.concatenate(ijk) @ to_ras[:3].T, deep=True))
    cells.SetData(4, numpy_to_vtkIdTypeArray(corners.ravel(), deep=True))
    ribbons = vtk.vtkPolyData()
    ribbons.SetPoints(points)
    ribbons.SetPolys(cells)
    return ribbons


def _whole(curve: FloatArray) -> list[FloatArray]:
    return [closed(curve)]
