"""A study in the scene: found again, beside another, removed."""

from __future__ import annotations

from dataclasses import replace
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.errors import LabelError, StudyError
from CardiacSegmentationLib.segmentation import Label, Segmentation
from CardiacSegmentationLib.stack import CineStack

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.scene.study import Study
    from slicer_host.view import SliceView


def content(scene: Any) -> list[str]:
    """The scene's nodes, without those that Slicer makes by itself."""
    by_slicer = ("vtkMRMLSubjectHierarchyNode", "vtkMRMLColorTableNode", "vtkMRMLProceduralColorNode")
    nodes = [scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes())]
    return sorted(node.GetID() for node in nodes if node.GetClassName() not in by_slicer and not node.GetSingletonTag())


def test_a_saved_study_is_found_with_everything(
    a_study: Study, a_stack: CineStack, a_segmentation: Segmentation, reload: Callable[[], None]
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.results import RESULT_ROLES
    from CardiacSegmentationLib.scene.study import bookmark, find_studies, segmentation_of, set_assessment, stack_of

    assessment = assess(a_stack, a_segmentation)
    set_assessment(a_study, assessment)
    reload()
    (study,) = find_studies(slicer.mrmlScene)
    assert study.name == a_stack.title
    assert np.array_equal(stack_of(study).voxels, a_stack.voxels)
    back = segmentation_of(study)
    assert back is not None
    assert np.array_equal(back.labels, a_segmentation.labels)
    assert all(study.result(role) is not None for role in RESULT_ROLES)
    assert bookmark(study, "lv_es") == assessment.key_phases.lv_es
    assert assess(stack_of(study), back).lv["ef_percent"].value == pytest.approx(assessment.lv["ef_percent"].value)


def test_two_studies_live_side_by_side(a_scene: Any, a_study: Study, a_stack: CineStack) -> None:
    from CardiacSegmentationLib.scene.study import find_studies, load_study
    from CardiacSegmentationLib.scene.views import current_phase, go_to_phase

    other = load_study(a_scene, replace(a_stack, title="Follow-up"))
    assert find_studies(a_scene) == (a_study, other)
    go_to_phase(other, 4)
    assert (current_phase(a_study), current_phase(other)) == (0, 4)


def test_a_saved_study_can_join_the_scene_it_came_from(a_scene: Any, a_study: Study, tmp_path: Any) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import find_studies, segmentation_of

    slicer.util.saveScene(str(tmp_path / "s.mrb"))
    slicer.util.loadScene(str(tmp_path / "s.mrb"))
    one, other = find_studies(a_scene)
    assert one == a_study
    assert other.images is not one.images
    assert other.segmentation_node is not one.segmentation_node
    assert segmentation_of(other) is not None


def test_a_removed_study_leaves_nothing(a_scene: Any, a_stack: CineStack, a_segmentation: Segmentation) -> None:
    from CardiacSegmentationLib.scene.study import (
        find_studies,
        load_study,
        remove_rest,
        set_assessment,
        set_segmentation,
    )
    from slicer_host.data_module import delete_folder

    keep = load_study(a_scene, a_stack)
    before = content(a_scene)
    study = load_study(a_scene, a_stack)
    set_segmentation(study, a_segmentation)
    set_assessment(study, assess(a_stack, a_segmentation))
    delete_folder(study)
    remove_rest(study)
    assert content(a_scene) == before
    assert not study.exists
    assert find_studies(a_scene) == (keep,)


def test_new_labels_leave_no_uncertainty_of_the_old(
    a_scene: Any, a_study: Study, a_stack: CineStack, a_segmentation: Segmentation
) -> None:
    from CardiacSegmentationLib.scene.study import set_segmentation
    from CardiacSegmentationLib.scene.uncertainty import set_uncertainty, uncertainty_node
    from CardiacSegmentationLib.scene.views import go_to_phase

    before = content(a_scene)
    set_uncertainty(a_study, np.full(a_stack.voxels.shape, 50, np.uint8))
    assert uncertainty_node(a_study) is not None
    set_segmentation(a_study, a_segmentation)
    go_to_phase(a_study, 2)
    assert uncertainty_node(a_study) is None
    assert content(a_scene) == before


def test_a_study_is_gone_when_its_scene_is_closed(a_scene: Any, a_study: Study) -> None:
    from CardiacSegmentationLib.scene.study import find_studies

    a_scene.Clear(False)
    assert not a_study.exists
    assert find_studies(a_scene) == ()


def test_a_study_whose_images_were_deleted_is_not_offered(a_scene: Any, a_study: Study) -> None:
    from CardiacSegmentationLib.scene.study import find_studies

    a_scene.RemoveNode(a_study.images)
    assert find_studies(a_scene) == ()


def test_what_this_version_cannot_read_is_told(a_study: Study) -> None:
    from CardiacSegmentationLib.scene.study import segmentation_of, stack_of

    a_study.segmentation.SetAttribute("CardiacSegmentation.Segmentation", '{"labelled": "yes"}')
    with pytest.raises(LabelError, match="segment again"):
        segmentation_of(a_study)
    a_study.images.RemoveDataNodeAtValue(a_study.images.GetNthIndexValue(3))
    with pytest.raises(StudyError, match="load the images again"):
        stack_of(a_study)


def test_a_phase_missing_from_the_labels_is_told(a_study: Study) -> None:
    from CardiacSegmentationLib.scene.study import segmentation_of

    a_study.browser.SetSaveChanges(a_study.segmentation, False)
    a_study.segmentation.RemoveDataNodeAtValue(a_study.segmentation.GetNthIndexValue(3))
    with pytest.raises(LabelError, match="has 5 phases, of 6"):
        segmentation_of(a_study)


def test_settings_are_the_studys_own_and_saved(a_study: Study, reload: Callable[[], None]) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import find_studies, read_study_settings, write_study_settings

    settings, notes = read_study_settings(a_study)
    assert (settings.backend, settings.phases, notes) == ("auto", "all", ())
    write_study_settings(a_study, replace(settings, phases="ed-es", uncertainty=True))
    reload()
    (study,) = find_studies(slicer.mrmlScene)
    assert read_study_settings(study) == (replace(settings, phases="ed-es", uncertainty=True), ())


def test_views_show_rows_and_columns_as_the_scanner_made_them(
    a_study: Study, a_stack: CineStack, a_slice_view: SliceView
) -> None:
    from CardiacSegmentationLib.scene.views import align_view, current_slice, go_to_slice, short_axis_views

    assert short_axis_views(a_study) == ()
    align_view(a_study, a_slice_view.node)
    assert short_axis_views(a_study) == (a_slice_view.node,)
    for index in (0, 5, 7):
        go_to_slice(a_study, index)
        assert current_slice(a_study, a_slice_view.node) == index
    corner, right, down = (
        a_slice_view.ras_to_view(tuple(np.diag([-1, -1, 1]) @ (a_stack.affine @ [*place, 7, 1])[:3]))
        for place in ((0, 0), (50, 0), (0, 50))
    )
    assert right[0] > corner[0]
    assert right[1] == pytest.approx(corner[1], abs=1e-3)
    assert down[1] < corner[1]  # VTK counts from below
    assert down[0] == pytest.approx(corner[0], abs=1e-3)


def test_the_last_phase_is_followed_by_the_first(a_study: Study) -> None:
    from CardiacSegmentationLib.scene.views import current_phase, go_to_phase, play

    assert current_phase(a_study) == 0
    go_to_phase(a_study, 6)
    assert current_phase(a_study) == 0
    go_to_phase(a_study, -1)
    assert current_phase(a_study) == 5
    play(a_study, True)
    assert a_study.browser.GetPlaybackActive()
    play(a_study, False)


def test_a_large_study_is_in_the_scene_within_two_seconds(a_scene: Any) -> None:
    from CardiacSegmentationLib.scene.study import load_study, set_assessment, set_segmentation

    rng = np.random.default_rng(0)
    voxels = rng.integers(0, 1000, (25, 12, 256, 256), np.int16)
    labels = np.zeros(voxels.shape, np.uint8)
    labels[:, :, 100:160, 100:160] = Label.MYO
    labels[:, :, 110:150, 110:150] = Label.LV
    stack = CineStack(voxels, np.diag([1.4, 1.4, 10.0, 1.0]), tuple(30.0 * phase for phase in range(25)), rr_ms=750.0)
    segmentation = Segmentation.of(labels)
    assessment = assess(stack, segmentation)
    start = process_time()
    study = load_study(a_scene, stack)
    set_segmentation(study, segmentation)
    set_assessment(study, assessment)
    assert process_time() - start < 2.0


def test_the_grey_scale_is_fitted_to_the_heart_and_a_users_own_is_kept(
    a_study: Study, a_stack: CineStack, a_segmentation: Segmentation
) -> None:
    from CardiacSegmentationLib.scene.study import set_segmentation

    display = a_study.volume_node.GetDisplayNode()
    set_segmentation(a_study, a_segmentation)
    heart = a_stack.voxels[a_segmentation.labels > 0]
    assert display.GetWindowLevelMax() > np.percentile(heart, 99)  # no blood is burnt out
    assert display.GetWindowLevelMax() < 1.3 * np.percentile(heart, 99)
    display.SetWindowLevelMinMax(10.0, 90.0)
    set_segmentation(a_study, a_segmentation)
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (10.0, 90.0)
