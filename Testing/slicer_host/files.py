"""Loading and saving, as ``slicer.util.load*`` and ``save*`` ask for it.

Stands for qSlicerCoreIOManager (Base/QTCore/qSlicerCoreIOManager.cxx) and the readers and writers that modules
register there (``Modules/Loadable/*/qSlicer*Reader.cxx``, Base/QTCore/qSlicerNodeWriter.cxx,
Modules/Loadable/Data/qSlicerSceneWriter.cxx): the file's name tells its type, the module's logic or a storage node does
the work.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer

if TYPE_CHECKING:
    from collections.abc import Callable

# The longest known ending wins, as in qSlicerCoreIOManager::fileType.
FILE_TYPES = {
    ".mrb": "SceneFile",
    ".mrml": "SceneFile",
    ".seg.nrrd": "SegmentationFile",
    ".seq.nrrd": "SequenceFile",
    ".seq.mrb": "SequenceFile",
    ".mrk.json": "MarkupsFile",
    ".term.json": "TerminologyFile",
    ".csv": "TableFile",
    ".tsv": "TableFile",
    ".nrrd": "VolumeFile",
    ".nhdr": "VolumeFile",
    ".nii": "VolumeFile",
    ".nii.gz": "VolumeFile",
}


class CoreIOManager:
    """The methods of qSlicerCoreIOManager that ``slicer.util`` calls."""

    def __init__(self) -> None:
        self._readers: dict[str, Callable[[str, str, dict[str, Any]], Any]] = {
            "SegmentationFile": _read_segmentation,
            "SequenceFile": lambda path, _name, _properties: _logic("sequences").AddSequence(path),
            "TableFile": lambda path, name, _properties: _logic("tables").AddTable(path, name),
            "MarkupsFile": _read_markups,
            "VolumeFile": _read_volume,
        }

    def fileType(self, path: str) -> str:
        """The type that the file's name tells; unlike Slicer, an unknown name is an error."""
        name = Path(path).name.lower()
        ending = max((known for known in FILE_TYPES if name.endswith(known)), key=len, default=None)
        if ending is None:
            msg = f"The stand-in for Slicer's file manager knows no reader for {path}."
            raise NotImplementedError(msg)
        return FILE_TYPES[ending]

    def fileWriterFileType(self, node: Any) -> str:
        """The type to give back to ``saveNodes``."""
        return f"{node.GetClassName()}File"

    def loadNodes(self, file_type: str, properties: dict[str, Any], loaded: Any = None, _messages: Any = None) -> bool:
        """Read a file into the scene; new nodes are added to ``loaded``."""
        path = str(properties["fileName"])
        if file_type == "SceneFile":
            return load_scene(path, clear=bool(properties.get("clear", False)))  # false is Slicer's default too
        if file_type == "TerminologyFile":
            return bool(_logic("terminologies").LoadContextFromFile(path))
        name = properties.get("name") or Path(path).name.split(".")[0]
        node = self._readers[file_type](path, name, properties)
        if node is not None and loaded is not None:
            loaded.AddItem(node)
        return node is not None

    def saveNodes(self, file_type: str, properties: dict[str, Any], _messages: Any = None) -> bool:
        """Write one node with its storage node, or the whole scene."""
        path = str(properties["fileName"])
        if file_type == "SceneFile":
            return save_scene(path)
        node = slicer.mrmlScene.GetNodeByID(properties["nodeID"])
        node.AddDefaultStorageNode(path)
        storage = node.GetStorageNode()
        storage.SetFileName(path)
        return bool(storage.WriteData(node))


def save_scene(path: str | Path) -> bool:
    """qSlicerSceneWriter::write: a bundle by vtkMRMLScene::WriteToMRB, a bare scene by Commit."""
    scene = slicer.mrmlScene
    path = Path(path).resolve()
    if path.suffix == ".mrb":
        return bool(scene.WriteToMRB(str(path), None, None))
    scene.SetRootDirectory(str(path.parent))
    return bool(scene.Commit(str(path)))


def load_scene(path: str | Path, clear: bool = True) -> bool:
    """As qSlicerSceneBundleReader::load reads a bundle, and qSlicerSceneReader::load a bare scene."""
    scene = slicer.mrmlScene
    if Path(path).suffix == ".mrb":
        return bool(scene.ReadFromMRB(str(path), clear, None))
    scene.SetURL(str(path))
    return bool(scene.Connect(None) if clear else scene.Import(None))


def _logic(module: str) -> Any:
    return getattr(slicer.modules, module).logic()


def _read_segmentation(path: str, name: str, _properties: dict[str, Any]) -> Any:
    """qSlicerSegmentationsReader::load."""
    scene = slicer.mrmlScene
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    storage = scene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(path)
    node.SetAndObserveStorageNodeID(storage.GetID())
    if not storage.ReadData(node):
        scene.RemoveNode(node)
        scene.RemoveNode(storage)
        return None
    node.CreateDefaultDisplayNodes()
    return node


def _read_markups(path: str, name: str, _properties: dict[str, Any]) -> Any:
    node_id = _logic("markups").LoadMarkups(path, name)
    return slicer.mrmlScene.GetNodeByID(node_id) if node_id else None


def _read_volume(path: str, name: str, properties: dict[str, Any]) -> Any:
    return _logic("volumes").AddArchetypeVolume(path, name, int(bool(properties.get("labelmap"))))
