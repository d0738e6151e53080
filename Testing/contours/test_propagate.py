"""Corrections carried over the beat and over slices: the images between come out better, corrected ones stay."""

from __future__ import annotations

import numpy as np
import pytest
from CardiacSegmentationLib.contours import Border, Contours, find_contours
from CardiacSegmentationLib.contours.anatomy import settle
from CardiacSegmentationLib.contours.curves import centre_mm, even_out, outward_normals
from CardiacSegmentationLib.contours.propagate import LeftOut, apply_correction, find_correction, propagate
from CardiacSegmentationLib.contours.transform import grow
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from contours.hearts import assert_whole, outside_mm, true_contours

PHASES, ES = 20, 7
SLICE = 5


@pytest.fixture(scope="module")
def truth() -> list[Contours]:
    """The phantom's own borders of one slice in all phases."""
    images, _ = true_contours(PhantomSpec(phases=PHASES))
    return [
        Contours(each.spacing_mm, {border: even_out(curve, 1.0) for border, curve in each.borders.items()})
        for each in (phase[SLICE] for phase in images)
    ]


def spoil(contours: Contours, phase: int, seed: int) -> Contours:
    """Contours with an error like a network's: smooth around each border, changing slowly over the beat."""
    random = np.random.default_rng(seed)
    moved = {}
    for border, curve in contours.borders.items():
        away = curve - centre_mm(curve)
        angle, time = np.arctan2(away[:, 0], away[:, 1]), 2 * np.pi * phase / PHASES
        error = np.full(len(curve), random.uniform(-1.2, 1.2))
        for wave in (1, 2, 3):
            size = random.uniform(0.3, 1.5) / wave
            swing = 1.0 + 0.35 * np.cos(time + random.uniform(0, 2 * np.pi))
            error += size * swing * np.cos(wave * angle + random.uniform(0, 2 * np.pi))
        moved[border] = curve + error[:, None] * outward_normals(curve)
    return settle(contours, moved, rv_leads=False)


def error_mm(contours: Contours, truth: Contours) -> dict[Border, float]:
    """Mean distance of each border from the true one."""
    return {
        border: float(abs(outside_mm(curve, truth.borders[border])).mean())
        for border, curve in contours.borders.items()
    }


@pytest.mark.parametrize("seed", range(4))
def test_correcting_ed_and_es_makes_every_phase_between_better(truth: list[Contours], seed: int) -> None:
    automatic = [spoil(contours, phase, seed) for phase, contours in enumerate(truth)]
    corrected = {0: truth[0], ES: truth[ES]}
    after = propagate(automatic, corrected, period=PHASES)
    assert set(after) == set(range(PHASES)) - {0, ES}
    for border in Border:
        before_mm = np.array([error_mm(automatic[phase], truth[phase])[border] for phase in after])
        after_mm = np.array([error_mm(contours, truth[phase])[border] for phase, contours in after.items()])
        assert (after_mm < before_mm).all(), border
        assert after_mm.mean() < 0.6 * before_mm.mean(), border
    for contours in after.values():
        assert_whole(contours)


@pytest.fixture(scope="module")
def noisy() -> tuple[list[Contours], np.ndarray]:
    """A noisy phantom's contours of one slice in all phases, and its images."""
    stack, segmentation = make_stack(PhantomSpec(phases=PHASES, slices=10, noise_percent=15.0))
    spacing = stack.pixel_mm
    return [find_contours(labels, spacing) for labels in segmentation.labels[:, SLICE]], stack.voxels[:, SLICE]


@pytest.mark.parametrize("seed", range(4))
def test_where_the_automatic_contours_were_right_the_image_keeps_them(
    noisy: tuple[list[Contours], np.ndarray], seed: int
) -> None:
    truth, images = noisy
    automatic = [spoil(contours, 0, seed) if phase in (0, ES) else contours for phase, contours in enumerate(truth)]
    corrected = {0: truth[0], ES: truth[ES]}
    blind = propagate(automatic, corrected, period=PHASES)
    after = propagate(automatic, corrected, images=images, period=PHASES)
    harm_mm, blind_mm = (
        np.array([list(error_mm(found.get(phase, truth[phase]), truth[phase]).values()) for phase in range(PHASES)])
        for found in (after, blind)
    )
    assert harm_mm.mean() < 0.2 * blind_mm.mean()
    assert harm_mm.mean() < 0.15


@pytest.mark.parametrize("seed", range(4))
def test_where_they_were_wrong_the_image_lets_the_correction_through(
    noisy: tuple[list[Contours], np.ndarray], seed: int
) -> None:
    truth, images = noisy
    automatic = [spoil(contours, phase, seed) for phase, contours in enumerate(truth)]
    after = propagate(automatic, {0: truth[0], ES: truth[ES]}, images=images, period=PHASES)
    before_mm, after_mm = (
        np.array([list(error_mm(found[phase], truth[phase]).values()) for phase in after])
        for found in (automatic, after)
    )
    assert after_mm.mean() < 0.35 * before_mm.mean()
    assert (after_mm < before_mm + 0.1).all()
    for contours in after.values():
        assert_whole(contours)


def test_whatever_the_image_shows_the_anatomy_stays_whole(truth: list[Contours]) -> None:
    random = np.random.default_rng(1)
    images = random.normal(size=(PHASES, 160, 160))
    automatic = [spoil(contours, phase, 2) for phase, contours in enumerate(truth)]
    after = propagate(automatic, {0: grow(truth[0], list(Border), 8.0)}, images=images, period=PHASES)
    assert len(after) > PHASES // 2
    for contours in after.values():
        assert_whole(contours)


def test_every_image_is_carried_to_or_said_to_be_left_out(truth: list[Contours]) -> None:
    automatic: list[Contours | None] = list(truth)
    automatic[3] = None
    after = propagate(automatic, {0: grow(truth[0], [Border.ENDO], 2.0), 5: truth[5]}, fade=4.0, period=PHASES)
    assert set(after) | set(after.left_out) == set(range(PHASES))
    assert not set(after) & set(after.left_out)
    assert after.left_out[0] is after.left_out[5] is LeftOut.CORRECTED
    assert after.left_out[3] is LeftOut.NO_CONTOURS
    assert after.left_out[PHASES // 2] is LeftOut.NO_CHANGE  # the nearest corrected image was right
    alone = propagate(truth, {0: grow(truth[0], [Border.ENDO], 2.0)}, fade=4.0, period=PHASES)
    assert alone.left_out[PHASES // 2] is LeftOut.TOO_FAR


def test_a_correction_put_back_on_its_own_phase_gives_what_was_drawn(truth: list[Contours]) -> None:
    automatic = spoil(truth[0], 0, 1)
    again = apply_correction(automatic, find_correction(automatic, truth[0]))
    for border, away in error_mm(again, truth[0]).items():
        assert away < 0.45, border
    assert apply_correction(automatic, find_correction(automatic, automatic)) is automatic


def test_one_corrected_phase_fades_over_half_the_beat(truth: list[Contours]) -> None:
    corrected = {0: grow(truth[0], [Border.ENDO], 2.0)}
    after = propagate(truth, corrected, period=PHASES)
    moved = {phase: error_mm(contours, truth[phase])[Border.ENDO] for phase, contours in after.items()}
    assert moved[1] == pytest.approx(2.0, abs=0.15)
    assert moved[PHASES - 1] == pytest.approx(moved[1], abs=0.05)
    assert moved[5] == pytest.approx(1.0, abs=0.1)
    assert 10 not in moved or moved[10] < 0.01


def test_without_a_whole_beat_it_fades_beyond_the_ends(truth: list[Contours]) -> None:
    corrected = {8: grow(truth[8], [Border.ENDO], 2.0), 12: grow(truth[12], [Border.ENDO], 1.0)}
    after = propagate(truth, corrected, fade=4.0)
    moved = {phase: error_mm(contours, truth[phase])[Border.ENDO] for phase, contours in after.items()}
    assert moved[10] == pytest.approx(1.5, abs=0.1)
    assert moved[6] == pytest.approx(1.0, abs=0.1)
    assert moved[14] == pytest.approx(0.5, abs=0.1)
    assert not set(moved) & {0, 1, 2, 3, 4, 16, 17}


def test_only_the_phases_asked_for_and_never_corrected_ones(truth: list[Contours]) -> None:
    corrected = {0: grow(truth[0], [Border.ENDO], 2.0), ES: truth[ES]}
    assert set(propagate(truth, corrected, targets=range(5), period=PHASES)) == {1, 2, 3, 4}
    missing = [None if phase == 3 else contours for phase, contours in enumerate(truth)]
    assert 3 not in propagate(missing, corrected, period=PHASES)
    assert not propagate(truth, {}, period=PHASES)
    assert not propagate([], {})


def test_slices_above_and_below_take_their_share() -> None:
    images, _ = true_contours(PhantomSpec(phases=2))
    slices = [contours if len(contours.borders) == 3 else None for contours in images[0]]
    corrected = {5: grow(slices[5], [Border.ENDO], 2.0)}
    after = propagate(slices, corrected, targets=(4, 6), fade=2.0)
    assert set(after) == {4, 6}
    for index, contours in after.items():
        assert error_mm(contours, slices[index])[Border.ENDO] == pytest.approx(1.0, abs=0.1)


def test_a_deleted_border_is_no_correction(truth: list[Contours]) -> None:
    corrected = {0: grow(truth[0], [Border.ENDO], 1.0).without(Border.RV)}
    after = propagate(truth, corrected, period=PHASES)
    assert after[1].borders[Border.RV] is truth[1].borders[Border.RV]
