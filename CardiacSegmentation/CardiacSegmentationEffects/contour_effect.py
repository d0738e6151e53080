"""What the tools on contours share: press, move, release; reach; what is shown meanwhile; how one lets go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import ctk
import qt
import slicer
import vtk
from CardiacSegmentationLib.errors import CardiacSegmentationError, ContourError
from CardiacSegmentationLib.gui.translation import language
from SegmentEditorEffects import AbstractScriptedSegmentEditorEffect
from slicer.i18n import tr as _

from CardiacSegmentationEffects.image_in_hand import ImageInHand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CardiacSegmentationLib.segmentation import Contours, FloatArray

STEP_MM = 2.0  # of the reach, at a key or a step of the wheel
STATUS_MS = 4000


class Drag(Protocol):
    """What a tool does between press and release."""

    def move(self, place_mm: FloatArray, reach_mm: float, *, is_shifted: bool) -> Contours:
        """The contours with the mouse here."""

    def lines(self, contours: Contours) -> list[FloatArray]:
        """What is drawn above the image meanwhile."""


class ContourEffect(AbstractScriptedSegmentEditorEffect):  # type: ignore[misc]
    """One instance per segment editor widget; a tool names itself and says what a press begins."""

    NAME = ""  # never translated: modules find effects by it
    REACH_MM = (15.0, 2.0, 60.0)  # at first, least, most

    def __init__(self, scripted_effect: Any) -> None:
        super().__init__(scripted_effect)
        scripted_effect.name = self.NAME
        scripted_effect.title = self.title()
        scripted_effect.perSegment = False  # it changes all borders, whichever segment is selected
        self._image: ImageInHand | None = None
        self._drag: Drag | None = None
        self._at: FloatArray | None = None
        self._now: Contours | None = None
        self._has_moved = False

    def title(self) -> str:
        """The tool's name for the user."""
        raise NotImplementedError

    def reach_text(self) -> str:
        """What the tool's one number is."""
        return ""

    def description(self) -> str:
        """What the tool does, in a sentence or two."""
        raise NotImplementedError

    def begin(self, image: ImageInHand, place_mm: FloatArray) -> Drag:
        """The button went down here; ``ContourError`` where there is nothing to do."""
        raise NotImplementedError

    # What Slicer asks

    def clone(self) -> Any:
        import qSlicerSegmentationsEditorEffectsPythonQt

        effect = qSlicerSegmentationsEditorEffectsPythonQt.qSlicerSegmentEditorScriptedEffect(None)
        effect.setPythonSource((Path(__file__).parent / f"SegmentEditor{self.NAME}Effect.py").as_posix())
        return effect

    def icon(self) -> Any:
        icons = Path(__file__).parents[1] / "Resources" / "Icons"
        return qt.QIcon(str(icons / f"{self.NAME}.png"))

    def helpText(self) -> str:  # noqa: N802 - Slicer's name
        what = self.reach_text()
        reach = _("[ and ], or Shift + wheel: {what}.").format(what=what) + "<br>" if what else ""
        let_go = _("Esc: let go. It acts on the slice and phase shown only.")
        return f"<html>{self.description()}<br>{reach}{let_go}</html>"

    def createCursor(self, _view: Any) -> Any:  # noqa: N802
        return qt.QCursor(qt.Qt.PointingHandCursor)

    def setupOptionsFrame(self) -> None:  # noqa: N802
        self._slider = ctk.ctkSliderWidget()
        first, least, most = self.REACH_MM
        self._slider.minimum, self._slider.maximum = least, most
        self._slider.singleStep, self._slider.decimals = 1.0, 0
        self._slider.suffix = " mm"
        self._slider.value = first
        self.scriptedEffect.addLabeledOptionsWidget(self.reach_text() + ":", self._slider)
        self._slider.connect("valueChanged(double)", self.updateMRMLFromGUI)

    def setMRMLDefaults(self) -> None:  # noqa: N802
        self.scriptedEffect.setParameterDefault("ReachMm", self.REACH_MM[0])

    def updateGUIFromMRML(self) -> None:  # noqa: N802
        self._slider.blockSignals(True)
        self._slider.value = self.reach_mm
        self._slider.blockSignals(False)

    def updateMRMLFromGUI(self, *_value: Any) -> None:  # noqa: N802
        self.scriptedEffect.setParameter("ReachMm", float(self._slider.value))

    def deactivate(self) -> None:
        self.let_go()

    def cleanup(self) -> None:
        self.let_go()

    def processViewNodeEvents(self, _node: Any, _event: int, view: Any) -> None:  # noqa: N802
        if self._image is not None and self._image.is_left(view):
            self.let_go()

    def processInteractionEvents(self, interactor: Any, event: int, view: Any) -> bool:  # noqa: N802
        if view.className() != "qMRMLSliceWidget":
            return False
        if self._image is not None and self._image.is_left(view):
            self.let_go()
        is_shifted = bool(interactor.GetShiftKey())
        steps = self._steps_of_reach(interactor, event, is_shifted=is_shifted)
        if event == vtk.vtkCommand.KeyPressEvent and interactor.GetKeySym() == "Escape":
            return self.let_go()
        if steps:
            self.change_reach(steps)
        elif event == vtk.vtkCommand.LeftButtonPressEvent and not (
            interactor.GetControlKey() or interactor.GetAltKey()
        ):
            return self._press(view, _ras(interactor, view), is_shifted=is_shifted)
        elif self._drag is None:
            return False  # the wheel alone goes through the slices
        elif event == vtk.vtkCommand.MouseMoveEvent:
            self._move(_ras(interactor, view), is_shifted=is_shifted)
        elif event == vtk.vtkCommand.LeftButtonReleaseEvent:
            self._release()
        return True  # and nobody else pans, zooms or changes the window with this event

    # What the panel asks

    @property
    def reach_mm(self) -> float:
        """How far the tool reaches: fall-off, radius or whatever it calls it."""
        return float(self.scriptedEffect.doubleParameter("ReachMm") or self.REACH_MM[0])

    def change_reach(self, steps: int) -> None:
        """Reach farther, or less far; what is in hand follows at once."""
        _first, least, most = self.REACH_MM
        reach = min(max(self.reach_mm + steps * STEP_MM, least), most)
        self.scriptedEffect.setParameter("ReachMm", reach)
        self.updateGUIFromMRML()
        self._show(is_shifted=False)

    def let_go(self) -> bool:
        """Take back what is in hand, if anything is; whether something was."""
        image, self._image = self._image, None
        was_in_hand, self._drag, self._at, self._now = self._drag is not None, None, None, None
        if image is not None:
            image.give_back()
        return was_in_hand

    # How

    def _steps_of_reach(self, interactor: Any, event: int, *, is_shifted: bool) -> int:
        """By how many steps an event changes the reach: brackets, and the wheel with Shift or while dragging."""
        if event == vtk.vtkCommand.KeyPressEvent:
            return {"bracketleft": -1, "bracketright": 1}.get(interactor.GetKeySym() or "", 0)
        if not is_shifted and self._drag is None:
            return 0
        return {vtk.vtkCommand.MouseWheelForwardEvent: 1, vtk.vtkCommand.MouseWheelBackwardEvent: -1}.get(event, 0)

    def _press(self, view: Any, ras: Sequence[float], *, is_shifted: bool) -> bool:
        self.let_go()  # should the release have gone to a window that popped up
        try:
            self._image = ImageInHand(self.scriptedEffect, view, ras, self.let_go)
            self._at = self._image.place_mm(ras)
            self._drag = self.begin(self._image, self._at)
            self._now, self._has_moved = self._image.contours, False
        except CardiacSegmentationError as reason:
            self.let_go()
            _say(reason)
            return not is_shifted  # Shift and a press beside all borders pans, as ever
        self._image.draw(self._drag.lines(self._image.contours))
        return True

    def _move(self, ras: Sequence[float], *, is_shifted: bool) -> None:
        if self._image is not None:
            self._at = self._image.place_mm(ras)
            self._show(is_shifted=is_shifted)

    def _show(self, *, is_shifted: bool) -> None:
        if self._image is not None and self._drag is not None and self._at is not None:
            self._now, self._has_moved = self._drag.move(self._at, self.reach_mm, is_shifted=is_shifted), True
            self._image.show(self._now, self._drag.lines(self._now))

    def _release(self) -> None:
        image, now, has_moved = self._image, self._now, self._has_moved
        self._image = self._drag = self._at = self._now = None
        if image is not None:
            try:
                image.take(now if now is not None else image.contours, self.NAME)
                if has_moved and (now is None or now is image.contours):
                    raise ContourError.of("changes-nothing")
            except CardiacSegmentationError as reason:
                _say(reason)


def _say(error: CardiacSegmentationError) -> None:
    slicer.util.showStatusMessage(error.text(language()), STATUS_MS)


def _ras(interactor: Any, view: Any) -> Sequence[float]:
    """Where the mouse is; ``xyToRas`` of the base class goes through whole pixels."""
    x, y = interactor.GetEventPosition()
    ras: Sequence[float] = view.sliceLogic().GetSliceNode().GetXYToRAS().MultiplyPoint((x, y, 0.0, 1.0))
    return ras[:3]
