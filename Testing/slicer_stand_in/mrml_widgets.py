"""Slicer's own widgets, as far as the panel uses them, bound to the real scene and the real logics.

=============================  ==================================================================================
qMRMLWidget                    Libs/MRML/Widgets/qMRMLWidget.cxx: knows the scene
qMRMLNodeComboBox              Libs/MRML/Widgets/qMRMLNodeComboBox.cxx: lists nodes by class and attribute
qMRMLSegmentEditorWidget       Modules/Loadable/Segmentations/Widgets/qMRMLSegmentEditorWidget.cxx: the parameter node
                               and vtkSlicerSegmentEditorLogic are real, when the one follows the other as there
=============================  ==================================================================================
"""

from __future__ import annotations

from typing import Any

import slicer
import vtk
from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Signal
from shiboken6 import isValid

from slicer_stand_in import effects, qt
from slicer_stand_in.pythonqt import wrap_class


def _register(cls: type) -> type:
    qt.custom_widgets[cls.__name__] = cls
    setattr(slicer, cls.__name__, cls)
    return cls


class _WithScene:
    """qMRMLWidget::setMRMLScene and the signal it sends."""

    _mrml_signals: tuple[str, ...] = ("mrmlSceneChanged(vtkMRMLScene*)",)
    _scene: Any = None

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        if scene is not self._scene:
            self._scene = scene
            self._scene_was_set()
            self.mrmlSceneChanged.emit(scene)  # type: ignore[attr-defined]

    def _scene_was_set(self) -> None:
        """For widgets that list what is in the scene."""


@_register
class qMRMLWidget(_WithScene, wrap_class(QtWidgets.QWidget)):  # type: ignore[misc]
    """The top widget of a panel's .ui file; it hands the scene on through the file's own connections."""

    mrmlSceneChanged = Signal(object)


@_register
class qMRMLNodeComboBox(_WithScene, wrap_class(QtWidgets.QWidget)):  # type: ignore[misc]
    """A choice of nodes; ``None`` first where allowed. Creating nodes is not offered: the panel needs none.

    Its model (qMRMLSceneModel) follows a node from when it is added, unless it is hidden then: shown later, it never
    gets in. In a batch it is blind, and nothing is current; at the end it reads the scene anew.
    """

    mrmlSceneChanged = Signal(object)
    currentNodeChanged = Signal(object)
    currentNodeIDChanged = Signal(str)
    _mrml_signals = ("mrmlSceneChanged(vtkMRMLScene*)", "currentNodeChanged(vtkMRMLNode*)")

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._combo = QtWidgets.QComboBox(self)
        self._combo.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._combo)
        self._combo.activated.connect(lambda row: self._select(self._node(self._combo.itemData(row))))
        self._types: list[str] = ["vtkMRMLNode"]
        self._attributes: dict[tuple[str, str], str | None] = {}
        self._flags = {"noneEnabled": False, "addEnabled": True, "removeEnabled": True, "renameEnabled": False}
        self._flags |= {"editEnabled": False, "showHidden": False, "showChildNodeTypes": True}
        self._current: Any = None
        self._followed: dict[Any, int] = {}  # nodes the model observes, and the observers' tags
        self._none_text = "None"

    def _flag(name: str) -> Property:  # type: ignore[misc]  # noqa: N805
        def change(self: Any, value: bool) -> None:
            self._flags[name] = value
            self._refresh()

        return Property(bool, lambda self: self._flags[name], change)

    noneEnabled = _flag("noneEnabled")
    addEnabled = _flag("addEnabled")
    removeEnabled = _flag("removeEnabled")
    renameEnabled = _flag("renameEnabled")
    editEnabled = _flag("editEnabled")
    showHidden = _flag("showHidden")
    showChildNodeTypes = _flag("showChildNodeTypes")
    del _flag
    nodeTypes = Property("QStringList", lambda self: self._types, lambda self, types: self._set_types(types))
    noneDisplay = Property(str, lambda self: self._none_text, lambda self, text: self._set_none_text(text))
    currentNodeID = Property(
        str,
        lambda self: self.currentNode().GetID() if self.currentNode() is not None else "",
        lambda self, node_id: self.setCurrentNode(self._node(node_id)),
    )

    def currentNode(self) -> Any:
        return None if self._is_in_batch() else self._current

    def setCurrentNode(self, node: Any) -> None:
        """qMRMLNodeComboBox::setCurrentNode: a node that is not listed is no choice; in a batch it is a request."""
        if self._is_in_batch():
            self._current = node
        else:
            self._select(node if node is not None and node in self._listed() else None)

    def setCurrentNodeID(self, node_id: str) -> None:
        self.setCurrentNode(self._node(node_id))

    def addAttribute(self, node_type: str, attribute: str, value: str | None = None) -> None:
        self._attributes[(node_type, attribute)] = value
        self._refresh()

    def nodeCount(self) -> int:
        return len(self._listed())

    def _set_types(self, types: list[str]) -> None:
        self._types = list(types)
        if self._scene is not None:
            self._read_scene()

    def _set_none_text(self, text: str) -> None:
        self._none_text = text
        self._refresh()

    def _node(self, node_id: str | None) -> Any:
        return self._scene.GetNodeByID(node_id) if node_id else None

    def _is_in_batch(self) -> bool:
        return self._scene is not None and bool(self._scene.IsBatchProcessing())

    def _scene_was_set(self) -> None:
        @vtk.calldata_type(vtk.VTK_OBJECT)
        def added(_scene: Any, _event: str, node: Any) -> None:
            if isValid(self) and not self._is_in_batch():
                self._follow(node)
                self._refresh()

        @vtk.calldata_type(vtk.VTK_OBJECT)
        def removed(_scene: Any, _event: str, node: Any) -> None:
            if isValid(self) and not self._is_in_batch():
                self._leave(node)
                self._refresh()

        events = slicer.vtkMRMLScene
        self._scene.AddObserver(events.NodeAddedEvent, added)
        self._scene.AddObserver(events.NodeRemovedEvent, removed)
        self._scene.AddObserver(events.EndBatchProcessEvent, lambda *_: self._read_scene())
        self._read_scene()

    def _read_scene(self) -> None:
        if not isValid(self):
            return
        for node in list(self._followed):
            self._leave(node)
        for index in range(self._scene.GetNumberOfNodes()):
            self._follow(self._scene.GetNthNode(index))
        self._refresh()

    def _follow(self, node: Any) -> None:
        """qMRMLSceneModel::insertNode, with its default of observing visible nodes only."""
        if any(node.IsA(kind) for kind in self._types) and (self._flags["showHidden"] or not node.GetHideFromEditors()):
            refresh = lambda *_: self._refresh() if isValid(self) else None  # noqa: E731
            self._followed[node] = node.AddObserver(vtk.vtkCommand.ModifiedEvent, refresh)

    def _leave(self, node: Any) -> None:
        if node in self._followed:
            node.RemoveObserver(self._followed.pop(node))

    def _listed(self) -> list[Any]:
        return [node for node in self._followed if self._is_listed(node)]

    def _is_listed(self, node: Any) -> bool:
        """qMRMLSortFilterProxyModel::filterAcceptsRow."""
        if node.GetHideFromEditors() and not self._flags["showHidden"]:
            return False
        for (node_type, attribute), value in self._attributes.items():
            if node.IsA(node_type) and (
                node.GetAttribute(attribute) is None or (value is not None and node.GetAttribute(attribute) != value)
            ):
                return False
        by_child = self._flags["showChildNodeTypes"]
        return any(node.IsA(kind) if by_child else node.GetClassName() == kind for kind in self._types)

    def _refresh(self) -> None:
        if self._is_in_batch():
            return
        nodes = self._listed()
        self._combo.blockSignals(True)
        self._combo.clear()
        if self._flags["noneEnabled"]:
            self._combo.addItem(self._none_text, "")
        for node in nodes:
            self._combo.addItem(node.GetName() or "", node.GetID())
        self._combo.blockSignals(False)
        current = self._current if self._current in nodes else None
        if current is None and not self._flags["noneEnabled"] and nodes:
            current = nodes[0]
        self._select(current)

    def _select(self, node: Any) -> None:
        changed, self._current = node is not self._current, node
        self._combo.blockSignals(True)
        self._combo.setCurrentIndex(self._combo.findData(node.GetID() if node is not None else ""))
        self._combo.blockSignals(False)
        if changed:
            self.currentNodeChanged.emit(node)
            self.currentNodeIDChanged.emit(node.GetID() if node is not None else "")


crashes: list[str] = []  # what would have ended Slicer: a test that brings one about fails


@_register
class qMRMLSegmentEditorWidget(_WithScene, wrap_class(QtWidgets.QWidget)):  # type: ignore[misc]
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
        self._view_observers: list[tuple[Any, int]] = []
        self._order: list[str] = list(self.EFFECTS)
        self._flags: dict[str, Any] = {"unorderedEffectsVisible": True, "undoEnabled": True}
        self._flags |= {"segmentationNodeSelectorVisible": True, "sourceVolumeNodeSelectorVisible": True}
        self._flags |= {"switchToSegmentationsButtonVisible": True, "readOnly": False}
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
    del _flag

    def _scene_was_set(self) -> None:
        self._selector.setMRMLScene(self._scene)
        self._scene.AddObserver(slicer.vtkMRMLScene.EndCloseEvent, lambda *_: self._update())
        self._scene.AddObserver(slicer.vtkMRMLScene.EndBatchProcessEvent, lambda *_: self._batch_ended())
        self._update()

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
