"""A study in the tree of Slicer's Data module: one folder, under its patient and study where those are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import slicer

if TYPE_CHECKING:
    from collections.abc import Iterable

DICOM = "DICOM"  # the kind of UID by which Slicer's own DICOM plugins find patients and studies again


def add_folder(scene: Any, name: str, nodes: Iterable[Any]) -> None:
    """Put nodes into a new folder."""
    hierarchy = _hierarchy(scene)
    folder = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), name)
    for node in nodes:
        hierarchy.SetItemParent(_item_of(hierarchy, node), folder)


def put_beside(node: Any, nodes: Iterable[Any]) -> None:
    """Put nodes into the folder of another."""
    hierarchy = _hierarchy(node.GetScene())
    folder = hierarchy.GetItemParent(_item_of(hierarchy, node))
    for other in nodes:
        hierarchy.SetItemParent(_item_of(hierarchy, other), folder)


def put_under_study(node: Any, patient: tuple[str, str], study: tuple[str, str]) -> None:
    """Move the folder of a node under its patient and study, each ``(UID, name)``; new ones are made at need."""
    hierarchy = _hierarchy(node.GetScene())
    patient_item = _find_or_make(hierarchy, hierarchy.GetSceneItemID(), "Patient", patient)
    study_item = _find_or_make(hierarchy, patient_item, "Study", study)
    hierarchy.SetItemParent(hierarchy.GetItemParent(_item_of(hierarchy, node)), study_item)


def patient_and_study_of(node: Any) -> tuple[tuple[str, str], tuple[str, str]]:
    """The patient and the study that a node lies under, each ``(UID, name)``; empty where it lies under none."""
    hierarchy = _hierarchy(node.GetScene())
    item = _item_of(hierarchy, node)
    above = [int(hierarchy.GetItemAncestorAtLevel(item, level)) for level in ("Patient", "Study")]
    patient, study = (
        (str(hierarchy.GetItemUID(found, DICOM)), str(hierarchy.GetItemName(found))) if found else ("", "")
        for found in above
    )
    return patient, study


def _hierarchy(scene: Any) -> Any:
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)


def _item_of(hierarchy: Any, node: Any) -> int:
    """Slicer's Data module makes items by itself; without a window nobody does."""
    return int(hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(hierarchy.GetSceneItemID(), node))


def _find_or_make(hierarchy: Any, parent: int, level: str, uid_and_name: tuple[str, str]) -> int:
    uid, name = uid_and_name
    found = int(hierarchy.GetItemByUID(DICOM, uid))
    if found:
        return found
    item = int(hierarchy.CreateHierarchyItem(parent, name, level))
    hierarchy.SetItemUID(item, DICOM, uid)
    return item
