"""A hand on the mouse in a slice view: places of contours, and drags between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study
    from slicer_host.view import SliceView

    from slicer_stand_in.hand import Hand

SLICE = 4  # in the middle of the heart


def in_view(view: SliceView, study: Study, place_mm: Any) -> tuple[float, float]:
    """Where a place of a contour is in the view."""
    import vtk

    to_ras = vtk.vtkMatrix4x4()
    study.volume_node.GetIJKToRASMatrix(to_ras)
    column_mm, row_mm = study.volume_node.GetSpacing()[:2]
    ras = to_ras.MultiplyPoint((place_mm[1] / column_mm, place_mm[0] / row_mm, SLICE, 1))
    return view.ras_to_view(ras[:3])


def border(hand: Hand, name: str) -> Any:
    from CardiacSegmentationLib.scene.views import current_phase
    from CardiacSegmentationLib.segmentation import Border
    from CardiacSegmentationLib.session.contour_commands import contours_at

    session = hand.panel.session
    return contours_at(session, (current_phase(hand.panel.study), SLICE)).borders[Border(name)]


def drag(hand: Hand, view: SliceView, start: Any, by: tuple[float, float]) -> None:
    study = hand.panel.study
    view.drag(in_view(view, study, start), in_view(view, study, start + np.array(by)))
