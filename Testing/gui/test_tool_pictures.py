"""Pictures of the guide: each tool on contours before, with the button down, and after.

CARDIACSEG_PICTURES=docs/images ./run test Testing/gui/test_tool_pictures.py      makes those in docs anew
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from slicer_stand_in.mouse import SLICE, border, in_view

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study
    from slicer_host.view import SliceView
    from slicer_stand_in.hand import Hand

FOLDER = os.environ.get("CARDIACSEG_PICTURES")
pytestmark = [
    pytest.mark.stand_in,
    pytest.mark.skipif(FOLDER is None, reason="no folder for pictures: CARDIACSEG_PICTURES"),
]
FIELD_MM = 130.0


def way_of(tool: str, top: Any, middle: Any) -> list[Any]:
    """Where the mouse goes with the button down, from a border that lies too far inside."""
    if tool == "Push":
        return [np.add(top, (12.0 - step, 0.0)) for step in np.linspace(0.0, 8.0, 9)]
    if tool == "Redraw":
        radius = float(np.hypot(*(top - middle))) + 4.0
        angles = np.radians(np.arange(-150, -29, 6))
        ends = [middle + (radius - 4.0) * np.array([np.sin(a), np.cos(a)]) for a in (angles[0], angles[-1])]
        return [ends[0], *(middle + radius * np.array([np.sin(a), np.cos(a)]) for a in angles[1:-1]), ends[1]]
    return [np.subtract(top, (step, 0.0)) for step in np.linspace(0.0, 4.0, 9)]


@pytest.mark.parametrize("tool", ["Pull", "Push", "Points", "Redraw"])
def test_a_tool_is_pictured(a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView, tool: str) -> None:
    from CardiacSegmentationLib.segmentation import Label
    from CardiacSegmentationLib.session.contour_commands import grow_here
    from matplotlib.image import imsave

    grow_here(a_hand.panel.session, (0, SLICE), [Label.LV], -3.0)  # an error to correct
    curve = border(a_hand, "endo")
    middle, top = curve.mean(axis=0), curve[curve[:, 0].argmin()]
    _zoom(a_big_view, a_segmented_study, middle)
    a_hand.panel._correct.choose_effect(tool)
    shown = [a_big_view.pixels()]
    way = way_of(tool, top, middle)
    a_big_view._move(in_view(a_big_view, a_segmented_study, way[0]))
    a_big_view.interactor.LeftButtonPressEvent()
    for place in way[1:]:
        a_big_view._move(in_view(a_big_view, a_segmented_study, place))
    shown.append(a_big_view.pixels())
    a_big_view.interactor.LeftButtonReleaseEvent()
    shown.append(a_big_view.pixels())
    assert (shown[0] != shown[2]).any()
    imsave(Path(str(FOLDER)) / f"slicer-tool-{tool.lower()}.png", _beside(shown))


def test_segmenting_again_is_pictured(a_hand: Hand, a_segmented_study: Study, a_big_view: SliceView) -> None:
    """A slice that was lost; the proposal after a click with the tool; taken."""
    from matplotlib.image import imsave

    keys, curve = a_hand.panel._shortcuts.actions(), border(a_hand, "endo")
    middle = curve.mean(axis=0)
    _zoom(a_big_view, a_segmented_study, middle)
    keys["R"]()
    keys["L"]()
    shown = [a_big_view.pixels()]
    keys["9"]()
    a_big_view._move(in_view(a_big_view, a_segmented_study, middle))
    a_big_view.interactor.LeftButtonPressEvent()
    a_big_view.interactor.LeftButtonReleaseEvent()
    a_hand.wait_for(lambda: a_hand.panel._correct.proposal.has_next, 60, "the answer")
    shown.append(a_big_view.pixels())
    keys["Shift+T"]()
    shown.append(a_big_view.pixels())
    assert (shown[0] != shown[1]).any()
    assert (shown[1] != shown[2]).any()
    imsave(Path(str(FOLDER)) / "slicer-segment-again.png", _beside(shown))


def _zoom(view: SliceView, study: Study, middle: Any) -> None:
    x, y = in_view(view, study, middle)
    view.node.JumpSliceByCentering(*(_view_to_ras(view) @ [x, y, 0.0, 1.0])[:3])
    view.node.SetFieldOfView(FIELD_MM, FIELD_MM, 1.0)


def _beside(shown: list[Any]) -> Any:
    gap = np.full((shown[0].shape[0], 6, 3), 255, np.uint8)
    return np.concatenate([shown[0], gap, shown[1], gap, shown[2]], 1)


def _view_to_ras(view: SliceView) -> Any:
    import slicer

    return slicer.util.arrayFromVTKMatrix(view.node.GetXYToRAS())
