"""The heart's cycle: how far it has contracted, phase by phase."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import PchipInterpolator

if TYPE_CHECKING:
    from CardiacSegmentationLib.stack import Array

# Share of systole against share of the stroke volume ejected: slow start, fast ejection, slow end.
EJECTION = ((0, 0), (0.08, 0.02), (0.25, 0.26), (0.5, 0.66), (0.75, 0.91), (1, 1))
# Share of diastole against share still to be filled: relaxation, rapid filling, diastasis, atrial kick.
FILLING = (
    (0, 1),
    (0.08, 0.97),
    (0.2, 0.62),
    (0.33, 0.32),
    (0.45, 0.23),
    (0.7, 0.19),
    (0.8, 0.16),
    (0.93, 0.02),
    (1, 0),
)


def end_systole(phases: int) -> int:
    """The phase of end-systole: the one nearest to 37 % of the R-R interval."""
    return max(1, round(0.37 * phases))


def contraction(phases: int) -> Array:
    """Share of the stroke volume that has left the ventricle, per phase: 0 at ED (phase 0), 1 at ES."""
    es = end_systole(phases) / phases
    knots = [(es * t, x) for t, x in EJECTION] + [(es + (1 - es) * t, x) for t, x in FILLING[1:]]
    times, values = np.array(knots).T
    shares: Array = PchipInterpolator(times, values)(np.arange(phases) / phases)
    shares[end_systole(phases)] = 1
    return np.clip(shares, 0, 1)
