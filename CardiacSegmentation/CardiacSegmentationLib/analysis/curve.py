"""The volume–time curve: a smooth periodic fit through the volumes, and how fast it falls and rises.

The fit is a Fourier series of five harmonics. More would follow the steps a curve takes where a basal slice comes or
goes from one phase to the next; fewer would flatten the early filling. docs/measurements.md says what five cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from CardiacSegmentationLib.segmentation import FloatArray

HARMONICS = 5
FEWEST_PHASES = 2 * HARMONICS + 2  # one more than the series has numbers
DAMPING = 1e-4  # of curvature: keeps the series calm across the end of the beat, which prospective gating leaves out
GRID = 720
FEWEST_SEEN = 3  # points of it: both ends of a stretch may be seen and nothing between


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
    """Peak ejection rate and its time after ED, peak filling rate and its time after ES; NaN where not seen."""

    ejection_ml_s: float
    ejection_ms: float
    filling_ml_s: float
    filling_ms: float


def fit_curve(times_ms: FloatArray, volumes_ml: FloatArray, period_ms: float) -> VolumeCurve:
    """The smooth periodic curve through the volumes; phases need not be evenly spaced."""
    waves = _waves(times_ms, period_ms, 2 * HARMONICS + 1)
    orders = (np.arange(2 * HARMONICS + 1) + 1) // 2
    curvature = np.diag(orders.astype(np.float64) ** 4)
    normal = waves.T @ waves + len(volumes_ml) * DAMPING * curvature
    return VolumeCurve(period_ms, np.linalg.solve(normal, waves.T @ volumes_ml))


def find_rates(curve: VolumeCurve, ed_ms: float, es_ms: float, seen_ms: tuple[float, float] | None = None) -> Rates:
    """The steepest fall between ED and ES and the steepest rise between ES and the next ED.

    ``seen_ms`` are the times of the first and last images where these leave a part of the beat out. The curve only
    bridges that part: its slope there was not measured, and does not count. What was not seen at all is NaN.
    """
    systole = (es_ms - ed_ms) % curve.period_ms
    fall, fall_ms = _find_steepest(curve, ed_ms, systole, seen_ms, -1.0)
    rise, rise_ms = _find_steepest(curve, es_ms, curve.period_ms - systole, seen_ms, 1.0)
    return Rates(fall, fall_ms, rise, rise_ms)


def _find_steepest(
    curve: VolumeCurve, start_ms: float, lasts_ms: float, seen_ms: tuple[float, float] | None, sign: float
) -> tuple[float, float]:
    """The largest slope with this sign in a stretch of the curve, and its time from the stretch's start."""
    since = np.linspace(0.0, lasts_ms, GRID)
    if seen_ms is not None:
        into_ms = (start_ms + since - seen_ms[0]) % curve.period_ms
        since = since[into_ms <= seen_ms[1] - seen_ms[0]]
    if len(since) < FEWEST_SEEN:
        return np.nan, np.nan
    slopes = sign * curve.rates(start_ms + since)
    steepest = int(np.argmax(slopes))
    return float(slopes[steepest]), float(since[steepest])


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
