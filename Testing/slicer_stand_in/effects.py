"""Segment editor effects written in Python, run by the stand-in for the editor's widget in views of ``slicer_host``.

======================================  =========================================================================
qSlicerSegmentEditorScriptedEffect      Modules/Loadable/Segmentations/EditorEffects/qSlicerSegmentEditor…Effect.cxx:
                                        the adaptor between Slicer and the effect's class, found by its file's name
qSlicerSegmentEditorEffectFactory       …EditorEffects/qSlicerSegmentEditorEffectFactory.cxx: refuses a name twice
AbstractScriptedSegmentEditorEffect     …EditorEffects/Python/SegmentEditorEffects
SliceWidget                             qMRMLSliceWidget (Libs/MRML/Widgets) around a real view
======================================  =========================================================================
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import slicer
import vtk

from slicer_stand_in import qt

if TYPE_CHECKING:
    from slicer_host.view import SliceView

# qMRMLSegmentEditorWidget::setupViewObservations
EVENTS = (
    *("LeftButtonPressEvent", "LeftButtonReleaseEvent", "RightButtonPressEvent", "RightButtonReleaseEvent"),
    *("MouseMoveEvent", "MouseWheelForwardEvent", "MouseWheelBackwardEvent", "EnterEvent", "LeaveEvent"),
    *("KeyPressEvent", "KeyReleaseEvent"),
)
PRIORITY = 2.0  # before those of the view itself


class ScriptedEffect:
    """The adaptor: what an effect may call and set; anything else raises."""

    def __init__(self, _parent: Any) -> None:
        self.name, self.title, self.perSegment, self.requireSegments = "UnnamedScriptedEffect", "", True, True
        self._python: Any = None
        self._editor: Any = None
        self._options = qt.QFormLayout()
        self.optionsFrame = qt.QFrame()
        self.optionsFrame.setLayout(self._options)

    def setPythonSource(self, path: str) -> bool:
        """The class is looked for in the module named after the file's folder; only then is the file loaded."""
        module = sys.modules[Path(path).parent.name]
        self._python = getattr(module, Path(path).stem)(self)
        return True

    def self(self) -> Any:
        return self._python

    def into(self, editor: Any) -> ScriptedEffect:
        """For the editor's widget: qMRMLSegmentEditorWidgetPrivate's clones get their options at once."""
        clone: ScriptedEffect = self._python.clone()
        clone._editor = editor
        clone._python.setupOptionsFrame()
        return clone

    def parameterSetNode(self) -> Any:
        return self._editor.mrmlSegmentEditorNode()

    def doubleParameter(self, name: str) -> float:
        return float(self.parameterSetNode().GetAttribute(f"{self.name}.{name}") or 0)

    def setParameter(self, name: str, value: Any) -> None:
        self.parameterSetNode().SetAttribute(f"{self.name}.{name}", str(value))

    def setParameterDefault(self, name: str, value: Any) -> None:
        if self.parameterSetNode().GetAttribute(f"{self.name}.{name}") is None:
            self.setParameter(name, value)

    def addLabeledOptionsWidget(self, label: str, widget: Any) -> Any:
        self._options.addRow(label, widget)
        return widget

    def saveStateForUndo(self) -> None:
        if self._editor.undoEnabled:
            self._editor.logic().SaveStateForUndo()

    def addActor2D(self, view: SliceWidget, actor: Any) -> None:
        view.view.renderer.AddViewProp(actor)

    def removeActor2D(self, view: SliceWidget, actor: Any) -> None:
        view.view.renderer.RemoveViewProp(actor)

    def scheduleRender(self, view: SliceWidget) -> None:
        """Nobody waits for it here: pictures render."""


class Factory:
    """One for the program."""

    def __init__(self) -> None:
        self._effects: list[ScriptedEffect] = []

    def registeredEffects(self) -> list[ScriptedEffect]:
        return list(self._effects)

    def registerEffect(self, effect: ScriptedEffect) -> bool:
        if effect.name in [known.name for known in self._effects]:
            return False
        self._effects.append(effect)
        return True

    def forget(self) -> None:
        """For tests: another program."""
        self._effects.clear()


class SliceWidget:
    """A view that effects can act in."""

    def __init__(self, view: SliceView) -> None:
        self.view = view

    def className(self) -> str:
        return "qMRMLSliceWidget"

    def sliceLogic(self) -> Any:
        return self.view.logic

    def sliceView(self) -> Any:
        """ctkVTKSliceView, as far as somebody draws in it."""
        return SimpleNamespace(renderWindow=lambda: self.view.window, scheduleRender=lambda: None)

    def observe(self, process: Any) -> list[tuple[Any, int]]:
        """Call ``process(interactor, event, widget)``; where it says true, nobody else hears of the event."""
        tags: list[tuple[Any, int]] = []
        interactor = self.view.interactor
        for name in EVENTS:
            number = getattr(vtk.vtkCommand, name)

            def called(caller: Any, _event: str, number: int = number, at: int = len(tags)) -> None:
                if process(caller, number, self):
                    caller.GetCommand(tags[at][1]).SetAbortFlag(1)

            tags.append((interactor, interactor.AddObserver(name, called, PRIORITY)))
        return tags


class AbstractScriptedSegmentEditorEffect:
    """Its Python part, as far as it does anything."""

    def __init__(self, scripted_effect: Any) -> None:
        self.scriptedEffect = scripted_effect

    def register(self) -> None:
        factory.registerEffect(self.scriptedEffect)


factory = Factory()
slice_widgets: list[SliceWidget] = []  # the views in which effects act; a test puts them here


def install() -> None:
    """Put all this where Slicer has it."""
    package, adaptors = ModuleType("SegmentEditorEffects"), ModuleType("qSlicerSegmentationsEditorEffectsPythonQt")
    package.AbstractScriptedSegmentEditorEffect = AbstractScriptedSegmentEditorEffect  # type: ignore[attr-defined]
    adaptors.qSlicerSegmentEditorScriptedEffect = ScriptedEffect  # type: ignore[attr-defined]
    sys.modules.setdefault("SegmentEditorEffects", package)
    sys.modules.setdefault("qSlicerSegmentationsEditorEffectsPythonQt", adaptors)
    slicer.qSlicerSegmentEditorEffectFactory = type("qSlicerSegmentEditorEffectFactory", (), {})
    slicer.qSlicerSegmentEditorEffectFactory.instance = staticmethod(lambda: factory)
