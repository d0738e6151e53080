"""Lines of the slices on the long axis, of the long axis on the short one; the slice on display stands out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import vtk

from CardiacSegmentationLib.gui.layout import long_axis_view, reading_view
from CardiacSegmentationLib.scene.plane_lines import PlaneLines, long_axis_line, slice_lines
from CardiacSegmentationLib.scene.views import current_slice, short_axis_views

if TYPE_CHECKING:
    from CardiacSegmentationLib.long_axis import LongAxis
    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.stack import Array

SHORT_AXIS_COLOUR, LONG_AXIS_COLOUR = (0.95, 0.29, 0.2), (0.9, 0.72, 0.0)  # those of the two views
PALE_COLOUR = (0.62, 0.42, 0.4)


class LongAxisLines:
    """They follow the slice of the short-axis view."""

    def __init__(self) -> None:
        self._slices = PlaneLines("Short-axis slices", PALE_COLOUR, 1)
        self._shown = PlaneLines("Short-axis slice on display", SHORT_AXIS_COLOUR, 3)
        self._long_axis = PlaneLines("Long axis", LONG_AXIS_COLOUR, 1)
        self._study: Study | None = None
        self._of: LongAxis | None = None
        self._cuts: dict[int, Array] = {}
        self._view: Any = None
        self._tag: int | None = None
        self._at: int | None = None

    def show(self, study: Study | None, long_axis: LongAxis | None) -> None:
        """Another study or long axis; None hides all lines."""
        self._study, self._of, self._at = study, long_axis, None
        self._cuts = slice_lines(study, long_axis) if study is not None and long_axis is not None else {}
        self._follow(reading_view(study) if study is not None and long_axis is not None else None)
        self._update()

    def forget(self) -> None:
        """The scene closes, or the panel goes."""
        self._follow(None)
        self._study = self._of = None
        for lines in (self._slices, self._shown, self._long_axis):
            lines.forget()

    def _update(self, *_event: Any) -> None:
        study, long_axis, beside = self._study, self._of, long_axis_view()
        if study is None or long_axis is None or beside is None or self._view is None or not study.exists:
            for lines in (self._slices, self._shown, self._long_axis):
                lines.hide()
            return
        at = current_slice(study, self._view)
        if at == self._at:
            return
        self._at = at
        scene, cut = study.node.GetScene(), long_axis_line(study, long_axis, at)
        self._slices.show(scene, [line for slice_, line in self._cuts.items() if slice_ != at], [beside])
        self._shown.show(scene, [self._cuts[at]] if at in self._cuts else [], [beside])
        self._long_axis.show(scene, [] if cut is None else [cut], short_axis_views(study))

    def _follow(self, view: Any) -> None:
        if view is self._view:
            return
        if self._view is not None:
            self._view.RemoveObserver(self._tag)
        self._view = view
        self._tag = view.AddObserver(vtk.vtkCommand.ModifiedEvent, self._update) if view is not None else None
