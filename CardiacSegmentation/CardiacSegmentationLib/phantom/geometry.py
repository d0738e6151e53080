"""Where the image planes lie in the patient: short axis, long axes, localizers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from CardiacSegmentationLib.phantom.heart import Heart
    from CardiacSegmentationLib.phantom.spec import PhantomSpec
    from CardiacSegmentationLib.stack import Array


def _unit(vector: Array) -> Array:
    unit: Array = vector / np.linalg.norm(vector)
    return unit


# The heart in the chest (LPS): its apex points left, forward and down; seen from there, the RV is on the left.
TO_APEX = _unit(np.array([0.634, -0.673, -0.379]))
RIGHT = np.array([0.578, 0.739, -0.346])
RIGHT = _unit(RIGHT - (RIGHT @ TO_APEX) * TO_APEX)
DOWN = np.cross(RIGHT, TO_APEX)
BASE_CENTRE_MM = np.array([12.0, -8.0, 6.0])  # of the LV at end-diastole, from the middle of the chest

FIELD_OF_VIEW_MM, USUAL_PIXEL_MM = 320.0, 1.4
LOCALIZER_PIXEL_MM = 2.5
LONG_AXIS_THICKNESS_MM = 6.0


@dataclass(frozen=True, eq=False)
class ImagePlane:
    """One image plane. ``corner_mm`` is the centre of its first pixel, in patient space (LPS)."""

    corner_mm: Array
    along_row: Array  # unit vector in which the column index grows
    along_column: Array  # unit vector in which the row index grows
    rows: int
    columns: int
    pixel_mm: float
    thickness_mm: float

    @property
    def normal(self) -> Array:
        """Unit vector at right angles to the plane, as DICOM has it: along the row × along the column."""
        return np.cross(self.along_row, self.along_column)

    @property
    def crosses_axis(self) -> bool:
        """Whether this is a short-axis plane."""
        return bool(abs(self.normal @ TO_APEX) > 1 - 1e-9)

    def points_mm(self, off_plane_mm: float = 0.0) -> Array:
        """Patient coordinates of every pixel's centre: [x, y or z, row, column]."""
        columns = np.arange(self.columns) * self.pixel_mm
        rows = np.arange(self.rows)[:, None] * self.pixel_mm
        start = self.corner_mm + off_plane_mm * self.normal
        points = [s + columns * c + rows * r for s, c, r in zip(start, self.along_row, self.along_column, strict=True)]
        return np.array(points, np.float32)


def short_axis_views(spec: PhantomSpec, heart: Heart) -> tuple[ImagePlane, ...]:
    """The short-axis slices, base to apex."""
    field_mm, pixel_mm = _resolution(spec)
    return tuple(
        _centred(in_chest(0, 0, float(depth), spec), RIGHT, DOWN, field_mm, pixel_mm, thickness_mm=spec.thickness_mm)
        for depth in heart.slice_depths_mm
    )


def long_axis_views(spec: PhantomSpec, heart: Heart) -> dict[str, ImagePlane]:
    """The long-axis planes, all through the LV's axis: apex on top, as they are shown."""
    field_mm, pixel_mm = _resolution(spec)
    middle = in_chest(0, 0, 0.4 * float(heart.cavity.length_mm[0]), spec)
    angles = {"2ch": 80, "3ch": 48, "4ch": 5}  # degrees from the image's right, towards its bottom
    return {
        name: _centred(
            middle,
            math.cos(math.radians(angle)) * RIGHT + math.sin(math.radians(angle)) * DOWN,
            -TO_APEX,
            field_mm,
            pixel_mm,
            thickness_mm=LONG_AXIS_THICKNESS_MM,
        )
        for name, angle in angles.items()
    }


def localizer_views(spec: PhantomSpec) -> tuple[ImagePlane, ...]:
    """An axial, a coronal and a sagittal plane through the heart."""
    field_mm, _ = _resolution(spec)
    middle = in_chest(0, 0, 40, spec)
    left, back, head = np.eye(3)
    return tuple(
        _centred(middle, row, column, 1.25 * field_mm, LOCALIZER_PIXEL_MM, thickness_mm=10.0)
        for row, column in ((left, back), (left, -head), (back, -head))
    )


def chest_scale(spec: PhantomSpec) -> float:
    """Size of the chest against that of an adult with ordinary ventricles."""
    largest = max(spec.lv_edv_ml, 0.94 * spec.rv_edv_ml)
    size: float = (largest / 150) ** (1 / 3)
    return min(max(size, 0.5), 1.3)


def in_chest(right_mm: float, down_mm: float, depth_mm: float, spec: PhantomSpec) -> Array:
    """Patient coordinates of a point given in heart coordinates."""
    return BASE_CENTRE_MM * chest_scale(spec) + right_mm * RIGHT + down_mm * DOWN + depth_mm * TO_APEX


def in_heart(points_mm: Array, spec: PhantomSpec) -> Array:
    """Heart coordinates (right, down, depth) of points in patient space: the inverse of ``in_chest``."""
    frame = np.array([RIGHT, DOWN, TO_APEX], np.float32)
    base = (BASE_CENTRE_MM * chest_scale(spec)).astype(np.float32)
    coordinates: Array = np.tensordot(frame, points_mm - base[:, None, None], axes=1)
    return coordinates


def stack_affine(views: tuple[ImagePlane, ...]) -> Array:
    """From (column, row, slice, 1) to patient space, for parallel planes at even distances."""
    first, step = views[0], views[1].corner_mm - views[0].corner_mm
    affine = np.eye(4)
    affine[:3] = np.stack(
        [first.along_row * first.pixel_mm, first.along_column * first.pixel_mm, step, first.corner_mm], 1
    )
    return affine


def _resolution(spec: PhantomSpec) -> tuple[float, float]:
    """Field of view and pixel size: a smaller patient gets a smaller field with finer pixels, as on the scanner."""
    shrink = min(1.0, chest_scale(spec))
    pixel_mm = round(USUAL_PIXEL_MM * shrink, 2) if spec.pixel_mm is None else spec.pixel_mm
    return FIELD_OF_VIEW_MM * shrink, pixel_mm


def _centred(
    middle: Array, along_row: Array, along_column: Array, field_mm: float, pixel_mm: float, *, thickness_mm: float
) -> ImagePlane:
    """A square plane around a point."""
    size = 2 * round(field_mm / pixel_mm / 2)
    half = (size - 1) / 2 * pixel_mm
    corner = middle - half * along_row - half * along_column
    return ImagePlane(corner, along_row, along_column, size, size, pixel_mm, thickness_mm)
