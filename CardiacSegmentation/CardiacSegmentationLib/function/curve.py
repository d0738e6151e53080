"""The volume–time curve: a smooth periodic fit through the volumes, and how fast it falls and rises.

The fit is a Fourier series whose harmonics are damped by the curvature they add, a periodic smoothing spline written
in frequencies. How much to smooth is not a constant: it is the amount that predicts left-out phases best (generalised
cross-validation), so twenty noisy phases are smoothed and forty clean ones are followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from CardiacSegmentationLib.ventricular import FloatArray

FEWEST_PHASES = 8  # below that a beat has fewer than three samples of the early filling
SMOOTHING = np.logspace(-9, 1, 41)
GRID = 720


@dataclass(frozen=True, eq=False)
class VolumeCurve:
    """A periodic curve: ``volumes(times)`` in ml, ``rates(times)`` in ml/s, times in ms."""

    period_ms: float
    coefficients: FloatArray

    def volumes(self, times_ms: FloatArray) -> FloatArray:
        """Fitted volume in ml."""
        return np.asarray(_waves(times_ms, self.period_ms, self.coefficients.size) @ self.coefficients)

    def rates(self, times_ms: FloatArray) -> FloatArray:
        """Fitted change of volume in ml/s."""
        return np.asarray(_slopes(times_ms, self.period_ms, self.coefficients.size) @ self.coefficients)


@dataclass(frozen=True)
class Rates:
    """Peak ejection rate and its time after ED, peak filling rate and its time after ES."""

    ejection_ml_s: float
    ejection_ms: float
    filling_ml_s: float
    filling_ms: float


def fit_curve(times_ms: FloatArray, volumes_ml: FloatArray, period_ms: float) -> VolumeCurve:
    """The smooth periodic curve through the volumes; phases need not be evenly spaced."""
    size = len(volumes_ml) // 2 * 2 + 1
    waves = _waves(times_ms, period_ms, size)
    orders = (np.arange(size) + 1) // 2
    roughness = np.diag(orders.astype(np.float64) ** 4)  # the mean square of the second derivative
    fits = []
    for smoothing in SMOOTHING:
        solve = np.linalg.solve(
            waves.T @ waves + len(volumes_ml) * smoothing * roughness + 1e-12 * np.eye(size), waves.T
        )
        coefficients = solve @ volumes_ml
        left = 1.0 - np.trace(waves @ solve) / len(volumes_ml)
        if left > 0.05:  # a curve through every point has nothing left to be judged by
            error = float(np.mean((volumes_ml - waves @ coefficients) ** 2)) / left**2
            fits.append((error, coefficients))
    return VolumeCurve(period_ms, min(fits, key=lambda fit: fit[0])[1])


def find_rates(curve: VolumeCurve, ed_ms: float, es_ms: float) -> Rates:
    """The steepest fall between ED and ES and the steepest rise between ES and the next ED."""
    period = curve.period_ms
    systole = (es_ms - ed_ms) % period
    since_ed = np.linspace(0.0, systole, GRID)
    since_es = np.linspace(0.0, period - systole, GRID)
    ejection, filling = curve.rates(ed_ms + since_ed), curve.rates(es_ms + since_es)
    fastest_out, fastest_in = int(np.argmin(ejection)), int(np.argmax(filling))
    return Rates(
        -float(ejection[fastest_out]),
        float(since_ed[fastest_out]),
        float(filling[fastest_in]),
        float(since_es[fastest_in]),
    )


def _angles(times_ms: FloatArray, period_ms: float, size: int) -> FloatArray:
    orders = np.arange(1, size // 2 + 1)
    return np.asarray(2.0 * np.pi * np.outer(np.asarray(times_ms), orders) / period_ms)


def _waves(times_ms: FloatArray, period_ms: float, size: int) -> FloatArray:
    angles = _angles(times_ms, period_ms, size)
    return _interleave(np.ones(len(angles)), np.cos(angles), np.sin(angles))


def _slopes(times_ms: FloatArray, period_ms: float, size: int) -> FloatArray:
    angles = _angles(times_ms, period_ms, size)
    per_s = 2.0 * np.pi * np.arange(1, size // 2 + 1) / (period_ms / 1000.0)
    return _interleave(np.zeros(len(angles)), -np.sin(angles) * per_s, np.cos(angles) * per_s)


def _interleave(constant: FloatArray, cosines: FloatArray, sines: FloatArray) -> FloatArray:
    pairs = np.stack([cosines, sines], axis=-1).reshape(len(constant), -1)
    return np.concatenate([constant[:, None], pairs], axis=1)
