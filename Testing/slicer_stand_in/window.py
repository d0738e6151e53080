"""Slicer's window with the panel and the views of the layout in use, as large as they would be there, for pictures.

==============  ===============================================================================================
Window          qSlicerMainWindow: the module panel on the left, the layout beside it
_arrange        ctkLayoutManager (commontk/CTK): splitters share their room as ``splitSize`` says
TableView       qMRMLTableView: columns as wide as their longest text, the first one as row header where told to
PlotView        qMRMLPlotView: VTK draws the series of the chart node with its font sizes
==============  ===============================================================================================
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import slicer
import vtk
from PySide6 import QtCore, QtGui, QtWidgets
from slicer_host.view import SliceView
from vtk.util.numpy_support import vtk_to_numpy

if TYPE_CHECKING:
    from collections.abc import Callable

TOP, BAR = 62, 30  # pixels: menu and tool bar of the window; the bar above each view
BAR_COLOURS = {"vtkMRMLSliceNode": "#F34A33", "vtkMRMLPlotViewNode": "#1BC0D0", "vtkMRMLTableViewNode": "#E8B83A"}


class Window:
    """The window; ``views`` are those of the layout by the class of their node."""

    def __init__(self, panel: Any, volume: Any, size: tuple[int, int], panel_width: int) -> None:
        """``volume`` is what the slice views show."""
        self._volume = volume
        self.widget = QtWidgets.QWidget()
        self.views: dict[str, QtWidgets.QWidget] = {}
        self._draw: list[Callable[[], None]] = []
        layout = QtWidgets.QHBoxLayout(self.widget)
        layout.setContentsMargins(0, TOP, 0, 0)
        scroll = QtWidgets.QScrollArea()
        scroll.setWidget(panel)
        scroll.setWidgetResizable(True)
        scroll.setFixedWidth(panel_width)
        layout.addWidget(scroll)
        node = slicer.app.layoutManager().layoutLogic().GetLayoutNode()
        layout.addWidget(self._arrange(ET.fromstring(node.GetCurrentLayoutDescription())), 1)
        self.widget.resize(*size)
        self.widget.show()
        self._scroll = scroll

    def picture(self) -> Any:
        """The window as it is."""
        for _ in range(3):
            slicer.app.processEvents()
        for draw in self._draw:
            draw()
        slicer.app.processEvents()
        return QtWidgets.QWidget.grab(self.widget)

    def scroll_to_end(self) -> None:
        """Show the last lines of the panel."""
        slicer.app.processEvents()
        bar = self._scroll.verticalScrollBar()
        bar.setValue(bar.maximum())

    def close(self) -> None:
        """The panel goes on without it."""
        self._scroll.takeWidget()
        self.widget.close()
        self.widget.deleteLater()

    def _arrange(self, element: ET.Element) -> QtWidgets.QWidget:
        if element.tag == "view":
            return self._view(element.get("class") or "", element.get("singletontag") or "")
        horizontal = element.get("type") == "horizontal"
        splitter = QtWidgets.QSplitter(
            QtCore.Qt.Orientation.Horizontal if horizontal else QtCore.Qt.Orientation.Vertical
        )
        items = list(element)
        for item in items:
            splitter.addWidget(self._arrange(item[0]))
        sizes = [int(item.get("splitSize") or 0) for item in items]
        if all(sizes):
            splitter.setSizes([100 * size for size in sizes])
        return splitter

    def _view(self, kind: str, tag: str) -> QtWidgets.QWidget:
        node = slicer.mrmlScene.GetSingletonNode(tag, kind)
        frame = QtWidgets.QWidget()
        layout = QtWidgets.QVBoxLayout(frame)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        bar = QtWidgets.QLabel(f"  {node.GetLayoutLabel() or 1}")
        bar.setFixedHeight(BAR)
        bar.setStyleSheet(f"background: {BAR_COLOURS[kind]}; color: black")
        layout.addWidget(bar)
        if kind == "vtkMRMLTableViewNode":
            view: QtWidgets.QWidget = TableView(node.GetTableNode())
        else:
            view = QtWidgets.QLabel()
            view.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Ignored)
            pixels = _slice_pixels if kind == "vtkMRMLSliceNode" else _plot_pixels
            self._draw.append(
                lambda: view.setPixmap(_pixmap(pixels(node, (view.width(), view.height()), self._volume)))
            )  # type: ignore[attr-defined]
        layout.addWidget(view, 1)
        self.views[kind] = view
        return frame


class TableView(QtWidgets.QTableWidget):
    """A table node, read only."""

    def __init__(self, node: Any) -> None:
        table = node.GetTable()
        first = 1 if node.GetUseFirstColumnAsRowHeader() else 0
        columns = range(first, table.GetNumberOfColumns())
        super().__init__(table.GetNumberOfRows(), len(columns))
        names = [table.GetColumnName(column) for column in columns]
        self.setHorizontalHeaderLabels([node.GetColumnTitle(name) or name for name in names])
        for row in range(table.GetNumberOfRows()):
            if first:
                header = QtWidgets.QTableWidgetItem(table.GetValue(row, 0).ToString())
                self.setVerticalHeaderItem(row, header)
            for place, column in enumerate(columns):
                self.setItem(row, place, QtWidgets.QTableWidgetItem(table.GetValue(row, column).ToString()))
        self.resizeColumnsToContents()

    def needed(self) -> int:
        """Pixels from the first to the last column."""
        return int(self.verticalHeader().sizeHint().width() + self.horizontalHeader().length() + 2 * self.frameWidth())


def _slice_pixels(node: Any, size: tuple[int, int], volume: Any) -> Any:
    view = SliceView(slicer.app.applicationLogic(), node.GetName(), size)
    view.logic.GetSliceCompositeNode().SetBackgroundVolumeID(volume.GetID())
    pixels = view.pixels()
    view.close()
    return pixels


def _plot_pixels(node: Any, size: tuple[int, int], _volume: Any) -> Any:
    chart_node, view = node.GetPlotChartNode(), vtk.vtkContextView()
    view.GetRenderWindow().SetOffScreenRendering(1)
    view.GetRenderWindow().SetSize(*size)
    chart = vtk.vtkChartXY()
    view.GetScene().AddItem(chart)
    for index in range(chart_node.GetNumberOfPlotSeriesNodes()):
        series = chart_node.GetNthPlotSeriesNode(index)
        plot = chart.AddPlot(vtk.vtkChart.LINE if series.GetLineStyle() else vtk.vtkChart.POINTS)
        plot.SetInputData(series.GetTableNode().GetTable(), series.GetXColumnName(), series.GetYColumnName())
        plot.SetColorF(*series.GetColor())
        plot.SetWidth(series.GetLineWidth())
        plot.SetMarkerStyle(series.GetMarkerStyle())
        plot.SetMarkerSize(series.GetMarkerSize())
        plot.SetLabel(series.GetName())
    chart.SetTitle(chart_node.GetTitle())
    chart.GetTitleProperties().SetFontSize(chart_node.GetTitleFontSize())
    chart.SetShowLegend(chart_node.GetLegendVisibility())
    titles = {vtk.vtkAxis.BOTTOM: chart_node.GetXAxisTitle(), vtk.vtkAxis.LEFT: chart_node.GetYAxisTitle()}
    for place, title in titles.items():
        axis = chart.GetAxis(place)
        axis.SetTitle(title)
        axis.GetTitleProperties().SetFontSize(chart_node.GetAxisTitleFontSize())
        axis.GetLabelProperties().SetFontSize(chart_node.GetAxisLabelFontSize())
    view.Render()
    grab = vtk.vtkWindowToImageFilter()
    grab.SetInput(view.GetRenderWindow())
    grab.Update()
    columns, rows, _ = grab.GetOutput().GetDimensions()
    scalars = vtk_to_numpy(grab.GetOutput().GetPointData().GetScalars())
    return scalars.reshape(rows, columns, -1)[::-1, :, :3].copy()


def _pixmap(pixels: Any) -> QtGui.QPixmap:
    rows, columns, _ = pixels.shape
    image = QtGui.QImage(pixels.tobytes(), columns, rows, 3 * columns, QtGui.QImage.Format.Format_RGB888)
    return QtGui.QPixmap.fromImage(image)
