"""Volumes over the beat as places in a picture, in pixels from its upper left corner, and what a mouse there means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.analysis.measures import MYOCARDIUM_G_PER_ML
from CardiacSegmentationLib.segmentation import VENTRICLES, Label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CardiacSegmentationLib.assessment import Assessment
    from CardiacSegmentationLib.segmentation import FloatArray

LEFT, RIGHT, BOTTOM = 36, 16, 18  # the numbers of the scale, room for the last flag, the times
ROW = 16  # each ventricle has a row for its flags on top
FLAG_WIDTH = 24
REACH = 7.0  # from a mark on its curve
STEPS = (10, 20, 25, 50, 100, 200, 500)  # ml or g between two lines of the scale
MOST_STEPS = 5


@dataclass(frozen=True, eq=False)
class CurveAxes:
    """The curves of an assessment in a picture of ``width`` × ``height``.

    ``lines`` are in ml by ventricle, and in g for the myocardium, by phase, NaN where not known; ``automatic`` are the
    same before corrections, where they differ. ``marks`` are the phases of ``lv_ed``, ``lv_es``, ``rv_ed``, ``rv_es``
    as far as they are known.
    """

    times_ms: tuple[float, ...]
    lines: Mapping[Label, FloatArray]
    automatic: Mapping[Label, FloatArray]
    marks: Mapping[str, int]
    width: int
    height: int
    step: int
    highest: float

    @property
    def top(self) -> int:
        """Where the curves' part begins, below the flags."""
        return ROW * len(VENTRICLES) + 4

    def x(self, phase: int) -> float:
        """Where a phase is."""
        first, last = self.times_ms[0], self.times_ms[-1]
        share = (self.times_ms[phase] - first) / (last - first) if last > first else 0.5
        return LEFT + share * (self.width - LEFT - RIGHT)

    def y(self, amount: float) -> float:
        """Where ml or g are."""
        return self.height - BOTTOM - amount / self.highest * (self.height - BOTTOM - self.top)

    def points(self, line: FloatArray) -> list[tuple[float, float]]:
        """A curve as (x, y), over the phases that are known."""
        return [(self.x(phase), self.y(amount)) for phase, amount in enumerate(line.tolist()) if np.isfinite(amount)]

    def phase_at(self, x: float) -> int:
        """The phase nearest to the mouse."""
        return min(range(len(self.times_ms)), key=lambda phase: abs(self.x(phase) - x))

    def mark_at(self, x: float, y: float) -> str | None:
        """The mark under the mouse: by its flag, or where it lies on its curve."""
        found = {name: abs(self.x(phase) - x) for name, phase in self.marks.items() if self._is_on(name, x, y)}
        return min(found, key=lambda name: found[name], default=None)

    def _is_on(self, name: str, x: float, y: float) -> bool:
        phase, ventricle = self.marks[name], ventricle_of(name)
        top = row_of(ventricle)
        if top <= y < top + ROW and abs(self.x(phase) - x) <= FLAG_WIDTH / 2:
            return True
        amount = float(self.lines[ventricle][phase])
        return bool(np.hypot(self.x(phase) - x, self.y(amount) - y) <= REACH)


def axes_of(assessment: Assessment, width: int, height: int) -> CurveAxes:
    """The curves of an assessment in a picture of that size."""
    lines, before = _lines(assessment), assessment.automatic
    automatic = {} if before is None else _lines(before)
    automatic = {
        label: line for label, line in automatic.items() if not np.array_equal(line, lines[label], equal_nan=True)
    }
    known = np.concatenate([line[np.isfinite(line)] for line in (*lines.values(), *automatic.values())])
    highest = max(float(known.max(initial=0.0)) * 1.05, STEPS[0])
    step = next((step for step in STEPS if highest / step <= MOST_STEPS), STEPS[-1])
    marks = {name: phase for name, phase in vars(assessment.key_phases).items() if phase is not None}
    return CurveAxes(assessment.times_ms, lines, automatic, marks, width, height, step, highest)


def ventricle_of(mark: str) -> Label:
    """The ventricle that ``lv_ed`` and its like belong to."""
    return Label[mark[:2].upper()]


def row_of(ventricle: Label) -> int:
    """The upper edge of a ventricle's row of flags."""
    return ROW * (Label.LV, Label.RV).index(ventricle)


def _lines(assessment: Assessment) -> dict[Label, FloatArray]:
    volumes = {label: np.asarray(assessment.volumes_ml[label - 1]) for label in (Label.RV, Label.MYO, Label.LV)}
    return {**volumes, Label.MYO: volumes[Label.MYO] * MYOCARDIUM_G_PER_ML}
