"""Offers for Slicer's DICOM module, and loading them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.cine import find_stacks, read_stack
from CardiacSegmentationLib.phantom import PhantomSpec, write_study
from CardiacSegmentationLib.scene.dicom import examine, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def a_folder(written_phantom: Callable[[PhantomSpec], Path]) -> Path:
    """A phantom study with long-axis views; each slice is a series of its own."""
    return written_phantom(PhantomSpec(phases=4, slices=8))


@pytest.fixture(scope="module")
def series(a_folder: Path) -> list[list[str]]:
    """As Slicer's DICOM module hands them over: one list of files per series."""
    import pydicom

    by_series: dict[str, list[str]] = {}
    for path in filter(pydicom.misc.is_dicom, sorted(path for path in a_folder.rglob("*") if path.is_file())):
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["SeriesInstanceUID"])
        by_series.setdefault(str(header.SeriesInstanceUID), []).append(str(path))
    return list(by_series.values())


def test_a_cine_in_many_series_is_one_offer(a_scene: Any, series: list[list[str]]) -> None:
    assert len(series) > 8
    (offer,) = examine(series)
    assert offer.name == "Short-axis cine (8 slices × 4 phases)"
    assert len(offer.files) == 32 + 3 * 4  # three long axes go with it
    assert offer.selected
    assert offer.warning == ""


def test_a_cine_that_was_not_chosen_is_offered_below_a_plain_volume(
    a_scene: Any, series: list[list[str]], tmp_path: Path
) -> None:
    import pydicom

    first, *_others = examine(series)
    write_study(tmp_path / "coarse", PhantomSpec(phases=4, slices=6, pixel_mm=2.5, layout="siemens"))
    header = pydicom.dcmread(first.files[0], stop_before_pixels=True)
    coarse = [path for path in (tmp_path / "coarse").rglob("*") if path.is_file() and pydicom.misc.is_dicom(path)]
    for path in coarse:
        image = pydicom.dcmread(path)
        for keyword in ("PatientID", "StudyInstanceUID", "FrameOfReferenceUID"):
            setattr(image, keyword, header[keyword].value)
        image.save_as(path)
    offers = examine([*series, list(map(str, coarse))])
    plain_volume = 0.5  # Slicer's DICOMScalarVolumePlugin; the highest of a series is loaded, ticked or not
    assert [offer.selected for offer in offers] == [offer.confidence > plain_volume for offer in offers]
    assert sorted(offer.selected for offer in offers) == [False, True]


def test_what_is_missing_is_the_offers_warning(a_scene: Any, series: list[list[str]]) -> None:
    short_axis = set(examine(series)[0].files)
    middle = [files for files in series if set(files) <= short_axis][4]
    (offer,) = examine([files for files in series if files is not middle])
    assert offer.warning != ""


def test_an_offer_becomes_a_study_under_its_patient(
    a_scene: Any, a_folder: Path, series: list[list[str]], reload: Callable[[], None]
) -> None:
    import slicer
    from CardiacSegmentationLib.scene.study import find_studies, stack_of

    study = load(a_scene, examine(series)[0].files)
    expected = read_stack(find_stacks(a_folder))
    stack = stack_of(study)
    assert np.array_equal(stack.voxels, expected.voxels)
    assert stack.instance_uids == expected.instance_uids
    reload()
    (study,) = find_studies(slicer.mrmlScene)
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    folder = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(study.images))
    study_item = hierarchy.GetItemParent(folder)
    patient_item = hierarchy.GetItemParent(study_item)
    assert hierarchy.GetItemLevel(study_item) == "Study"
    assert hierarchy.GetItemLevel(patient_item) == "Patient"
    assert hierarchy.GetItemUID(study_item, "DICOM")


def test_two_loads_share_patient_and_study(a_scene: Any, series: list[list[str]]) -> None:
    import slicer

    files = examine(series)[0].files
    items = []
    for study in (load(a_scene, files), load(a_scene, files)):
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(a_scene)
        folder = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(study.images))
        items.append((folder, hierarchy.GetItemParent(folder)))
    assert items[0][1] == items[1][1]
    assert items[0][0] != items[1][0]


def test_what_is_no_cine_is_not_offered(a_scene: Any, tmp_path: Path, series: list[list[str]]) -> None:
    other = tmp_path / "report.dcm"
    other.write_text("no image")
    assert examine([]) == []
    assert examine([[str(other)]]) == []
    offered = set(examine(series)[0].files)
    assert examine([files for files in series if not set(files) & offered]) == []


def test_a_careless_anonymiser_is_borne_in_silence(
    a_scene: Any, tmp_path: Path, series: list[list[str]], recwarn: pytest.WarningsRecorder
) -> None:
    import pydicom

    short_axis = examine(series)[0].files
    for file in short_axis:
        image = pydicom.dcmread(file)
        image.StudyInstanceUID = "1.02.3"  # no component of a UID may begin with zero
        image.StudyDate = "20120000"
        image.PatientName = ""
        image.save_as(tmp_path / file.replace("/", "_"), enforce_file_format=True)
    recwarn.clear()
    study = load(a_scene, [str(path) for path in tmp_path.iterdir()])
    assert study.exists
    assert [str(warning.message) for warning in recwarn] == []
