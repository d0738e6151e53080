"""PySide6 objects with the manners of PythonQt, the bridge between Slicer's Python and its Qt.

What is imitated, and where it is decided in PythonQt (commontk/PythonQt):

* ``PythonQtInstanceWrapper.cpp``, ``getattro``: a Qt property is an attribute (``label.text``, never ``label.text()``);
  then slots and methods, then dynamic properties, then children by their object name.
* ``PythonQtInstanceWrapper.cpp``, ``setattro``: an attribute that is no property is refused, for the object lives in
  C++; so is a value that cannot be converted (``text = 5`` gives "5").
* ``PythonQtSignalReceiver.cpp``, ``PythonQtSignalTarget::call``: ``connect("clicked(bool)", f)``; a plain function or
  method gets only as many arguments as it has parameters (defaults count), any other callable gets all of them.

Stricter than the real one: PythonQt answers ``False`` when a signal is unknown and prints an exception raised in a
slot; here the first raises, and the second is kept in ``slot_errors`` for the test to find.
"""

from __future__ import annotations

import inspect
from typing import Any

from PySide6 import QtCore
from shiboken6 import isValid

slot_errors: list[BaseException] = []
_PYSIDE = ("PySide6", "Shiboken", "shiboken6")
_UNTOUCHED = {"property", "setProperty", "metaObject", "dynamicPropertyNames", "staticMetaObject"}
_wrapped_classes: dict[type, type] = {}


def wrap_class(cls: type) -> type:
    """The class as PythonQt would show it; ``isinstance`` also holds for objects that Qt itself made."""
    if cls not in _wrapped_classes:
        _wrapped_classes[cls] = _WrappedType(cls.__name__, (PythonQtManners, cls), {"_qt_class": cls})
    return _wrapped_classes[cls]


def wrap_object(value: Any) -> Any:
    """A bare Qt object that a call returned gets the same manners through a proxy."""
    if isinstance(value, QtCore.QObject) and not isinstance(value, PythonQtManners):
        return _ObjectProxy(value)
    if isinstance(value, list):
        return [wrap_object(item) for item in value]
    return value


class _WrappedType(type(QtCore.QObject)):  # type: ignore[misc]
    def __instancecheck__(cls, instance: Any) -> bool:
        qt_class = cls.__dict__.get("_qt_class")
        if qt_class is None:
            return type.__instancecheck__(cls, instance)
        return isinstance(unwrap(instance), qt_class)

    def __subclasscheck__(cls, subclass: type) -> bool:
        qt_class = cls.__dict__.get("_qt_class")
        return type.__subclasscheck__(cls, subclass) if qt_class is None else issubclass(subclass, qt_class)


class PythonQtManners:
    """What every wrapped object does differently from PySide6."""

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_") or name in _UNTOUCHED:
            return object.__getattribute__(self, name)
        if name in _EXTRA:
            return _EXTRA[name].__get__(self)
        if _defined_in_python(type(self), name):
            return super().__getattribute__(name)
        return _get(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
        elif not _loading_ui:  # PySide6's loader sets each child on the top widget; PythonQt finds children by name
            _set(self, name, value)


class _ObjectProxy:
    """Manners for an object whose class cannot be chosen, since Qt made it: ``table.horizontalHeader()``."""

    def __init__(self, target: QtCore.QObject) -> None:
        object.__setattr__(self, "_target", target)

    def __getattr__(self, name: str) -> Any:
        target = object.__getattribute__(self, "_target")
        if name in _EXTRA:
            return _EXTRA[name].__get__(target)
        return _get(target, name)

    def __setattr__(self, name: str, value: Any) -> None:
        _set(object.__getattribute__(self, "_target"), name, value)

    def __eq__(self, other: object) -> bool:
        return unwrap(self) is unwrap(other)

    def __hash__(self) -> int:
        return hash(unwrap(self))


def unwrap(value: Any) -> Any:
    """The Qt object behind a proxy."""
    return object.__getattribute__(value, "_target") if type(value) is _ObjectProxy else value


_loading_ui: list[bool] = []


def _get(target: QtCore.QObject, name: str) -> Any:
    name = "objectName" if name == "name" else name
    _require_alive(target, name)
    if target.metaObject().indexOfProperty(name) >= 0:
        return _property_value(target, name)
    try:
        value = _qt_attribute(target, name)
    except AttributeError:
        return _dynamic_property_or_child(target, name)
    if callable(value) and not isinstance(value, type) and type(value).__name__ == "builtin_function_or_method":
        return lambda *arguments, **named: wrap_object(value(*map(unwrap, arguments), **named))
    return value


def _require_alive(target: QtCore.QObject, name: str) -> None:
    if not isValid(target):  # PythonQt: "Trying to read attribute '…' from a destroyed QObject"
        message = f"Trying to use '{name}' of a destroyed {type(target).__name__}"
        raise AttributeError(message)


def _qt_attribute(target: QtCore.QObject, name: str) -> Any:
    """PySide6's own look-up: it alone gets methods right that are static and not (``QFile.exists``)."""
    if isinstance(target, PythonQtManners):
        return super(PythonQtManners, target).__getattribute__(name)
    return getattr(target, name)


def _property_value(target: QtCore.QObject, name: str) -> Any:
    getter = getattr(type(target), name, None)
    is_getter = type(getter).__name__ == "method_descriptor"  # it keeps the Python type, property() may not
    value = getter(target) if is_getter else QtCore.QObject.property(target, name)
    return list(value) if isinstance(value, tuple) else value


def _dynamic_property_or_child(target: QtCore.QObject, name: str) -> Any:
    if name.encode() in [bytes(known) for known in target.dynamicPropertyNames()]:
        return target.property(name)
    for child in QtCore.QObject.children(target):
        if QtCore.QObject.objectName(child) == name:
            return wrap_object(child)
    message = f"{type(target).__name__} has no attribute named '{name}'"
    raise AttributeError(message)


def _set(target: QtCore.QObject, name: str, value: Any) -> None:
    name = "objectName" if name == "name" else name
    _require_alive(target, name)
    index = target.metaObject().indexOfProperty(name)
    if index < 0:
        message = f"{type(target).__name__} has no property '{name}', and new attributes on C++ objects are refused"
        raise AttributeError(message)
    if not target.metaObject().property(index).isWritable():
        message = f"Property '{name}' of {type(target).__name__} is not writable"
        raise AttributeError(message)
    converted = _converted(list(value) if isinstance(value, tuple) else unwrap(value), target.property(name))
    if converted is None or not target.setProperty(name, converted):
        message = f"Property '{name}' of {type(target).__name__} does not accept {value!r} ({type(value).__name__})"
        raise AttributeError(message)


def _converted(value: Any, before: Any) -> Any:
    """PythonQtConv::PyObjToQVariant: text and truth take anything, numbers what is a number."""
    if isinstance(before, str):
        return str(value)
    if isinstance(before, bool):
        return bool(value)
    if isinstance(before, (int, float)) and hasattr(value, "item"):  # a NumPy scalar
        return value.item()
    return value


def _defined_in_python(cls: type, name: str) -> bool:
    """Whether a stand-in or a module's own subclass defines the name; a Qt property always counts as Qt's."""
    for base in cls.__mro__:
        if name in base.__dict__:
            is_qt = base.__module__.startswith(_PYSIDE) or base.__dict__.get("_qt_class") is not None
            return not is_qt and not isinstance(base.__dict__[name], (QtCore.Property, QtCore.Signal))
    return False


def _connect(self: QtCore.QObject, signal: str, target: Any) -> bool:
    instance, parameters = _signal(self, signal)
    slot = _Slot(target, parameters)
    instance.connect(slot.call)
    _connections(self).append((_normalized(signal), target, slot.call))
    return True


def _disconnect(self: QtCore.QObject, signal: str, target: Any = None) -> bool:
    instance, _ = _signal(self, signal)
    connections = _connections(self)
    matching = [c for c in connections if c[0] == _normalized(signal) and (target is None or c[1] == target)]
    for connection in matching:
        instance.disconnect(connection[2])
        connections.remove(connection)
    return bool(matching)


# What is connected lives as long as the C++ object it is connected to, in PythonQt as here, and Python's garbage
# collector sees nothing of it: a timer that calls a method of its owner is never freed unless it is told to go.
_alive: dict[int, list[tuple[str, Any, Any]]] = {}


def _connections(target: QtCore.QObject) -> list[tuple[str, Any, Any]]:
    key = id(target)
    if key not in _alive:
        _alive[key] = []
        QtCore.QObject.destroyed.__get__(target).connect(lambda *_: _alive.pop(key, None))
    return _alive[key]


def _signal(target: QtCore.QObject, signature: str) -> tuple[Any, int]:
    normalized = _normalized(signature)
    declared = getattr(type(target), "_mrml_signals", ())  # signals whose parameters are MRML nodes: no Qt type here
    if target.metaObject().indexOfSignal(normalized) < 0 and normalized not in declared:
        message = f"{type(target).__name__} has no signal {signature}"
        raise ValueError(message)
    name, _, parameters = normalized.partition("(")
    return _qt_attribute(target, name), len([p for p in parameters.rstrip(")").split(",") if p])


def _normalized(signature: str) -> str:
    return bytes(QtCore.QMetaObject.normalizedSignature(signature).data()).decode()


class _Slot:
    def __init__(self, target: Any, parameters: int) -> None:
        self.target, self.count = target, min(parameters, _parameters_of(target, parameters))

    def call(self, *arguments: Any) -> None:
        try:
            self.target(*(wrap_object(argument) for argument in arguments[: self.count]))
        except BaseException as error:
            slot_errors.append(error)
            raise


def _parameters_of(target: Any, otherwise: int) -> int:
    assessment = target.__func__ if inspect.ismethod(target) else target
    if not inspect.isfunction(assessment) or assessment.__code__.co_flags & inspect.CO_VARARGS:
        return otherwise
    return assessment.__code__.co_argcount - (1 if inspect.ismethod(target) else 0)


def _children(self: QtCore.QObject) -> list[Any]:
    return [wrap_object(child) for child in QtCore.QObject.children(self)]


def _class_name(self: QtCore.QObject) -> str:
    return str(self.metaObject().className())


def _delete(self: QtCore.QObject) -> None:
    QtCore.QObject.deleteLater(self)


_EXTRA: dict[str, Any] = {
    "connect": _connect,
    "disconnect": _disconnect,
    "children": _children,
    "className": _class_name,
    "delete": _delete,
}
