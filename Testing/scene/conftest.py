"""A small beating heart for the scene."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from CardiacSegmentationLib.findings import Finding
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.segmentation import Segmentation
from CardiacSegmentationLib.stack import CineStack, Patient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from CardiacSegmentationLib.scene.study import Study


@pytest.fixture(scope="session")
def phantom() -> tuple[CineStack, Segmentation]:
    """Images and true labels, 6 phases × 8 slices, with all a stack can know."""
    stack, segmentation = make_stack(PhantomSpec(phases=6, slices=8))
    uids = tuple(tuple(f"1.2.826.0.1.{phase}.{slice_}" for slice_ in range(8)) for phase in range(6))
    facts: dict[str, Any] = {
        "instance_uids": uids,
        "patient": Patient("F", 61.0, 168.0, 64.5),
        "findings": (
            Finding(
                "part-not-written-because", slice=1, parameters={"part": 'a gap of "2" mm', "reason": "Slices 2–3"}
            ),
        ),
        "title": "Short-axis cine",
    }
    return replace(stack, **facts), Segmentation.of(segmentation.labels, model="test-net 1.0")


@pytest.fixture
def a_stack(phantom: tuple[CineStack, Segmentation]) -> CineStack:
    return phantom[0]


@pytest.fixture
def a_segmentation(phantom: tuple[CineStack, Segmentation]) -> Segmentation:
    return replace(phantom[1], labels=phantom[1].labels.copy(), labelled=phantom[1].labelled.copy())


@pytest.fixture
def a_study(a_scene: Any, a_stack: CineStack, a_segmentation: Segmentation) -> Study:
    """A segmented study in the scene."""
    from CardiacSegmentationLib.scene.study import load_study, set_segmentation

    study = load_study(a_scene, a_stack)
    set_segmentation(study, a_segmentation)
    return study


@pytest.fixture
def reload(a_scene: Any, tmp_path: Path) -> Callable[[], None]:
    """Save the scene, close it, load it again."""
    import slicer

    def save_and_load() -> None:
        assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
        a_scene.Clear(False)
        slicer.util.loadScene(str(tmp_path / "scene.mrb"))

    return save_and_load


@pytest.fixture(autouse=True)
def no_output(vtk_output: Callable[[], str]) -> Iterator[None]:
    """In normal use VTK and MRML have nothing to complain about."""
    yield
    assert vtk_output() == ""
