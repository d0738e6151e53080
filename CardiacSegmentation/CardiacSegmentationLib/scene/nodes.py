"""Small things every MRML node needs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@contextmanager
def one_modification(node: Any) -> Iterator[None]:
    """Everything inside fires at most one ModifiedEvent."""
    state = node.StartModify()
    try:
        yield
    finally:
        node.EndModify(state)


def nodes_of_class(scene: Any, class_name: str) -> list[Any]:
    """All nodes of a class, in the order of the scene."""
    collection = scene.GetNodesByClass(class_name)
    collection.UnRegister(None)  # the scene made it for the caller
    return [collection.GetItemAsObject(index) for index in range(collection.GetNumberOfItems())]


def remove_nodes(scene: Any, nodes: Iterable[Any]) -> None:
    """Remove nodes with their display and storage nodes, which MRML leaves behind."""
    for node in nodes:
        for belonging in [node, *_belongings(node)]:
            if belonging is not None and belonging.GetScene() is scene:
                scene.RemoveNode(belonging)


def _belongings(node: Any) -> list[Any]:
    found = []
    if node.IsA("vtkMRMLStorableNode"):
        found += [node.GetNthStorageNode(index) for index in range(node.GetNumberOfStorageNodes())]
    if node.IsA("vtkMRMLDisplayableNode"):
        found += [node.GetNthDisplayNode(index) for index in range(node.GetNumberOfDisplayNodes())]
    return found
