"""The ``ctk`` widgets of the panel, named and behaving as in commontk/CTK, ``Libs/Widgets``."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import slicer
from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Signal

from slicer_stand_in import qt
from slicer_stand_in.pythonqt import wrap_class

_HEADER = 24  # pixels; ctkCollapsibleButton::paintEvent draws its title this high


def _register(cls: type) -> type:
    qt.custom_widgets[cls.__name__] = cls
    return cls


class _Collapsible:
    """Hides its children, and on expanding shows those again that nobody hid on purpose.

    ``ctkCollapsibleButtonPrivate::setChildVisibility`` and ``eventFilter`` keep that wish in the child's property
    ``visibilityToParent``, as this does; ctkCollapsibleGroupBox likewise.
    """

    _is_changing = False

    def childEvent(self, event: QtCore.QChildEvent) -> None:
        super().childEvent(event)  # type: ignore[misc]
        if event.added() and event.child().isWidgetType():
            QtCore.QObject.installEventFilter(event.child(), self)  # type: ignore[arg-type]
            if self._contents_hidden():
                self._show_child(event.child(), False)

    def eventFilter(self, child: QtCore.QObject, event: QtCore.QEvent) -> bool:
        if not self._is_changing and event.type() in (
            QtCore.QEvent.Type.ShowToParent,
            QtCore.QEvent.Type.HideToParent,
        ):
            shown = event.type() == QtCore.QEvent.Type.ShowToParent
            QtCore.QObject.setProperty(child, "visibilityToParent", shown)
            if shown and self._contents_hidden():
                self._show_child(child, False)
        return False

    def _show_children(self, shown: bool) -> None:
        for child in QtCore.QObject.children(self):  # type: ignore[arg-type]
            if child.isWidgetType():
                self._show_child(child, shown and QtCore.QObject.property(child, "visibilityToParent") is not False)

    def _show_child(self, child: Any, shown: bool) -> None:
        self._is_changing = True
        QtWidgets.QWidget.setVisible(child, shown)
        self._is_changing = False

    def _contents_hidden(self) -> bool:
        raise NotImplementedError


@_register
class ctkSliderWidget(wrap_class(QtWidgets.QWidget)):  # type: ignore[misc]
    """Libs/Widgets/ctkSliderWidget.h: a slider and a field for one number."""

    valueChanged = Signal(float)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._field = QtWidgets.QDoubleSpinBox(self)
        self._slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal, self)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider)
        layout.addWidget(self._field)
        self._slider.valueChanged.connect(lambda value: self._field.setValue(float(value)))
        self._field.valueChanged.connect(self._field_changed)

    def _field_changed(self, value: float) -> None:
        self._slider.blockSignals(True)
        self._slider.setValue(round(value))
        self._slider.blockSignals(False)
        self.valueChanged.emit(value)

    def _set_range(self, least: float | None = None, most: float | None = None) -> None:
        for part, number in ((self._field, float), (self._slider, round)):
            if least is not None:
                part.setMinimum(number(least))
            if most is not None:
                part.setMaximum(number(most))

    minimum = Property(float, lambda self: self._field.minimum(), lambda self, value: self._set_range(least=value))
    maximum = Property(float, lambda self: self._field.maximum(), lambda self, value: self._set_range(most=value))
    value = Property(float, lambda self: self._field.value(), lambda self, value: self._field.setValue(value))
    singleStep = Property(float, lambda self: self._field.singleStep(), lambda self, v: self._field.setSingleStep(v))
    decimals = Property(int, lambda self: self._field.decimals(), lambda self, value: self._field.setDecimals(value))
    suffix = Property(str, lambda self: self._field.suffix(), lambda self, value: self._field.setSuffix(value))


@_register
class ctkCollapsibleButton(_Collapsible, wrap_class(QtWidgets.QWidget)):  # type: ignore[misc]
    """``ctkCollapsibleButton.cxx``: a titled area; collapsing hides the children (``setCollapsed``, ``collapse``)."""

    contentsCollapsed = Signal(bool)
    toggled = Signal(bool)
    clicked = Signal(bool)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._title, self._is_collapsed = "", False

    def _contents_hidden(self) -> bool:
        return bool(getattr(self, "_is_collapsed", False))

    def _set_title(self, title: str) -> None:
        self._title = title
        self.update()

    def _set_collapsed(self, collapsed: bool) -> None:
        if collapsed == self._is_collapsed:
            return
        self._is_collapsed = collapsed
        self._show_children(not collapsed)
        self.updateGeometry()
        self.contentsCollapsed.emit(collapsed)
        self.toggled.emit(not collapsed)

    text = Property(str, lambda self: self._title, _set_title)
    collapsed = Property(bool, lambda self: self._is_collapsed, _set_collapsed)

    def event(self, event: QtCore.QEvent) -> bool:
        if event.type() == QtCore.QEvent.Type.LayoutRequest:
            layout = QtWidgets.QWidget.layout(self)
            if layout is not None and QtWidgets.QLayout.contentsMargins(layout).top() < _HEADER:
                layout.setContentsMargins(9, _HEADER + 6, 9, 9)
        return bool(super().event(event))

    def sizeHint(self) -> QtCore.QSize:
        layout = QtWidgets.QWidget.layout(self)
        if self._is_collapsed or layout is None:
            return QtCore.QSize(200, _HEADER)
        return layout.sizeHint()

    def minimumSizeHint(self) -> QtCore.QSize:
        layout = QtWidgets.QWidget.layout(self)
        if self._is_collapsed or layout is None:
            return QtCore.QSize(100, _HEADER)
        return layout.minimumSize()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        area = QtCore.QRect(0, 0, QtWidgets.QWidget.width(self), _HEADER)
        painter.fillRect(area, QtWidgets.QWidget.palette(self).button())
        painter.setPen(QtWidgets.QWidget.palette(self).buttonText().color())
        arrow = "▸" if self._is_collapsed else "▾"
        painter.drawText(area.adjusted(8, 0, 0, 0), QtCore.Qt.AlignmentFlag.AlignVCenter, f"{arrow}  {self._title}")
        painter.end()

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        if event.position().y() < _HEADER:
            self._set_collapsed(not self._is_collapsed)
            self.clicked.emit(not self._is_collapsed)


@_register
class ctkCollapsibleGroupBox(_Collapsible, wrap_class(QtWidgets.QGroupBox)):  # type: ignore[misc]
    """``ctkCollapsibleGroupBox.cpp``: a checkable group box; unchecked is collapsed, its contents hidden."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setStyleSheet("QGroupBox::indicator { width: 10px; height: 10px; }")
        QtWidgets.QGroupBox.toggled.__get__(self).connect(self._show_contents)

    def _show_contents(self, shown: bool) -> None:
        self._show_children(shown)
        QtWidgets.QWidget.setMaximumHeight(self, 16777215 if shown else 22)

    collapsed = Property(
        bool,
        lambda self: not QtWidgets.QGroupBox.isChecked(self),
        lambda self, collapsed: QtWidgets.QGroupBox.setChecked(self, not collapsed),
    )

    def _contents_hidden(self) -> bool:
        return not QtWidgets.QGroupBox.isChecked(self)


@_register
class ctkPathLineEdit(wrap_class(QtWidgets.QWidget)):  # type: ignore[misc]
    """``ctkPathLineEdit.cpp``: an editable path with history and a browse button; properties as declared there."""

    currentPathChanged = Signal(str)
    validInputChanged = Signal(bool)
    _flag_numbers = MappingProxyType({"Dirs": 1, "Files": 2, "Drives": 4, "AllEntries": 7})  # not for Python, in CTK

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._combo = QtWidgets.QComboBox(self)
        self._combo.setEditable(True)
        self._combo.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self._combo.setMinimumWidth(60)
        self._browse = QtWidgets.QToolButton(self)
        self._browse.setText("…")
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._combo)
        layout.addWidget(self._browse)
        self._combo.editTextChanged.connect(self.currentPathChanged)
        self._browse.clicked.connect(lambda _checked: self.browse())
        self._values: dict[str, Any] = {
            "filters": self._flag_numbers["AllEntries"],
            "settingKey": "",
            "label": "",
            "nameFilters": [],
        }

    def _value(name: str, kind: Any) -> Property:  # type: ignore[misc]  # noqa: N805
        return Property(kind, lambda self: self._values[name], lambda self, value: self._values.update({name: value}))

    currentPath = Property(
        str, lambda self: self._combo.currentText(), lambda self, path: self._combo.setEditText(path)
    )
    filters = _value("filters", int)
    settingKey = _value("settingKey", str)
    label = _value("label", str)
    nameFilters = _value("nameFilters", "QStringList")
    showHistoryButton = Property(bool, lambda self: True, lambda self, shown: None)
    showBrowseButton = Property(
        bool, lambda self: not self._browse.isHidden(), lambda self, shown: self._browse.setVisible(shown)
    )
    del _value

    def setCurrentPath(self, path: str) -> None:
        self._combo.setEditText(path)

    def browse(self) -> None:
        """One dialog or the other: where files are let through, no folder can be chosen."""
        is_file = bool(self._values["filters"] & self._flag_numbers["Files"])
        choose = qt.QFileDialog.getOpenFileName if is_file else qt.QFileDialog.getExistingDirectory
        path = choose(self, "", self._combo.currentText())
        if path:
            self._combo.setEditText(path)

    def addCurrentPathToHistory(self) -> None:
        key, path = f"ctkPathLineEdit/{self.settingKey or self.objectName}", self._combo.currentText()
        settings = slicer.app.settings()
        settings.setValue(key, [path, *(settings.value(key) or [])])
        if self._combo.findText(self._combo.currentText()) < 0:
            self._combo.addItem(self._combo.currentText())


class ctkMessageBox(wrap_class(QtWidgets.QMessageBox)):  # type: ignore[misc]
    """``ctkMessageBox.cpp``; here only the name: in testing mode ``slicer.util`` opens none."""

    dontShowAgainSettingsKey = Property(str, lambda self: "", lambda self, key: None)
