"""Propagate: what a reader corrected in some images, added to the automatic contours of others.

A correction is no contour: it is how far a border was moved outwards at each place of the heart. The LV's places are
angles about its centre; the RV's run along the septum from one insertion to the other and back along the free wall.
Corrections are interpolated between corrected images and fade beyond them, along time or from slice to slice alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.contours.anatomy import septal_share, settle
from CardiacSegmentationLib.contours.curves import (
    FloatArray,
    arc_mm,
    centre_mm,
    find_nearest,
    following,
    outward_normals,
    smooth_ring,
)
from CardiacSegmentationLib.segmentation import Border, Contours

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

PLACES = 128  # around a border
FARTHEST_MM = 25.0  # what a correction may be at most
LONGEST_GAP = 0.7  # of the beat: phases farther apart than this have nothing between them
SMOOTH_PLACES = 1.0
UNMOVED_MM = 0.01  # less than this is rounding, and no correction


@dataclass(frozen=True, eq=False)
class Correction:
    """How far each border was moved outwards, in mm, at ``PLACES`` even places around it."""

    outward_mm: Mapping[Border, FloatArray]


def propagate(
    automatic: Sequence[Contours | None],
    corrected: Mapping[int, Contours],
    *,
    targets: Collection[int] | None = None,
    at: Sequence[float] | None = None,
    period: float | None = None,
    fade: float | None = None,
) -> dict[int, Contours]:
    """The corrected contours of further images in a row of phases (or slices), by index.

    ``automatic`` holds the contours before anyone corrected them, ``corrected`` those of the images that a reader
    corrected; these are never among the results, nor are images without automatic contours. ``targets`` limits the
    results. ``at`` says where in the row each image lies (its time, its position; its index when not given),
    ``period`` after how much of that the row begins anew (the R-R interval where the phases cover the whole beat),
    ``fade`` how far beyond the corrected images the correction reaches (half the period or of the row by default).
    """
    places = np.arange(len(automatic), dtype=float) if at is None else np.asarray(at, float)
    wanted = range(len(automatic)) if targets is None else sorted(targets)
    corrections = {}
    for index, contours in corrected.items():
        before = automatic[index]
        if before is not None:
            corrections[index] = find_correction(before, contours)
    if not corrections:
        return {}
    reach = fade if fade is not None else (period or float(np.ptp(places))) / 2.0
    results = {}
    for index in wanted:
        contours_there = automatic[index]
        if index in corrected or contours_there is None:
            continue
        shares = _shares(places[index], {each: places[each] for each in corrections}, period, reach)
        if shares:
            blend = _blend([(corrections[each], share) for each, share in shares.items()])
            results[index] = apply_correction(contours_there, blend)
    return results


def find_correction(automatic: Contours, corrected: Contours) -> Correction:
    """What a reader changed: for every border that both have, how far outwards."""
    outward = {}
    for border, places in _heart_places(automatic).items():
        if border in corrected.borders:
            moved = _outward_to(automatic.borders[border], corrected.borders[border])
            if abs(moved).max() > UNMOVED_MM:
                outward[border] = _at_even_places(places, moved)
    return Correction(outward)


def apply_correction(automatic: Contours, correction: Correction) -> Contours:
    """Automatic contours with a correction added along their normals; where the RV lies on the LV it goes along."""
    moved: dict[Border, FloatArray] = {}
    for border, places in _heart_places(automatic).items():
        outward = correction.outward_mm.get(border)
        if outward is not None and outward.any():
            curve = automatic.borders[border]
            normals = smooth_ring(outward_normals(curve), 2.0)
            normals = normals / np.maximum(np.hypot(normals[:, 0], normals[:, 1]), 1e-9)[:, None]
            moved[border] = curve + _interpolate(places, outward)[:, None] * normals
    lv = next((border for border in (Border.EPI, Border.ENDO) if border in automatic.borders), None)
    if Border.RV in moved and lv in moved and lv is not None:
        rv, share = automatic.borders[Border.RV], septal_share(automatic)[:, None]
        along = find_nearest(rv, automatic.borders[lv]).of(moved[lv] - automatic.borders[lv])
        moved[Border.RV] = rv + share * along + (1.0 - share) * (moved[Border.RV] - rv)
    return settle(automatic, moved, rv_leads=False)


def _shares(place: float, corrected: Mapping[int, float], period: float | None, fade: float) -> dict[int, float]:
    """How much of each correction an image takes: of the nearest before and after it."""

    def away(other: float) -> float:
        return (place - other) % period if period else place - other

    before = {index: away(other) for index, other in corrected.items() if period or other <= place}
    after = {index: (-away(other)) % period if period else -away(other) for index, other in corrected.items()
             if period or other > place}  # fmt: skip
    last = min(before, key=lambda index: before[index], default=None)
    coming = min(after, key=lambda index: after[index], default=None)
    if last is not None and coming is not None and last != coming:
        gap = before[last] + after[coming]
        share = before[last] / gap
        if period is None or gap <= LONGEST_GAP * period:
            return {last: 1.0 - share, coming: share}
        return {last: _faded(before[last], fade) * (1.0 - share), coming: _faded(after[coming], fade) * share}
    index = last if last is not None else coming
    if index is None:
        return {}
    distance = min(each[index] for each in (before, after) if index in each)
    faded = _faded(distance, fade)
    return {index: faded} if faded else {}


def _faded(distance: float, fade: float) -> float:
    return 0.5 + 0.5 * float(np.cos(np.pi * distance / fade)) if distance < fade else 0.0


def _blend(corrections: Sequence[tuple[Correction, float]]) -> Correction:
    """A sum of corrections; a border that only some of them moved counts as unmoved in the rest."""
    total: dict[Border, FloatArray] = {}
    for correction, share in corrections:
        for border, outward in correction.outward_mm.items():
            total[border] = total.get(border, np.zeros(PLACES)) + share * outward
    return Correction(total)


def _heart_places(contours: Contours) -> dict[Border, FloatArray]:
    """Where in the heart each point of each border lies, from 0 to 1 around it.

    An RV without an LV beside it has no places that another image would know.
    """
    curves = contours.borders
    lv = next((border for border in (Border.ENDO, Border.EPI) if border in curves), None)
    if lv is None:
        return {}
    centre = centre_mm(curves[lv])
    places = {}
    for border in (Border.ENDO, Border.EPI):
        if border in curves:
            row, column = (curves[border] - centre).T
            places[border] = np.arctan2(row, column) / (2.0 * np.pi) % 1.0
    if Border.RV in curves:
        places[Border.RV] = _rv_places(curves[Border.RV], curves[Border.EPI if Border.EPI in curves else lv])
    return places


def _rv_places(rv: FloatArray, lv: FloatArray) -> FloatArray:
    """Along the RV's border: 0 to ½ on the septum, ½ to 1 on the free wall."""
    away = find_nearest(rv, lv).outside_mm
    septal = away < max(float(away.min()), 0.0) + 3.0
    first, last = _longest_run(septal)
    along, length = arc_mm(rv)
    from_first = (along - along[first]) % length
    septum = max(float(from_first[last]), 1e-6)
    free = max(length - septum, 1e-6)
    return np.asarray(
        np.where(from_first <= septum, 0.5 * from_first / septum, 0.5 + 0.5 * (from_first - septum) / free)
    )


def _longest_run(flags: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> tuple[int, int]:
    """First and last index of the longest run of true values around a ring; gaps of three do not end it."""
    count = len(flags)
    if flags.all():
        return 0, count // 2
    true = np.flatnonzero(flags)
    gaps = np.diff(np.append(true, true[0] + count))
    breaks = np.flatnonzero(gaps > 4)
    if not breaks.size:
        return int(true[0]), int(true[-1])
    starts = np.roll((breaks + 1) % len(true), 1)
    lengths = (true[breaks] - true[starts]) % count
    longest = int(lengths.argmax())
    return int(true[starts[longest]]), int(true[breaks[longest]])


def _outward_to(curve: FloatArray, other: FloatArray) -> FloatArray:
    """How far along its outward normal each point of a curve finds another; where it finds none, how far that is."""
    normals = outward_normals(curve)
    step = following(other) - other
    away = other[None] - curve[:, None]
    across = normals[:, :1] * step[:, 1] - normals[:, 1:] * step[:, 0]
    across = np.where(abs(across) < 1e-12, 1e-12, across)
    far = (away[..., 0] * step[:, 1] - away[..., 1] * step[:, 0]) / across
    share = (away[..., 0] * normals[:, 1:] - away[..., 1] * normals[:, :1]) / across
    far = np.where((share >= -1e-9) & (share <= 1.0 + 1e-9) & (abs(far) < FARTHEST_MM), far, np.inf)
    nearest = far[np.arange(len(curve)), abs(far).argmin(axis=1)]
    direct = -find_nearest(curve, other).outside_mm
    skewed = ~np.isfinite(nearest) | (abs(nearest) > 2.0 * abs(direct) + 1.0)
    return np.where(skewed, direct, nearest)


def _at_even_places(places: FloatArray, values: FloatArray) -> FloatArray:
    return smooth_ring(_interpolate(np.arange(PLACES) / PLACES, values, places), SMOOTH_PLACES)


def _interpolate(wanted: FloatArray, values: FloatArray, places: FloatArray | None = None) -> FloatArray:
    known = np.arange(PLACES) / PLACES if places is None else places
    return np.asarray(np.interp(wanted, known, values, period=1.0))
