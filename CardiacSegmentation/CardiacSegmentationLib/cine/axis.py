"""Where hearts point: what geometry alone says about short-axis planes and about base and apex.

In patient space (LPS) the left ventricle's long axis runs from the base to the left, to the front and down. Hearts lie
more upright or more flat with age and build, by some 20° either way; congenital hearts may point anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CardiacSegmentationLib.cine.frames import Vector

_APEX = np.array([0.65, -0.62, -0.44])
_APEX = _APEX / np.linalg.norm(_APEX)

TYPICAL_DEG = 42.0  # axial, coronal and sagittal planes lie farther from any usual short axis
TRUSTED_DEG = 60.0  # up to here the usual direction tells base from apex


def angle_to_usual_axis_deg(normal: Sequence[float] | Vector) -> float:
    """Angle between a plane's normal and the usual long axis, either way round."""
    return angle_deg(normal, _APEX)


def angle_deg(a: Sequence[float] | Vector, b: Sequence[float] | Vector) -> float:
    """Angle between two directions whose sign does not matter, 0 to 90°."""
    return float(np.degrees(np.arccos(np.clip(abs(np.dot(a, b)), 0.0, 1.0))))


def toward_apex(normal: Vector) -> tuple[Vector, bool]:
    """The direction of a normal that leads to the apex, and whether geometry tells it for certain."""
    if angle_to_usual_axis_deg(normal) <= TRUSTED_DEG:
        return (normal if normal @ _APEX > 0 else -normal), True
    # Also in a heart that points to the right, the apex lies in front of the base and below it.
    forward_down = float(normal @ np.array([0.0, -0.7, -0.7]))
    if abs(forward_down) > 0.4:
        return (normal if forward_down > 0 else -normal), False
    return -normal, False  # short-axis images are shown as seen from the apex: rows × columns leads to the base
