"""Corrections outlive a crash: kept while a study is edited, offered afterwards, deleted when all ends well."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.segmentation import Label
from CardiacSegmentationLib.session.contour_commands import delete_here
from slicer_stand_in.hand import Hand, paint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack

    Phantom = tuple[CineStack, Segmentation]


@pytest.fixture(autouse=True)
def an_empty_recovery_folder(a_window: Any) -> Iterator[None]:
    """Each test begins and ends without a file."""
    from CardiacSegmentationLib.gui import recovery_bar

    for path in recovery_bar._folder().glob("*.npz"):
        path.unlink()
    yield
    for path in recovery_bar._folder().glob("*.npz"):
        path.unlink()


@pytest.fixture
def another_study(a_hand: Hand, phantom: Phantom) -> Study:
    """A second study in the scene, with labels, not at hand."""
    stack = replace(phantom[0], voxels=np.ascontiguousarray(phantom[0].voxels[..., ::-1]))
    return load(stack, phantom[1])


def test_after_a_crash_the_corrections_are_offered_and_restored(
    a_hand: Hand, a_segmented_study: Study, phantom: Phantom
) -> None:
    exclude = lambda: a_hand.panel.session.set_counts([Label.RV], 0, 1, counts=False)  # noqa: E731
    path = crash_with_a_correction(a_hand, a_segmented_study, exclude)
    a_hand.panel.select(load(*phantom))
    a_hand.see()
    assert a_hand.ui.recoveryFrame.visible
    assert "1 corrected image, 1 slice decided by hand" in a_hand.ui.recoveryLabel.text
    a_hand.ui.restoreButton.click()
    a_hand.see()
    assert (a_hand.panel.live.session.segmentation.labels[2, :, :12, :12] == 3).any()
    assert not a_hand.panel.live.assessment.counted[Label.RV - 1, 0, 1]
    assert not a_hand.ui.recoveryFrame.visible
    assert a_hand.ui.undoButton.enabled
    assert not path.exists()
    assert kept_phases(recovery_path(a_hand)) == {2}  # kept on as this study's own


def test_after_a_crash_segmenting_brings_the_offer(a_hand: Hand, a_segmented_study: Study, phantom: Phantom) -> None:
    path = crash_with_a_correction(a_hand, a_segmented_study)
    study = load(phantom[0])
    a_hand.panel.select(study)
    assert not a_hand.ui.recoveryFrame.visible
    segment(a_hand, study, phantom[1])
    assert a_hand.ui.recoveryFrame.visible
    segment(a_hand, study, phantom[1])
    assert a_hand.ui.recoveryFrame.visible  # nobody has decided yet
    a_hand.ui.restoreButton.click()
    assert (a_hand.panel.live.session.segmentation.labels[2, :, :12, :12] == 3).any()
    assert not path.exists()
    assert kept_phases(recovery_path(a_hand)) == {2}


def test_corrections_that_were_knowingly_replaced_are_forgotten(
    a_hand: Hand, a_segmented_study: Study, phantom: Phantom
) -> None:
    path = correct(a_hand, a_segmented_study, 2)
    assert kept_phases(path) == {2}
    segment(a_hand, a_segmented_study, phantom[1])
    assert not path.exists()
    assert kept_phases(correct(a_hand, a_segmented_study, 5)) == {5}


def test_kept_corrections_can_be_discarded(a_hand: Hand, a_segmented_study: Study, phantom: Phantom) -> None:
    path = crash_with_a_correction(a_hand, a_segmented_study)
    a_hand.panel.select(load(*phantom))
    a_hand.ui.discardButton.click()
    assert not path.exists()
    assert not a_hand.ui.recoveryFrame.visible


def test_what_is_corrected_before_the_decision_is_kept_beside_what_waits(
    a_hand: Hand, a_segmented_study: Study, phantom: Phantom
) -> None:
    path = crash_with_a_correction(a_hand, a_segmented_study)
    study = load(*phantom)
    a_hand.panel.select(study)
    own = correct(a_hand, study, 5)
    assert (kept_phases(path), kept_phases(own)) == ({2}, {5})
    a_hand.ui.discardButton.click()
    assert not path.exists()
    assert kept_phases(own) == {5}


def test_the_same_study_loaded_twice_is_kept_and_offered_twice(
    a_hand: Hand, a_segmented_study: Study, phantom: Phantom
) -> None:
    import slicer

    second = load(*phantom)
    paths = [correct(a_hand, a_segmented_study, 2)]
    a_hand.panel.select(second)
    assert not a_hand.ui.recoveryFrame.visible
    paths.append(correct(a_hand, second, 5))
    assert [kept_phases(path) for path in paths] == [{2}, {5}]
    contents = [path.read_bytes() for path in paths]
    slicer.mrmlScene.Clear(False)
    assert not any(path.exists() for path in paths)
    for number, (path, content) in enumerate(zip(paths, contents, strict=True)):  # it had crashed instead
        path.write_bytes(content)
        os.utime(path, (1e9 + 3600 * number,) * 2)
    studies = [load(*phantom), load(*phantom)]
    for study, phase in zip(studies, (5, 2), strict=True):
        a_hand.panel.select(study)
        assert a_hand.ui.recoveryFrame.visible
        when = time.localtime(1e9 + (3600 if phase == 5 else 0))
        assert time.strftime("%Y-%m-%d %H:%M", when) in a_hand.ui.recoveryLabel.text
        a_hand.ui.restoreButton.click()
        a_hand.see()
        assert kept_phases(recovery_path(a_hand)) == {phase}
        assert a_hand.ui.recoveryFrame.visible == (phase == 5)  # the other one waits
    a_hand.panel.select(studies[0])
    assert not a_hand.ui.recoveryFrame.visible
    slicer.mrmlScene.Clear(False)
    assert not list(paths[0].parent.glob("*"))


@pytest.mark.parametrize("what", ["study", "labels"])
def test_a_study_deleted_while_another_is_at_hand_is_offered_again(
    a_hand: Hand, a_segmented_study: Study, another_study: Study, phantom: Phantom, what: str
) -> None:
    import slicer
    from slicer_host.data_module import delete_folder

    path = correct(a_hand, a_segmented_study, 2)
    a_hand.panel.select(another_study)
    if what == "study":
        delete_folder(a_segmented_study)
    else:
        slicer.mrmlScene.RemoveNode(a_segmented_study.segmentation)
    a_hand.see()
    assert a_hand.panel.study == another_study
    study = load(*phantom) if what == "study" else a_segmented_study
    if what == "labels":
        segment(a_hand, study, phantom[1])
    a_hand.panel.select(study)
    assert a_hand.ui.recoveryFrame.visible
    a_hand.ui.restoreButton.click()
    assert kept_phases(recovery_path(a_hand)) == {2}
    assert not path.exists()


def test_a_session_that_still_runs_keeps_its_corrections_to_itself(
    a_hand: Hand, a_segmented_study: Study, another_study: Study
) -> None:
    correct(a_hand, a_segmented_study, 2)
    a_hand.panel.select(another_study)
    a_hand.panel.select(a_segmented_study)
    assert not a_hand.ui.recoveryFrame.visible


def test_corrections_that_a_saved_scene_holds_are_not_offered_again(
    a_hand: Hand, a_segmented_study: Study, tmp_path: Path
) -> None:
    import slicer

    def save() -> None:
        assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))

    path = crash_with_a_correction(a_hand, a_segmented_study, save)
    assert path.exists()
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    a_hand.see()
    assert a_hand.panel.live is not None
    assert not path.exists()  # nothing is left in it to be restored
    assert not a_hand.ui.recoveryFrame.visible


def test_a_recovery_file_that_is_cut_off_is_no_help_and_no_harm(
    a_hand: Hand, a_segmented_study: Study, phantom: Phantom
) -> None:
    path = crash_with_a_correction(a_hand, a_segmented_study)
    path.write_bytes(path.read_bytes()[:200])
    a_hand.panel.select(load(*phantom))
    assert not a_hand.ui.recoveryFrame.visible


def test_a_look_at_another_study_loses_nothing_of_what_is_kept(
    a_hand: Hand, a_segmented_study: Study, another_study: Study
) -> None:
    path = correct(a_hand, a_segmented_study, 2)
    a_hand.panel.select(another_study)
    a_hand.panel.select(a_segmented_study)
    correct(a_hand, a_segmented_study, 5)
    assert kept_phases(path) == {2, 5}


def test_a_correction_is_kept_although_the_study_is_left_at_once(
    a_hand: Hand, a_segmented_study: Study, another_study: Study
) -> None:
    path = recovery_path(a_hand)
    a_hand.ui.phaseSlider.value = 2
    paint(a_segmented_study, 4)
    a_hand.panel.select(another_study)
    assert kept_phases(path) == {2}


def test_a_correction_that_is_taken_back_is_not_kept(a_hand: Hand, a_segmented_study: Study) -> None:
    path = correct(a_hand, a_segmented_study, 2)
    correct(a_hand, a_segmented_study, 5)
    a_hand.ui.undoButton.click()
    a_hand.panel._recovery.keep()
    assert kept_phases(path) == {2}
    a_hand.ui.phaseSlider.value = 2
    a_hand.ui.undoButton.click()
    a_hand.panel._recovery.keep()
    assert not path.exists()


def test_closing_the_scene_forgets_all_of_its_studies(
    a_hand: Hand, a_segmented_study: Study, another_study: Study
) -> None:
    import slicer

    paths = [correct(a_hand, a_segmented_study, 2)]
    a_hand.panel.select(another_study)
    paths.append(correct(a_hand, another_study, 3))
    assert all(path.exists() for path in paths)
    slicer.mrmlScene.Clear(False)
    assert not any(path.exists() for path in paths)


@pytest.mark.parametrize("what", ["study", "labels"])
def test_what_is_deleted_with_unsaved_work_is_offered_when_the_images_come_again(
    a_hand: Hand, a_segmented_study: Study, phantom: Phantom, what: str
) -> None:
    """In Slicer's Data module, right after a stroke and in the middle of a sentence."""
    import slicer
    from slicer_host.data_module import delete_folder

    path = recovery_path(a_hand)
    a_hand.ui.phaseSlider.value = 2
    paint(a_segmented_study, 4)
    a_hand.panel.sign_off.impression.plainText = "Dilated LV"
    if what == "study":
        delete_folder(a_segmented_study)
    else:
        slicer.mrmlScene.RemoveNode(a_segmented_study.segmentation)
    a_hand.wait(0.5)
    assert kept_phases(path) == {2}
    assert a_hand.panel.live is None
    study = load(*phantom) if what == "study" else a_segmented_study
    a_hand.panel.select(study)
    if what == "labels":
        segment(a_hand, study, phantom[1])
    assert a_hand.ui.recoveryFrame.visible
    a_hand.ui.restoreButton.click()
    a_hand.see()
    assert (a_hand.panel.live.session.segmentation.labels[2, :, :12, :12] == 3).any()
    assert a_hand.panel.live.session.reading.impression == "Dilated LV"


def test_what_was_deleted_outlives_the_session(a_hand: Hand, a_segmented_study: Study, a_module: Any) -> None:
    from slicer_host.data_module import delete_folder

    path = correct(a_hand, a_segmented_study, 2)
    delete_folder(a_segmented_study)
    a_hand.see()
    a_module.unload()
    assert kept_phases(path) == {2}


def test_a_study_deleted_without_any_work_leaves_no_file(a_hand: Hand, a_segmented_study: Study) -> None:
    from slicer_host.data_module import delete_folder

    path = recovery_path(a_hand)
    delete_folder(a_segmented_study)
    a_hand.see()
    assert not path.exists()


def test_nothing_is_written_into_a_scene_that_lost_the_study(a_hand: Hand, a_segmented_study: Study) -> None:
    """A session outlives its nodes where a run or a tool still holds it."""
    import slicer
    from slicer_host.data_module import delete_folder

    session = a_hand.panel.session
    paint(a_segmented_study, 4)
    delete_folder(a_segmented_study)
    a_hand.wait(0.5)
    left = [(node.GetID(), node.GetMTime()) for node in slicer.util.getNodesByClass("vtkMRMLNode")]
    delete_here(session, (3, 4), [Label.LV])
    session.set_impression("too late")
    a_hand.wait(0.5)
    assert [(node.GetID(), node.GetMTime()) for node in slicer.util.getNodesByClass("vtkMRMLNode")] == left
    assert a_segmented_study.node.GetScene() is None


def test_unloading_the_module_right_after_a_stroke_leaves_no_file(
    a_hand: Hand, a_segmented_study: Study, a_module: Any
) -> None:
    path = correct(a_hand, a_segmented_study, 2)
    paint(a_segmented_study, 5)
    a_module.unload()
    assert not path.exists()


@pytest.mark.stand_in
def test_when_slicer_ends_no_file_is_left_although_the_overview_was_looked_at(
    a_hand: Hand, a_segmented_study: Study, a_module: Any, a_window: Any
) -> None:
    """Its window is closed: the module goes out of view, the views are destroyed, then modules are unloaded."""
    from shiboken6 import delete

    a_hand.panel.overview.toggle()
    path = correct(a_hand, a_segmented_study, 2)
    assert path.is_file()
    a_module.widget.exit()
    for child in a_window.layoutManager().viewport().children():
        delete(child)
    a_module.unload()
    assert not path.exists()


def test_a_file_that_nobody_decided_on_outlives_the_scene(
    a_hand: Hand, a_segmented_study: Study, phantom: Phantom
) -> None:
    import slicer

    path = crash_with_a_correction(a_hand, a_segmented_study)
    a_hand.panel.select(load(*phantom))
    slicer.mrmlScene.Clear(False)
    assert kept_phases(path) == {2}


def test_a_full_disk_does_not_stop_the_work(
    a_hand: Hand,
    a_segmented_study: Study,
    another_study: Study,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from CardiacSegmentationLib.session import recovery

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recovery.np, "savez_compressed", fail)
    paint(a_segmented_study, 4)
    a_hand.panel.select(another_study)
    assert a_hand.panel.study == another_study
    assert "No space left on device" in caplog.text


def load(stack: CineStack, labels: Segmentation | None = None) -> Study:
    """A study in the scene, with labels where they are given."""
    import slicer
    from CardiacSegmentationLib.scene.study import load_study, set_segmentation

    study = load_study(slicer.mrmlScene, stack)
    if labels is not None:
        set_segmentation(study, labels)
    return study


def segment(hand: Hand, study: Study, labels: Segmentation) -> None:
    """The end of a run."""
    from CardiacSegmentationLib.scene.study import set_segmentation

    hand.panel.before_replacing(study)
    set_segmentation(study, labels)
    hand.panel.segmentation_replaced(study)
    hand.see()


def correct(hand: Hand, study: Study, phase: int) -> Path:
    """A stroke, and the pause after which it is kept."""
    hand.ui.phaseSlider.value = phase
    paint(study, 4)
    hand.panel.settle()
    hand.panel._recovery.keep()
    return recovery_path(hand)


def recovery_path(hand: Hand) -> Path:
    """The file of the study at hand."""
    path: Path = hand.panel._recovery.recovery.path_of(hand.panel.live.session, hand.panel.study)
    return path


def crash_with_a_correction(hand: Hand, study: Study, before: Callable[[], None] = lambda: None) -> Path:
    """Slicer is killed after a stroke: an empty scene, and the file of a process that is no more."""
    import slicer

    path = correct(hand, study, 2)
    before()
    hand.panel._recovery.keep()
    with np.load(path) as stored:
        content = {name: stored[name] for name in stored.files}
    state = json.loads(str(content["state"]))
    state["owner"] = {"process": 2**22 + 1, "token": "of a process that is no more"}
    content["state"] = np.array(json.dumps(state))
    slicer.mrmlScene.Clear(False)
    np.savez_compressed(path, **content)
    return path


def kept_phases(path: Path) -> set[int]:
    """The phases that a recovery file holds."""
    with np.load(path) as stored:
        return {phase for phase, _ in json.loads(str(stored["state"]))["places"]}
