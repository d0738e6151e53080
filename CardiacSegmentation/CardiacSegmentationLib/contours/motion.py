"""Motion of the image from phase to phase, found once per study, and contours that follow it.

Each slice by itself: where a pixel's surroundings (Gaussian windows) went from one phase to the next, after Lucas and
Kanade (IJCAI 1981), from coarse to fine; all phases at once.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates, zoom

from CardiacSegmentationLib.contours.anatomy import place_borders
from CardiacSegmentationLib.contours.curves import arc_mm, smooth_ring
from CardiacSegmentationLib.contours.fill import fill_between
from CardiacSegmentationLib.contours.propagate import Correction, apply_correction, find_correction
from CardiacSegmentationLib.segmentation import Border

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import numpy.typing as npt

    from CardiacSegmentationLib.box import Box
    from CardiacSegmentationLib.segmentation import Contours, Float32Array, FloatArray


GRID_MM = 2.0  # of the motion field: finer than it varies
WINDOW = 1.6  # of the grid: sigma of the surroundings that move together
LEVELS, ROUNDS = 2, 4
SMOOTH_MM = 2.0  # of the way that a border goes, along the border
THREADS = 2
STIFF = 0.02  # of the mean edge strength: where there is no edge nothing moves


@dataclass(frozen=True, eq=False)
class Motion:
    """How far each place moves to the next phase, in mm: ``[phase, slice, (row, column), place row, place column]``."""

    to_next_mm: Float32Array
    to_previous_mm: Float32Array  # from phase + 1 back to phase
    start_mm: tuple[float, float]
    step_mm: float
    is_cyclic: bool  # the last phase is followed by the first

    @property
    def phases(self) -> int:
        """Count of the phases."""
        return len(self.to_next_mm) + (0 if self.is_cyclic else 1)

    def follow(self, points_mm: FloatArray, slice_index: int, phase: int, to_phase: int, step: int) -> FloatArray:
        """Points of one phase where they are in another, forwards (step 1) or backwards (-1) through time."""
        points = points_mm
        while phase != to_phase:
            following = (phase + step) % self.phases
            field = self.to_next_mm[phase] if step > 0 else self.to_previous_mm[following]
            at = (points - self.start_mm).T / self.step_mm
            moved = [map_coordinates(axis, at, order=1, mode="nearest") for axis in field[slice_index]]
            points = points + np.stack(moved, axis=1)
            phase = following
        return points

    def follow_all(self, contours: Contours, slice_index: int, phase: int, to_phase: int, step: int) -> Contours:
        """Contours of one phase where they are in another; the anatomy stays whole."""
        carried = {}
        for border, curve in contours.borders.items():
            moved = self.follow(curve, slice_index, phase, to_phase, step) - curve
            sigma = min(SMOOTH_MM * len(curve) / arc_mm(curve)[1], len(curve) / 8.0)
            carried[border] = curve + smooth_ring(moved, sigma)
        return place_borders(contours, carried)


def find_motion(
    voxels: npt.NDArray[np.generic],
    spacing_mm: tuple[float, float],
    box: Box,
    *,
    is_cyclic: bool,
) -> Motion:
    """The motion in ``voxels[phase, slice, row, column]`` within a box of rows and columns around the heart."""
    heart = voxels[:, :, box[0], box[1]]
    start = (float(box[0].start or 0) * spacing_mm[0], float(box[1].start or 0) * spacing_mm[1])
    with ThreadPoolExecutor(THREADS) as pool:
        found = pool.map(lambda index: _slice_motion(heart[:, index], spacing_mm, is_cyclic), range(heart.shape[1]))
        forth, back = (np.stack(fields, axis=1) for fields in zip(*found, strict=True))
    return Motion(forth * np.float32(GRID_MM), back * np.float32(GRID_MM), start, GRID_MM, is_cyclic)


def follow_motion(
    motion: Motion,
    slice_index: int,
    drawn: Mapping[int, Contours],
    targets: Collection[int] | None = None,
) -> dict[int, Contours]:
    """Contours of further phases of a slice, from those drawn in some, carried along by the image's motion.

    From the nearest drawn phase before and the nearest after, the nearer one counting more; drawn phases are never
    among the results.
    """
    results: dict[int, Contours] = {}
    for phase in range(motion.phases) if targets is None else sorted(targets):
        if phase in drawn:
            continue
        ways = [way for way in (_nearest(motion, drawn, phase, step) for step in (-1, 1)) if way is not None]
        carried = []
        for each, away, step in ways:
            moved = motion.follow_all(drawn[each], slice_index, each, phase, -step)
            carried.append((moved, away))
        if len(carried) == 2:
            (early, late), total = (carried[0][0], carried[1][0]), carried[0][1] + carried[1][1]
            results[phase] = _between(early, late, carried[0][1] / total)
        elif carried:
            results[phase] = carried[0][0]
    return results


def follow_points(motion: Motion, slice_index: int, drawn: Mapping[int, FloatArray]) -> dict[int, FloatArray]:
    """Points ``[point, (row, column)]`` in mm of the phases in which none were set, from those that were.

    As with contours: from the nearest phase before and the nearest after, the nearer one counting more.
    """
    results: dict[int, FloatArray] = {}
    for phase in set(range(motion.phases)) - set(drawn):
        ways = [way for way in (_nearest(motion, drawn, phase, step) for step in (-1, 1)) if way is not None]
        carried = [motion.follow(drawn[each], slice_index, each, phase, -step) for each, _, step in ways]
        nearness = [1.0 / away for _, away, _ in ways]
        if carried:
            results[phase] = np.average(carried, axis=0, weights=nearness)
    return results


def _nearest(motion: Motion, drawn: Mapping[int, object], phase: int, step: int) -> tuple[int, int, int] | None:
    """The nearest drawn phase in this direction, how many phases away it is, and the direction."""
    for away in range(1, motion.phases):
        other = phase + step * away
        if not motion.is_cyclic and not 0 <= other < motion.phases:
            return None
        if other % motion.phases in drawn:
            return other % motion.phases, away, step
    return None


def _between(early: Contours, late: Contours, share: float) -> Contours:
    """Contours on the way from one to the other; of a border that only one of them has there is none."""
    early, late = (one.without(*set(one.borders) - set(other.borders)) for one, other in ((early, late), (late, early)))
    if set(early.borders) == {Border.RV}:  # without an LV beside it its places cannot be told
        return next(fill_between(early, late, [share]))
    shared = find_correction(early, late)
    part = Correction({border: share * outward for border, outward in shared.outward_mm.items()})
    return apply_correction(early, part)


def _slice_motion(
    images: npt.NDArray[np.generic], spacing_mm: tuple[float, float], is_cyclic: bool
) -> tuple[Float32Array, Float32Array]:
    """To the next phase and back, in steps of the grid: ``[phase, (row, column), row, column]`` each."""
    fine = _on_grid(images, spacing_mm)
    following = np.roll(fine, -1, axis=0) if is_cyclic else fine[1:]
    current = fine if is_cyclic else fine[:-1]
    return _flow(current, following), _flow(following, current)


def _on_grid(images: npt.NDArray[np.generic], spacing_mm: tuple[float, float]) -> Float32Array:
    """The images on the grid of the motion, their brightness about one."""
    sigma = [0.0, *(0.5 * GRID_MM / spacing for spacing in spacing_mm)]
    smooth = gaussian_filter(images.astype(np.float32), sigma)
    rows, columns = (
        np.arange(0, size, GRID_MM / spacing) for size, spacing in zip(images.shape[1:], spacing_mm, strict=True)
    )
    at = np.stack(np.meshgrid(rows, columns, indexing="ij"))
    sampled = np.stack([map_coordinates(image, at, order=1, mode="nearest") for image in smooth])
    return np.asarray(sampled / max(float(np.percentile(sampled, 95)), 1e-6), np.float32)


def _flow(images: Float32Array, others: Float32Array) -> Float32Array:
    """Where each place of each image lies in the other one: ``[image, (row, column), row, column]``, in pixels."""
    flow = np.zeros((len(images), 2, 1, 1), np.float32)
    for level in reversed(range(LEVELS)):
        small, small_others = (_shrunk(each, 2**level) for each in (images, others))
        flow = _resized(flow, small.shape[1:]) * (2.0 if flow.shape[-1] > 1 else 1.0)
        for _ in range(ROUNDS):
            flow = _refined(flow, small, small_others)
    return flow


def _refined(flow: Float32Array, images: Float32Array, others: Float32Array) -> Float32Array:
    """One step of Lucas and Kanade: the shift that explains best what still differs within each window."""
    warped = _warp(others, flow)
    middle = 0.5 * (images + warped)
    down, across = np.gradient(middle, axis=1), np.gradient(middle, axis=2)
    rest = images - warped

    def window(values: Float32Array) -> Float32Array:
        return np.asarray(gaussian_filter(values, (0.0, WINDOW, WINDOW), truncate=2.5))

    rr, cc, rc = window(down * down), window(across * across), window(down * across)
    r, c = window(down * rest), window(across * rest)
    stiff = STIFF * float((rr + cc).mean()) + 1e-9
    rr, cc = rr + stiff, cc + stiff
    inverse = 1.0 / (rr * cc - rc * rc)
    update = np.stack([(cc * r - rc * c) * inverse, (rr * c - rc * r) * inverse], axis=1)
    return np.asarray(flow + np.clip(update, -1.0, 1.0), np.float32)


def _warp(images: Float32Array, flow: Float32Array) -> Float32Array:
    count, rows, columns = images.shape
    grid = np.indices((rows, columns), dtype=np.float32)
    warped = np.empty_like(images)
    for index in range(count):
        map_coordinates(images[index], grid + flow[index], output=warped[index], order=1, mode="nearest")
    return warped


def _shrunk(images: Float32Array, factor: int) -> Float32Array:
    if factor == 1:
        return images
    rows, columns = (size // factor * factor for size in images.shape[1:])
    blocks = images[:, :rows, :columns].reshape(len(images), rows // factor, factor, columns // factor, factor)
    return np.asarray(blocks.mean(axis=(2, 4)))


def _resized(flow: Float32Array, shape: tuple[int, ...]) -> Float32Array:
    if flow.shape[-1] == 1:
        return np.zeros((len(flow), 2, *shape), np.float32)
    factors = (1, 1, *(new / old for new, old in zip(shape, flow.shape[2:], strict=True)))
    return np.asarray(zoom(flow, factors, order=1, mode="nearest", grid_mode=True), np.float32)
