"""Dashed outlines above the image shown: what the network drew, and what a propagation proposes.

Slicer's segmentation display cannot dash. So the lines are a model of their own, made anew for each image shown: hidden
from lists, and not saved with the scene.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk

from CardiacSegmentationLib.scene.cine import stack_affine
from CardiacSegmentationLib.scene.voxels import LPS_TO_RAS

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Contours, FloatArray

DASH_MM, GAP_MM = 2.0, 2.0
# Names of the nodes. What does not count is dashed by dark gaps over the outline that is there.
AUTOMATIC, PROPOSED, NOT_COUNTED = "Automatic outline", "Proposed outline", "Outline that does not count"
COLOURS = {AUTOMATIC: (1.0, 1.0, 1.0), PROPOSED: (1.0, 1.0, 0.0), NOT_COUNTED: (0.0, 0.0, 0.0)}
WIDTHS = {AUTOMATIC: 2, PROPOSED: 2, NOT_COUNTED: 4}


class DashedOutline:
    """The outlines of one image at a time, in all views that show its slice."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._node: Any = None
        self._lines = vtk.vtkPolyData()

    @property
    def is_shown(self) -> bool:
        """Whether there is anything to see."""
        return bool(self._lines.GetNumberOfPoints())

    def show(self, study: Study, slice_: int, contours: Contours | None) -> None:
        """Show contours of an image of a slice; ``None`` hides them."""
        if contours is None or not contours.borders:
            self.hide()
            return
        self._require_node(study.node.GetScene())
        dashes = [dash for curve in contours.borders.values() for dash in dashed(curve)]
        self._lines.ShallowCopy(_poly_data(dashes, study, slice_, contours.spacing_mm))
        self._lines.Modified()

    def hide(self) -> None:
        """Nothing is to be seen."""
        if self.is_shown:
            self._lines.Initialize()
            self._lines.Modified()

    def forget(self) -> None:
        """The scene closes, or the panel goes: so does the node."""
        node, self._node = self._node, None
        self._lines = vtk.vtkPolyData()  # the old lines go with their node, untouched: a view may be going as well
        if node is not None and node.GetScene() is not None:
            display, scene = node.GetDisplayNode(), node.GetScene()
            scene.RemoveNode(node)
            if display is not None and display.GetScene() is not None:
                scene.RemoveNode(display)

    def _require_node(self, scene: Any) -> None:
        if self._node is not None and self._node.GetScene() is scene:
            return
        display = slicer.vtkMRMLModelDisplayNode()
        display.SetColor(*COLOURS[self._name])
        display.SetLineWidth(WIDTHS[self._name])
        display.SetSliceIntersectionThickness(WIDTHS[self._name])
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


def dashed(curve: FloatArray) -> list[FloatArray]:
    """The dashes of a closed curve ``[point, (row, column)]`` in mm."""
    ring = np.concatenate([curve, curve[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(ring, axis=0).T))])
    count = max(round(along[-1] / (DASH_MM + GAP_MM)), 1)
    period = along[-1] / count
    dashes = []
    for number in range(count):
        start, end = number * period, number * period + period * DASH_MM / (DASH_MM + GAP_MM)
        at = np.concatenate([[start], along[(along > start) & (along < end)], [end]])
        dashes.append(np.stack([np.interp(at, along, axis) for axis in ring.T], axis=1))
    return dashes


def _poly_data(dashes: list[FloatArray], study: Study, slice_: int, spacing_mm: tuple[float, float]) -> Any:
    places = np.concatenate(dashes) / spacing_mm
    ijk = np.stack([places[:, 1], places[:, 0], np.full(len(places), slice_), np.ones(len(places))], axis=1)
    ras = ijk @ (LPS_TO_RAS @ stack_affine(study.images))[:3].T
    points, cells = vtk.vtkPoints(), vtk.vtkCellArray()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(ras), deep=True))
    first = 0
    for dash in dashes:
        cells.InsertNextCell(len(dash), range(first, first + len(dash)))
        first += len(dash)
    lines = vtk.vtkPolyData()
    lines.SetPoints(points)
    lines.SetLines(cells)
    return lines
