"""The pictures of the guide: the sample heart, segmented by the shipped network, the panel at every stop.

    CARDIACSEG_PICTURES=docs/images ./run test Testing/gui/test_pictures.py      makes those in docs anew

Without the variable they go to a temporary folder: then this is a test of the way with the shipped network.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.segmentation import Label
from scipy.ndimage import binary_erosion

if TYPE_CHECKING:
    from CardiacSegmentationLib.scene.study import Study
    from slicer_stand_in.hand import Hand

pytestmark = pytest.mark.stand_in  # a real Slicer has a screen
RESULTS = "/home/reader/results"  # a path that reads well in a picture
MODELS = Path(__file__).parents[2] / "CardiacSegmentation" / "Resources" / "Models"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """The folder that pictures go to."""
    return Path(os.environ.get("CARDIACSEG_PICTURES", tmp_path / "pictures")).resolve()


def test_the_sample_is_segmented_by_the_shipped_network_and_pictured(
    a_hand: Hand, pictures: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from CardiacSegmentationLib.phantom import PhantomSpec, write_study

    if not MODELS.is_dir():
        pytest.skip("no network is shipped yet")
    hand, ui = a_hand, a_hand.ui
    hand.picture(pictures / "slicer-panel-start.png")
    write_study(tmp_path / "phantom", PhantomSpec())
    monkeypatch.chdir(tmp_path)
    hand.look_into("phantom")  # a path that reads well in a picture
    hand.picture(pictures / "slicer-panel-study.png")

    ui.loadButton.click()
    hand.click(ui.segmentButton)
    hand.wait_for(lambda: ui.progressLabel.text.startswith("Segmenting"), 120)
    hand.picture(pictures / "slicer-panel-running.png")
    hand.wait_for(lambda: not hand.panel._segment.is_running, 300)
    assert hand.panel.live is not None, ui.errorText.plainText
    assessment = hand.panel.live.assessment
    assert assessment.lv["ef_percent"].value == pytest.approx(PhantomSpec().lv_ef_percent, abs=6)
    ui.exportEdit.currentPath = RESULTS
    hand.picture(pictures / "slicer-panel-results.png")


def test_what_was_corrected_and_decided_is_pictured(a_hand: Hand, a_segmented_study: Study, pictures: Path) -> None:
    """The LV one pixel smaller at ED, an RV slice excluded: automatic beside corrected, key phase, journal."""
    ui, panel = a_hand.ui, a_hand.panel
    ed = panel.live.assessment.key_phases.lv_ed
    labels = panel.live.session.segmentation.labels[ed].copy()
    eroded = np.stack([binary_erosion(image == Label.LV) for image in labels])
    labels[(labels == Label.LV) & ~eroded] = Label.MYO
    panel.session.edit(ed, labels, "Erase")
    panel.session.set_counts([Label.RV], ed, 1, counts=False)
    ui.journalBox.collapsed = False
    ui.exportEdit.currentPath = RESULTS
    a_hand.picture(pictures / "slicer-panel-corrected.png")
    assert "LV EF" in ui.correctionsLabel.text
    assert "the volume is largest in phase" in ui.keyPhaseLabel.text
    assert ui.journalList.count > 5


def test_what_goes_wrong_and_what_is_recovered_is_pictured(
    a_hand: Hand, a_segmented_study: Study, pictures: Path, tmp_path: Path
) -> None:
    a_hand.ui.modelEdit.currentPath = "/home/reader/my-network"
    a_hand.ui.segmentSection.collapsed = False
    a_hand.click(a_hand.ui.segmentButton)
    a_hand.wait_for(lambda: not a_hand.panel._segment.is_running, 60)
    a_hand.ui.correctSection.collapsed = True
    a_hand.ui.resultsSection.collapsed = True
    a_hand.ui.recoveryLabel.text = (
        "Work on this study was left unfinished on 2026-11-28 14:03 and is kept (2 corrected images)."
    )
    a_hand.ui.recoveryFrame.visible = True
    a_hand.picture(pictures / "slicer-panel-error.png")
    assert "my-network" in a_hand.ui.errorText.plainText


def test_the_contours_in_the_slice_view_are_pictured(a_hand: Hand, a_slice_view: Any, pictures: Path) -> None:
    """Drawn by Slicer's own displayable managers: end-diastole and end-systole side by side, after a correction."""
    import matplotlib.image
    import slicer
    from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
    from CardiacSegmentationLib.scene.study import load_study, set_segmentation
    from CardiacSegmentationLib.scene.views import align_view, go_to_slice

    stack, truth = make_stack(PhantomSpec(phases=10))
    study = load_study(slicer.mrmlScene, stack)
    set_segmentation(study, truth)
    a_hand.panel.select(study)
    a_slice_view.logic.GetSliceCompositeNode().SetBackgroundVolumeID(study.volume_node.GetID())
    align_view(study, a_slice_view.node)
    a_slice_view.logic.FitSliceToBackground()
    fov = a_slice_view.node.GetFieldOfView()
    a_slice_view.node.SetFieldOfView(0.55 * fov[0], 0.55 * fov[1], fov[2])
    go_to_slice(study, 5, [a_slice_view.node])
    views = []
    for button in (a_hand.ui.edButton, a_hand.ui.esButton):
        button.click()
        a_hand.see()
        views.append(a_slice_view.pixels())
    assert (views[0] != views[1]).any()
    red, green, blue = views[0].astype(int).transpose(2, 0, 1)
    assert ((red > green + 60) & (red > blue + 60)).any()  # the contour of the LV
    pictures.mkdir(parents=True, exist_ok=True)
    matplotlib.image.imsave(pictures / "slicer-view.png", np.hstack(views))


@pytest.mark.parametrize(("size", "panel_width"), [((1920, 1080), 500), ((1280, 800), 560)])
def test_the_window_is_pictured(
    a_hand: Hand, a_slice_view: Any, pictures: Path, size: tuple[int, int], panel_width: int
) -> None:
    """As large as Slicer's own: the panel, the short axis, the curve, the numbers."""
    import slicer
    from CardiacSegmentationLib.gui.layout import zoom_to_heart
    from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
    from CardiacSegmentationLib.scene.study import load_study, set_segmentation
    from slicer_stand_in.window import Window

    stack, truth = make_stack(PhantomSpec())
    study = load_study(slicer.mrmlScene, stack)
    set_segmentation(study, truth)
    a_hand.panel.select(study)
    window = Window(a_hand.widget, study.volume_node, size, panel_width)
    pictures.mkdir(parents=True, exist_ok=True)
    window.picture()  # gives the views their size, as Slicer has done long before a study is chosen
    zoom_to_heart(study, truth.labels)
    assert window.picture().save(str(pictures / f"slicer-window-{size[0]}.png"))
    window.close()
