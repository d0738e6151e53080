"""Slicer's own widgets, as far as the panel uses them, bound to the real scene and the real logics.

=============================  ==================================================================================
qMRMLWidget                    Libs/MRML/Widgets/qMRMLWidget.cxx: knows the scene
qMRMLNodeComboBox              Libs/MRML/Widgets/qMRMLNodeComboBox.cxx: lists nodes by class and attribute
=============================  ==================================================================================
"""

from __future__ import annotations

from typing import Any

import slicer
import vtk
from PySide6 import QtWidgets
from PySide6.QtCore import Property, Signal
from shiboken6 import isValid

from slicer_stand_in import qt
from slicer_stand_in.pythonqt import wrap_class


def register(cls: type) -> type:
    qt.custom_widgets[cls.__name__] = cls
    setattr(slicer, cls.__name__, cls)
    return cls


class WithScene:
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


@register
class qMRMLWidget(WithScene, wrap_class(QtWidgets.QWidget)):  # type: ignore[misc]
    """The top widget of a panel's .ui file; it hands the scene on through the file's own connections."""

    mrmlSceneChanged = Signal(object)


@register
class qMRMLNodeComboBox(WithScene, wrap_class(QtWidgets.QWidget)):  # type: ignore[misc]
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
