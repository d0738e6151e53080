"""Who is shown, in the corner of the big view: as long as it shows the images of that study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import slicer
import vtk

from CardiacSegmentationLib.gui.layout import SHORT_AXIS

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study

FONT_SIZE = 14
INSET = 0.985  # of the view's width and height


class CornerText:
    """Text at the upper right, where Slicer writes nothing; it goes when other images are put into the view."""

    def __init__(self) -> None:
        self._actor: Any = None
        self._view: Any = None
        self._composite: Any = None
        self._tag: int | None = None
        self._study: Study | None = None
        self._text = ""

    def show(self, study: Study | None, text: str) -> None:
        """Write this about the study; an empty text writes nothing."""
        self._study, self._text = study, text
        if self._actor is None and not self._find_view():
            return
        self._update()

    def remove(self) -> None:
        """Leave the view as it was."""
        self._study = None
        if self._composite is not None:
            self._composite.RemoveObserver(self._tag)
        if self._actor is not None:
            _renderer(self._view).RemoveViewProp(self._actor)
            self._view.scheduleRender()
        self._actor = self._view = self._composite = None

    def _find_view(self) -> bool:
        manager = slicer.app.layoutManager()
        widget = manager.sliceWidget(SHORT_AXIS) if manager is not None else None
        if widget is None:
            return False
        self._view, self._composite = widget.sliceView(), widget.sliceLogic().GetSliceCompositeNode()
        self._tag = self._composite.AddObserver(vtk.vtkCommand.ModifiedEvent, self._update)
        self._actor = _make_actor()
        _renderer(self._view).AddViewProp(self._actor)
        return True

    def _update(self, *_event: Any) -> None:
        study = self._study
        shown = study.volume_node if study is not None and study.exists else None
        is_shown = shown is not None and self._composite.GetBackgroundVolumeID() == shown.GetID()
        text = self._text if is_shown else ""
        if self._actor.GetInput() != text:
            self._actor.SetInput(text)
            self._view.scheduleRender()


def _make_actor() -> Any:
    actor = vtk.vtkTextActor()
    actor.SetInput("")
    place = actor.GetPositionCoordinate()
    place.SetCoordinateSystemToNormalizedViewport()
    place.SetValue(INSET, INSET)
    style = actor.GetTextProperty()
    style.SetFontSize(FONT_SIZE)
    style.SetJustificationToRight()
    style.SetVerticalJustificationToTop()
    style.SetShadow(True)
    return actor


def _renderer(view: Any) -> Any:
    return view.renderWindow().GetRenderers().GetFirstRenderer()
