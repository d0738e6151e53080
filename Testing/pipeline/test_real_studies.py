"""The shipped network on real studies it must not fail on; skipped where the data are not."""

from __future__ import annotations

import csv
import tarfile
from typing import TYPE_CHECKING

import pytest
from CardiacSegmentationLib.errors import ModelError
from CardiacSegmentationLib.network.bundle import load_bundle
from CardiacSegmentationLib.pipeline import Options, segment_study

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module", autouse=True)
def shipped_network() -> None:
    try:
        load_bundle()
    except ModelError as error:
        pytest.skip(str(error))


@pytest.fixture
def sunnybrook(real_data: Path, tmp_path: Path) -> Path:
    """The GE study, unpacked."""
    (archive,) = (real_data / "sunnybrook" / "dicom").glob("*.tar.xz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "study", filter="data")
    return tmp_path / "study"


def test_the_sunnybrook_study_is_near_its_manual_contours(sunnybrook: Path) -> None:
    summary = segment_study(sunnybrook).summary
    assert (summary["slices"], summary["phases"]) == (12, 20)
    assert summary["lv_edv_ml"] == pytest.approx(194.5, rel=0.12)
    assert summary["lv_esv_ml"] == pytest.approx(144.0, rel=0.12)
    assert summary["lv_ef_percent"] == pytest.approx(26.0, abs=5)


def test_a_whole_acdc_cine_is_labelled_on_its_grid_with_ed_and_es_where_the_readers_saw_them(
    real_data: Path, tmp_path: Path
) -> None:
    import SimpleITK

    source, target = real_data / "acdc" / "patient090_4d.nii.gz", tmp_path / "labels.nii.gz"
    with (real_data / "acdc" / "index.csv").open(encoding="utf-8") as file:
        (reader,) = [row for row in csv.DictReader(file) if row["subject"] == "patient090"]
    results = segment_study(source, options=Options(labels_file=target))
    image, labels = SimpleITK.ReadImage(str(source)), SimpleITK.ReadImage(str(target))
    for fact in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(labels, fact)() == pytest.approx(getattr(image, fact)()), fact
    frames = SimpleITK.GetArrayViewFromImage(labels)
    assert len(frames) == int(reader["nb_frame"])
    assert all((frame == 3).any() for frame in frames)
    assert results.segmentation is not None
    assert results.segmentation.labelled.all()
    for phase, frame in (("lv_ed_phase", "ed"), ("lv_es_phase", "es")):
        distance = abs(results.summary[phase] - int(reader[frame]))
        assert min(distance, len(frames) - distance) <= 1, (phase, results.summary[phase], reader[frame])


def test_the_cut_off_philips_study_is_segmented_and_what_is_missing_told(real_data: Path) -> None:
    (archive,) = (real_data / "philips").glob("*.tar.xz")
    results = segment_study(archive, options=Options(phases="ed-es"))
    assert results.segmentation is not None
    assert results.segmentation.labels.any()
    assert results.summary["warnings"] > 0
