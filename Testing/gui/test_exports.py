"""Step 4's way out for a DICOM study: objects on disk and in Slicer's DICOM database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from slicer_stand_in.hand import paint

if TYPE_CHECKING:
    from pathlib import Path

    from slicer_stand_in.hand import Hand


@pytest.fixture
def a_segmented_dicom_study(a_hand: Hand, tmp_path: Path) -> Path:
    """A phantom study on disk, loaded through the panel, with its true labels; returns the folder for results."""
    from CardiacSegmentationLib.phantom import PhantomSpec, make_stack, write_study
    from CardiacSegmentationLib.scene.study import set_segmentation

    spec = PhantomSpec(phases=4, slices=6, pixel_mm=2.0)
    write_study(tmp_path / "study", spec)
    a_hand.ui.folderEdit.currentPath = str(tmp_path / "study")
    a_hand.wait_for(lambda: a_hand.ui.loadButton.enabled, 20)
    a_hand.ui.loadButton.click()
    study = a_hand.panel.study
    set_segmentation(study, make_stack(spec)[1])
    a_hand.panel.segmentation_replaced(study)
    a_hand.ui.exportEdit.currentPath = str(tmp_path / "results")
    return tmp_path / "results"


def test_dicom_objects_go_to_disk_and_into_slicers_database(
    a_hand: Hand, a_segmented_dicom_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pydicom
    import slicer
    from slicer_stand_in.other_modules import DicomDatabase

    monkeypatch.setattr(slicer, "dicomDatabase", DicomDatabase(), raising=False)
    paint(a_hand.panel.study, 3)  # not settled yet: the export must not miss it
    a_hand.ui.dicomButton.click()
    assert not a_hand.messages.errors
    files = sorted((a_segmented_dicom_study / "dicom").glob("*.dcm"))
    assert slicer.dicomDatabase.imported == files
    kinds = {pydicom.dcmread(file, stop_before_pixels=True).Modality for file in files}
    assert kinds == {"SEG", "SR"}
    ed = pydicom.dcmread(a_segmented_dicom_study / "dicom" / "seg_ED.dcm", stop_before_pixels=True)
    assert ed.SegmentSequence[0].SegmentAlgorithmType == "MANUAL"  # no network drew these labels


def test_without_a_database_the_objects_are_written_all_the_same(a_hand: Hand, a_segmented_dicom_study: Path) -> None:
    a_hand.ui.dicomButton.click()
    assert not a_hand.messages.errors
    assert (a_segmented_dicom_study / "dicom" / "sr.dcm").is_file()


def test_a_folder_that_cannot_be_written_is_an_error_with_its_name(a_hand: Hand, a_segmented_dicom_study: Path) -> None:
    a_segmented_dicom_study.write_text("a file where a folder should be")
    for button in (a_hand.ui.csvButton, a_hand.ui.sceneButton, a_hand.ui.niftiButton):
        button.click()
    assert len(a_hand.messages.errors) == 3
    assert all(str(a_segmented_dicom_study) in error for error in a_hand.messages.errors)


def test_a_missing_package_is_asked_for_when_the_report_is_wanted(
    a_hand: Hand, a_segmented_dicom_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CardiacSegmentationLib.gui import packages
    from slicer_stand_in import packaging

    real = packages.importlib.util.find_spec
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: None if name == "matplotlib" else real(name))
    monkeypatch.setattr(packaging, "_is_satisfied", lambda requirement: requirement.name != "matplotlib")
    monkeypatch.setattr(packaging, "answer", lambda _missing: False)
    packaging.asked.clear()
    a_hand.ui.reportButton.click()
    assert packaging.asked == [["matplotlib>=3.8"]]
    assert "matplotlib is needed" in a_hand.messages.errors[0]
    assert not (a_segmented_dicom_study / "report.pdf").exists()
