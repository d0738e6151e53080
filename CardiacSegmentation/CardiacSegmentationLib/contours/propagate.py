"""Propagate: what a reader corrected in some images, added to the automatic contours of others.

A correction is no contour: it is how far a border was moved outwards at each place of the heart. The LV's places are
angles about its centre; the RV's run along the septum from one insertion to the other and back along the free wall.
Corrections are interpolated between corrected images and fade beyond them, along time or from slice to slice alike.
Of each, a place takes as much as its image speaks for (``evidence``): errors come and go from image to image.

A structure that was deleted in two images goes between them, one that has a border in both is drawn between them where
it has none. Beyond them nothing is: a basal slice leaves the ventricle during the beat.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from CardiacSegmentationLib.contours.anatomy import nearest_between, outer_border, septal_share, settle
from CardiacSegmentationLib.contours.curves import (
    arc_mm,
    centre_mm,
    find_nearest,
    following,
    outward_normals,
    smooth_normals,
    smooth_ring,
)
from CardiacSegmentationLib.contours.evidence import NORMAL_POINTS, find_shares, look_across
from CardiacSegmentationLib.segmentation import Border, Contours, FloatArray, Mask

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from CardiacSegmentationLib.contours.evidence import Image

Key = TypeVar("Key")

PLACES = 128  # around a border
FARTHEST_MM = 25.0  # what a correction may be at most
LONGEST_GAP = 0.7  # of the beat: phases farther apart than this have nothing between them
SMOOTH_PLACES = 1.0
_EVEN = np.arange(PLACES) / PLACES
UNMOVED_MM = 0.01  # less than this is rounding, and no correction
ALONG_PLACES = 4.0  # sigma of the smoothing of what the image shows across a corrected border


class LeftOut(str, Enum):
    """Why an image stays as it is; the values are codes of sentences."""

    CORRECTED = "left-out-corrected"
    NO_CONTOURS = "left-out-no-contours"
    TOO_FAR = "left-out-too-far"
    NO_CHANGE = "left-out-no-change"
    NO_ROOM = "left-out-no-room"
    NOT_BETWEEN = "left-out-not-between"
    DELETED_ONCE = "left-out-deleted-once"


class Carried(dict[Key, Contours], Generic[Key]):
    """Contours that further images would have, and why others stay as they are.

    ``undrawn`` names borders that an image has not got and should have, for the reader drew them on both sides of it:
    who knows the images' motion can draw them.
    """

    def __init__(self, contours: Mapping[Key, Contours] | None = None, left_out: Mapping[Key, LeftOut] | None = None):
        super().__init__(contours or {})
        self.left_out: dict[Key, LeftOut] = dict(left_out or {})
        self.undrawn: dict[Key, frozenset[Border]] = {}


@dataclass(frozen=True, eq=False)
class Correction:
    """How far each border was moved outwards, in mm, at ``PLACES`` even places around it.

    ``across`` is what the image shows across the corrected borders, ``[place around, place across]``, where known.
    """

    outward_mm: Mapping[Border, FloatArray]
    across: Mapping[Border, FloatArray] = field(default_factory=dict)


def propagate(
    automatic: Sequence[Contours | None],
    corrected: Mapping[int, Contours],
    *,
    images: Image | None = None,
    targets: Collection[int] | None = None,
    at: Sequence[float] | None = None,
    period: float | None = None,
    fade: float | None = None,
) -> Carried[int]:
    """The corrected contours of further images in a row of phases (or slices), by index.

    ``automatic`` holds the contours before anyone corrected them (``None`` where they are not known, without borders
    where there is no heart), ``corrected`` those of the images that a reader corrected; these are never among the
    results, nor are images without automatic contours. ``images`` ``[image, row, column]`` say how much of a correction
    belongs where; without them it is all. ``targets`` limits the results. ``at`` says where in the row each image lies
    (its time, its position; its index when not given),
    ``period`` after how much of that row begins anew (the R-R interval where the phases cover the whole beat),
    ``fade`` how far beyond the corrected images the correction reaches (half the period or of the row by default).
    """
    places = np.arange(len(automatic), dtype=float) if at is None else np.asarray(at, float)
    corrections = {}
    for index, contours in corrected.items():
        before = automatic[index]
        if before is not None and before.borders:
            corrections[index] = find_correction(before, contours, images[index] if images is not None else None)
    span = period or (float(np.ptp(places)) if len(places) else 0.0)
    row = _Row(automatic, corrected, corrections, images, places, period, span / 2.0 if fade is None else fade)
    results: Carried[int] = Carried()
    for index in range(len(automatic)) if targets is None else sorted(targets):
        undrawn = row.undrawn(index)
        if undrawn:
            results.undrawn[index] = undrawn
        carried = row.carry(index)
        if isinstance(carried, LeftOut):
            results.left_out[index] = carried
        else:
            results[index] = carried
    return results


def find_correction(automatic: Contours, corrected: Contours, image: Image | None = None) -> Correction:
    """What a reader changed: for every border that both have, how far outwards; and what ``image`` shows across it."""
    outward, across = {}, {}
    for border, places in _heart_places(automatic).items():
        if border in corrected.borders:
            curve = automatic.borders[border]
            moved = _outward_to(curve, corrected.borders[border])
            if abs(moved).max() > UNMOVED_MM:
                outward[border] = _at_even_places(places, moved)
            if image is not None:
                shown = look_across(image, automatic.spacing_mm, curve, moved)
                even = np.stack([_interpolate(_EVEN, values, places) for values in shown.T], axis=1)
                across[border] = smooth_ring(even, ALONG_PLACES)
    return Correction(outward, across)


def apply_correction(automatic: Contours, correction: Correction) -> Contours:
    """Automatic contours with a correction added along their normals; where the RV lies on the LV it goes along."""
    return settle(automatic, _moved_borders(automatic, correction, None), rv_leads=False)


def _moved_borders(automatic: Contours, correction: Correction, image: Image | None) -> dict[Border, FloatArray]:
    """The borders that a correction moves, point for point; with an ``image`` as far as that speaks for it."""
    moved: dict[Border, FloatArray] = {}
    for border, places in _heart_places(automatic).items():
        even_mm = correction.outward_mm.get(border)
        if even_mm is None:
            continue
        curve, outward_mm = automatic.borders[border], _interpolate(places, even_mm)
        across = correction.across.get(border)
        if image is not None and across is not None:
            here = np.stack([_interpolate(places, values) for values in across.T], axis=1)
            outward_mm = outward_mm * find_shares(image, automatic.spacing_mm, curve, outward_mm, here)
        if abs(outward_mm).max() > UNMOVED_MM:
            moved[border] = curve + outward_mm[:, None] * smooth_normals(curve, NORMAL_POINTS)
    lv = outer_border(automatic)
    if Border.RV in moved and lv in moved and lv is not None:
        rv, share = automatic.borders[Border.RV], septal_share(automatic)[:, None]
        along = nearest_between(automatic, Border.RV, lv).of(moved[lv] - automatic.borders[lv])
        moved[Border.RV] = rv + share * along + (1.0 - share) * (moved[Border.RV] - rv)
    return moved


@dataclass(frozen=True, eq=False)
class _Row:
    """The images of a row of phases or slices, by index, and what a reader corrected in some of them."""

    automatic: Sequence[Contours | None]
    corrected: Mapping[int, Contours]
    corrections: Mapping[int, Correction]  # of those that had automatic contours
    images: Image | None
    places: FloatArray
    period: float | None
    fade: float

    def carry(self, index: int) -> Contours | LeftOut:
        """The contours that an image would have, or why it stays as it is."""
        before = self.automatic[index]
        if index in self.corrected:
            return LeftOut.CORRECTED
        if before is None or not before.borders:
            return LeftOut.NO_CONTOURS
        shares = _shares(self._beside(index, self.corrections), self.fade)
        blend = _blend([(self.corrections[each], share) for each, share in shares.items()])
        moved = _moved_borders(before, blend, self.images[index] if self.images is not None else None)
        beside = self._beside(index, self.corrected)
        deleted = self._deleted(before, beside)
        after = settle(before, moved, rv_leads=False)
        gone = {border for border in deleted if beside.is_between and not beside.has(border, self.corrected)}
        if gone:
            after = after.without(*gone)
        if after is not before:
            return after
        left = {LeftOut.NO_ROOM: moved, LeftOut.DELETED_ONCE: deleted, LeftOut.TOO_FAR: not shares}
        return next((why for why, is_so in left.items() if is_so), LeftOut.NO_CHANGE)

    def undrawn(self, index: int) -> frozenset[Border]:
        """The borders that an image should have and has not got.

        One whose contours are not known takes all of the only corrected image there is; else those on both sides of it.
        """
        if index in self.corrected:
            return frozenset()
        before, beside = self.automatic[index], self._beside(index, self.corrected)
        there = [set(self.corrected[each].borders) for each in beside.indices]
        if not there or (before is not None and not beside.is_between):
            return frozenset()
        return frozenset(set.intersection(*there) - set(before.borders if before is not None else ()))

    def _deleted(self, before: Contours, beside: _Beside) -> set[Border]:
        """The borders of an image that the reader deleted in any of the corrected ones beside it."""
        known = [(self.automatic[index], self.corrected[index].borders) for index in beside.indices]
        return {
            border
            for border in before.borders
            if any(made is not None and border in made.borders and border not in kept for made, kept in known)
        }

    def _beside(self, index: int, among: Collection[int]) -> _Beside:
        """The nearest of some images on both sides of one."""
        return _find_beside(self.places[index], {other: self.places[other] for other in among}, self.period)


@dataclass(frozen=True)
class _Beside:
    """The corrected images before and after a place in the row, and how far away; around a ring both may be one."""

    last: int | None
    coming: int | None
    since: float
    until: float
    period: float | None

    @property
    def indices(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(index for index in (self.last, self.coming) if index is not None))

    @property
    def is_between(self) -> bool:
        """Whether they are two, and near enough to each other for something to lie between them."""
        near = self.period is None or self.since + self.until <= LONGEST_GAP * self.period
        return len(self.indices) == 2 and near

    def has(self, border: Border, corrected: Mapping[int, Contours]) -> bool:
        """Whether any of them has this border."""
        return any(border in corrected[index].borders for index in self.indices)


def _find_beside(place: float, others: Mapping[int, float], period: float | None) -> _Beside:
    def away(other: float) -> float:
        return (place - other) % period if period else place - other

    before = {index: away(other) for index, other in others.items() if period or other <= place}
    after = {index: (-away(other)) % period if period else -away(other) for index, other in others.items()
             if period or other > place}  # fmt: skip
    last = min(before, key=lambda index: before[index], default=None)
    coming = min(after, key=lambda index: after[index], default=None)
    return _Beside(last, coming, min(before.values(), default=np.inf), min(after.values(), default=np.inf), period)


def _shares(beside: _Beside, fade: float) -> dict[int, float]:
    """How much of each correction an image takes: of the nearest before and after it."""
    if len(beside.indices) == 2:
        last, coming = beside.indices
        share = beside.since / (beside.since + beside.until)
        if beside.is_between:
            return {last: 1.0 - share, coming: share}
        return {last: _faded(beside.since, fade) * (1.0 - share), coming: _faded(beside.until, fade) * share}
    faded = _faded(min(beside.since, beside.until), fade)
    return {index: faded for index in beside.indices if faded}


def _faded(distance: float, fade: float) -> float:
    return 0.5 + 0.5 * float(np.cos(np.pi * distance / fade)) if distance < fade else 0.0


def _blend(corrections: Sequence[tuple[Correction, float]]) -> Correction:
    """A sum of corrections; a border that only some of them moved counts as unmoved in the rest.

    What the image shows across it is a mean: it fades with none.
    """
    total: dict[Border, FloatArray] = {}
    across: dict[Border, FloatArray] = {}
    for correction, share in corrections:
        for border, outward in correction.outward_mm.items():
            total[border] = total.get(border, np.zeros(PLACES)) + share * outward
    for border in total:
        shown = [(each.across[border], share) for each, share in corrections if border in each.across]
        weight = sum(share for _, share in shown)
        if weight:
            across[border] = sum((values * (share / weight) for values, share in shown), np.zeros(1))
    return Correction(total, across)


def _heart_places(contours: Contours) -> dict[Border, FloatArray]:
    """Where in the heart each point of each border lies, from 0 to 1 around it.

    An RV without an LV beside it has no places that another image would know.
    """
    curves = contours.borders
    lv = next((border for border in (Border.ENDO, Border.EPI) if border in curves), None)
    outer = outer_border(contours)
    if lv is None or outer is None:
        return {}
    centre = centre_mm(curves[lv])
    places = {}
    for border in (Border.ENDO, Border.EPI):
        if border in curves:
            row, column = (curves[border] - centre).T
            places[border] = np.arctan2(row, column) / (2.0 * np.pi) % 1.0
    if Border.RV in curves:
        away_mm = nearest_between(contours, Border.RV, outer).outside_mm
        places[Border.RV] = _rv_places(curves[Border.RV], away_mm)
    return places


def _rv_places(rv: FloatArray, away_mm: FloatArray) -> FloatArray:
    """Along the RV's border, whose points are so far from the LV: 0 to ½ on the septum, ½ to 1 on the free wall."""
    septal = away_mm < max(float(away_mm.min()), 0.0) + 3.0
    first, last = _longest_run(septal)
    along, length = arc_mm(rv)
    from_first = (along - along[first]) % length
    septum = max(float(from_first[last]), 1e-6)
    free = max(length - septum, 1e-6)
    return np.asarray(
        np.where(from_first <= septum, 0.5 * from_first / septum, 0.5 + 0.5 * (from_first - septum) / free)
    )


def _longest_run(flags: Mask) -> tuple[int, int]:
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
    return smooth_ring(_interpolate(_EVEN, values, places), SMOOTH_PLACES)


def _interpolate(wanted: FloatArray, values: FloatArray, places: FloatArray | None = None) -> FloatArray:
    known = _EVEN if places is None else places
    return np.asarray(np.interp(wanted, known, values, period=1.0))
