"""Findings point to the slice and phase where something is wrong, and are silent on a good study."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from CardiacSegmentationLib.network.image_quality import check_images
from CardiacSegmentationLib.network.infer import Prediction
from CardiacSegmentationLib.network.preprocess import View
from CardiacSegmentationLib.network.quality import check_curve, check_prediction, check_shape
from CardiacSegmentationLib.network.regions import heart_box
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from CardiacSegmentationLib.findings import Finding
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack


@pytest.fixture(scope="module")
def study() -> tuple[CineStack, Segmentation]:
    return make_stack(PhantomSpec(phases=20, slices=10))


def codes(findings: tuple[Finding, ...]) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.slice) for finding in findings]


def image_checks(stack: CineStack, labels: np.ndarray) -> tuple[Finding, ...]:
    box = heart_box(labels)
    return check_images(stack, box, labels[:, :, box[0], box[1]], is_cyclic=True)


def all_checks(stack: CineStack, labels: np.ndarray) -> tuple[Finding, ...]:
    predicted = np.ones(len(labels), bool)
    return (*check_shape(labels, predicted), *image_checks(stack, labels))


def test_a_good_study_is_not_doubted(study: tuple[CineStack, Segmentation]) -> None:
    stack, truth = study
    assert all_checks(stack, truth.labels) == ()


def test_a_missing_slice_is_found(study: tuple[CineStack, Segmentation]) -> None:
    _stack, truth = study
    labels = truth.labels.copy()
    labels[7, 4][labels[7, 4] >= Label.MYO] = 0
    found = check_shape(labels, np.ones(20, bool))
    assert ("slice-missing", 4) in codes(found)
    assert next(finding for finding in found if finding.code == "slice-missing").phase == 7


def test_an_open_wall_below_the_base_is_found_and_one_at_the_base_is_anatomy(
    study: tuple[CineStack, Segmentation],
) -> None:
    _, truth = study
    for place, expected in ((5, True), (int(np.argmax((truth.labels[0] == Label.LV).any(axis=(1, 2)))), False)):
        labels = truth.labels.copy()
        columns = np.flatnonzero((labels[0, place] == Label.LV).any(axis=0))
        half = labels[0, place, :, int(columns.mean()) :]
        half[half == Label.MYO] = 0
        assert (("myocardium-open", place) in codes(check_shape(labels, np.ones(20, bool)))) is expected


def test_a_stack_that_ends_too_early_is_found(study: tuple[CineStack, Segmentation]) -> None:
    _, truth = study
    cut = truth.labels[:, 3:6]
    found = {finding.code for finding in check_shape(cut, np.ones(20, bool))}
    assert found == {"base-not-covered", "apex-not-covered"}


def test_a_heart_at_the_edge_is_found(study: tuple[CineStack, Segmentation]) -> None:
    stack, truth = study
    columns = np.flatnonzero((truth.labels != 0).any(axis=(0, 1, 2)))
    cut = slice(int(columns[0]) + 2, None)
    found = image_checks(replace(stack, voxels=stack.voxels[..., cut]), truth.labels[..., cut])
    assert "heart-at-edge" in {finding.code for finding in found}


def test_an_image_without_contrast_is_found(study: tuple[CineStack, Segmentation]) -> None:
    stack, truth = study
    noise = np.random.default_rng(1).normal(500, 40, stack.voxels[:, 4].shape)
    voxels = stack.voxels.copy()
    voxels[:, 4] = noise
    assert ("low-contrast", 4) in codes(image_checks(replace(stack, voxels=voxels), truth.labels))


def test_a_shifted_slice_is_found(study: tuple[CineStack, Segmentation]) -> None:
    stack, truth = study
    labels = truth.labels.copy()
    labels[:, 5] = np.roll(labels[:, 5], 9, axis=-1)
    assert ("slice-shifted", 5) in codes(image_checks(stack, labels))


def test_a_slice_out_of_step_is_found(study: tuple[CineStack, Segmentation]) -> None:
    stack, truth = study
    labels = truth.labels.copy()
    labels[:, 4] = np.roll(labels[:, 4], 10, axis=0)
    assert ("out-of-step", 4) in codes(image_checks(stack, labels))


def test_a_jump_in_the_curve_is_found_at_its_phase() -> None:
    phases = np.arange(20)
    curve = 100 + 40 * np.cos(2 * np.pi * phases / 20)
    volumes = np.stack([curve, curve, curve])
    assert check_curve(volumes, is_cyclic=True) == ()
    volumes[Label.RV - 1, 6] += 40
    (finding,) = check_curve(volumes, is_cyclic=True)
    assert (finding.code, finding.phase) == ("curve-jump", 6)
    assert "RV" in finding.message


def test_few_phases_make_large_steps_without_being_a_jump() -> None:
    curve = 100 + 50 * np.cos(2 * np.pi * np.arange(8) / 8)
    assert check_curve(np.stack([curve] * 3), is_cyclic=True) == ()


def test_a_volume_no_heart_has_is_found() -> None:
    volumes = np.full((3, 2), 100.0)
    volumes[Label.LV - 1] = 900
    assert [finding.code for finding in check_curve(volumes, True)] == ["volume-implausible"]


def test_doubts_of_the_network_are_told_once_for_each_slice(study: tuple[CineStack, Segmentation]) -> None:
    _, truth = study
    confidence = np.full((3, *truth.labels.shape[:2]), 0.97, np.float32)
    confidence[Label.LV - 1, 3, 5], confidence[Label.LV - 1, 4, 5] = 0.7, 0.5
    confidence[Label.MYO - 1, 0, 0] = 0.1  # the phantom's first slice has none: no opinion
    prediction = Prediction(
        truth.labels, np.ones(20, bool), np.ones((2, 20, 10)), confidence, View((0, 0), (1, 1), 1, (1, 1))
    )
    shown = truth.labels.copy()
    shown[0, 0] = 0
    (finding,) = check_prediction(prediction, shown, pixel_mm2=2.0)
    assert finding.message == "The network is unsure of LV in slice 6, most in phase 5."
    assert (finding.code, finding.slice, finding.phase) == ("network-unsure", 5, 4)
