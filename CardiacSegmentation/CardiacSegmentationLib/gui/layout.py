"""The arrangement of views for reading a cine study: the short axis big, the curve and the numbers beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import slicer

from CardiacSegmentationLib.scene.long_axes import long_axis_volume
from CardiacSegmentationLib.scene.nodes import nodes_of_class
from CardiacSegmentationLib.scene.uncertainty import uncertainty_node
from CardiacSegmentationLib.scene.views import (
    align_view,
    go_to_slice,
    short_axis_views,
    zoom_around_labels,
    zoom_to_labels,
)
from CardiacSegmentationLib.scene.voxels import LPS_TO_RAS

if TYPE_CHECKING:
    from CardiacSegmentationLib.long_axis import LongAxis
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Labels

LAYOUT_ID = 5160  # any number that no other module uses; Slicer's own end below 100
LONG_AXIS_LAYOUT_ID = 5161  # with a long axis beside the short one
SHORT_AXIS, LONG_AXIS = "Red", "LongAxis"
LONG_AXIS_MARGIN_MM = 40.0  # around the labels: so much of the atria shows where the valves are
UNCERTAINTY_OPACITY = 0.4
OPACITY_BEFORE = "CardiacSegmentation.ForegroundOpacity"  # attribute of a view that shows the map of uncertainty
LAYOUT = """
<layout type="horizontal" split="true">
 <item splitSize="570">
  <view class="vtkMRMLSliceNode" singletontag="Red">
   <property name="orientation" action="default">Axial</property>
   <property name="viewlabel" action="relayout">SAX</property>
   <property name="viewcolor" action="default">#F34A33</property>
  </view>
 </item>
 <item splitSize="430">
  <layout type="vertical" split="true">
   <item splitSize="440"><view class="vtkMRMLPlotViewNode" singletontag="CardiacPlot"/></item>
   <item splitSize="560"><view class="vtkMRMLTableViewNode" singletontag="CardiacTable"/></item>
  </layout>
 </item>
</layout>
"""

LONG_AXIS_ITEM = """
   <item splitSize="500">
    <view class="vtkMRMLSliceNode" singletontag="LongAxis">
     <property name="orientation" action="default">Axial</property>
     <property name="viewlabel" action="relayout">LAX</property>
     <property name="viewcolor" action="default">#E6B800</property>
    </view>
   </item>"""
LONG_AXIS_LAYOUT = (
    LAYOUT.replace('splitSize="440"', 'splitSize="240"')
    .replace('splitSize="560"', 'splitSize="260"')
    .replace('<layout type="vertical" split="true">', f'<layout type="vertical" split="true">{LONG_AXIS_ITEM}')
)
LAYOUTS = {LAYOUT_ID: LAYOUT, LONG_AXIS_LAYOUT_ID: LONG_AXIS_LAYOUT}


def register_layout() -> None:
    """Tell Slicer the reading layouts, where there is a window: a saved scene names its layout by number alone."""
    node = _layout_node()
    if node is not None and sum(node.AddLayoutDescription(*layout) for layout in LAYOUTS.items()):
        node.SetViewArrangement(node.GetViewArrangement())  # a scene opened before may have asked for it in vain


def show_layout(*, with_long_axis: bool = False) -> None:
    """Switch to the reading layout, where there is a window."""
    register_layout()
    node = _layout_node()
    if node is not None:
        node.SetViewArrangement(LONG_AXIS_LAYOUT_ID if with_long_axis else LAYOUT_ID)


def show_study(study: Study) -> None:
    """Put the images into the slice views, the short axis as acquired, the middle slice first.

    The view for a long axis gets its own image afterwards, see ``show_long_axis``.
    """
    for logic in _slice_logics():
        logic.GetSliceCompositeNode().SetBackgroundVolumeID(study.volume_node.GetID())
    show_uncertainty(study)
    view = short_axis_view()
    for other in nodes_of_class(slicer.mrmlScene, "vtkMRMLSliceNode"):
        if other is not view:  # also hidden ones: the segment editor warns of any that is not parallel to the voxels
            other.RotateToVolumePlane(study.volume_node)
    if view is not None:
        align_view(study, view)
        for logic in _slice_logics():
            if logic.GetSliceNode() is view:
                logic.FitSliceToBackground()
        go_to_slice(study, study.volume_node.GetImageData().GetDimensions()[2] // 2, [view])


def show_long_axis(study: Study, long_axis: LongAxis | None) -> None:
    """Put a long axis into its view, columns to the right and rows down; without one it is a view like any other."""
    view = long_axis_view()
    volume = study.volume_node if long_axis is None else long_axis_volume(study, long_axis.name)
    if view is None or volume is None:
        return
    for logic in _slice_logics():
        if logic.GetSliceNode() is view:
            logic.GetSliceCompositeNode().SetBackgroundVolumeID(volume.GetID())
    if long_axis is None:
        view.RotateToVolumePlane(volume)
        return
    right, down = (
        (LPS_TO_RAS[:3, :3] @ long_axis.affine[:3, axis]) / long_axis.spacing_mm[1 - axis] for axis in (0, 1)
    )
    rows, columns = long_axis.voxels.shape[1:]
    middle = LPS_TO_RAS @ long_axis.affine @ [(columns - 1) / 2, (rows - 1) / 2, 0, 1]
    view.SetSliceToRASByNTP(*np.cross(right, -down), *right, *middle[:3], 0)
    for logic in _slice_logics():
        if logic.GetSliceNode() is view:
            logic.FitSliceToBackground()


def zoom_to_heart(study: Study, labels: Labels) -> None:
    """Bring the big view near to what is labelled, where it shows the short axis, and the long axis beside it."""
    view = short_axis_view()
    if view in short_axis_views(study):
        zoom_to_labels(study, view, labels)
    if long_axis_view() is not None:
        zoom_around_labels(study, long_axis_view(), labels, LONG_AXIS_MARGIN_MM)


def show_uncertainty(study: Study) -> None:
    """Lay the map of uncertainty over the images; without one, what the user laid there stays."""
    node = uncertainty_node(study)
    for logic in _slice_logics():
        composite = logic.GetSliceCompositeNode()
        before = composite.GetAttribute(OPACITY_BEFORE)
        if node is not None:
            if before is None:
                composite.SetAttribute(OPACITY_BEFORE, str(composite.GetForegroundOpacity()))
            composite.SetForegroundVolumeID(node.GetID())
            composite.SetForegroundOpacity(UNCERTAINTY_OPACITY)
        elif before is not None:
            composite.SetForegroundVolumeID(None)
            composite.SetForegroundOpacity(float(before))
            composite.RemoveAttribute(OPACITY_BEFORE)


def show_results(study: Study) -> None:
    """Put the curve and the table into their views; a study that has none leaves no other's there."""
    scene = study.node.GetScene()
    chart, table = study.result("chart"), study.result("summary")
    plot_view = scene.GetSingletonNode("CardiacPlot", "vtkMRMLPlotViewNode")
    if plot_view is not None:
        plot_view.SetPlotChartNodeID(chart.GetID() if chart is not None else None)
    table_view = scene.GetSingletonNode("CardiacTable", "vtkMRMLTableViewNode")
    if table_view is not None:
        table_view.SetTableNodeID(table.GetID() if table is not None else None)


def short_axis_view() -> Any:
    """The slice node of the big view, or None without a window."""
    return slicer.mrmlScene.GetSingletonNode(SHORT_AXIS, "vtkMRMLSliceNode")


def long_axis_view() -> Any:
    """The slice node of the view for a long axis, or None where no layout had one yet."""
    return slicer.mrmlScene.GetSingletonNode(LONG_AXIS, "vtkMRMLSliceNode")


def reading_view(study: Study) -> Any:
    """The view whose slice the panel shows: the big one if it looks along the short axis, else any that does."""
    views = short_axis_views(study)
    big = short_axis_view()
    return big if big in views else next(iter(views), None)


def _layout_node() -> Any:
    manager = slicer.app.layoutManager()
    return manager.layoutLogic().GetLayoutNode() if manager is not None else None


def _slice_logics() -> list[Any]:
    logics = slicer.app.applicationLogic().GetSliceLogics()
    return [logics.GetItemAsObject(index) for index in range(logics.GetNumberOfItems())] if logics is not None else []
