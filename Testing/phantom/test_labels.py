"""The label maps against the analytic truth, over hearts and protocols."""

from __future__ import annotations

import numpy as np
import pytest
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.phantom.geometry import short_axis_views
from CardiacSegmentationLib.phantom.heart import beating_heart
from CardiacSegmentationLib.phantom.study import true_key_phases
from CardiacSegmentationLib.phantom.truth import find_truth
from CardiacSegmentationLib.segmentation import Label

SPECS = {
    "default": {},
    "small child": {"lv_edv_ml": 40, "rv_edv_ml": 42, "height_cm": 110, "weight_kg": 18, "age_years": 6},
    "dilated": {"lv_edv_ml": 350, "lv_ef_percent": 20, "rv_edv_ml": 220, "rv_ef_percent": 30, "slices": 14},
    "hyperdynamic": {"lv_ef_percent": 75, "rv_ef_percent": 70},
    "no gap": {"gap_mm": 0, "slices": 14},
    "gap as wide as the slice": {"gap_mm": 8, "slices": 8},
    "6 slices": {"slices": 6},
    "5 phases": {"phases": 5},
    "thin slices": {"thickness_mm": 5, "gap_mm": 0, "slices": 20},
    "fine pixels": {"pixel_mm": 1.0, "phases": 5},
    "coarse pixels": {"pixel_mm": 2.0},
}


@pytest.mark.parametrize("name", SPECS)
def test_counted_pixels_meet_the_analytic_volumes_and_ef(name: str) -> None:
    spec = PhantomSpec(**{"phases": 8, **SPECS[name]})
    stack, segmentation = make_stack(spec)
    heart = beating_heart(spec)
    truth = find_truth(spec, heart, short_axis_views(spec, heart))
    voxel_ml = np.prod(stack.spacing_mm) / 1000
    assert stack.spacing_mm[0] == pytest.approx(heart.spacing_mm)
    ed, es = truth.ed_phase, truth.es_phase
    for label, key, ventricle in ((Label.LV, "lv", truth.lv), (Label.RV, "rv", truth.rv)):
        volumes = (segmentation.labels == label).sum(axis=(1, 2, 3)) * voxel_ml
        assert (int(volumes.argmax()), int(volumes.argmin())) == (ed, es)
        assert volumes[[ed, es]] == pytest.approx(truth.volumes_ml[key][[ed, es]], rel=0.01)
        assert 100 * (1 - volumes[es] / volumes[ed]) == pytest.approx(ventricle.ef_percent, abs=0.5)
    muscle = (segmentation.labels == Label.MYO).sum(axis=(1, 2, 3)) * voxel_ml
    assert muscle[ed] * 1.05 == pytest.approx(truth.mass_g, rel=0.01)
    assert muscle[es] * 1.05 == pytest.approx(truth.mass_g, rel=0.01)


def test_a_small_patient_gets_a_smaller_field_with_finer_pixels() -> None:
    adult, _ = make_stack(PhantomSpec(phases=2))
    child, _ = make_stack(PhantomSpec(lv_edv_ml=40, rv_edv_ml=42, phases=2))
    assert adult.spacing_mm[1] == pytest.approx(1.4)
    assert child.spacing_mm[1] < 1.0
    assert child.voxels.shape[2:] == pytest.approx(adult.voxels.shape[2:], abs=6)


def test_labels_meet_the_analytic_area_of_every_slice_in_every_phase() -> None:
    spec = PhantomSpec(phases=8)
    stack, segmentation = make_stack(spec)
    heart = beating_heart(spec)
    truth = find_truth(spec, heart, short_axis_views(spec, heart))
    for label, key in ((Label.LV, "lv"), (Label.RV, "rv"), (Label.MYO, "myocardium")):
        counted = (segmentation.labels == label).sum(axis=(2, 3)) * stack.spacing_mm[1] * stack.spacing_mm[2]
        assert counted == pytest.approx(truth.areas_mm2[key], rel=0.02, abs=40)  # 40 mm² are 20 pixels


def test_the_stack_runs_from_base_to_apex_with_the_rv_on_the_left() -> None:
    stack, segmentation = make_stack(PhantomSpec(phases=2))
    toward_apex = stack.affine[:3, 2]
    assert toward_apex[0] > 0 > toward_apex[1]  # to the left and to the front
    assert toward_apex[2] < 0  # and down
    assert np.cross(stack.affine[:3, 0], stack.affine[:3, 1]) @ toward_apex < 0  # seen from the apex
    labels = segmentation.labels[0, 4]
    column_of = {label: np.argwhere(labels == label)[:, 1].mean() for label in (Label.RV, Label.LV)}
    assert column_of[Label.RV] < column_of[Label.LV]
    assert not segmentation.labels[:, 0].any()


def test_the_base_leaves_a_slice_in_systole() -> None:
    spec = PhantomSpec()
    _, segmentation = make_stack(PhantomSpec(phases=8))
    es = true_key_phases(PhantomSpec(phases=8)).lv_es
    first = [int(np.argmax((segmentation.labels[phase] == Label.LV).any(axis=(1, 2)))) for phase in (0, es)]
    assert first == [2, 3]
    assert spec.slices == segmentation.labels.shape[1]


def test_blood_is_bright_muscle_dark_lung_darker() -> None:
    stack, segmentation = make_stack(PhantomSpec(phases=2))
    image, labels = stack.voxels[0, 4].astype(float), segmentation.labels[0, 4]
    rv, muscle, lv = (float(np.median(image[labels == label])) for label in (1, 2, 3))
    assert 2 < lv / muscle < 4
    assert rv / lv == pytest.approx(1, abs=0.25)
    assert image[:20, :20].mean() < 0.2 * muscle  # air


def test_noise_is_what_was_asked_for() -> None:
    quiet = make_stack(PhantomSpec(phases=2, noise_percent=0))[0].voxels.astype(float)
    noisy = make_stack(PhantomSpec(phases=2, noise_percent=5))[0].voxels.astype(float)
    bright = quiet > 500
    assert (noisy - quiet)[bright].std() == pytest.approx(0.05 * 900, rel=0.05)
    air = quiet == 0
    assert noisy[air].mean() == pytest.approx(0.05 * 900 * np.sqrt(np.pi / 2), rel=0.05)  # Rayleigh
