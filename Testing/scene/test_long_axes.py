"""Long axes in the scene: in step with the stack, saved with it, and gone with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.cine import find_stacks, read_long_axes
from CardiacSegmentationLib.phantom import PhantomSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from CardiacSegmentationLib.cine import FoundStudy
    from CardiacSegmentationLib.long_axis import LongAxis
    from CardiacSegmentationLib.scene.study import Study


@pytest.fixture(scope="module")
def found(written_phantom: Callable[[PhantomSpec], Path]) -> FoundStudy:
    return find_stacks(written_phantom(PhantomSpec(phases=5, slices=8, pixel_mm=2.5)))


@pytest.fixture
def long_axes(found: FoundStudy) -> tuple[LongAxis, ...]:
    return read_long_axes(found)


@pytest.fixture
def a_loaded_study(a_scene: Any, found: FoundStudy) -> Study:
    from CardiacSegmentationLib.scene.long_axes import load_found

    return load_found(a_scene, found)


def assert_same(one: LongAxis, other: LongAxis) -> None:
    np.testing.assert_array_equal(one.voxels, other.voxels)
    np.testing.assert_allclose(one.affine[:3, [0, 1, 3]], other.affine[:3, [0, 1, 3]], atol=1e-6)
    assert (one.name, one.title, one.instance_uids) == (other.name, other.title, other.instance_uids)
    np.testing.assert_allclose(one.times_ms, other.times_ms)


def test_what_was_loaded_comes_out_again(a_loaded_study: Study, long_axes: tuple[LongAxis, ...]) -> None:
    from CardiacSegmentationLib.scene.long_axes import long_axes_of

    found = long_axes_of(a_loaded_study)
    assert list(found) == ["2CH", "3CH", "4CH"]
    for one, name in zip(long_axes, found, strict=True):
        assert_same(found[name], one)


def test_they_survive_saving_and_loading(
    a_loaded_study: Study, long_axes: tuple[LongAxis, ...], reload: Callable[[], None], a_scene: Any
) -> None:
    from CardiacSegmentationLib.scene.long_axes import long_axes_of
    from CardiacSegmentationLib.scene.study import find_studies

    reload()
    (study,) = find_studies(a_scene)
    for one, again in zip(long_axes, long_axes_of(study).values(), strict=True):
        assert_same(again, one)


def test_they_show_the_phase_that_the_stack_shows(a_loaded_study: Study, long_axes: tuple[LongAxis, ...]) -> None:
    from CardiacSegmentationLib.scene.long_axes import long_axis_volume
    from CardiacSegmentationLib.scene.views import go_to_phase
    from CardiacSegmentationLib.scene.voxels import voxels_of

    for phase in (3, 0, 4):
        go_to_phase(a_loaded_study, phase)
        shown = voxels_of(long_axis_volume(a_loaded_study, "4CH").GetImageData())[0]
        np.testing.assert_array_equal(shown, long_axes[2].voxels[phase])


def test_they_lie_in_the_folder_of_their_study(a_loaded_study: Study) -> None:
    import slicer

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    folder = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(a_loaded_study.images))
    names = {node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")}
    assert len(names) == 4
    for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
        assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) == folder


def test_a_study_without_them_has_none(a_study: Study) -> None:
    from CardiacSegmentationLib.scene.long_axes import long_axes_of, long_axis_volume

    assert long_axes_of(a_study) == {}
    assert long_axis_volume(a_study, "4CH") is None


def test_one_that_was_deleted_or_changed_is_left_out(a_loaded_study: Study, a_scene: Any) -> None:
    from CardiacSegmentationLib.scene.long_axes import LONG_AXIS, long_axes_of

    first, second = (a_loaded_study.node.GetNthNodeReference(LONG_AXIS, number) for number in (0, 1))
    a_scene.RemoveNode(first)
    second.RemoveDataNodeAtValue(second.GetNthIndexValue(0))
    assert list(long_axes_of(a_loaded_study)) == ["4CH"]
