"""Slicer's segment editor, bound to the real scene and the real logic.

It stands in for Modules/Loadable/Segmentations/Widgets/qMRMLSegmentEditorWidget.cxx: the parameter node and
vtkSlicerSegmentEditorLogic are real, when the one follows the other as there.
"""

from __future__ import annotations

from typing import Any

import slicer
import vtk
from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Signal
from shiboken6 import isValid

from slicer_stand_in import effects
from slicer_stand_in.mrml_widgets import WithScene, qMRMLNodeComboBox, register
from slicer_stand_in.pythonqt import wrap_class

crashes: list[str] = []  # what would have ended Slicer: a test that brings one about fails


@register
class qMRMLSegmentEditorWidget(WithScene, wrap_class(QtWidgets.QWidget)):  # type: ignore[misc]
    """The segment editor between its parameter node and what it shows; tests paint through the logic, as effects do.

    As there, ``updateWidgetFromMRML`` carries changes of the parameter node over, except while the scene is closing or
    in a batch; so a tool that is in hand stays in hand then, and its observations of the views stay, too.
    """

    mrmlSceneChanged = Signal(object)
    currentSegmentIDChanged = Signal(str)
    EFFECTS = (
        *("Threshold", "Paint", "Draw", "Erase", "Level tracing", "Grow from seeds", "Fill between slices", "Margin"),
        *("Hollow", "Smoothing", "Scissors", "Islands", "Logical operators", "Mask volume"),
    )

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._logic = slicer.vtkSlicerSegmentEditorLogic()
        self._node: Any = None
        self._observer: int | None = None
        self._bound: Any = None  # the segmentation in the list of segments
        self._bound_observer: int | None = None
        self._active = ""  # the effect in hand
        self._source: Any = None  # the volume that is shown as its source
        self._view_observers: list[tuple[Any, int]] = []
        self._order: list[str] = list(self.EFFECTS)
        self._flags: dict[str, Any] = {"unorderedEffectsVisible": True, "undoEnabled": True}
        self._flags |= {"segmentationNodeSelectorVisible": True, "sourceVolumeNodeSelectorVisible": True}
        self._flags |= {"switchToSegmentationsButtonVisible": True, "readOnly": False}
        self._flags |= {"autoShowSourceVolumeNode": True}
        self._shortcuts_installed = False
        self._effects_of_ours: dict[str, Any] = {}
        self._build()
        self.updateEffectList()

    def _build(self) -> None:
        self._selector = qMRMLNodeComboBox(self)
        self._selector.setProperty("nodeTypes", ["vtkMRMLSegmentationNode"])
        self._selector.setProperty("noneEnabled", True)
        self._selector.setVisible(False)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._segments = QtWidgets.QTableWidget(0, 2, self)
        self._segments.setHorizontalHeaderLabels(["", "Name"])
        self._segments.horizontalHeader().setStretchLastSection(True)
        self._segments.verticalHeader().hide()
        self._segments.setColumnWidth(0, 28)
        self._segments.setMaximumHeight(118)
        self._segments.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        self._segments.cellClicked.connect(lambda row, _: self.setCurrentSegmentID(self._segment_id(row)))
        self._effects = QtWidgets.QWidget(self)
        QtWidgets.QGridLayout(self._effects).setContentsMargins(0, 0, 0, 0)
        self._rotate_warning = QtWidgets.QPushButton("Slice views orientation are not aligned", self)
        self._rotate_warning.setObjectName("SliceRotateWarningButton")
        self._rotate_warning.setVisible(False)
        layout.addWidget(self._rotate_warning)
        layout.addWidget(self._segments)
        layout.addWidget(self._effects)
        self._show_effects()

    def _flag(name: str) -> Property:  # type: ignore[misc]  # noqa: N805
        def change(self: Any, value: Any) -> None:
            self._flags[name] = value
            self._show_effects()

        return Property(bool, lambda self: self._flags[name], change)

    unorderedEffectsVisible = _flag("unorderedEffectsVisible")
    undoEnabled = _flag("undoEnabled")
    segmentationNodeSelectorVisible = _flag("segmentationNodeSelectorVisible")
    sourceVolumeNodeSelectorVisible = _flag("sourceVolumeNodeSelectorVisible")
    switchToSegmentationsButtonVisible = _flag("switchToSegmentationsButtonVisible")
    readOnly = _flag("readOnly")
    autoShowSourceVolumeNode = _flag("autoShowSourceVolumeNode")
    del _flag

    def _scene_was_set(self) -> None:
        self._selector.setMRMLScene(self._scene)
        self._scene.AddObserver(slicer.vtkMRMLScene.EndCloseEvent, lambda *_: self._update())
        self._scene.AddObserver(slicer.vtkMRMLScene.EndBatchProcessEvent, lambda *_: self._batch_ended())
        interaction = slicer.app.applicationLogic().GetInteractionNode()
        interaction.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._mode_changed())
        if slicer.app.layoutManager() is not None:
            slicer.app.layoutManager().layoutChanged.connect(lambda _layout: self._layout_changed())
        self._update()

    def _mode_changed(self) -> None:
        """qSlicerSegmentEditorAbstractEffect::interactionNodeModified: who places points does not paint."""
        interaction = slicer.app.applicationLogic().GetInteractionNode()
        if isValid(self) and self._active and interaction.GetCurrentInteractionMode() != interaction.ViewTransform:
            self._node.SetActiveEffectName("")

    def _layout_changed(self) -> None:
        """onLayoutChanged, while the views are observed."""
        if isValid(self) and self._view_observers:
            self.setupViewObservations()
            self._show_source_volume()

    def _show_source_volume(self) -> None:
        """showSourceVolumeInSliceViewers: where a view shows it in no layer, it takes the place of what is there."""
        source, logics = self.sourceVolumeNode(), slicer.app.applicationLogic().GetSliceLogics()
        if source is None or not self._flags["autoShowSourceVolumeNode"] or logics is None:
            return
        for index in range(logics.GetNumberOfItems()):
            composite = logics.GetItemAsObject(index).GetSliceCompositeNode()
            if source.GetID() not in (composite.GetBackgroundVolumeID(), composite.GetForegroundVolumeID()):
                composite.SetBackgroundVolumeID(source.GetID())
                composite.SetForegroundVolumeID(None)
                composite.SetLabelVolumeID(None)

    def _batch_ended(self) -> None:
        """onMRMLSceneEndBatchProcessEvent: the selector's node wins over the parameter node's."""
        if isValid(self) and self._node is not None:
            if self._node.GetSegmentationNode() is not self._selector.currentNode():
                self.setSegmentationNode(self._selector.currentNode())
            self._update()

    def setMRMLSegmentEditorNode(self, node: Any) -> None:
        if node is self._node:
            return
        if self._node is not None:
            self._node.RemoveObserver(self._observer)
        self._node = node
        self._logic.SetMRMLScene(slicer.mrmlScene)
        self._logic.SetMRMLApplicationLogic(slicer.app.applicationLogic())
        self._logic.SetSegmentEditorNode(node)
        self._observer = None
        if node is not None:
            self._observer = node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._update())
        self._update()

    def mrmlSegmentEditorNode(self) -> Any:
        return self._node

    def logic(self) -> Any:
        return self._logic

    def setSegmentationNode(self, node: Any) -> None:
        if self._node is None or self._node.GetSegmentationNode() is node:
            return
        self.setActiveEffect(None)
        self._node.SetAndObserveSegmentationNode(node)

    def segmentationNode(self) -> Any:
        return self._selector.currentNode()

    def setSourceVolumeNode(self, node: Any) -> None:
        if self._node is None or self.segmentationNode() is None:
            if node is not None:
                QtCore.qCritical("setSourceVolumeNode failed: need to set segment editor and segmentation nodes first")
            return
        self._node.SetAndObserveSourceVolumeNode(node)

    def sourceVolumeNode(self) -> Any:
        return self._node.GetSourceVolumeNode() if self._node is not None else None

    def setCurrentSegmentID(self, segment_id: str) -> None:
        self._node.SetSelectedSegmentID(segment_id)
        self.currentSegmentIDChanged.emit(segment_id)

    def currentSegmentID(self) -> str:
        return str(self._node.GetSelectedSegmentID() or "")

    def updateEffectList(self) -> None:
        """The factory's effects are cloned; those of C++ are names here."""
        for effect in effects.factory.registeredEffects():
            if effect.name not in self._effects_of_ours:
                self._effects_of_ours[effect.name] = effect.into(self)

    def effectByName(self, name: str) -> Any:
        return self._effects_of_ours.get(name)

    def activeEffect(self) -> Any:
        return self._effects_of_ours.get(self._active)

    def setEffectNameOrder(self, order: list[str]) -> None:
        unknown = set(order) - set(self.availableEffectNames())
        if unknown:
            message = f"Slicer has no segment editor effect {sorted(unknown)}"
            raise ValueError(message)
        self._order = list(order) + [name for name in self.availableEffectNames() if name not in order]
        self._ordered = len(order)
        self._show_effects()

    _ordered = 0

    def effectNameOrder(self) -> list[str]:
        return self._order[: self._ordered]

    def availableEffectNames(self) -> list[str]:
        return [*self.EFFECTS, *self._effects_of_ours]

    def setActiveEffectByName(self, name: str) -> None:
        if name and name not in self.availableEffectNames():
            message = f"Slicer has no segment editor effect {name}"
            raise ValueError(message)
        if self._node is not None:
            self._node.SetActiveEffectName(name)

    def setActiveEffect(self, effect: None) -> None:
        """Only ``None``, which ends the effect: effects themselves are C++ objects that exist in Slicer alone."""
        if effect is not None:
            raise NotImplementedError
        self.setActiveEffectByName("")

    def setupViewObservations(self) -> None:
        self.removeViewObservations()
        if slicer.app.layoutManager() is None:
            return
        for node in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
            for observed in (node, node.GetSliceToRAS()):
                tag = observed.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._view_changed())
                self._view_observers.append((observed, tag))
        for widget in effects.slice_widgets:
            self._view_observers += widget.observe(self._process_event)
        self._show_rotate_warning()

    def removeViewObservations(self) -> None:
        for observed, tag in self._view_observers:
            observed.RemoveObserver(tag)
        self._view_observers = []

    def _process_event(self, interactor: Any, event: int, widget: Any) -> bool:
        """processEvents: the effect in hand is asked first, and may keep the event to itself."""
        effect = self.activeEffect() if isValid(self) else None
        return bool(effect is not None and effect.self().processInteractionEvents(interactor, event, widget))

    def _view_changed(self) -> None:
        """processEvents: the effect in hand moves its brush, for which it needs its segmentation."""
        if isValid(self) and self._active and self._node.GetSegmentationNode() is None:
            crashes.append(f"{self._active} was in hand, without a segmentation, when a view changed")
        elif isValid(self) and self.activeEffect() is not None and slicer.app.layoutManager() is not None:
            for widget in effects.slice_widgets:
                self.activeEffect().self().processViewNodeEvents(None, vtk.vtkCommand.ModifiedEvent, widget)

    def _show_rotate_warning(self) -> None:
        """updateSliceRotateWarningButtonVisibility: every view counts, also one that the layout does not show."""
        volume, matrix = self.sourceVolumeNode(), vtk.vtkMatrix4x4()
        rotated = False
        if volume is not None and slicer.app.layoutManager() is not None:
            volume.GetIJKToRASDirectionMatrix(matrix)
            axes = slicer.util.arrayFromVTKMatrix(matrix)[:3, :3]
            for node in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
                view = slicer.util.arrayFromVTKMatrix(node.GetSliceToRAS())[:3, :3]
                rotated |= bool((abs(axes.T @ view).max(axis=0) < 0.999).any())
        self._rotate_warning.setVisible(rotated)

    def installKeyboardShortcuts(self) -> None:
        self._shortcuts_installed = True

    def uninstallKeyboardShortcuts(self) -> None:
        self._shortcuts_installed = False

    def undo(self) -> None:
        self._logic.Undo()

    def redo(self) -> None:
        self._logic.Redo()

    def _update(self) -> None:
        """updateWidgetFromMRML."""
        if not isValid(self) or self._scene is None or self._scene.IsClosing() or self._scene.IsBatchProcessing():
            return
        if self._node is None:
            return
        modifying = self._node.StartModify()
        try:
            self._update_segmentation(self._node.GetSegmentationNode())
            if self._node.GetSegmentationNode() is not None and self.sourceVolumeNode() is not self._source:
                self._source = self.sourceVolumeNode()
                self._show_source_volume()
            self._update_effect()
            self._show_rotate_warning()
        finally:
            self._node.EndModify(modifying)
        self._show_segments()

    def _update_segmentation(self, node: Any) -> None:
        """updateWidgetFromSegmentationNode: a new one brings its volume, and selects its first segment."""
        self._selector.setCurrentNode(node)
        if node is self._bound:
            return
        if self._bound is not None:
            self._bound.RemoveObserver(self._bound_observer)
        self._bound = node
        if node is not None:
            self._bound_observer = node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._update())
            role = node.GetReferenceImageGeometryReferenceRole()
            self._node.SetAndObserveSourceVolumeNode(node.GetNodeReference(role))
            if node.GetSegmentation().GetNumberOfSegments():
                self.setCurrentSegmentID(node.GetSegmentation().GetNthSegmentID(0))

    def _update_effect(self) -> None:
        """updateEffectsSectionFromMRML."""
        name = self._node.GetActiveEffectName() or ""
        if name == self._active:
            return
        if self.activeEffect() is not None:
            self.activeEffect().self().deactivate()
        self._active = name
        if name:
            self.setupViewObservations()
            interaction = slicer.app.applicationLogic().GetInteractionNode()
            interaction.SetCurrentInteractionMode(interaction.ViewTransform)
        else:
            self.removeViewObservations()
        if self.activeEffect() is not None:
            self.activeEffect().self().setMRMLDefaults()
            self.activeEffect().self().updateGUIFromMRML()
        self._show_effects()

    def _segment_id(self, row: int) -> str:
        return str(self._bound.GetSegmentation().GetNthSegmentID(row))

    def _show_segments(self) -> None:
        segmentation = self._bound.GetSegmentation() if self._bound is not None else None
        count = segmentation.GetNumberOfSegments() if segmentation is not None else 0
        self._segments.setRowCount(count)
        for row in range(count):
            segment = segmentation.GetNthSegment(row)
            colour = QtWidgets.QTableWidgetItem("")
            colour.setBackground(QtGui.QColor.fromRgbF(*segment.GetColor()))
            self._segments.setItem(row, 0, colour)
            self._segments.setItem(row, 1, QtWidgets.QTableWidgetItem(segment.GetName()))
            self._segments.setRowHeight(row, 24)

    def _show_effects(self) -> None:
        layout = self._effects.layout()
        while layout.count():
            button = layout.takeAt(0).widget()
            button.hide()
            button.deleteLater()
        shown = self._order if self._flags["unorderedEffectsVisible"] else self._order[: self._ordered]
        for index, name in enumerate(shown):
            button = QtWidgets.QToolButton(self._effects)
            button.setText(name)
            button.setCheckable(True)
            button.setChecked(name == self._active)
            button.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
            button.clicked.connect(lambda _=False, name=name: self.setActiveEffectByName(name))
            layout.addWidget(button, index // 4, index % 4)
