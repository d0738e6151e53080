"""Closed plane curves: their length, area and normals, how far points lie from them, and how loops are taken out.

A curve is an array ``[point, (row, column)]`` in millimetres, closed from its last point to its first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.segmentation import FEWEST_POINTS, signed_area_mm2

if TYPE_CHECKING:
    import numpy.typing as npt

    from CardiacSegmentationLib.segmentation import FloatArray, Mask

CLOSE_MM = 1.6  # more than a step of a border
ROUNDING_MM = 1e-9  # nearer than this to a line is on it


@dataclass(frozen=True, eq=False)
class Nearest:
    """The place on a curve nearest to each of some points."""

    outside_mm: FloatArray  # distance from the curve; negative inside it
    foot_mm: FloatArray  # [point, (row, column)]
    outward: FloatArray  # the curve's unit normal there
    step: npt.NDArray[np.intp]  # the place lies between curve[step] and the point after it
    share: FloatArray  # how far between them, 0 to 1

    def of(self, values: FloatArray) -> FloatArray:
        """What ``values``, one for each point of the curve, are at these places."""
        share = self.share.reshape(-1, *[1] * (values.ndim - 1))
        after = values[(self.step + 1) % len(values)]
        between: FloatArray = values[self.step] * (1.0 - share) + after * share
        return between


def following(values: FloatArray) -> FloatArray:
    """For each point of a ring what the next one has (``np.roll`` takes five times as long)."""
    return np.concatenate([values[1:], values[:1]])


def area_mm2(curve: FloatArray) -> float:
    """Area inside the curve."""
    return abs(signed_area_mm2(curve))


def centre_mm(curve: FloatArray) -> FloatArray:
    """Centre of gravity of the area inside the curve."""
    moved = curve - curve[0]
    after = following(moved)
    cross = moved[:, 0] * after[:, 1] - after[:, 0] * moved[:, 1]
    total = cross.sum()
    if abs(total) < 1e-9:
        return np.asarray(curve.mean(axis=0))
    return np.asarray(curve[0] + ((moved + after) * cross[:, None]).sum(axis=0) / (3.0 * total))


def steps_mm(curve: FloatArray) -> FloatArray:
    """Distance from each point to the next."""
    step = following(curve) - curve
    return np.hypot(step[:, 0], step[:, 1])


def arc_mm(curve: FloatArray) -> tuple[FloatArray, float]:
    """How far along the curve each point lies from the first, and the length of the curve."""
    steps = steps_mm(curve)
    return np.cumsum(steps) - steps, float(steps.sum())


def arc_of(nearest: Nearest, curve: FloatArray) -> FloatArray:
    """How far along the curve these places on it lie."""
    along, length = arc_mm(curve)
    ends = np.append(along, length)
    return np.asarray(ends[nearest.step] + nearest.share * (ends[nearest.step + 1] - ends[nearest.step]))


def resample(curve: FloatArray, step_mm: float) -> FloatArray:
    """Points at even distances of about ``step_mm`` along the curve."""
    return points_along(curve, even_arc(arc_mm(curve)[1], step_mm))


def even_arc(length_mm: float, step_mm: float) -> FloatArray:
    """Even distances of about ``step_mm`` along a curve of this length."""
    return np.linspace(0.0, length_mm, max(round(length_mm / step_mm), FEWEST_POINTS), endpoint=False)


def points_along(curve: FloatArray, at_mm: FloatArray) -> FloatArray:
    """The points at these distances along the curve."""
    along, length = arc_mm(curve)
    return np.stack([np.interp(at_mm, along, axis, period=length) for axis in curve.T], axis=1)


def even_out(curve: FloatArray, step_mm: float) -> FloatArray:
    """The same curve without steps much longer or much shorter than ``step_mm``; all other points stay as they are."""
    steps = steps_mm(curve)
    keep = np.ones(len(curve), bool)
    gap = 0.0
    for index in np.flatnonzero(steps < 0.25 * step_mm):
        gap = gap + steps[index] if index and not keep[index - 1] else steps[index]
        keep[index] = gap >= 0.25 * step_mm
    if np.count_nonzero(keep) >= FEWEST_POINTS:
        curve = curve[keep]
        steps = steps_mm(curve)
    parts = np.maximum(np.ceil(steps / (1.5 * step_mm)), 1).astype(int)
    if parts.max() == 1:
        return curve
    start = np.repeat(np.arange(len(curve)), parts)
    share = (np.arange(len(start)) - np.repeat(np.cumsum(parts) - parts, parts)) / parts[start]
    return np.asarray(curve[start] + share[:, None] * (following(curve)[start] - curve[start]))


def smooth_ring(values: FloatArray, sigma: float) -> FloatArray:
    """A Gaussian of ``sigma`` samples around a ring of values ``[sample, …]``."""
    damp = np.exp(-2.0 * (np.pi * sigma * np.fft.rfftfreq(len(values))) ** 2)
    return filter_ring(values, damp)


def filter_ring(values: FloatArray, damp: FloatArray) -> FloatArray:
    """A ring of values with each of its waves damped by a factor."""
    waves = np.fft.rfft(values, axis=0) * damp.reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(np.fft.irfft(waves, len(values), axis=0))


def drop_waves(values: FloatArray, step_mm: float, within_mm: float) -> FloatArray:
    """A ring of values, ``step_mm`` apart, rid of waves shorter than about ``2 * within_mm``; no curve shrinks."""
    waves = np.fft.rfftfreq(len(values)) / step_mm
    return filter_ring(values, np.exp(-((2.0 * within_mm * waves) ** 4)))


def outward_normals(curve: FloatArray) -> FloatArray:
    """Unit normals at the points, out of the area."""
    along = following(curve) - np.concatenate([curve[-1:], curve[:-1]])
    return _turned_out(along, curve)


def smooth_normals(curve: FloatArray, sigma: float) -> FloatArray:
    """Outward unit normals without the curve's small waves: smoothed by a Gaussian of ``sigma`` points."""
    normals = smooth_ring(outward_normals(curve), sigma)
    return np.asarray(normals / np.maximum(np.hypot(normals[:, 0], normals[:, 1]), 1e-9)[:, None])


def find_nearest(points: FloatArray, curve: FloatArray) -> Nearest:
    """The nearest places on a curve.

    Far from the curve the better of the two steps that meet at its nearest point is taken; within ``CLOSE_MM``, where
    two stretches may be as near, every step is tried.
    """
    origin = curve.mean(axis=0)
    from_middle, around = points - origin, curve - origin
    step = following(around) - around
    length = np.maximum((step**2).sum(axis=1), 1e-18)
    squared = (around**2).sum(axis=1) - 2.0 * from_middle @ around.T  # less the points' own squares
    corner = squared.argmin(axis=1)
    nearest = squared[np.arange(len(points)), corner] + (from_middle**2).sum(axis=1)
    index = _better_step(from_middle, around, step, length, corner)
    close = np.flatnonzero(nearest < CLOSE_MM**2)
    if close.size:
        along = from_middle[close] @ step.T - (around * step).sum(axis=1)
        share = np.clip(along / length, 0.0, 1.0)
        index[close] = (squared[close] - share * (2.0 * along - share * length)).argmin(axis=1)
    away = from_middle - around[index]
    share = np.clip((away * step[index]).sum(axis=1) / length[index], 0.0, 1.0)
    off = away - share[:, None] * step[index]
    normal = _normal_at(_turned_out(step, curve), index, share)
    distance = np.hypot(off[:, 0], off[:, 1])
    inside = (off * normal).sum(axis=1) < 0
    return Nearest(np.where(inside, -distance, distance), points - off, normal, index, share)


def _better_step(
    points: FloatArray, curve: FloatArray, step: FloatArray, length: FloatArray, corner: npt.NDArray[np.intp]
) -> npt.NDArray[np.intp]:
    """Of the two steps that meet at a corner, the one nearer to each point."""
    ways = []
    for index in ((corner - 1) % len(curve), corner):
        away = points - curve[index]
        share = np.clip((away * step[index]).sum(axis=1) / length[index], 0.0, 1.0)
        ways.append((index, ((away - share[:, None] * step[index]) ** 2).sum(axis=1)))
    (first, off_first), (second, off_second) = ways
    return np.where(off_second < off_first, second, first)


def _normal_at(normals: FloatArray, index: npt.NDArray[np.intp], share: FloatArray) -> FloatArray:
    """The unit normal at places on steps; at a corner the mean of both, which tells inside from outside there."""
    count = len(normals)
    normal = normals[index]
    at_start, at_end = share <= 0.0, share >= 1.0
    normal[at_start] += normals[index[at_start] - 1]
    normal[at_end] += normals[(index[at_end] + 1) % count]
    return np.asarray(normal / np.maximum(np.hypot(normal[:, 0], normal[:, 1]), 1e-12)[:, None])


def crosses_itself(curve: FloatArray) -> bool:
    """Whether any two steps of the curve cross."""
    return _first_crossing(curve) is not None


def remove_loops(curve: FloatArray) -> FloatArray:
    """The curve without its crossings: of the two loops at each, the one with more area stays."""
    for _ in range(len(curve)):
        crossing = _first_crossing(curve)
        if crossing is None:
            return curve
        first, second = crossing
        place = _meeting(curve, first, second)
        inner = np.concatenate([place[None], curve[first + 1 : second + 1]])
        outer = np.concatenate([curve[: first + 1], place[None], curve[second + 1 :]])
        curve = max((inner, outer), key=area_mm2)
        if len(curve) < FEWEST_POINTS:
            return curve
    return curve


def fill(curve: FloatArray, shape: tuple[int, int], spacing_mm: tuple[float, float]) -> Mask:
    """The pixels whose centres the curve encloses; the centre of pixel ``[0, 0]`` is the origin."""
    row, column = (curve / spacing_mm).T
    next_row, next_column = following(row), following(column)
    first, end = max(int(np.ceil(row.min())), 0), min(int(np.floor(row.max())) + 1, shape[0])
    inside = np.zeros(shape, bool)
    if end <= first:
        return inside
    rows = np.arange(first, end)
    line, edge = np.nonzero((row <= rows[:, None]) != (next_row <= rows[:, None]))
    at = column[edge] + (rows[line] - row[edge]) * (next_column - column)[edge] / (next_row - row)[edge]
    start = np.clip(np.ceil(at), 0, shape[1]).astype(np.intp)
    flips = np.bincount(line * (shape[1] + 1) + start, minlength=len(rows) * (shape[1] + 1))
    crossed = np.cumsum(flips.reshape(len(rows), -1), axis=1)[:, :-1]
    inside[first:end] = crossed % 2 == 1
    return inside


def _turned_out(along: FloatArray, curve: FloatArray) -> FloatArray:
    """Unit vectors at right angles to ``along``, to the outer side of the curve."""
    length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-12)
    turn = 1.0 if signed_area_mm2(curve) >= 0 else -1.0
    return np.stack([along[:, 1], -along[:, 0]], axis=1) * (turn / length)[:, None]


def _first_crossing(curve: FloatArray) -> tuple[int, int] | None:
    """The first two steps that cross; those that only touch, or lie on one line, do not."""
    around = curve - curve.mean(axis=0)
    after = following(around)
    step = after - around
    one, other = _overlapping(np.minimum(around, after), np.maximum(around, after))
    is_next = (other - one) % len(curve)
    apart = (is_next != 1) & (is_next != len(curve) - 1)
    one, other = one[apart], other[apart]
    offset = step[:, 0] * around[:, 1] - step[:, 1] * around[:, 0]
    rounding = ROUNDING_MM * np.hypot(step[:, 0], step[:, 1])

    def parts(line: npt.NDArray[np.intp], crossed: npt.NDArray[np.intp]) -> Mask:
        """Whether the ends of one step lie on both sides of the line along another."""
        start, end = (
            step[line, 0] * point[crossed, 1] - step[line, 1] * point[crossed, 0] - offset[line]
            for point in (around, after)
        )
        far = rounding[line]
        return np.asarray((start > far) & (end < -far) | (start < -far) & (end > far))

    crosses = np.flatnonzero(parts(one, other) & parts(other, one))
    if not crosses.size:
        return None
    return min((int(min(pair)), int(max(pair))) for pair in zip(one[crosses], other[crosses], strict=True))


def _overlapping(low: FloatArray, high: FloatArray) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The pairs of boxes, from ``low[box, axis]`` to ``high``, that have a place in common."""
    order = np.argsort(low[:, 0])
    first = np.arange(len(order))
    counts = np.searchsorted(low[order, 0], high[order, 0], "right") - first - 1  # those that begin before it ends
    first = np.repeat(first, counts)
    second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)
    one, other = order[first], order[second]
    meet = (low[one, 1] <= high[other, 1]) & (low[other, 1] <= high[one, 1])
    return one[meet], other[meet]


def _meeting(curve: FloatArray, first: int, second: int) -> FloatArray:
    """Where two steps cross."""
    start, other = curve[first], curve[second]
    step, other_step = curve[(first + 1) % len(curve)] - start, curve[(second + 1) % len(curve)] - other
    across = step[0] * other_step[1] - step[1] * other_step[0]
    away = other - start
    share = (away[0] * other_step[1] - away[1] * other_step[0]) / across
    return np.asarray(start + share * step)
