"""The image that a tool works on, from press to release: its contours, its pixels on display, the line in the view."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import slicer
import vtk
from CardiacSegmentationLib.errors import ContourError
from CardiacSegmentationLib.scene.labelmaps import shared_labelmap
from CardiacSegmentationLib.scene.views import current_phase, slice_at
from CardiacSegmentationLib.segmentation import Label
from slicer.i18n import tr as _
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from CardiacSegmentationLib.segmentation import Contours, FloatArray

SURFACE = "Closed surface"  # as vtkSegmentationConverter names the representation
PARALLEL = 0.999
LINE_COLOUR, LINE_WIDTH, POINT_SIZE = (1.0, 1.0, 0.0), 2, 8


class ImageInHand:
    """One slice of the segmentation on display.

    Where the study is open in the module's panel, contours come from its session and go there as one command. In any
    other segment editor they are those of the pixels, and the pixels are written as any tool does.
    """

    def __init__(self, effect: Any, view: Any, ras: Sequence[float], on_lost: Callable[[], object]) -> None:
        """``on_lost`` is called when other labels come on display; ``ContourError`` where there is nothing to do."""
        from CardiacSegmentationLib.contours import find_contours  # scipy: not while Slicer starts
        from CardiacSegmentationLib.scene.live import live_of
        from CardiacSegmentationLib.session.contour_commands import contours_at

        self._effect, self._view = effect, view
        self._node = effect.parameterSetNode().GetSegmentationNode()
        if self._node is None:
            raise ContourError(_("There is no segmentation here."))
        self._live = live_of(self._node)
        session = self._live.settle() if self._live is not None else None  # a stroke that waits would be read half-done
        self._image, self._values = shared_labelmap(self._node)
        self._index = self._find_slice(ras)
        dimensions = self._image.GetDimensions()[::-1]
        voxels = vtk_to_numpy(self._image.GetPointData().GetScalars()).reshape(dimensions)
        self._pixels = voxels[self._index - self._image.GetExtent()[4]]  # the image's own memory
        self._before = self._pixels.copy()
        self._labels = np.zeros(self._before.shape, np.uint8)
        for label, value in self._values.items():
            self._labels[self._before == value] = label
        self.place: tuple[int, int] | None = None
        if session is not None and self._live is not None:
            self.place = (current_phase(self._live.study), slice_at(self._live.study, ras))
            self.contours: Contours = contours_at(session, self.place)
        else:
            self.contours = find_contours(self._labels, self._spacing_mm)
        self._offset = view.sliceLogic().GetSliceOffset()
        self._line, self._actor = vtk.vtkPolyData(), vtk.vtkActor2D()
        mapper = vtk.vtkPolyDataMapper2D()
        mapper.SetInputData(self._line)
        self._actor.SetMapper(mapper)
        self._actor.GetProperty().SetColor(*LINE_COLOUR)
        self._actor.GetProperty().SetLineWidth(LINE_WIDTH)
        self._actor.GetProperty().SetPointSize(POINT_SIZE)
        effect.addActor2D(view, self._actor)
        # With the button down a key may bring another phase on display.
        self._tag = self._node.AddObserver(
            slicer.vtkMRMLSegmentationNode.SegmentationChangedEvent, lambda *_: on_lost()
        )

    def is_left(self, view: Any) -> bool:
        """Whether another slice came on display, or the mouse went to another view."""
        return view is not self._view or abs(view.sliceLogic().GetSliceOffset() - self._offset) > 0.01

    def place_mm(self, ras: Sequence[float]) -> FloatArray:
        """Where a point of the view lies in the image, (row, column) in mm."""
        column, row = (np.linalg.inv(self._to_ras) @ [*ras[:3], 1.0])[:2]
        return np.array([row, column]) * self._spacing_mm

    def show(self, contours: Contours, lines: Sequence[FloatArray], points: FloatArray | None = None) -> None:
        """Show contours as they would be, as pixels; and lines ``[point, (row, column)]`` in mm above them."""
        self._pixels[...] = self._with(contours)
        self._image.GetPointData().GetScalars().Modified()  # enough for the views, and no event: no stroke yet
        if self._live is not None and self.place is not None:
            self._live.preview(self.place, contours)
        self.draw(lines, points)

    def draw(self, lines: Sequence[FloatArray], points: FloatArray | None = None) -> None:
        """Show lines, and points, above the image."""
        curves = [*lines, *([] if points is None else [points])]
        ends = np.cumsum([0, *map(len, curves)])
        cells, vertices = vtk.vtkCellArray(), vtk.vtkCellArray()
        for number, (first, end) in enumerate(pairwise(ends)):
            if number < len(lines):
                cells.InsertNextCell(int(end - first), range(int(first), int(end)))
            else:
                for index in range(int(first), int(end)):
                    vertices.InsertNextCell(1, [index])
        xyz = self._in_view(np.concatenate(curves)) if curves else np.zeros((0, 3))
        places = vtk.vtkPoints()
        places.SetData(numpy_to_vtk(xyz, deep=True))
        self._line.SetPoints(places)
        self._line.SetLines(cells)
        self._line.SetVerts(vertices)
        self._effect.scheduleRender(self._view)

    def give_back(self) -> None:
        """Take the preview away."""
        self._node.RemoveObserver(self._tag)
        self._effect.removeActor2D(self._view, self._actor)
        self._pixels[...] = self._before
        self._image.GetPointData().GetScalars().Modified()
        if self._live is not None and self.place is not None:
            self._live.preview(self.place, None)
        self._effect.scheduleRender(self._view)

    def take(self, contours: Contours, tool: str) -> None:
        """Take the preview away, and do it: as one step of undo."""
        self.give_back()
        if contours is self.contours:
            return
        has_surface = self._node.GetSegmentation().ContainsRepresentation(SURFACE)
        if self._live is not None and self.place is not None:
            self._live.edit_contours(self.place, contours, tool)
        else:
            self._write(self._with(contours))
        if has_surface:  # a changed label map throws away all other representations
            self._node.GetSegmentation().CreateRepresentation(SURFACE)

    def point(self, places_mm: FloatArray, *, whole_phase: bool) -> None:
        """Ask the network to look where a drag began and ended, ``[2, (row, column)]`` in mm; only the panel can."""
        self.give_back()
        if self._live is None or self.place is None:
            raise ContourError(_("Open the study in the module Cardiac Segmentation: its network looks there."))
        self._live.point(self.place, places_mm, whole_phase)

    def _write(self, pixels: Any) -> None:
        """Change the label map as any tool does."""
        if (pixels != self._before).any():
            self._effect.saveStateForUndo()  # of Slicer's own editor
            self._pixels[...] = pixels
            self._image.Modified()  # the one event of the stroke

    def _with(self, contours: Contours) -> Any:
        from CardiacSegmentationLib.contours import redraw_labels

        labels = redraw_labels(self._labels, self.contours, contours)
        ours = np.isin(self._before, [0, *self._values.values()])  # other segments are left alone
        value_of = np.zeros(max(Label) + 1, self._before.dtype)
        for label, value in self._values.items():
            value_of[label] = value
        return np.where((labels != self._labels) & ours, value_of[labels], self._before)

    def _find_slice(self, ras: Sequence[float]) -> int:
        matrix = vtk.vtkMatrix4x4()
        self._image.GetImageToWorldMatrix(matrix)
        self._to_ras = _as_array(matrix)
        column_mm, row_mm, _slice_mm = np.linalg.norm(self._to_ras[:3, :3], axis=0)
        self._spacing_mm = (float(row_mm), float(column_mm))
        through = self._to_ras[:3, 2] / np.linalg.norm(self._to_ras[:3, 2])
        view_normal = _as_array(self._view.sliceLogic().GetSliceNode().GetSliceToRAS())[:3, 2]
        if abs(through @ view_normal) < PARALLEL:
            raise ContourError(_("Borders are corrected in short-axis views only."))
        index, extent = round(float((np.linalg.inv(self._to_ras) @ [*ras[:3], 1.0])[2])), self._image.GetExtent()
        if not extent[4] <= index <= extent[5]:
            raise ContourError(_("There is no slice here."))
        return int(index)

    def _in_view(self, places_mm: FloatArray) -> Any:
        """Places in the image in pixels of the view."""
        row, column = (places_mm / self._spacing_mm).T
        ijk = np.stack([column, row, np.full(len(row), self._index), np.ones(len(row))], axis=1)
        xy_to_ras = _as_array(self._view.sliceLogic().GetSliceNode().GetXYToRAS())
        xyz = ijk @ (np.linalg.inv(xy_to_ras) @ self._to_ras)[:3].T
        xyz[:, 2] = 0.0
        return np.ascontiguousarray(xyz)


def closed(curve: FloatArray) -> FloatArray:
    """A border as a line that comes back to where it began."""
    return np.concatenate([curve, curve[:1]])


def _as_array(matrix: Any) -> FloatArray:
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
