"""Step 2: the real background process with the real ONNX Runtime, to its end, cancelled, and left by its scene."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.network.bundle import bundled_networks
from overlap import dice
from slicer_stand_in.hand import paint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack
    from slicer_stand_in.hand import Hand


def running(hand: Hand) -> bool:
    return bool(hand.panel._segment.is_running)


@pytest.fixture
def a_view(a_window: Any) -> Iterator[Any]:
    """Which volumes the big slice view shows."""
    import slicer

    views = a_window.applicationLogic().GetSliceLogics()
    view = slicer.vtkMRMLSliceLogic()
    view.SetMRMLScene(slicer.mrmlScene)
    view.AddSliceNode("Red")
    views.AddItem(view)
    yield view.GetSliceCompositeNode()
    views.RemoveItem(view)
    view.SetMRMLScene(None)


def run_to_the_end(hand: Hand) -> None:
    hand.click(hand.ui.segmentButton)
    assert running(hand), hand.messages.errors
    hand.wait_for(lambda: not running(hand), 120, "the segmentation")


def test_one_click_segments_all_phases_in_the_background(
    a_hand: Hand, a_painted_study: Study, painted: tuple[CineStack, Segmentation]
) -> None:
    texts = []
    a_hand.click(a_hand.ui.segmentButton)
    assert a_hand.ui.segmentButton.text == "Cancel"
    while running(a_hand):
        a_hand.see()
        texts.append(a_hand.ui.progressLabel.text)
        time.sleep(0.02)
    assert a_hand.ui.progressLabel.text == "Segmented."
    assert not a_hand.ui.errorText.visible
    assert any(text.startswith("Segmenting") for text in texts)
    truth = painted[1].labels
    found = a_hand.panel.live.session.segmentation.labels
    assert all(dice(found == label, truth == label) > 0.9 for label in (1, 2, 3))
    assert a_hand.ui.segmentButton.text == "Segment again"
    assert a_hand.ui.resultsTable.rowCount > 5


def test_a_double_click_starts_a_run_and_does_not_cancel_it(a_hand: Hand, a_painted_study: Study) -> None:
    a_hand.double_click(a_hand.ui.segmentButton)
    a_hand.wait_for(lambda: not running(a_hand), 120, "the segmentation")
    assert a_hand.ui.progressLabel.text == "Segmented."


def test_a_run_that_is_cancelled_changes_nothing_and_leaves_no_process_and_no_file(
    a_hand: Hand, a_painted_study: Study
) -> None:
    a_hand.click(a_hand.ui.segmentButton)
    run = a_hand.panel._segment._run
    folder = a_hand.panel._segment._folder
    a_hand.wait_for(lambda: run._pid is not None, 30, "the process telling its number")
    pid = run._pid
    a_hand.click(a_hand.ui.segmentButton)
    a_hand.wait_for(lambda: not running(a_hand), 30, "the end")
    assert a_hand.ui.progressLabel.text.startswith("Cancelled")
    assert a_painted_study.segmentation is None
    assert not alive(pid)
    assert not folder.exists()
    assert a_hand.ui.segmentButton.text == "Segment"


def test_closing_the_scene_during_a_run_ends_the_process_and_the_panel_is_as_new(
    a_hand: Hand, a_painted_study: Study
) -> None:
    import slicer

    a_hand.click(a_hand.ui.segmentButton)
    run = a_hand.panel._segment._run
    a_hand.wait_for(lambda: run._pid is not None, 30, "the process telling its number")
    pid = run._pid
    a_hand.wait_for(lambda: a_hand.ui.progressLabel.text != "", 60, "a word on how far it is")
    slicer.mrmlScene.Clear(False)
    a_hand.wait_for(lambda: not alive(pid), 10, "the end of the process")
    assert a_hand.panel.study is None
    assert not a_hand.ui.segmentButton.enabled
    assert a_hand.ui.segmentButton.text == "Segment"
    assert a_hand.ui.progressLabel.text == ""
    assert not a_hand.messages.errors


def test_the_error_text_of_the_process_is_shown_and_not_lost(
    a_hand: Hand, a_painted_study: Study, tmp_path: Path
) -> None:
    a_hand.ui.modelEdit.currentPath = str(tmp_path)  # no network there
    run_to_the_end(a_hand)
    assert a_hand.ui.errorText.visible
    assert str(tmp_path) in a_hand.ui.errorText.plainText
    assert "✖" in a_hand.ui.progressLabel.text
    assert a_hand.ui.segmentButton.enabled
    a_hand.panel.select(None)  # about another study it says nothing
    assert not a_hand.ui.errorText.visible
    assert a_hand.ui.progressLabel.text == ""


def test_networks_that_ship_and_ones_own_are_chosen_in_one_list(
    a_hand: Hand, a_painted_study: Study, tmp_path: Path
) -> None:
    from CardiacSegmentationLib.scene.study import read_study_settings, write_study_settings

    ui = a_hand.ui
    shipped = bundled_networks()
    assert ui.modelCombo.count == len(shipped) + 1

    def chosen() -> str:
        return read_study_settings(a_painted_study)[0].model

    ui.modelEdit.currentPath = ""
    ui.modelCombo.currentIndex = shipped.index("cardiac-sax-ensemble")
    assert chosen() == "cardiac-sax-ensemble"
    assert not ui.modelEdit.enabled
    ui.modelEdit.currentPath = str(tmp_path)
    assert (chosen(), ui.modelCombo.currentIndex) == (str(tmp_path), len(shipped))
    ui.modelCombo.currentIndex = 0
    assert (chosen(), ui.modelEdit.currentPath) == ("", "")
    write_study_settings(a_painted_study, replace(read_study_settings(a_painted_study)[0], model=shipped[-1]))
    a_hand.panel._segment.show_study(a_painted_study)
    assert ui.modelCombo.currentIndex == len(shipped) - 1


def test_a_process_that_dies_without_a_word_is_told_of(
    a_hand: Hand, a_painted_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CardiacSegmentationLib.gui import background

    monkeypatch.setattr(background, "WORKER", Path("/does/not/exist.py"))
    run_to_the_end(a_hand)
    assert "exist.py" in a_hand.ui.errorText.plainText  # Python's own complaint, from the merged streams


def test_corrections_are_not_overwritten_unless_the_user_says_so(a_hand: Hand, a_segmented_study: Study) -> None:
    paint(a_segmented_study, 4)
    a_hand.messages.answer = False
    a_hand.click(a_hand.ui.segmentButton)
    assert not running(a_hand)
    assert len(a_hand.messages.questions) == 1
    assert "1 image of" in a_hand.messages.questions[0]


def test_what_was_corrected_while_the_run_went_on_is_kept_if_the_user_wants(
    a_hand: Hand, a_painted_study: Study, painted: tuple[CineStack, Segmentation]
) -> None:
    from CardiacSegmentationLib.scene.study import set_segmentation

    set_segmentation(a_painted_study, painted[1])
    a_hand.panel.segmentation_replaced(a_painted_study)
    a_hand.messages.answer = False
    a_hand.click(a_hand.ui.segmentButton)
    assert running(a_hand)
    paint(a_painted_study, 4)
    a_hand.wait_for(lambda: not running(a_hand), 120, "the segmentation")
    assert len(a_hand.messages.questions) == 1
    assert "kept" in a_hand.ui.progressLabel.text
    phase = a_hand.ui.phaseSlider.value
    assert (a_hand.panel.live.session.segmentation.labels[phase, :, :12, :12] == 3).any()


def test_a_run_goes_on_for_its_study_while_another_is_looked_at(
    a_hand: Hand, a_painted_study: Study, phantom: tuple[CineStack, Segmentation]
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import load_study

    a_hand.click(a_hand.ui.segmentButton)
    other = load_study(slicer.mrmlScene, replace(phantom[0], title="Another heart"))
    a_hand.panel.select(other)
    assert "Cancel" in a_hand.ui.segmentButton.text
    a_hand.wait_for(lambda: not running(a_hand), 120, "the segmentation")
    assert a_painted_study.segmentation is not None
    assert other.segmentation is None
    assert a_hand.ui.progressLabel.text == f"“{a_painted_study.name}”: Segmented."
    a_hand.panel.select(a_painted_study)
    assert a_hand.ui.progressLabel.text == ""
    assert a_hand.ui.resultsTable.rowCount > 5


def test_a_map_of_uncertainty_comes_as_a_sequence_over_the_images(
    a_hand: Hand, a_painted_study: Study, painted: tuple[CineStack, Segmentation]
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.uncertainty import uncertainty_node
    from CardiacSegmentationLib.scene.voxels import voxels_of
    from slicer_host.data_module import delete_folder

    a_hand.ui.uncertaintyCheck.checked = True
    run_to_the_end(a_hand)
    node = uncertainty_node(a_painted_study)
    percent = voxels_of(node.GetImageData())
    assert percent.shape == painted[0].voxels.shape[1:]
    assert 0 < percent.max() <= 100
    assert (percent[:, :8, :8] == 0).all()  # far from the heart nobody is in doubt
    first = percent.copy()
    a_hand.ui.phaseSlider.value = 2
    assert (voxels_of(node.GetImageData()) != first).any()
    delete_folder(a_painted_study)
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSequenceNode") == 0
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0


def test_a_run_without_a_map_of_uncertainty_leaves_none_of_the_last_one(
    a_hand: Hand, a_painted_study: Study, a_view: Any
) -> None:
    from CardiacSegmentationLib.scene.uncertainty import uncertainty_node

    a_hand.ui.uncertaintyCheck.checked = True
    run_to_the_end(a_hand)
    assert a_view.GetForegroundVolumeID() == uncertainty_node(a_painted_study).GetID()
    a_hand.ui.uncertaintyCheck.checked = False
    run_to_the_end(a_hand)
    assert a_hand.ui.progressLabel.text == "Segmented."
    assert uncertainty_node(a_painted_study) is None
    assert a_view.GetForegroundVolumeID() is None


def test_a_map_of_uncertainty_is_not_laid_over_another_study(
    a_hand: Hand, a_painted_study: Study, a_view: Any, phantom: tuple[CineStack, Segmentation]
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import load_study
    from CardiacSegmentationLib.scene.uncertainty import uncertainty_node

    a_hand.ui.uncertaintyCheck.checked = True
    a_hand.click(a_hand.ui.segmentButton)
    a_hand.panel.select(load_study(slicer.mrmlScene, replace(phantom[0], title="Another heart")))
    a_hand.wait_for(lambda: not running(a_hand), 120, "the segmentation")
    assert a_view.GetForegroundVolumeID() is None
    a_hand.panel.select(a_painted_study)
    assert a_view.GetForegroundVolumeID() == uncertainty_node(a_painted_study).GetID()


def test_cancelling_ends_the_children_of_the_process_too(
    a_window: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process group: whatever the engine starts goes with it, also where it does not listen."""
    from CardiacSegmentationLib.gui import background

    worker = tmp_path / "worker.py"
    worker.write_text(
        "import json, os, signal, subprocess, sys, time\n"
        "os.setsid(); signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(json.dumps({'stage': 'segment', 'fraction': 0.5, 'message': str(child.pid)}), flush=True)\n"
        "print(json.dumps({'process': os.getpid()}), flush=True)\n"
        "time.sleep(600)\n"
    )
    monkeypatch.setattr(background, "WORKER", worker)
    monkeypatch.setattr(background, "GRACE_MS", 300)
    heard: list[Any] = []
    run = background.BackgroundRun(heard.append, lambda *end: heard.append(end))
    run.start(["segment"])
    wait_until(lambda: run._pid is not None)
    child, process = int(heard[0].message), run._pid
    run.cancel()
    wait_until(lambda: not run.is_running)
    assert heard[-1][0] is background.End.CANCELLED
    assert not alive(process)
    assert not alive(child)


def test_a_run_abandoned_before_its_process_could_say_who_it_is_is_ended_when_it_does(
    a_window: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with PythonSlicer, whose launcher stands between: the launcher dies at once, the worker must follow."""
    from CardiacSegmentationLib.gui import background

    told = tmp_path / "pid"
    worker = tmp_path / "worker.py"
    worker.write_text(
        "import json, os, sys, time\n"
        "os.setsid(); time.sleep(1)\n"
        f"open({str(told)!r}, 'w').write(str(os.getpid()))\n"
        "print(json.dumps({'process': os.getpid()}), flush=True)\n"
        "time.sleep(600)\n"
    )
    launcher = tmp_path / "launcher.py"
    launcher.write_text(f"import subprocess, sys; subprocess.run([sys.executable, {str(worker)!r}])\n")
    monkeypatch.setattr(background, "WORKER", launcher)
    ends: list[Any] = []
    run = background.BackgroundRun(lambda _progress: None, lambda *end: ends.append(end))
    run.start(["segment"])
    time.sleep(0.5)  # the launcher has started the worker
    run.abandon()
    wait_until(lambda: told.exists() and told.read_text() != "")
    wait_until(lambda: not alive(int(told.read_text())))
    assert ends == []


def test_a_run_is_never_done_with_a_moment_left(
    a_hand: Hand, a_painted_study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CardiacSegmentationLib.gui import background

    worker = tmp_path / "worker.py"
    worker.write_text(
        "import json, time\n"
        "print(json.dumps({'stage': 'export', 'fraction': 0.9, 'seconds_left': 1.0}), flush=True)\n"
        "print(json.dumps({'stage': 'done', 'fraction': 1.0, 'seconds_left': 0.0}), flush=True)\n"
        "time.sleep(1)\n"
    )
    monkeypatch.setattr(background, "WORKER", worker)
    a_hand.click(a_hand.ui.segmentButton)
    a_hand.wait_for(lambda: a_hand.ui.progressBar.value == 1000, 30)
    assert a_hand.ui.progressLabel.text == "Writing results, a moment left"
    a_hand.wait_for(lambda: not running(a_hand), 30)


def test_what_the_user_laid_over_the_images_stays(
    a_hand: Hand, a_view: Any, phantom: tuple[CineStack, Segmentation]
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import load_study, set_segmentation
    from CardiacSegmentationLib.scene.uncertainty import set_uncertainty, uncertainty_node

    stack, truth = phantom
    scar = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "scar")
    a_view.SetForegroundVolumeID(scar.GetID())
    a_view.SetForegroundOpacity(0.9)
    plain, unsure = load_study(slicer.mrmlScene, stack), load_study(slicer.mrmlScene, replace(stack, title="unsure"))
    set_segmentation(unsure, truth)
    set_uncertainty(unsure, np.zeros(stack.voxels.shape, np.uint8))
    a_hand.panel.select(plain)
    assert (a_view.GetForegroundVolumeID(), a_view.GetForegroundOpacity()) == (scar.GetID(), 0.9)
    a_hand.panel.select(unsure)
    assert a_view.GetForegroundVolumeID() == uncertainty_node(unsure).GetID()
    assert a_view.GetForegroundOpacity() == pytest.approx(0.4)
    a_hand.panel.select(plain)
    assert a_view.GetForegroundVolumeID() is None
    assert a_view.GetForegroundOpacity() == pytest.approx(0.9)


@pytest.mark.stand_in
def test_a_missing_package_is_asked_for_once_and_declining_is_a_sentence(
    a_hand: Hand, a_painted_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CardiacSegmentationLib.gui import packages
    from slicer_stand_in import packaging

    real, missing = packages.importlib.util.find_spec, ("onnxruntime", "openvino", "torch")
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: None if name in missing else real(name))
    monkeypatch.setattr(packaging, "_is_satisfied", lambda requirement: requirement.name != "onnxruntime")
    monkeypatch.setattr(packaging, "answer", lambda _missing: False)
    packaging.asked.clear()
    a_hand.click(a_hand.ui.segmentButton)
    assert packaging.asked == [["onnxruntime>=1.20"]]
    assert not running(a_hand)
    assert "onnxruntime is needed" in a_hand.messages.errors[0]


def test_the_process_ends_when_slicer_is_gone(tmp_path: Path, painted: Any, painted_bundle: Path) -> None:
    import subprocess
    import sys

    from CardiacSegmentationLib.gui.background import WORKER
    from CardiacSegmentationLib.gui.handover import write_stack

    write_stack(painted[0], tmp_path / "images.nrrd")
    parent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1)"])
    command = [sys.executable, str(WORKER), str(parent.pid), "segment", str(tmp_path / "images.nrrd")]
    command += [
        "--out",
        str(tmp_path / "results"),
        "--model",
        str(painted_bundle),
        "--backend",
        "onnx",
        "--uncertainty",
        "--json-progress",
    ]
    worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    parent.wait()
    worker.wait(timeout=30)
    assert worker.returncode != 0
    assert not (tmp_path / "results" / "run.json").exists()


def test_a_study_comes_back_from_its_file_as_it_was(tmp_path: Path, painted: tuple[CineStack, Segmentation]) -> None:
    from CardiacSegmentationLib.cine import read_study
    from CardiacSegmentationLib.gui.handover import write_stack

    stack = painted[0]
    write_stack(stack, tmp_path / "images.nrrd")
    back = read_study(tmp_path / "images.nrrd")
    np.testing.assert_array_equal(back.voxels, stack.voxels)
    np.testing.assert_allclose(back.affine, stack.affine, atol=1e-6)
    np.testing.assert_allclose(back.times_ms, stack.times_ms, atol=0.01)
    assert back.rr_ms == pytest.approx(stack.rr_ms, rel=0.01)


def wait_until(happened: Any, seconds: float = 20.0) -> None:
    import slicer

    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        slicer.app.processEvents()
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Also a zombie is gone for us: its parent reaps it when it looks."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc").is_dir()
    return state != "Z"
