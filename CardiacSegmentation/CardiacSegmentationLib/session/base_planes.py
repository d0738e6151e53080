"""Commands on base planes: two points on a long axis, followed through the beat by the motion of its images."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from CardiacSegmentationLib.analysis.base_plane import runs_across
from CardiacSegmentationLib.contours.motion import find_motion, follow_points
from CardiacSegmentationLib.errors import ReadingError
from CardiacSegmentationLib.reading import BaseLine, require_line
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CardiacSegmentationLib.box import Box
    from CardiacSegmentationLib.contours.motion import Motion
    from CardiacSegmentationLib.long_axis import LongAxis
    from CardiacSegmentationLib.reading import Point
    from CardiacSegmentationLib.session.study_session import StudySession
    from CardiacSegmentationLib.stack import Array, CineStack

MOST_BESIDE_MM = 1.0
AROUND_MM, LEAST_AROUND_MM = 80.0, 40.0  # where motion is looked for around points, and has to be known
# What was found once for a long axis: the motion within a box of (rows, columns).
_MOTIONS: WeakKeyDictionary[LongAxis, tuple[Motion, Box]] = WeakKeyDictionary()


def set_base_line(
    session: StudySession, label: Label, long_axis: LongAxis, phase: int, points_mm: Sequence[Sequence[float]]
) -> bool:
    """Set a ventricle's base plane in a phase by two points (mm, LPS) on a long axis; one step of undo.

    In the phases that the reader did not set on this long axis the line is where the images' motion carries it.
    """
    kept = [
        line for line in session.reading.lines_of(label, long_axis.name) if not line.is_followed and line.phase != phase
    ]
    decided = [*kept, _line(label, long_axis, phase, _onto(long_axis, points_mm), is_followed=False)]
    require_line(decided[-1])
    followed = _follow(session.stack, long_axis, decided)
    return session.set_base_lines(label, long_axis.name, [*decided, *followed], phase)


def _follow(stack: CineStack, long_axis: LongAxis, decided: Sequence[BaseLine]) -> list[BaseLine]:
    """The lines of the other phases; where the motion leads to none that a valve could have, none."""
    drawn = {line.phase: _in_image(long_axis, np.array(line.points_mm)) for line in decided}
    motion = _motion_around(long_axis, np.concatenate(list(drawn.values())), is_cyclic=stack.is_whole_beat)
    lines = []
    for phase, points in follow_points(motion, 0, drawn).items():
        line = _line(Label(decided[0].label), long_axis, phase, _in_patient(long_axis, points), is_followed=True)
        if _can_be_base(stack, line):
            lines.append(line)
    return lines


def _can_be_base(stack: CineStack, line: BaseLine) -> bool:
    try:
        require_line(line)
    except ReadingError:
        return False
    return runs_across(stack, line)


def _motion_around(long_axis: LongAxis, points_mm: Array, *, is_cyclic: bool) -> Motion:
    """The motion around points (row, column) in mm: that of the whole image would take several times as long."""

    def box(around_mm: float) -> Box:
        low = np.maximum((points_mm.min(axis=0) - around_mm) / long_axis.spacing_mm, 0).astype(int)
        high = np.minimum((points_mm.max(axis=0) + around_mm) / long_axis.spacing_mm, long_axis.voxels.shape[1:])
        return slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))

    known, needed = _MOTIONS.get(long_axis), box(LEAST_AROUND_MM)
    if known is not None and all(
        has.start <= wanted.start and wanted.stop <= has.stop for has, wanted in zip(known[1], needed, strict=True)
    ):
        return known[0]
    found = find_motion(long_axis.voxels[:, None], long_axis.spacing_mm, box(AROUND_MM), is_cyclic=is_cyclic)
    _MOTIONS[long_axis] = (found, box(AROUND_MM))
    return found


def _line(label: Label, long_axis: LongAxis, phase: int, points_mm: Array, *, is_followed: bool) -> BaseLine:
    first, second = (_point(point) for point in points_mm)
    return BaseLine(int(label), long_axis.name, phase, (first, second), _point(long_axis.normal), is_followed)


def _onto(long_axis: LongAxis, points_mm: Sequence[Sequence[float]]) -> Array:
    """Points moved into the plane of the image, ``[point, 3]``: a view may show it from a little beside."""
    beside_mm = np.abs((np.array(points_mm) - long_axis.affine[:3, 3]) @ long_axis.normal).max()
    if beside_mm > MOST_BESIDE_MM:
        raise ReadingError.of("base-beside", view=long_axis.name)
    return _in_patient(long_axis, _in_image(long_axis, np.array(points_mm, np.float64)))


def _in_image(long_axis: LongAxis, points_mm: Array) -> Array:
    """Points in patient space as (row, column) in mm."""
    away = points_mm - long_axis.affine[:3, 3]
    axes = long_axis.affine[:3, [1, 0]] / long_axis.spacing_mm
    return np.asarray(away @ axes)


def _in_patient(long_axis: LongAxis, points_mm: Array) -> Array:
    axes = long_axis.affine[:3, [1, 0]] / long_axis.spacing_mm
    return np.asarray(points_mm @ axes.T + long_axis.affine[:3, 3])


def _point(numbers: Array) -> Point:
    x, y, z = (round(float(number), 3) for number in numbers)  # micrometres
    return x, y, z
