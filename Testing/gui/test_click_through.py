"""The whole way of a user, from a file to exported results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slicer_stand_in.hand import paint

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack
    from slicer_stand_in.hand import Hand


def test_from_a_file_to_exported_results(
    a_hand: Hand,
    painted: tuple[CineStack, Segmentation],
    painted_bundle: Path,
    tmp_path: Path,
) -> None:
    import slicer
    from CardiacSegmentationLib.choices import CHOICES
    from CardiacSegmentationLib.gui.handover import write_stack

    hand, ui = a_hand, a_hand.ui

    # Load.
    study_file = tmp_path / "short axis.nrrd"
    write_stack(painted[0], study_file)
    hand.look_into(study_file)
    ui.loadButton.click()
    assert hand.panel.study is not None
    assert not ui.studySection.collapsed
    assert not ui.segmentSection.collapsed
    assert ui.correctSection.collapsed

    # Segment: once cancelled, then to the end, by the real process and the real ONNX Runtime.
    ui.advancedBox.collapsed = False
    ui.modelEdit.currentPath = str(painted_bundle)
    ui.backendCombo.currentIndex = CHOICES["backend"].values.index("onnx")
    segment = hand.panel._segment
    hand.click(ui.segmentButton)
    hand.wait_for(lambda: segment._run._pid is not None, 60, "the start")
    hand.click(ui.segmentButton)
    hand.wait_for(lambda: not segment.is_running, 60, "the cancelling")
    assert hand.panel.study.segmentation is None
    hand.click(ui.segmentButton)
    hand.wait_for(lambda: ui.progressBar.value > 0, 60, "the first progress")
    hand.wait_for(lambda: not segment.is_running, 120, "the segmentation")
    assert hand.panel.live is not None
    assert not ui.correctSection.collapsed

    # Step through the phases; correct; the table follows; take it back.
    seen = []
    for phase in range(painted[0].phases):
        ui.phaseSlider.value = phase
        seen.append(ui.phaseLabel.text)
    assert len(set(seen)) == painted[0].phases
    ui.edButton.click()
    before = ui.resultsTable.item(1, 1).text()
    paint(hand.panel.study, 3)
    hand.wait_for(lambda: ui.resultsTable.item(1, 1).text() != before, 10, "the table following")
    corrected = ui.resultsTable.item(1, 1).text()

    # Save, close the scene during a run, load, and find everything again.
    ui.exportEdit.currentPath = str(tmp_path / "results")
    hand.export("scene")
    hand.click(ui.segmentButton)
    hand.wait_for(lambda: segment._run._pid is not None or not segment.is_running, 60, "the start")
    slicer.mrmlScene.Clear(False)
    assert not segment.is_running
    assert hand.panel.study is None
    (scene,) = (tmp_path / "results").rglob("*.mrb")
    slicer.util.loadScene(str(scene))
    hand.see()
    assert hand.panel.study is not None
    assert ui.resultsTable.item(1, 1).text() == corrected

    # Export.
    hand.export("measurements", "patient", "slices", "phases")
    for part in ("labels", "report"):
        hand.export(part)
    assert not hand.messages.errors
    written = {path.name for path in (tmp_path / "results").rglob("*")}
    assert {
        "measurements.csv",
        "slices.csv",
        "phases.csv",
        "measurements.json",
        "labels.nii.gz",
        "report.pdf",
    } <= written
    assert "report.pdf" in ui.exportLabel.text
