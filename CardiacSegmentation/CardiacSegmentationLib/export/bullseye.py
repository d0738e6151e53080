"""The 17 segments of the left ventricle as the American Heart Association draws them (Cerqueira 2002)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Wedge:
    """Where a segment lies: angles in degrees counterclockwise from the patient's left, radii of a disc of radius 1."""

    start: float
    end: float
    inner: float
    outer: float


def _ring(first_number: int, count: int, start: float, inner: float, outer: float) -> dict[int, Wedge]:
    step = 360.0 / count
    return {
        first_number + index: Wedge(start + index * step, start + (index + 1) * step, inner, outer)
        for index in range(count)
    }


# Segment 1 is anterior, at the top; numbers run counterclockwise, so that the septum is on the left.
WEDGES = {
    **_ring(1, 6, 60.0, 0.75, 1.0),
    **_ring(7, 6, 60.0, 0.5, 0.75),
    **_ring(13, 4, 45.0, 0.25, 0.5),
    17: Wedge(0.0, 360.0, 0.0, 0.25),
}


def draw_bullseye(
    axes: Axes, values: Mapping[int, float | None], limits: tuple[float, float], decimals: int, colors: str
) -> None:
    """Draw one value per segment, as a number on its colour; a segment without one is hatched."""
    from matplotlib import colormaps
    from matplotlib.patches import Wedge as Patch

    axes.set(xlim=(-1.02, 1.02), ylim=(-1.02, 1.02), aspect="equal")
    axes.set_axis_off()
    low, high = limits
    for number, wedge in WEDGES.items():
        value = values.get(number)
        position = 0.0 if value is None else float(np.clip((value - low) / (high - low), 0.0, 1.0))
        face = "white" if value is None else colormaps[colors](0.08 + 0.84 * position)
        axes.add_patch(
            Patch(
                (0, 0),
                wedge.outer,
                wedge.start,
                wedge.end,
                width=wedge.outer - wedge.inner,
                facecolor=face,
                edgecolor="white" if value is not None else "#bbbbbb",
                hatch="////" if value is None else None,
                linewidth=0.8,
            )
        )
        if value is None:
            continue
        middle, radius = np.deg2rad((wedge.start + wedge.end) / 2), (wedge.inner + wedge.outer) / 2
        x, y = (0.0, 0.0) if number == 17 else (radius * np.cos(middle), radius * np.sin(middle))
        dark = np.dot(face[:3], [0.299, 0.587, 0.114]) < 0.55
        text = f"{round(value, decimals) + 0.0:.{decimals}f}".replace("-", "−")
        axes.text(x, y, text, color="white" if dark else "#1a1a1a", fontsize=6.5, ha="center", va="center")
