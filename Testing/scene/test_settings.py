"""Settings in the scene."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from CardiacSegmentationLib.scene.settings import NodeReference, read_settings, write_settings

if TYPE_CHECKING:
    from collections.abc import Callable


class Backend(str, Enum):
    AUTO = "auto"
    ONNX = "onnxruntime"


@dataclass(frozen=True)
class Settings:
    backend: Backend = Backend.AUTO
    threads: int = 2
    weight_kg: float | None = None
    name: str = ""
    uncertainty: bool = False
    phases: tuple[int, ...] = ()
    folder: Path | None = None
    images: NodeReference = None


@pytest.fixture
def a_node(a_scene: Any) -> Any:
    return a_scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", "settings")


def test_a_new_node_holds_the_defaults(a_node: Any) -> None:
    assert read_settings(a_node, Settings) == (Settings(), ())


def test_settings_come_back_also_from_a_saved_scene(a_scene: Any, a_node: Any, reload: Callable[[], None]) -> None:
    import slicer

    table = a_scene.AddNewNodeByClass("vtkMRMLTableNode", "T")
    settings = Settings(Backend.ONNX, 4, 64.5, 'Ünal "J" <x>; & :=%', True, (0, 7), Path("/a b/c"), table)
    write_settings(a_node, settings)
    assert read_settings(a_node, Settings) == (settings, ())
    reload()
    back, notes = read_settings(slicer.util.getNode("settings"), Settings)
    assert back.images.GetName() == "T"
    assert (back.name, back.backend, back.phases, back.folder) == (
        settings.name,
        settings.backend,
        settings.phases,
        settings.folder,
    )
    assert notes == ()


@pytest.mark.parametrize(
    ("field", "stored"),
    [
        ("backend", '"tensorrt"'),
        ("threads", '"many"'),
        ("threads", "2.5"),
        ("threads", "true"),
        ("weight_kg", '"64"'),
        ("uncertainty", "1"),
        ("phases", "[0, null]"),
        ("name", "not JSON"),
    ],
)
def test_what_cannot_be_used_is_told_and_replaced_by_the_default(a_node: Any, field: str, stored: str) -> None:
    write_settings(a_node, Settings(threads=8))
    a_node.SetParameter(field, stored)
    settings, (note,) = read_settings(a_node, Settings)
    assert getattr(settings, field) == getattr(Settings(), field)
    assert field in note
    assert stored in note


def test_settings_of_a_newer_version_are_left_alone(a_node: Any) -> None:
    a_node.SetParameter("invented_later", '"x"')
    write_settings(a_node, Settings(threads=8))
    assert read_settings(a_node, Settings) == (Settings(threads=8), ())
    assert a_node.GetParameter("invented_later") == '"x"'


def test_observers_hear_of_a_change_once_and_of_no_change_never(a_node: Any) -> None:
    heard: list[str] = []
    a_node.AddObserver("ModifiedEvent", lambda _caller, event: heard.append(event))
    write_settings(a_node, Settings(threads=8, name="x"))
    assert len(heard) == 1
    write_settings(a_node, Settings(threads=8, name="x"))
    assert len(heard) == 1


def test_a_deleted_node_is_no_reference_any_more(a_scene: Any, a_node: Any) -> None:
    table = a_scene.AddNewNodeByClass("vtkMRMLTableNode")
    write_settings(a_node, Settings(images=table))
    a_scene.RemoveNode(table)
    assert read_settings(a_node, Settings)[0].images is None
