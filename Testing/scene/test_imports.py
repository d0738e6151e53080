"""A saved scene, opened beside what is in the scene already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack


def assert_shown(study: Study, phase: int, voxels: Any, labels: Any) -> None:
    """The study holds these images and labels, and shows this phase of them."""
    from CardiacSegmentationLib.scene.cine import stack_affine, stack_shape
    from CardiacSegmentationLib.scene.labelmaps import get_labels
    from CardiacSegmentationLib.scene.study import segmentation_of, stack_of
    from CardiacSegmentationLib.scene.views import current_phase
    from CardiacSegmentationLib.scene.voxels import voxels_of

    back = segmentation_of(study)
    assert back is not None
    assert np.array_equal(back.labels, labels)
    assert np.array_equal(stack_of(study).voxels, voxels)
    assert current_phase(study) == phase
    assert np.array_equal(
        get_labels(study.segmentation_node, stack_affine(study.images), stack_shape(study.images)), labels[phase]
    )
    assert voxels_of(study.volume_node.GetImageData()).sum() == voxels[phase].sum()


@pytest.fixture
def no_guard(a_scene: Any) -> None:
    """As in a script, where Slicer's start does not call the module."""
    from CardiacSegmentationLib.scene.segmentation import guard_imports

    for tag in guard_imports(a_scene):
        a_scene.RemoveObserver(tag)
    guard_imports.cache_clear()


@pytest.mark.parametrize("shown", [0, 3])
@pytest.mark.parametrize("numbered", [False, True])
@pytest.mark.usefixtures("no_guard")
def test_another_patients_scene_leaves_this_patients_contours_alone(
    a_scene: Any,
    phantom: tuple[CineStack, Segmentation],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    shown: int,
    numbered: bool,
) -> None:
    import slicer
    from CardiacSegmentationLib.scene import cine
    from CardiacSegmentationLib.scene import segmentation as sequences
    from CardiacSegmentationLib.scene.study import find_studies, load_study, set_segmentation
    from CardiacSegmentationLib.scene.views import go_to_phase

    images, contours = phantom
    if numbered:  # as earlier versions, and Slicer itself, do
        for room in (cine, sequences):
            monkeypatch.setattr(room, "add_sequence", lambda scene, name: scene.AddNewNodeByClass(cine.SEQUENCE, name))
        sequences.guard_imports(a_scene)
    theirs = replace(contours, labels=np.roll(contours.labels, 9, axis=3))
    other = load_study(a_scene, replace(images, title="Other", voxels=images.voxels + 100))
    set_segmentation(other, theirs)
    go_to_phase(other, shown)
    slicer.util.saveScene(str(tmp_path / "other.mrb"))
    a_scene.Clear(False)
    mine = load_study(a_scene, replace(images, title="Mine"))
    set_segmentation(mine, contours)
    painted_on = mine.segmentation_node
    slicer.util.loadScene(str(tmp_path / "other.mrb"))
    assert find_studies(a_scene)[0] == mine
    assert mine.segmentation_node is painted_on
    assert_shown(mine, 0, images.voxels, contours.labels)
    assert_shown(find_studies(a_scene)[1], shown, images.voxels + 100, theirs.labels)


@pytest.mark.parametrize("shown", [0, 3])
def test_a_study_can_be_compared_with_what_was_saved_of_it(
    a_scene: Any, a_study: Study, phantom: tuple[CineStack, Segmentation], tmp_path: Path, shown: int
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.live import LiveStudy
    from CardiacSegmentationLib.scene.segmentation import guard_imports
    from CardiacSegmentationLib.scene.study import find_studies
    from CardiacSegmentationLib.scene.views import go_to_phase

    images, contours = phantom
    guard_imports(a_scene)
    guard_imports(a_scene)
    go_to_phase(a_study, shown)
    slicer.util.saveScene(str(tmp_path / "before.mrb"))
    go_to_phase(a_study, 0)
    live = LiveStudy(a_study)
    for phase in (0, 3):
        live.session.edit(phase, np.roll(contours.labels[phase], 9, axis=2), "Paint")
    assessment = live.assessment
    now, painted_on = live.session.segmentation.labels.copy(), a_study.segmentation_node
    slicer.util.loadScene(str(tmp_path / "before.mrb"))
    saved = find_studies(a_scene)[1]
    assert a_study.segmentation_node is painted_on
    assert live.settle().assessment is assessment
    assert_shown(a_study, 0, images.voxels, now)
    assert_shown(saved, shown, images.voxels, contours.labels)
    painted_on.GetSegmentation().RemoveSegment("LV")
    now[0][now[0] == Label.LV] = 0
    for phase in (5, 0):
        go_to_phase(a_study, phase)
        go_to_phase(saved, phase)
        assert_shown(a_study, phase, images.voxels, now)
        assert_shown(saved, phase, images.voxels, contours.labels)
    live.close()
