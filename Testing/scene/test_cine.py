"""CineStack → nodes → CineStack."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.errors import StudyError
from CardiacSegmentationLib.stack import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.stack import CineStack


def assert_same(one: CineStack, other: CineStack) -> None:
    assert np.array_equal(one.voxels, other.voxels)
    assert one.voxels.dtype == other.voxels.dtype
    np.testing.assert_allclose(one.affine, other.affine, atol=1e-6)
    for name in ("times_ms", "rr_ms", "slice_thickness_mm", "instance_uids", "patient", "findings", "title", "source"):
        assert getattr(one, name) == getattr(other, name), name


def test_a_stack_comes_back_as_it_was(a_scene: Any, a_stack: CineStack) -> None:
    from CardiacSegmentationLib.scene.cine import add_cine, read_cine

    sequence, _ = add_cine(a_scene, a_stack)
    assert_same(read_cine(sequence), a_stack)


def test_a_stack_comes_back_from_a_saved_scene(a_scene: Any, a_stack: CineStack, reload: Callable[[], None]) -> None:
    import slicer
    from CardiacSegmentationLib.scene.cine import add_cine, read_cine

    add_cine(a_scene, a_stack)
    reload()
    assert_same(read_cine(slicer.util.getNodesByClass("vtkMRMLSequenceNode")[0]), a_stack)


def test_a_saved_scene_holds_the_affine_to_the_last_digit(
    a_scene: Any, a_stack: CineStack, reload: Callable[[], None]
) -> None:
    """By it, among others, work that outlived a crash finds its images again: 1.3125 mm lies between two roundings."""
    import slicer
    from CardiacSegmentationLib.scene.cine import add_cine, read_cine
    from CardiacSegmentationLib.session.recovery import fingerprint

    affine = np.diag([1.3125, 1.3125, -8.0, 1.0])
    affine[:3, 3] = (-12.3, -100.0005, 33.0)
    stack = replace(a_stack, affine=affine)
    add_cine(a_scene, stack)
    reload()
    back = read_cine(slicer.util.getNodesByClass("vtkMRMLSequenceNode")[0])
    assert np.array_equal(back.affine, affine)
    assert fingerprint(back) == fingerprint(stack)


@pytest.mark.parametrize("phases", [(0,), (4,), range(6)], ids=["first", "one", "all"])
def test_images_that_got_another_voxel_size_are_refused(
    a_scene: Any, a_stack: CineStack, phases: Iterable[int]
) -> None:
    """Their labels have the one they had: 1.2 times as wide and high, volumes would be 1.44 times as large."""
    from CardiacSegmentationLib.scene.cine import add_cine, read_cine

    sequence, _ = add_cine(a_scene, a_stack)
    for phase in phases:
        frame = sequence.GetNthDataNode(phase)
        frame.SetSpacing(*(np.array(frame.GetSpacing()) * (1.2, 1.2, 1.0)))
    with pytest.raises(StudyError, match="load the images again"):
        read_cine(sequence)


@pytest.mark.parametrize("lost", ["frame", "image", "facts", "affine"])
def test_images_that_lost_something_are_refused(a_scene: Any, a_stack: CineStack, lost: str) -> None:
    from CardiacSegmentationLib.scene import cine

    sequence, _ = cine.add_cine(a_scene, a_stack)
    if lost == "frame":
        sequence.RemoveDataNodeAtValue(sequence.GetNthIndexValue(3))
    elif lost == "image":
        sequence.GetNthDataNode(3).SetAndObserveImageData(None)
    else:
        sequence.RemoveAttribute(cine.FACTS if lost == "facts" else cine.AFFINE)
    with pytest.raises(StudyError, match="load the images again"):
        cine.read_cine(sequence)


def test_a_path_with_bytes_that_are_no_text_comes_back_too(a_scene: Any, a_stack: CineStack) -> None:
    from CardiacSegmentationLib.scene.cine import add_cine, read_cine

    stack = replace(a_stack, source=Source(Path("gr\udcfcn"), "DICOM", ()))  # as Python reads a name in Latin-1
    sequence, _ = add_cine(a_scene, stack)
    assert_same(read_cine(sequence), stack)


@pytest.mark.parametrize("mirror", [1.0, -1.0], ids=["right-handed", "left-handed"])
def test_every_voxel_is_where_the_scanner_says(a_scene: Any, a_stack: CineStack, mirror: float) -> None:
    import vtk
    from CardiacSegmentationLib.scene.study import load_study

    affine = a_stack.affine @ np.diag([1, 1, mirror, 1])
    study = load_study(a_scene, replace(a_stack, affine=affine))
    to_index = vtk.vtkMatrix4x4()
    study.volume_node.GetRASToIJKMatrix(to_index)
    for column, row, slice_ in ((0, 0, 0), (17, 3, 5), (100, 40, 2)):
        left, back, head = (affine @ [column, row, slice_, 1])[:3]
        index = to_index.MultiplyPoint((-left, -back, head, 1))[:3]
        np.testing.assert_allclose(index, np.round(index), atol=1e-6)
        value = study.volume_node.GetImageData().GetScalarComponentAsDouble(*np.round(index).astype(int).tolist(), 0)
        assert value == a_stack.voxels[0, slice_, row, column]


def test_the_browser_shows_each_phase_at_its_time(a_study: Study, a_stack: CineStack) -> None:
    import slicer
    from CardiacSegmentationLib.scene.views import go_to_phase

    assert (a_study.images.GetIndexName(), a_study.images.GetIndexUnit()) == ("time", "ms")
    for phase, time_ms in enumerate(a_stack.times_ms):
        assert float(a_study.images.GetNthIndexValue(phase)) == pytest.approx(time_ms, abs=0.005)
        go_to_phase(a_study, phase)
        shown = slicer.util.arrayFromVolume(a_study.volume_node)[::-1]  # this stack's own frame is left-handed
        uids = a_study.volume_node.GetAttribute("DICOM.instanceUIDs").split()[::-1]
        assert np.array_equal(shown, a_stack.voxels[phase])
        assert tuple(uids) == a_stack.instance_uids[phase]


@pytest.mark.parametrize(
    ("rr_ms", "seconds"), [(800.0, 0.8), (None, None)], ids=["R-R known", "R-R from the phases' times"]
)
def test_a_loop_takes_one_heart_beat(a_stack: CineStack, rr_ms: float | None, seconds: float | None) -> None:
    from CardiacSegmentationLib.scene.cine import playback_rate_fps

    stack = replace(a_stack, rr_ms=rr_ms)
    expected = seconds or stack.phases * np.mean(np.diff(stack.times_ms)) / 1000
    assert stack.phases / playback_rate_fps(stack) == pytest.approx(expected)


@pytest.mark.parametrize("times", [(0.0, 50.0, 50.0, 150.0, 200.0, 250.0), (0.0, 50.0, 40.0, 150.0, 200.0, 250.0)])
def test_phases_without_an_order_in_time_are_refused(
    a_scene: Any, a_stack: CineStack, times: tuple[float, ...]
) -> None:
    from CardiacSegmentationLib.scene.cine import add_cine

    with pytest.raises(StudyError, match="order of time"):
        add_cine(a_scene, replace(a_stack, times_ms=times))


@pytest.mark.parametrize("kind", ["int64", "uint16", "float16", ">i2", "float64"])
def test_any_kind_of_number_can_be_shown(a_scene: Any, a_stack: CineStack, kind: str) -> None:
    from CardiacSegmentationLib.scene.cine import add_cine, read_cine

    voxels = a_stack.voxels.astype(kind)
    sequence, _ = add_cine(a_scene, replace(a_stack, voxels=voxels))
    assert np.array_equal(read_cine(sequence).voxels, voxels)


def test_one_phase_is_a_study_too(a_scene: Any, a_stack: CineStack) -> None:
    from CardiacSegmentationLib.scene.study import load_study, stack_of

    one = replace(a_stack, voxels=a_stack.voxels[:1], times_ms=(0.0,), instance_uids=a_stack.instance_uids[:1])
    assert_same(stack_of(load_study(a_scene, one)), one)


def test_all_phases_are_shown_in_one_grey_scale(a_study: Study) -> None:
    from CardiacSegmentationLib.scene.views import go_to_phase

    display = a_study.volume_node.GetDisplayNode()
    before = (display.GetWindow(), display.GetLevel())
    go_to_phase(a_study, 3)
    assert (display.GetWindow(), display.GetLevel()) == before
    assert not display.GetAutoWindowLevel()
