"""The volume–time curve against a curve whose rates are known in closed form."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from CardiacSegmentationLib.analysis import assess
from CardiacSegmentationLib.analysis.curve import find_rates, fit_curve

if TYPE_CHECKING:
    from collections.abc import Callable

RR = 900.0
W = 2 * np.pi / RR
GRID = np.linspace(0, RR, 9001)


def volume(times: np.ndarray) -> np.ndarray:
    """A beat of three harmonics: ED near 0, ES near 350 ms, early and late filling."""
    return 105 + 38 * np.cos(W * times) - 12 * np.sin(W * times) + 9 * np.cos(2 * W * times) + 5 * np.sin(3 * W * times)


def rate(times: np.ndarray) -> np.ndarray:
    by_ms = W * (
        -38 * np.sin(W * times) - 12 * np.cos(W * times) - 18 * np.sin(2 * W * times) + 15 * np.cos(3 * W * times)
    )
    return 1000 * by_ms


ED, ES = float(GRID[volume(GRID).argmax()]), float(GRID[volume(GRID).argmin()])
SYSTOLE = (GRID >= ED) & (GRID <= ES)
PER, PFR = -rate(GRID)[SYSTOLE].min(), rate(GRID)[~SYSTOLE].max()
PER_MS = GRID[SYSTOLE][rate(GRID)[SYSTOLE].argmin()] - ED
PFR_MS = (GRID[~SYSTOLE][rate(GRID)[~SYSTOLE].argmax()] - ES) % RR


def even(phases: int) -> np.ndarray:
    return np.arange(phases) * RR / phases


@pytest.mark.parametrize("phases", [12, 20, 25, 30, 50])
def test_rates_and_their_times_are_met_on_clean_volumes(phases: int) -> None:
    times = even(phases)
    found = find_rates(fit_curve(times, volume(times), RR), ED, ES)
    assert found.ejection_ml_s == pytest.approx(PER, rel=0.02)
    assert found.filling_ml_s == pytest.approx(PFR, rel=0.02)
    assert found.ejection_ms == pytest.approx(PER_MS, abs=10)
    assert found.filling_ms == pytest.approx(PFR_MS, abs=10)


def test_rates_are_met_within_a_tenth_under_noise() -> None:
    random = np.random.default_rng(3)
    times = even(25)
    fits = [fit_curve(times, volume(times) + random.normal(0, 2.0, 25), RR) for _ in range(50)]
    rates = np.array([[f.ejection_ml_s, f.filling_ml_s] for f in (find_rates(fit, ED, ES) for fit in fits)])
    np.testing.assert_allclose(rates.mean(axis=0), [PER, PFR], rtol=0.06)
    assert (rates.std(axis=0) < 0.1 * np.array([PER, PFR])).all()


def test_phases_need_not_be_even_and_may_leave_the_end_of_the_beat_out() -> None:
    times = np.cumsum(np.r_[0.0, np.tile([28.0, 36.0], 12)])
    assert times[-1] < 0.88 * RR
    curve = fit_curve(times, volume(times), RR)
    inside = np.linspace(0, times[-1], 200)
    np.testing.assert_allclose(curve.volumes(inside), volume(inside), atol=1.0)
    found = find_rates(curve, ED, ES)
    assert found.ejection_ml_s == pytest.approx(PER, rel=0.03)
    assert found.filling_ml_s == pytest.approx(PFR, rel=0.05)


def test_the_curve_is_periodic_and_its_rates_are_its_slope() -> None:
    curve = fit_curve(even(20), volume(even(20)), RR)
    np.testing.assert_allclose(curve.volumes(GRID), curve.volumes(GRID + RR), atol=1e-9)
    slope = np.gradient(curve.volumes(GRID), GRID) * 1000
    np.testing.assert_allclose(curve.rates(GRID)[1:-1], slope[1:-1], atol=0.05)


def test_a_rate_is_that_of_the_images_not_of_the_part_of_the_beat_they_leave_out() -> None:
    """A stiff LV fills slowly by itself and fast by the atrium, which prospective gating does not see."""
    known = np.array([[0, 40, 120, 220, 300, 360, 420, 480, 560, 640, 720, 800, 900],
                      [150, 149, 125, 90, 70, 62, 63, 70, 82, 94, 102, 108, 150]])  # fmt: skip
    times = np.linspace(0, 700, 24)
    curve = fit_curve(times, np.interp(times, *known), RR)
    seen = find_rates(curve, 0.0, times[13], (times[0], times[-1]))
    assert find_rates(curve, 0.0, times[13]).filling_ml_s > 200
    assert times[13] + seen.filling_ms < times[-1]
    assert seen.filling_ml_s == pytest.approx(150, rel=0.15)
    assert seen.ejection_ml_s == find_rates(curve, 0.0, times[13]).ejection_ml_s


def test_filling_that_no_phase_shows_has_no_rate(make_heart: Callable[..., Any]) -> None:
    heart = make_heart(tuple(np.linspace(25.0, 18.0, 12)), slices=3)
    stack = replace(heart.stack, times_ms=tuple(np.arange(12) * 40.0))
    lv = assess(stack, heart.segmentation).lv
    assert lv["per_ml_s"].value > 0
    for key in ("pfr_ml_s", "time_to_pfr_ms"):
        assert (lv[key].value, lv[key].note) == (None, "no phase shows that part of the beat")
