"""The ``qt`` module of Slicer's Python on PySide6: every class with PythonQt's manners, and the few that differ."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets

from slicer_stand_in import pythonqt

custom_widgets: dict[str, type] = {}  # filled by ctk and the qMRML widgets: what a .ui file may name
_kept: list[Any] = []  # widgets made by the loader, whose Python side would else be dropped


def _export(module: Any) -> None:
    for name in dir(module):
        thing = getattr(module, name)
        if not name.startswith("Q") or name in globals():
            continue
        is_object = isinstance(thing, type) and issubclass(thing, QtCore.QObject)
        globals()[name] = pythonqt.wrap_class(thing) if is_object else thing


class QFileDialog(pythonqt.wrap_class(QtWidgets.QFileDialog)):  # type: ignore[misc]
    """PythonQt returns the file name alone (``PythonQtWrapper_QFileDialog``), PySide6 a pair."""

    @staticmethod
    def getOpenFileName(*arguments: Any, **named: Any) -> str:
        return str(QtWidgets.QFileDialog.getOpenFileName(*arguments, **named)[0])

    @staticmethod
    def getSaveFileName(*arguments: Any, **named: Any) -> str:
        return str(QtWidgets.QFileDialog.getSaveFileName(*arguments, **named)[0])


class QCoreApplication(pythonqt.wrap_class(QtCore.QCoreApplication)):  # type: ignore[misc]
    """PySide6 does not take the proxies of ``pythonqt``."""

    @staticmethod
    def sendEvent(receiver: Any, event: Any) -> bool:
        return bool(QtCore.QCoreApplication.sendEvent(pythonqt.unwrap(receiver), event))


class QUiLoader(QtUiTools.QUiLoader):
    """Makes stand-ins for the classes a .ui file names, and refuses one it does not know."""

    def createWidget(self, name: str, parent: Any = None, object_name: str = "") -> Any:
        cls = custom_widgets.get(name) or globals().get(name)
        if cls is None:
            message = f"The .ui file uses {name}, for which there is no stand-in"
            raise RuntimeError(message)
        widget = cls(parent) if parent is not None else cls()
        QtCore.QObject.setObjectName(widget, object_name)
        _kept.append(widget)
        return widget

    def createLayout(self, name: str, parent: Any = None, object_name: str = "") -> Any:
        layout = globals()[name]()
        QtCore.QObject.setObjectName(layout, object_name)
        if isinstance(parent, QtWidgets.QWidget) and QtWidgets.QWidget.layout(parent) is None:
            QtWidgets.QWidget.setLayout(parent, layout)
        _kept.append(layout)
        return layout

    def load(self, file: QtCore.QFile, parent: Any = None) -> Any:
        path = file.fileName()
        file.close()
        root = ET.parse(path).getroot()
        connections = root.find("connections")  # Qt cannot connect MRML signals of stand-ins: done below, in Python
        mrml = [c for c in (connections if connections is not None else []) if "mrml" in (c.findtext("signal") or "")]
        for connection in mrml:
            connections.remove(connection)  # type: ignore[union-attr]
        for flags in [p for p in root.iter("property") if (p.findtext("set") or "").startswith("ctk")]:
            _number_flags(flags)
        buffer = QtCore.QBuffer()
        buffer.setData(ET.tostring(root))
        buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
        pythonqt._loading_ui.append(True)
        try:
            widget = super().load(buffer, parent)
        finally:
            pythonqt._loading_ui.pop()
        if widget is None:
            raise RuntimeError(self.errorString())
        by_name = {
            QtCore.QObject.objectName(w): w for w in [widget, *QtCore.QObject.findChildren(widget, QtCore.QObject)]
        }
        for connection in mrml:
            receiver = by_name[connection.findtext("receiver") or ""]
            slot = getattr(receiver, (connection.findtext("slot") or "").partition("(")[0])
            by_name[connection.findtext("sender") or ""].connect(connection.findtext("signal") or "", slot)
        return widget


def _number_flags(prop: ET.Element) -> None:
    """``ctkPathLineEdit::Dirs|…`` as the number it is: flags of stand-ins are no Qt type."""
    flags = prop[0]
    owners_and_names = [name.split("::") for name in (flags.text or "").split("|")]
    flags.tag = "number"
    flags.text = str(sum(custom_widgets[owner]._flag_numbers[name] for owner, name in owners_and_names))


for _module in (QtCore, QtGui, QtWidgets):
    _export(_module)
Qt = QtCore.Qt
