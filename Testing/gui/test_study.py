"""Step 1: from a folder, the DICOM browser, a node or the sample to a study in the scene."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from CardiacSegmentationLib.phantom import PhantomSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack
    from gui_hosts import Host
    from slicer_stand_in.hand import Hand


@pytest.fixture(scope="session")
def dicom_study(written_phantom: Callable[[PhantomSpec], Path]) -> Path:
    """A small phantom study as a Siemens scanner writes it: one series per slice, other views beside."""
    return written_phantom(PhantomSpec(phases=5, slices=6, pixel_mm=2.0))


def choose_folder(hand: Hand, folder: Path) -> None:
    hand.look_into(folder)
    assert hand.ui.stackTree.topLevelItemCount > 0 or hand.ui.stackFindings.text


def dicom_files(folder: Path) -> list[Path]:
    """What Slicer's DICOM database would index."""
    from pydicom.misc import is_dicom

    return [path for path in sorted(folder.rglob("*")) if path.is_file() and is_dicom(path)]


def items(tree: Any) -> list[str]:
    return [tree.topLevelItem(row).text(0) for row in range(tree.topLevelItemCount)]


def test_a_folder_shows_its_stacks_with_the_short_axis_chosen_and_one_click_loads(
    a_hand: Hand, dicom_study: Path
) -> None:
    choose_folder(a_hand, dicom_study)
    tree = a_hand.ui.stackTree
    assert len(items(tree)) >= 3  # the long-axis views are listed, too
    assert tree.currentItem().text(0).startswith("♥")
    assert tree.currentItem().text(1) == "6 × 5"
    assert a_hand.ui.stackFindings.text
    a_hand.ui.loadButton.click()
    study = a_hand.panel.study
    assert study is not None
    assert study.images.GetNumberOfDataNodes() == 5
    assert a_hand.ui.studySelector.currentNode() is study.node
    assert a_hand.ui.segmentButton.enabled
    assert not a_hand.ui.resultsTable.enabled
    assert a_hand.ui.sexCombo.currentText == "male"
    assert not a_hand.messages.errors


def test_a_double_click_loads_one_study(a_hand: Hand, dicom_study: Path) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import find_studies

    choose_folder(a_hand, dicom_study)
    a_hand.double_click(a_hand.ui.loadButton)
    assert len(find_studies(slicer.mrmlScene)) == 1
    a_hand.click(a_hand.ui.loadButton)
    assert len(find_studies(slicer.mrmlScene)) == 2  # who clicks again means it


def test_a_long_axis_view_is_warned_of_before_it_is_loaded(a_hand: Hand, dicom_study: Path) -> None:
    choose_folder(a_hand, dicom_study)
    tree = a_hand.ui.stackTree
    other = next(
        tree.topLevelItem(r) for r in range(tree.topLevelItemCount) if not tree.topLevelItem(r).text(0).startswith("♥")
    )
    tree.setCurrentItem(other)
    a_hand.see()
    assert "does not look like a short axis" in a_hand.ui.stackFindings.text


def test_a_folder_without_images_is_told_in_place_without_a_window(a_hand: Hand, tmp_path: Path) -> None:
    (tmp_path / "letter.dcm").write_text("Dear colleague")
    choose_folder(a_hand, tmp_path)
    assert "✖" in a_hand.ui.stackFindings.text
    assert not a_hand.messages.errors
    assert not a_hand.ui.loadButton.enabled


def test_a_path_half_typed_is_not_looked_into(a_hand: Hand, dicom_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import qt
    from CardiacSegmentationLib.gui import study_panel

    choose_folder(a_hand, dicom_study)
    looked_into = []
    monkeypatch.setattr(study_panel, "find_stacks", lambda path, _progress: looked_into.append(path))
    for letter in "/a/long/way":
        a_hand.press(a_hand.ui.folderEdit, qt.Qt.Key_A, letter)
    a_hand.wait(0.8)
    assert looked_into == []
    assert not a_hand.ui.loadButton.enabled  # what was found belongs to another path
    assert not a_hand.ui.stackFindings.visible


def test_a_path_that_does_not_exist_is_told_in_place(a_hand: Hand) -> None:
    a_hand.look_into("/no/such/fol")
    assert "/no/such/fol does not exist" in a_hand.ui.stackFindings.text
    assert not a_hand.messages.errors


def test_a_path_of_the_history_is_looked_into_once(
    a_hand: Hand, dicom_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CardiacSegmentationLib.gui import study_panel

    choose_folder(a_hand, dicom_study)
    a_hand.ui.loadButton.click()  # now it is in the history, and Enter also chooses it there
    real, looked_into = study_panel.find_stacks, []
    monkeypatch.setattr(study_panel, "find_stacks", lambda path, tell: looked_into.append(path) or real(path, tell))
    choose_folder(a_hand, dicom_study)
    assert looked_into == [dicom_study]


def test_a_path_that_was_loaded_is_offered_again_and_not_kept(a_hand: Hand, dicom_study: Path, a_window: Any) -> None:
    import slicer

    a_hand.look_into(dicom_study)
    a_hand.ui.loadButton.click()
    (history,) = slicer.util.findChildren(a_hand.ui.folderEdit, className="QComboBox")
    assert history.findText(str(dicom_study)) >= 0
    settings = a_window.settings()
    assert not [key for key in settings.allKeys() if str(dicom_study) in str(settings.value(key))]  # see privacy.md


def test_buttons_choose_a_folder_or_a_file(a_hand: Hand, dicom_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import qt

    ui = a_hand.ui
    file = next(path for path in dicom_study.rglob("*.nii.gz"))
    monkeypatch.setattr(qt.QFileDialog, "getExistingDirectory", staticmethod(lambda *_: str(dicom_study)))
    monkeypatch.setattr(qt.QFileDialog, "getOpenFileName", staticmethod(lambda *_: str(file)))
    ui.folderButton.click()
    assert ui.folderEdit.currentPath == str(dicom_study)
    assert ui.loadButton.enabled
    ui.fileButton.click()
    assert ui.folderEdit.currentPath == str(file)
    assert ui.stackFindings.text
    for edit in (ui.exportEdit, ui.modelEdit):
        edit.browse()
        assert edit.currentPath == str(dicom_study)  # "…" of these opens a dialog that can choose folders


def test_looking_through_many_files_can_be_cancelled(
    a_hand: Hand, dicom_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    import slicer
    from CardiacSegmentationLib.gui import messages, study_panel

    def find_slowly(_path: Path, tell: Any) -> None:
        for done in range(1000):
            tell(done, 1000)
            time.sleep(0.01)
            for dialog in slicer.util.findChildren(className="QProgressDialog"):
                if dialog.visible:
                    dialog.cancel()

    monkeypatch.setattr(messages, "PATIENCE_MS", 50)
    monkeypatch.setattr(study_panel, "find_stacks", find_slowly)
    a_hand.look_into(dicom_study)
    assert "Cancelled" in a_hand.ui.stackFindings.text
    assert not a_hand.ui.loadButton.enabled
    assert not a_hand.messages.errors


def test_a_whole_disk_is_refused_before_it_is_read(
    a_hand: Hand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CardiacSegmentationLib.gui import study_panel

    for number in range(4):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "file").write_text("no image")
    monkeypatch.setattr(study_panel, "MOST_FILES", 3)
    monkeypatch.setattr(study_panel, "find_stacks", lambda *_: pytest.fail("was read"))
    a_hand.look_into(tmp_path)
    assert "more than 3 files" in a_hand.ui.stackFindings.text


@pytest.fixture
def a_dicom_browser(a_window: Any, dicom_study: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Slicer's DICOM browser over a database with the study, one series per folder, and a patient's other file."""
    import slicer
    from slicer_stand_in.other_modules import DicomBrowser, DicomDatabase

    monkeypatch.setattr(slicer, "dicomDatabase", DicomDatabase(), raising=False)
    slicer.dicomDatabase.series = {"1.2.3": ["/another/patient"]}
    for file in dicom_files(dicom_study):
        slicer.dicomDatabase.series.setdefault(str(file.parent), []).append(str(file))
    browser = DicomBrowser()
    monkeypatch.setattr(slicer.modules, "DICOMInstance", SimpleNamespace(browserWidget=browser), raising=False)
    return browser


@pytest.mark.stand_in
@pytest.mark.parametrize("visual", [False, True])
def test_the_selection_of_the_dicom_browser_in_use_is_taken_over(
    a_hand: Hand, a_dicom_browser: Any, visual: bool
) -> None:
    import slicer

    a_hand.ui.useSelectionButton.click()
    assert "Nothing is selected" in a_hand.messages.errors[0]
    if visual:  # what was selected in the other one before is not meant
        a_dicom_browser.select(["1.2.3"])
    slicer.app.settings().setValue("DICOM/UseVisualDICOMBrowser", visual)
    a_dicom_browser.select([series for series in slicer.dicomDatabase.series if series != "1.2.3"])
    a_hand.ui.useSelectionButton.click()
    a_hand.see()
    assert any(name.startswith("♥") for name in items(a_hand.ui.stackTree))
    assert "another" not in a_hand.ui.stackFindings.text


def test_a_volume_sequence_in_the_scene_becomes_a_study(a_hand: Hand, phantom: tuple[CineStack, Segmentation]) -> None:
    import slicer
    from CardiacSegmentationLib.scene.voxels import image_of, ras_matrix

    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "Loaded elsewhere")
    sequence.SetIndexName("time")
    sequence.SetIndexUnit("ms")
    for phase, time_ms in enumerate(phantom[0].times_ms):
        volume = slicer.vtkMRMLScalarVolumeNode()
        volume.SetIJKToRASMatrix(ras_matrix(phantom[0].affine))
        volume.SetAndObserveImageData(image_of(phantom[0].voxels[phase]))
        sequence.SetDataNodeAtValue(volume, str(time_ms))
    a_hand.ui.nodeSelector.setCurrentNode(sequence)
    a_hand.ui.useNodeButton.click()
    assert a_hand.panel.study is not None
    assert a_hand.panel.study.images.GetNumberOfDataNodes() == phantom[0].phases
    assert not a_hand.messages.errors


def test_the_sample_is_made_on_this_computer_and_loaded(
    a_hand: Hand, monkeypatch: pytest.MonkeyPatch, dicom_study: Path
) -> None:
    from CardiacSegmentationLib.gui import study_panel

    monkeypatch.setattr(study_panel, "sample_folder", lambda: dicom_study)
    a_hand.ui.sampleButton.click()
    assert a_hand.panel.study is not None
    assert a_hand.ui.segmentButton.enabled


def test_sample_data_lists_the_sample_and_its_button_loads_it(
    a_hand: Hand, gui_host: Host, monkeypatch: pytest.MonkeyPatch, dicom_study: Path
) -> None:
    import slicer
    from CardiacSegmentationLib.gui import sample

    monkeypatch.setattr(sample, "sample_folder", lambda: dicom_study)
    monkeypatch.setattr(slicer.modules, "sampleDataSources", {}, raising=False)  # tests in German list it, too
    gui_host.finish_start()
    gui_host.finish_start()  # a reload of the module registers nothing twice
    sources = slicer.modules.sampleDataSources["Cardiac"]
    assert len(sources) == 1
    assert Path(sources[0].thumbnailFileName).is_file()
    sources[0].customDownloader(sources[0])
    a_hand.see()
    assert a_hand.ui.studySelector.nodeCount() == 1


def test_slicers_dicom_module_offers_the_cine_of_many_series_as_one(a_hand: Hand, dicom_study: Path) -> None:
    import slicer

    files: dict[str, list[str]] = {}
    for file in dicom_files(dicom_study):
        files.setdefault(str(file.parent), []).append(str(file))
    plugin = slicer.modules.dicomPlugins["CardiacCinePlugin"]()
    loadables = plugin.examineForImport(list(files.values()))
    assert [loadable.name for loadable in loadables] == ["Short-axis cine (6 slices × 5 phases)"]
    assert loadables[0].selected
    assert plugin.load(loadables[0])
    a_hand.see()
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    item = hierarchy.GetItemByDataNode(a_hand.ui.studySelector.mrmlScene().GetFirstNodeByClass("vtkMRMLSequenceNode"))
    levels = set()
    while item != hierarchy.GetSceneItemID():
        levels.add(hierarchy.GetItemLevel(item))
        item = hierarchy.GetItemParent(item)
    assert {"Patient", "Study"} <= levels


@pytest.mark.stand_in
def test_no_header_is_read_twice_and_none_of_another_modality(
    a_hand: Hand, dicom_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import slicer
    from CardiacSegmentationLib.scene import dicom
    from DICOMLib import DICOMUtils
    from slicer_stand_in.other_modules import DicomDatabase

    asked: list[list[list[str]]] = []
    monkeypatch.setattr(dicom, "examine", lambda file_lists: asked.append(list(file_lists)) or [])
    monkeypatch.setattr(slicer, "dicomDatabase", DicomDatabase(), raising=False)
    slicer.dicomDatabase.modalities = {"/ct/1": "CT", "/mr/1": "MR"}
    DICOMUtils.getLoadablesFromFileLists([["/ct/1"], ["/mr/1"], ["/not in the database/1"]])
    assert asked == [[["/mr/1"], ["/not in the database/1"]]]


def test_two_studies_are_worked_on_side_by_side(
    a_hand: Hand, a_segmented_study: Study, phantom: tuple[CineStack, Segmentation]
) -> None:
    from dataclasses import replace

    import slicer
    from CardiacSegmentationLib.scene.study import load_study

    first = a_hand.ui.resultsTable.rowCount
    other = load_study(slicer.mrmlScene, replace(phantom[0], title="Another heart"))
    a_hand.ui.studySelector.setCurrentNode(other.node)
    assert a_hand.panel.study == other
    assert a_hand.ui.resultsTable.rowCount == 0
    a_hand.ui.studySelector.setCurrentNode(a_segmented_study.node)
    assert a_hand.ui.resultsTable.rowCount == first
    slicer.mrmlScene.RemoveNode(other.node)
    assert a_hand.panel.study == a_segmented_study
