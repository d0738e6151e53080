"""Frames → groups: the frames of one study that lie in parallel planes on one in-plane grid, made the same way."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from CardiacSegmentationLib.cine.frames import Frame, Vector

T = TypeVar("T")

ANGLE_DEG = 2.0
IN_PLANE_MM = 2.0
SPACING_MM = 0.005
ECHO_MS = 0.5  # TE of one cine protocol hardly varies; tagging, LGE and perfusion differ by more
FLIP_DEG = 20.0


def group_frames(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Frames that could form a stack together. Several patients or studies never mix."""
    groups: list[list[Frame]] = []
    for same in _split_exactly(frames, _identity).values():
        parts = [same]
        for split in (_split_by_orientation, _split_by_pixel_spacing, _split_by_contrast, _split_by_in_plane_position):
            parts = [piece for part in parts for piece in split(part)]
        groups.extend(parts)
    return groups


def normal_of(orientation: Sequence[float]) -> Vector:
    """Unit normal of a plane: row direction × column direction."""
    normal: Vector = np.cross(orientation[:3], orientation[3:])
    return np.asarray(normal / np.linalg.norm(normal))


def _identity(frame: Frame) -> Hashable:
    file = frame.file
    return file.patient_id, file.study_uid, frame.kind, frame.technique, file.rows, file.columns


def _split_by_orientation(frames: Sequence[Frame]) -> list[list[Frame]]:
    cosine = np.cos(np.radians(ANGLE_DEG))

    def parallel(a: Sequence[float], b: Sequence[float]) -> bool:
        return bool(np.dot(a[:3], b[:3]) >= cosine and np.dot(a[3:], b[3:]) >= cosine)

    return _split_by_likeness(frames, lambda frame: frame.orientation, parallel)


def _split_by_pixel_spacing(frames: Sequence[Frame]) -> list[list[Frame]]:
    def same(a: tuple[float, float], b: tuple[float, float]) -> bool:
        return abs(a[0] - b[0]) < SPACING_MM and abs(a[1] - b[1]) < SPACING_MM

    return _split_by_likeness(frames, lambda frame: frame.pixel_spacing_mm, same)


def _split_by_contrast(frames: Sequence[Frame]) -> list[list[Frame]]:
    def same(a: tuple[float | None, float | None], b: tuple[float | None, float | None]) -> bool:
        return all(
            x is None or y is None or abs(x - y) <= limit for x, y, limit in zip(a, b, (ECHO_MS, FLIP_DEG), strict=True)
        )

    return _split_by_likeness(frames, lambda frame: (frame.echo_ms, frame.flip_deg), same)


def _split_by_in_plane_position(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Walk along the normal: slices of one stack lie behind each other, each shifted a little at most."""
    orientation = frames[0].orientation
    axes = np.array([orientation[:3], orientation[3:], normal_of(orientation)])
    by_plane = _split_exactly(frames, lambda frame: tuple(np.round(axes @ frame.centre, 2).tolist()))
    groups: list[list[Frame]] = []
    ends: list[Vector] = []  # where in the plane each group's last slice lies
    for plane, members in sorted(by_plane.items(), key=lambda item: item[0][2]):
        place = np.array(plane[:2])
        for index, end in enumerate(ends):
            if np.abs(place - end).max() <= IN_PLANE_MM:
                groups[index].extend(members)
                ends[index] = place
                break
        else:
            groups.append(list(members))
            ends.append(place)
    return groups


K = TypeVar("K", bound="Hashable")


def _split_exactly(frames: Iterable[Frame], key: Callable[[Frame], K]) -> dict[K, list[Frame]]:
    groups: dict[K, list[Frame]] = defaultdict(list)
    for frame in frames:
        groups[key(frame)].append(frame)
    return dict(groups)


def _split_by_likeness(
    frames: Sequence[Frame], feature: Callable[[Frame], K], alike: Callable[[K, K], bool]
) -> list[list[Frame]]:
    """Group by a feature with a tolerance; a group is known by the feature most of its frames have."""
    exact = _split_exactly(frames, feature)
    groups: list[tuple[K, list[Frame]]] = []
    for value, members in sorted(exact.items(), key=lambda item: -len(item[1])):
        for known, group in groups:
            if alike(known, value):
                group.extend(members)
                break
        else:
            groups.append((value, list(members)))
    return [group for _, group in groups]
