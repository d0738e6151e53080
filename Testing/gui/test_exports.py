"""Step 4's way out for a DICOM study: objects on disk and in Slicer's DICOM database."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from slicer_stand_in.hand import paint

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.scene.study import Study
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack
    from slicer_stand_in.hand import Hand


@pytest.fixture
def a_segmented_dicom_study(a_segmented_hand: Hand, tmp_path: Path) -> Path:
    """A phantom study on disk, loaded through the panel, with its true labels; returns the study's results folder."""
    from CardiacSegmentationLib.gui.exports import study_folder

    return study_folder(a_segmented_hand.panel.study, tmp_path / "results")


def open_segmented(hand: Hand, stack: CineStack, truth: Segmentation) -> Study:
    """Another study of the same name, at hand."""
    import slicer
    from CardiacSegmentationLib.scene.study import load_study, set_segmentation

    study = load_study(slicer.mrmlScene, replace(stack, title="cine_sax: 1/2"))
    set_segmentation(study, truth)
    hand.panel.select(study)
    hand.see()
    return study


@pytest.mark.stand_in
def test_dicom_objects_go_to_disk_and_into_slicers_database(
    a_hand: Hand, a_segmented_dicom_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pydicom
    import slicer
    from slicer_stand_in.other_modules import DicomDatabase

    monkeypatch.setattr(slicer, "dicomDatabase", DicomDatabase(), raising=False)
    a_hand.export("measurements")
    (a_segmented_dicom_study / "dicom").mkdir()
    (a_segmented_dicom_study / "dicom" / "another.dcm").write_text("somebody's own")
    paint(a_hand.panel.study, 3)  # not settled yet: the export must not miss it
    a_hand.export("dicom-seg", "dicom-sr", "dicom-pdf", "dicom-rtstruct")
    assert not a_hand.messages.errors
    assert not a_hand.messages.questions
    files = sorted(
        set((a_segmented_dicom_study / "dicom").glob("*.dcm")) - {a_segmented_dicom_study / "dicom" / "another.dcm"}
    )
    assert sorted(slicer.dicomDatabase.inserted) == files
    assert sorted(slicer.dicomDatabase.listed) == files  # a browser that is open shows them at once
    kinds = {pydicom.dcmread(file, stop_before_pixels=True).Modality for file in files}
    assert kinds == {"SEG", "SR", "DOC", "RTSTRUCT"}
    ed = pydicom.dcmread(a_segmented_dicom_study / "dicom" / "seg_ED.dcm", stop_before_pixels=True)
    assert ed.SegmentSequence[0].SegmentAlgorithmType == "MANUAL"  # no network drew these labels


@pytest.mark.stand_in
def test_a_long_export_shows_how_far_it_is_and_can_be_cancelled(
    a_hand: Hand, a_segmented_dicom_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import slicer
    from CardiacSegmentationLib.export.results import PARTS
    from CardiacSegmentationLib.gui import messages

    shown = []

    def cancel(inputs: Any) -> list[Path]:
        for dialog in slicer.util.findChildren(className="QProgressDialog"):
            shown.append((dialog.labelText, dialog.value))
            dialog.cancel()
        return []

    monkeypatch.setattr(messages, "PATIENCE_MS", 0)
    monkeypatch.setitem(PARTS, "slices", replace(PARTS["slices"], write=cancel))
    a_hand.export("measurements", "patient", "slices", "phases")
    assert (a_segmented_dicom_study / "measurements.csv").is_file()
    assert shown
    assert 0 < shown[0][1] < 100
    assert a_hand.ui.exportLabel.text == "Cancelled; what was written before stays."
    assert not a_hand.messages.errors


def test_without_a_database_the_objects_are_written_all_the_same(a_hand: Hand, a_segmented_dicom_study: Path) -> None:
    a_hand.export("dicom-seg", "dicom-sr", "dicom-pdf", "dicom-rtstruct")
    assert not a_hand.messages.errors
    assert (a_segmented_dicom_study / "dicom" / "sr.dcm").is_file()


def test_a_folder_that_cannot_be_written_is_an_error_with_its_name(a_hand: Hand, a_segmented_dicom_study: Path) -> None:
    a_segmented_dicom_study.parent.mkdir()
    a_segmented_dicom_study.write_text("a file where a folder should be")
    for part in ("measurements", "scene", "labels"):
        a_hand.export(part)
    assert len(a_hand.messages.errors) == 3
    assert all(str(a_segmented_dicom_study) in error for error in a_hand.messages.errors)


def test_results_of_one_patient_never_take_the_place_of_anothers(
    a_hand: Hand, phantom: tuple[CineStack, Segmentation], tmp_path: Path
) -> None:
    stack, truth = phantom
    a_hand.ui.exportEdit.currentPath = str(tmp_path)
    contents = []
    for voxels in (stack.voxels, stack.voxels[..., ::-1].copy()):
        open_segmented(a_hand, replace(stack, voxels=voxels), truth)
        for part in ("measurements", "slices", "phases", "labels", "scene"):
            a_hand.export(part)
        contents.append({path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()})
    assert contents[0].items() <= contents[1].items()
    assert len(contents[1]) == 2 * len(contents[0]) == 14
    assert len({path.parent for path in contents[1]}) == 2
    assert all(path.parent.name.startswith("cine-sax-1-2") for path in contents[1])
    assert not a_hand.messages.questions
    assert not a_hand.messages.errors


def test_what_is_there_is_replaced_only_after_asking(
    a_hand: Hand, phantom: tuple[CineStack, Segmentation], tmp_path: Path
) -> None:
    a_hand.ui.exportEdit.currentPath = str(tmp_path)
    open_segmented(a_hand, *phantom)
    a_hand.export("measurements")
    (file,) = tmp_path.rglob("measurements.json")
    file.write_text("corrected by hand")
    a_hand.messages.answer = False
    a_hand.export("measurements")
    assert file.read_text() == "corrected by hand"
    assert a_hand.ui.exportLabel.text == ""
    a_hand.messages.answer = True
    a_hand.export("measurements")
    assert file.read_text() != "corrected by hand"
    assert len(a_hand.messages.questions) == 2
    assert "measurements.json" in a_hand.messages.questions[0]
    assert str(file.parent) in a_hand.messages.questions[0]


def test_every_part_is_in_the_menu_and_what_it_would_replace_is_known(
    a_hand: Hand, a_segmented_dicom_study: Path
) -> None:
    from CardiacSegmentationLib.export.result_parts import PARTS
    from CardiacSegmentationLib.gui.exports import exports_of, replaced, write

    exports = exports_of(a_hand.panel.live)
    assert all(export.is_offered for export in exports)
    single = [export.parts[0] for export in exports if len(export.parts) == 1]
    assert set(single) == set(PARTS) - {"uncertainty"}
    for part in set(single) - {"view", "scene"}:
        assert not replaced([part], a_segmented_dicom_study)
        written = write(a_hand.panel.live, [part], a_segmented_dicom_study)
        assert replaced([part], a_segmented_dicom_study) == sorted(written)


def test_what_a_study_does_not_allow_is_not_offered(a_hand: Hand, a_segmented_study: Study) -> None:
    from CardiacSegmentationLib.gui.exports import exports_of

    refused = {part for export in exports_of(a_hand.panel.live) if not export.is_offered for part in export.parts}
    assert refused == {"dicom-seg", "dicom-sr", "dicom-pdf", "dicom-rtstruct"}  # these images came from no DICOM study
    everything = exports_of(a_hand.panel.live)[-1]
    assert not refused & set(everything.parts)


def test_the_folder_names_patient_date_and_series(a_hand: Hand, a_segmented_dicom_study: Path) -> None:
    import pydicom
    from CardiacSegmentationLib.scene.study import stack_of

    stack = stack_of(a_hand.panel.study)
    images = (path for path in stack.source.path.rglob("*") if path.is_file() and pydicom.misc.is_dicom(path))
    header = pydicom.dcmread(next(images), stop_before_pixels=True)
    patient, date, series = a_segmented_dicom_study.name.split("_", 2)
    assert patient == header.PatientID
    assert date.replace("-", "") == header.StudyDate
    assert series == stack.title.replace("_", "-").replace(" ", "-")


def test_a_folder_with_the_results_of_other_images_is_passed_by(a_hand: Hand, a_segmented_dicom_study: Path) -> None:
    from CardiacSegmentationLib.gui.exports import MARK, study_folder

    a_hand.export("measurements")
    study, parent = a_hand.panel.study, a_segmented_dicom_study.parent
    assert study_folder(study, parent) == a_segmented_dicom_study
    (a_segmented_dicom_study / MARK).write_text("other images")
    assert study_folder(study, parent).name == f"{a_segmented_dicom_study.name}_2"


def test_who_it_is_stands_on_top_and_is_hidden_by_a_click(a_hand: Hand, a_segmented_dicom_study: Path) -> None:
    identity, (patient, date, _) = a_hand.panel.identity, a_segmented_dicom_study.name.split("_", 2)
    assert identity.bar.visible
    for text in (patient, date, a_hand.panel.study.name, "6 slices × 4 phases"):
        assert text in identity.label.text
    identity.button.click()
    assert identity.label.text == "Patient hidden · 6 slices × 4 phases"
    a_hand.panel.select(None)
    assert not identity.bar.visible


def test_two_loads_of_one_study_have_two_names(a_hand: Hand, phantom: tuple[CineStack, Segmentation]) -> None:
    names = [open_segmented(a_hand, *phantom).name for _ in range(3)]
    assert names == ["cine_sax: 1/2", "cine_sax: 1/2 (2)", "cine_sax: 1/2 (3)"]


def test_a_folder_may_be_relative_but_not_missing(
    a_hand: Hand,
    phantom: tuple[CineStack, Segmentation],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    open_segmented(a_hand, *phantom)
    a_hand.ui.exportEdit.currentPath = "results"
    a_hand.export("measurements")
    assert not a_hand.messages.errors
    assert len(list((tmp_path / "results").rglob("*.csv"))) == 1
    a_hand.ui.exportEdit.currentPath = " "
    a_hand.export("measurements")
    assert a_hand.messages.errors == ["Choose the folder that the results are written to."]
    assert not list(tmp_path.glob("*.csv"))


@pytest.mark.stand_in
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
    a_hand.export("report")
    assert packaging.asked == [["matplotlib>=3.8"]]
    assert "matplotlib is needed" in a_hand.messages.errors[0]
    assert not (a_segmented_dicom_study / "report.pdf").exists()
