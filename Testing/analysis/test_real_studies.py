"""Real label maps and contours against the volumes published or counted for them."""

from __future__ import annotations

import csv
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pydicom
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.cine import read_study
from CardiacSegmentationLib.reading import Conventions
from CardiacSegmentationLib.segmentation import Label, Papillary, Segmentation
from CardiacSegmentationLib.stack import CineStack

if TYPE_CHECKING:
    from pathlib import Path

    from CardiacSegmentationLib.assessment import Assessment
from matplotlib.path import Path as Polygon

pytestmark = pytest.mark.real_data


def load(path: Path) -> tuple[CineStack, Segmentation]:
    """ED and ES of one subject, as kept in the compact files."""
    study = np.load(path)
    slice_mm, row_mm, column_mm = (float(value) for value in study["spacing_mm"])
    stack = CineStack(study["image"], np.diag([column_mm, row_mm, -slice_mm, 1.0]), (0.0, 400.0))
    return stack, Segmentation.of(study["label"])


def polygon_ml(segmentation: Segmentation, label: Label, phase: int, stack: CineStack) -> float:
    """The most that counting pixels may exceed the polygons: half a pixel per outline, at most three a slice."""
    slices = (segmentation.labels[phase] == label).any(axis=(1, 2)).sum()
    return 1.5 * float(slices) * float(np.prod(stack.spacing_mm)) / 1000


def test_acdc_agrees_with_its_voxel_sums_within_half_a_pixel_per_outline(real_data: Path) -> None:
    with (real_data / "acdc" / "index.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 100
    for row in rows:
        stack, segmentation = load(real_data / "acdc" / f"{row['subject']}.npz")
        assessment = assess(stack, segmentation)
        assert (assessment.key_phases.lv_ed, assessment.key_phases.lv_es) == (0, 1), row["subject"]
        for side, label, part in (("lv", Label.LV, assessment.lv), ("rv", Label.RV, assessment.rv)):
            for key, phase in (("edv", 0), ("esv", 1)):
                difference = float(row[f"{side}_{key}"]) - part[f"{key}_ml"].value
                allowed = polygon_ml(segmentation, label, phase, stack) + 0.05  # index.csv has one decimal
                assert -0.05 <= difference <= allowed, (row["subject"], side, key)
            assert part["ef_percent"].value == pytest.approx(float(row[f"{side}_ef"]), abs=0.15), row["subject"]
        assert assessment.lv["mass_g"].value == pytest.approx(1.05 * float(row["myo_ed_ml"]), abs=0.2)


def test_sunnybrook_contours_give_their_published_volumes(real_data: Path) -> None:
    assessment = assess(*load(real_data / "sunnybrook" / "SCD0000101.npz"))
    assert_sunnybrook(assessment)
    assert assessment.lv["mass_g"].value is not None
    assert assessment.lv["mass_es_g"].note == "no MYO is labelled at end-systole (phase 2)"
    assert assessment.rv["edv_ml"].note == "no RV is labelled"


def test_sunnybrook_from_the_original_dicom_and_contour_files(real_data: Path, tmp_path: Path) -> None:
    with tarfile.open(real_data / "sunnybrook" / "dicom" / "SCD0000101.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    stack = read_study(tmp_path)
    uids = np.array(stack.instance_uids)
    labels = np.zeros(stack.voxels.shape, np.uint8)
    contours = sorted((real_data / "sunnybrook" / "contours").rglob("IM-*contour-manual.txt"), reverse=True)
    for path in contours:  # in this order the outer outlines come first, the inner ones are drawn over them
        file = next(tmp_path.rglob(f"{int(path.name.split('-')[2])}.dcm"))
        ((phase, slice_),) = np.argwhere(uids == pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID)
        inside = Polygon(np.loadtxt(path)).contains_points(pixel_centres(stack)).reshape(stack.voxels.shape[2:])
        labels[phase, slice_][inside] = Label.LV if "icontour" in path.name else Label.MYO
    assessment = assess(stack, Segmentation.of(labels))
    assert (stack.phases, stack.slices) == (20, 12)
    assert_sunnybrook(assessment)
    assert (assessment.key_phases.lv_ed, assessment.key_phases.lv_es) == (18, 7)


def pixel_centres(stack: CineStack) -> np.ndarray:
    rows, columns = np.mgrid[: stack.voxels.shape[2], : stack.voxels.shape[3]]
    return np.stack([columns.ravel(), rows.ravel()], axis=1)


def assert_sunnybrook(assessment: Assessment) -> None:
    assert assessment.lv["edv_ml"].value == pytest.approx(194.5, rel=0.02)
    assert assessment.lv["esv_ml"].value == pytest.approx(144.0, rel=0.02)
    assert assessment.lv["ef_percent"].value == pytest.approx(26.0, abs=1.0)


def test_left_only_and_right_only_sets_are_measured_without_fuss(real_data: Path) -> None:
    """CHLA has no myocardium, the LV-only Sunnybrook set no spacing: each gives what it can."""
    for path in sorted((real_data / "chla").glob("*.npz"))[:5]:
        study = np.load(path)
        slice_mm, row_mm, column_mm = (float(value) for value in study["spacing_mm"])
        stack = CineStack(study["ed_image"][None], np.diag([column_mm, row_mm, -slice_mm, 1.0]), (0.0,))
        assessment = assess(stack, Segmentation.of(study["ed_label"][None]))
        assert assessment.lv["edv_ml"].value > 0
        assert assessment.rv["edv_ml"].value > 0
        assert assessment.lv["mass_g"].note == "no MYO is labelled"
        assert assessment.segments == ()


def test_papillaries_and_trabeculae_of_real_hearts_are_a_plausible_share_of_the_mass(real_data: Path) -> None:
    """Papillary muscles are about 9 % of LV mass; ACDC's outlines take the trabeculae into the cavity as well."""
    shares = []
    for path in sorted((real_data / "acdc").glob("patient*.npz"))[::5]:
        stack, segmentation = load(path)
        volume = assess(stack, segmentation)
        mass = assess(stack, replace(segmentation, conventions=Conventions(papillary=Papillary.MASS)))
        shares.append(mass.lv["mass_g"].value / volume.lv["mass_g"].value - 1)
    assert 0.09 < np.median(shares) < 0.25
    assert max(shares) < 0.4
