"""Settings kept in the scene: a dataclass on one side, a vtkMRMLScriptedModuleNode on the other.

Each field is one parameter of the node; a field of type ``NodeReference`` is a node reference, which MRML keeps right
when scenes are merged or nodes are deleted. The node is saved with the scene, and any change fires its ModifiedEvent.

>>> @dataclass(frozen=True)
... class Choice:
...     backend: str = "auto"
...     images: NodeReference = None
>>> write_settings(node, Choice("onnxruntime", volume))
>>> settings, notes = read_settings(node, Choice)
"""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any, TypeVar

from CardiacSegmentationLib.scene.codec import from_text, to_text, type_hints
from CardiacSegmentationLib.scene.nodes import one_modification

NodeReference = Annotated[Any, "a node of the scene, or None"]

S = TypeVar("S")


def write_settings(node: Any, settings: Any) -> None:
    """Store every field; observers of the node hear of it once, and only where something changed."""
    hints = type_hints(type(settings))
    with one_modification(node):
        for field in fields(settings):
            value = getattr(settings, field.name)
            if hints[field.name] == NodeReference:
                node.SetNodeReferenceID(field.name, value.GetID() if value is not None else None)
            elif node.GetParameter(field.name) != to_text(value):
                node.SetParameter(field.name, to_text(value))


def read_settings(node: Any, kind: type[S]) -> tuple[S, tuple[str, ...]]:
    """The stored settings, and a note on each that could not be used; defaults stand in for those."""
    values: dict[str, Any] = {}
    notes: list[str] = []
    hints = type_hints(kind)
    for field in fields(kind):  # type: ignore[arg-type]
        if hints[field.name] == NodeReference:
            values[field.name] = node.GetNodeReference(field.name)
            continue
        text = node.GetParameter(field.name)
        if not text:
            continue
        try:
            values[field.name] = from_text(hints[field.name], text)
        except ValueError:
            notes.append(f"The stored setting {field.name} = {text} is not valid; the default is used.")
    return kind(**values), tuple(notes)
