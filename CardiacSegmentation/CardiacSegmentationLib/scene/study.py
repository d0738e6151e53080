"""One study's nodes as one value: made, found again, shown, changed, removed.

A study is one vtkMRMLScriptedModuleNode that refers to all its nodes and holds its settings. MRML keeps the
references right when the scene is saved, loaded or merged with another, so a study needs no bookkeeping of its own.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import slicer

from CardiacSegmentationLib.reading import Reading
from CardiacSegmentationLib.reading_json import reading_from_dict, reading_to_dict
from CardiacSegmentationLib.scene import segmentation as sequences
from CardiacSegmentationLib.scene.cine import add_cine, fit_window, read_cine, read_phases
from CardiacSegmentationLib.scene.hierarchy import add_folder, put_beside
from CardiacSegmentationLib.scene.nodes import nodes_of_class, one_modification, remove_nodes
from CardiacSegmentationLib.scene.results import RESULT_ROLES, show_assessment
from CardiacSegmentationLib.scene.settings import read_settings, write_settings
from CardiacSegmentationLib.session.changes import History

if TYPE_CHECKING:
    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.reading import KeyPhases
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack

MODULE = "CardiacSegmentation"
IMAGES, BROWSER, SEGMENTATION, UNCERTAINTY = "images", "browser", "segmentation", "uncertainty"
READING, HISTORY = "reading", "history"  # parameters of the study's node
BOOKMARK = "CardiacSegmentation."  # attributes of the browser: CardiacSegmentation.lv_ed = "0" and so on


@dataclass(frozen=True)
class StudySettings:
    """How one study is to be segmented: choices by name, see ``choices``; saved with the scene."""

    backend: str = "auto"
    phases: str = "all"
    model: str = ""
    uncertainty: bool = False


@dataclass(frozen=True)
class Study:
    """A handle on one study in the scene; two handles on the same study are equal."""

    node: Any

    @property
    def exists(self) -> bool:
        """False once the study was removed or its scene closed."""
        return self.node.GetScene() is not None and self.images is not None and self.browser is not None

    @property
    def name(self) -> str:
        """The study's name as the user sees it."""
        return str(self.node.GetName())

    @property
    def images(self) -> Any:
        """The volume sequence."""
        return self.node.GetNodeReference(IMAGES)

    @property
    def browser(self) -> Any:
        """The sequence browser: which phase is on display."""
        return self.node.GetNodeReference(BROWSER)

    @property
    def segmentation(self) -> Any:
        """The segmentation sequence, or None."""
        return self.node.GetNodeReference(SEGMENTATION)

    @property
    def volume_node(self) -> Any:
        """The volume on display."""
        return self.browser.GetProxyNode(self.images)

    @property
    def segmentation_node(self) -> Any:
        """The segmentation on display, the one to edit; or None."""
        return self.browser.GetProxyNode(self.segmentation) if self.segmentation else None

    def result(self, role: str) -> Any:
        """One of the nodes that show numbers, or None; ``role`` is one of ``RESULT_ROLES``."""
        return self.node.GetNodeReference(role)


def load_study(scene: Any, stack: CineStack, *, one_image: bool = False) -> Study:
    """Add a stack to the scene as a new study; a second load of one name is called ``name (2)``.

    ``one_image`` is for a scene that is written and not looked at, see :func:`scene.cine.add_cine`.
    """
    name = _new_name(scene, stack.title or "Short-axis cine")
    images, browser = add_cine(scene, stack, one_image=one_image)
    node = scene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
    node.UnRegister(None)  # the scene made it for the caller
    node.SetName(name)
    node.SetModuleName(MODULE)
    node.SetHideFromEditors(False)  # before it is added: selectors never look again at what was hidden then
    node = scene.AddNode(node)
    node.SetNodeReferenceID(IMAGES, images.GetID())
    node.SetNodeReferenceID(BROWSER, browser.GetID())
    study = Study(node)
    add_folder(scene, study.name, [images, study.volume_node])
    write_study_settings(study, StudySettings())
    return study


def find_studies(scene: Any) -> tuple[Study, ...]:
    """Every study of the scene, also one that came with a loaded scene."""
    found = map(Study, nodes_of_class(scene, "vtkMRMLScriptedModuleNode"))
    return tuple(study for study in found if study.node.GetModuleName() == MODULE and study.exists)


def remove_rest(study: Study) -> None:
    """Remove what is left of a study whose images were deleted: the reading and the browser, which no tree shows."""
    scene = study.node.GetScene()
    if scene is not None and study.images is None:
        remove_nodes(scene, [node for node in (study.browser, study.node) if node is not None])


def stack_of(study: Study) -> CineStack:
    """The study's images as the value they were made from."""
    return read_cine(study.images)


def set_segmentation(study: Study, segmentation: Segmentation) -> None:
    """Put labels beside the images; those already there are replaced. A ``LiveStudy`` on them must be opened anew.

    A map of uncertainty goes with the labels it belongs to.
    """
    if study.segmentation is not None and not sequences.has_all_phases(study.segmentation, study.images):
        _remove(study, study.segmentation)
    if study.segmentation is not None:
        sequences.replace_segmentation(study.segmentation, study.images, segmentation)
    else:
        node = sequences.add_segmentation(study.browser, study.images, segmentation)
        study.node.SetNodeReferenceID(SEGMENTATION, node.GetID())
        put_beside(study.images, [study.segmentation, study.segmentation_node])
    fit_window(study.volume_node, read_phases(study.images), segmentation.labels)
    if study.result(UNCERTAINTY) is not None:
        _remove(study, study.result(UNCERTAINTY))


def segmentation_of(study: Study) -> Segmentation | None:
    """The labels as they are now, corrections included."""
    return sequences.read_segmentation(study.segmentation, study.images) if study.segmentation else None


def reading_of(study: Study) -> Reading:
    """What a person decided about the study; nothing yet where none is stored."""
    text = study.node.GetParameter(READING)
    return reading_from_dict(json.loads(text)) if text else Reading()


def history_of(study: Study) -> History:
    """The way back through the study's changes, as far as it was stored."""
    text = study.node.GetParameter(HISTORY)
    return History.from_dict(json.loads(text)) if text else History()


def set_reading(study: Study, reading: Reading, history: History | None = None) -> None:
    """Store what a person decided, and the way back; both are saved with the scene."""
    with one_modification(study.node):
        study.node.SetParameter(READING, json.dumps(reading_to_dict(reading), ensure_ascii=False))
        study.node.SetParameter(HISTORY, json.dumps(history.to_dict()) if history is not None else "")


def set_assessment(study: Study, assessment: Assessment) -> None:
    """Show the numbers in the study's tables and plot, and bookmark ED and ES."""
    if show_assessment(study.node, assessment):
        put_beside(study.images, filter(None, map(study.result, RESULT_ROLES)))
    set_bookmarks(study, assessment.key_phases)


def set_bookmarks(study: Study, key_phases: KeyPhases) -> None:
    """Note the key phases on the browser; one that is not known is taken off."""
    for name, phase in asdict(key_phases).items():
        study.browser.SetAttribute(BOOKMARK + name, None if phase is None else str(phase))


def show_outlines_of_imports(scene: Any) -> int:
    """From now on show the labels of studies that are read: they were saved while the panel drew lines of its own.

    The tag of the observer that does it.
    """

    def show(*_event: Any) -> None:
        for study in find_studies(scene):
            if study.segmentation_node is not None:
                sequences.show_voxel_outlines(study.segmentation_node.GetDisplayNode(), True)

    tag: int = scene.AddObserver(slicer.vtkMRMLScene.EndImportEvent, show)
    return tag


def bookmark(study: Study, name: str) -> int | None:
    """The phase of ``lv_ed``, ``lv_es``, ``rv_ed`` or ``rv_es``."""
    text = study.browser.GetAttribute(BOOKMARK + name)
    return int(text) if text else None


def read_study_settings(study: Study) -> tuple[StudySettings, tuple[str, ...]]:
    """The study's settings, and notes on those that could not be used."""
    return read_settings(study.node, StudySettings)


def write_study_settings(study: Study, settings: StudySettings) -> None:
    """Store the study's settings."""
    write_settings(study.node, settings)


def _new_name(scene: Any, name: str) -> str:
    taken = {study.name for study in find_studies(scene)}
    names = (name if load == 1 else f"{name} ({load})" for load in count(1))
    return next(free for free in names if free not in taken)


def _remove(study: Study, sequence: Any) -> None:
    """Take a sequence out of a study, with the node that shows it."""
    with one_modification(study.browser):  # else it would make another proxy
        remove_nodes(study.node.GetScene(), [study.browser.GetProxyNode(sequence)])
        study.browser.RemoveSynchronizedSequenceNode(sequence.GetID())
    remove_nodes(study.node.GetScene(), [sequence])
