"""What is on display: the phase in time, the slice in space."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.scene.cine import stack_affine, stack_shape
from CardiacSegmentationLib.scene.nodes import nodes_of_class
from CardiacSegmentationLib.scene.voxels import LPS_TO_RAS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Labels
    from CardiacSegmentationLib.stack import Array

HEART_MARGIN_MM = 20.0  # around the labels: enough to judge what lies next to the heart


def current_phase(study: Study) -> int:
    """The phase on display."""
    return int(study.browser.GetSelectedItemNumber())


def go_to_phase(study: Study, phase: int) -> None:
    """Show another phase; after the last comes the first. What was edited in the one before stays."""
    study.browser.SetSelectedItemNumber(phase % study.images.GetNumberOfDataNodes())


def play(study: Study, on: bool) -> None:
    """Start or stop the cine loop."""
    study.browser.SetPlaybackActive(on)


def align_view(study: Study, slice_node: Any) -> None:
    """Turn a slice view so that it shows the images as the scanner made them: columns to the right, rows down."""
    right, down, _ = _directions(study)
    slices, rows, columns = stack_shape(study.images)
    center = _to_ras(study) @ [(columns - 1) / 2, (rows - 1) / 2, slices // 2, 1]
    slice_node.SetSliceToRASByNTP(*np.cross(right, -down), *right, *center[:3], 0)


def zoom_to_labels(study: Study, slice_node: Any, labels: Labels) -> None:
    """Fill a view that is aligned to the images with what ``labels[phase, slice, row, column]`` mark, in all phases.

    The slice on display stays; without labels everything stays.
    """
    if not labels.any():
        return
    rows, columns = (np.flatnonzero(labels.any(axis=axes)) for axes in ((0, 1, 3), (0, 1, 2)))
    step_mm = np.linalg.norm(_to_ras(study)[:3, :2], axis=0)
    sizes_mm = np.array([np.ptp(columns) + 1, np.ptp(rows) + 1]) * step_mm + 2 * HEART_MARGIN_MM
    width_mm, height_mm, depth_mm = slice_node.GetFieldOfView()
    factor = max(sizes_mm / (width_mm, height_mm))
    slice_node.SetFieldOfView(factor * width_mm, factor * height_mm, depth_mm)
    middle = [(columns[0] + columns[-1]) / 2, (rows[0] + rows[-1]) / 2, current_slice(study, slice_node), 1]
    slice_node.JumpSliceByCentering(*(_to_ras(study) @ middle)[:3])


def zoom_around_labels(study: Study, slice_node: Any, labels: Labels, margin_mm: float) -> None:
    """Fill a view that cuts the stack at any angle with what is labelled, in all phases; its plane stays."""
    if not labels.any():
        return
    ends = [np.flatnonzero(labels.any(axis=axes))[[0, -1]] for axes in ((0, 1, 2), (0, 1, 3), (0, 2, 3))]
    corners = np.array([[*index, 1.0] for index in product(*ends)]) @ _to_ras(study).T  # of (column, row, slice)
    matrix = slice_node.GetSliceToRAS()
    across, up, middle = (_column(matrix, column) for column in (0, 1, 3))
    in_view = (corners[:, :3] - middle) @ np.stack([across, up], axis=1)
    low, high = in_view.min(axis=0), in_view.max(axis=0)
    width_mm, height_mm, depth_mm = slice_node.GetFieldOfView()
    factor = max((high - low + 2 * margin_mm) / (width_mm, height_mm))
    slice_node.SetFieldOfView(factor * width_mm, factor * height_mm, depth_mm)
    centre = middle + (low + high) / 2 @ np.stack([across, up])
    slice_node.JumpSliceByCentering(*centre)


def short_axis_views(study: Study) -> tuple[Any, ...]:
    """The slice nodes that look along the short axis."""
    right, down, _ = _directions(study)
    normal = np.cross(right, down)
    views = nodes_of_class(study.node.GetScene(), "vtkMRMLSliceNode")
    return tuple(view for view in views if abs(normal @ _column(view.GetSliceToRAS(), 2)) > 0.999)


def current_slice(study: Study, slice_node: Any) -> int:
    """The slice nearest to where a view is."""
    return slice_at(study, _column(slice_node.GetSliceToRAS(), 3).tolist())


def slice_at(study: Study, ras: Sequence[float]) -> int:
    """The slice nearest to a place."""
    index = np.linalg.inv(_to_ras(study)) @ [*ras[:3], 1.0]
    return int(np.clip(round(float(index[2])), 0, stack_shape(study.images)[0] - 1))


def go_to_slice(study: Study, index: int, views: Iterable[Any] | None = None) -> None:
    """Show another slice in the given views, or in all that look along the short axis."""
    center = _to_ras(study) @ [0, 0, index, 1]
    for view in short_axis_views(study) if views is None else views:
        view.JumpSliceByOffsetting(*center[:3])


def _to_ras(study: Study) -> Array:
    matrix: Array = LPS_TO_RAS @ stack_affine(study.images)
    return matrix


def _directions(study: Study) -> tuple[Array, Array, Array]:
    axes = _to_ras(study)[:3, :3]
    right, down, through = (axes / np.linalg.norm(axes, axis=0)).T
    return right, down, through


def _column(matrix: Any, column: int) -> Array:
    return np.array([matrix.GetElement(row, column) for row in range(3)])
