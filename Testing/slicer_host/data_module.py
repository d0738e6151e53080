"""What a user does with a study in the tree of Slicer's Data module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import slicer

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study


def delete_folder(study: Study) -> None:
    """*Delete this folder*: qMRMLSubjectHierarchyTreeView removes the item with its children and their nodes."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(study.node.GetScene())
    folder = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(study.images))
    hierarchy.RemoveItem(folder, True, True)
