"""Papillary muscles are found by their brightness, and move from the volume to the mass."""

from __future__ import annotations

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.analysis.papillary import find_papillaries
from CardiacSegmentationLib.errors import LabelError
from CardiacSegmentationLib.reading import Conventions, Reading
from CardiacSegmentationLib.segmentation import Label, Papillary, Segmentation
from CardiacSegmentationLib.stack import CineStack
from scipy.ndimage import binary_dilation, gaussian_filter

PIXEL = 1.4
BLOOD, MUSCLE, FAT = 300.0, 90.0, 220.0
MASS = Reading(conventions=Conventions(papillary=Papillary.MASS))


def draw(
    noise: float = 12.0, muscle: float = MUSCLE, *, radius_mm: float = 25.0
) -> tuple[np.ndarray, np.ndarray, float]:
    """Four slices with two round muscles each; images blurred by half a pixel, as partial volume does."""
    fine = 4
    size = 60
    rows, columns = (np.mgrid[: size * fine, : size * fine] + 0.5) / fine * PIXEL - size * PIXEL / 2
    distance = np.hypot(rows, columns)
    papillary = (np.hypot(rows + 9, columns - 11) < 5) | (np.hypot(rows - 10, columns - 10) < 4)
    bright = np.where(distance < radius_mm + 9, muscle, FAT)
    bright = np.where((distance < radius_mm) & ~papillary, BLOOD, bright)
    coarse = bright.reshape(size, fine, size, fine).mean(axis=(1, 3))
    image = gaussian_filter(coarse, 0.4) + np.random.default_rng(2).normal(0, noise, (4, size, size))
    middle = distance.reshape(size, fine, size, fine).mean(axis=(1, 3))
    labels = np.where(middle < radius_mm, Label.LV, np.where(middle < radius_mm + 9, Label.MYO, 0)).astype(np.uint8)
    return image, np.stack([labels] * 4), float(papillary.sum()) * (PIXEL / fine) ** 2


@pytest.mark.parametrize("noise", [0.0, 12.0, 25.0])
def test_the_area_of_the_muscles_is_met(noise: float) -> None:
    image, labels, truth_mm2 = draw(noise)
    found = find_papillaries(image, labels, PIXEL**2)
    assert found.unclear_slices == ()
    np.testing.assert_allclose(found.areas_mm2(PIXEL**2), truth_mm2, rtol=0.12)


def test_the_rim_of_the_cavity_is_not_muscle() -> None:
    """A contour drawn a pixel too wide takes in the wall's inner edge all around; that is no papillary muscle."""
    image, labels, truth_mm2 = draw()
    cavity = labels == Label.LV
    ring = binary_dilation(cavity, np.ones((1, 3, 3), bool)) & ~cavity
    wide = np.where(ring, Label.LV, labels).astype(np.uint8)
    found = find_papillaries(image, wide, PIXEL**2).areas_mm2(PIXEL**2)
    assert ring[0].sum() * PIXEL**2 > 1.5 * truth_mm2
    np.testing.assert_allclose(found, truth_mm2, rtol=0.15)


def test_the_convention_moves_muscle_from_the_volume_to_the_mass() -> None:
    image, labels, truth_mm2 = draw()
    stack = CineStack(image[None], np.diag([PIXEL, PIXEL, -10.0, 1.0]), (0.0,))
    volume = assess(stack, Segmentation.of(labels[None]))
    mass = assess(stack, Segmentation.of(labels[None]), MASS)
    moved_ml = truth_mm2 * 4 * 10 / 1000
    assert volume.lv["edv_ml"].value - mass.lv["edv_ml"].value == pytest.approx(moved_ml, rel=0.12)
    assert mass.lv["mass_g"].value - volume.lv["mass_g"].value == pytest.approx(1.05 * moved_ml, rel=0.12)
    assert mass.conventions.papillary is Papillary.MASS


@pytest.mark.parametrize("muscle", [BLOOD - 30.0, BLOOD, BLOOD + 80.0])
def test_without_contrast_all_counts_as_blood_and_the_reader_is_told(muscle: float) -> None:
    image, labels, _ = draw(muscle=muscle)
    stack = CineStack(image[None], np.diag([PIXEL, PIXEL, -10.0, 1.0]), (0.0,))
    volume = assess(stack, Segmentation.of(labels[None]))
    mass = assess(stack, Segmentation.of(labels[None]), MASS)
    assert mass.lv["edv_ml"].value == volume.lv["edv_ml"].value
    (finding,) = [one for one in mass.findings if one.code == "papillary-contrast"]
    assert "slices 1, 2, 3, 4" in finding.message


def test_without_myocardium_there_is_nothing_to_compare_with() -> None:
    image, labels, _ = draw()
    labels = np.where(labels == Label.LV, Label.LV, 0).astype(np.uint8)
    found = find_papillaries(image, labels, PIXEL**2)
    assert found.unclear_slices == (0, 1, 2, 3)
    assert not found.mask.any()


def test_measuring_does_not_change_labels_or_images() -> None:
    image, labels, _ = draw()
    before = image.copy(), labels.copy()
    assess(CineStack(image[None], np.eye(4), (0.0,)), Segmentation.of(labels[None]), MASS)
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(labels, before[1])


def test_the_threshold_moves_the_edge_of_the_muscles() -> None:
    image, labels, truth_mm2 = draw(noise=0.0)
    areas = [find_papillaries(image, labels, PIXEL**2, percent).areas_mm2(PIXEL**2)[0] for percent in (30, 50, 70)]
    assert areas[0] < areas[1] < areas[2]
    assert areas[1] == pytest.approx(truth_mm2, rel=0.12)
    stack = CineStack(image[None], np.diag([PIXEL, PIXEL, -10.0, 1.0]), (0.0,))
    low, high = (
        assess(
            stack, Segmentation.of(labels[None]), Reading(conventions=Conventions(Papillary.MASS, papillary_percent=p))
        )
        for p in (30, 70)
    )
    moved_ml = (areas[2] - areas[0]) * 4 * 10 / 1000
    assert low.lv["edv_ml"].value - high.lv["edv_ml"].value == pytest.approx(moved_ml)


def test_muscle_painted_in_the_cavity_is_muscle_at_any_threshold() -> None:
    image, labels, _ = draw(noise=0.0)
    painted = labels.copy()
    painted[1, 29:32, 22:25] = Label.MYO  # bright blood, in the middle
    stack = CineStack(image[None], np.diag([PIXEL, PIXEL, -10.0, 1.0]), (0.0,))
    for percent in (30, 50, 70):
        reading = Reading(conventions=Conventions(Papillary.MASS, papillary_percent=percent))
        plain, corrected = (assess(stack, Segmentation.of(each[None]), reading) for each in (labels, painted))
        moved_ml = plain.lv["edv_ml"].value - corrected.lv["edv_ml"].value
        assert moved_ml == pytest.approx((9 - 4 / 8) * PIXEL**2 * 10 / 1000)  # the polygon cuts the corners off


def test_a_threshold_beyond_muscle_or_blood_is_refused() -> None:
    image, labels, _ = draw()
    reading = Reading(conventions=Conventions(Papillary.MASS, papillary_percent=100))
    with pytest.raises(LabelError, match="100 % is no threshold"):
        assess(CineStack(image[None], np.eye(4), (0.0,)), Segmentation.of(labels[None]), reading)
