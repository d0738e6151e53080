"""What keeps the anatomy whole: endocardium inside epicardium, RV outside it, and no border that crosses itself.

When a reader moves a border, the others follow where they touch it and give way where it comes too near. An edit that
would break the anatomy all the same goes as far as it can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.contours.curves import (
    ROUNDING_MM,
    Nearest,
    area_mm2,
    crosses_itself,
    even_out,
    find_nearest,
    remove_loops,
    smooth_ring,
)
from CardiacSegmentationLib.contours.fields import curve_of_field, distance_field, field_grid
from CardiacSegmentationLib.errors import ContourError
from CardiacSegmentationLib.segmentation import FEWEST_POINTS, Border, Contours, FloatArray, signed_area_mm2

if TYPE_CHECKING:
    from collections.abc import Iterator

Moved = Mapping[Border, FloatArray]

STEP_MM = 1.0  # between the points of a border, about
WALL_MM, WALL_PX = 2.0, 1.5  # a wall does not become thinner than the larger of these, unless it was
OPEN_MM = 0.15  # a wall as thin as this is none
TOGETHER_MM = 2.0  # at the septum epicardium and RV are one line to the eye
WITHIN_MM = 0.05  # borders that lie on each other may differ by this
CHORD_MM = 0.15  # and a point of one from the straight step between two points of the other by this
SMALLEST_PX = 3.0  # pixels of area that a border must enclose
HALVINGS = 5
LEFT_OUT = ((Border.RV,), (Border.EPI,), (Border.RV, Border.EPI), (Border.RV, Border.ENDO), (Border.ENDO, Border.EPI))
ROUNDS = 6


@dataclass(frozen=True)
class _GivesWay:
    """One border gives way to another."""

    border: Border
    to: Border
    side: int  # 1: it stays outside, -1: inside
    gap_mm: float  # it keeps this distance where it had it
    follows_mm: float  # as near as this it moves along with the other


def smallest_wall_mm(spacing_mm: tuple[float, float]) -> float:
    """The wall that edits leave, where there was as much."""
    return max(WALL_MM, WALL_PX * min(spacing_mm))


def outer_border(contours: Contours) -> Border | None:
    """The border of the LV that the RV keeps out of."""
    return next((border for border in (Border.EPI, Border.ENDO) if border in contours.borders), None)


def is_whole(contours: Contours, unless: Contours | None = None, wall_mm: float = 0.0) -> bool:
    """Whether no border crosses itself, the endocardium lies in the epicardium and the RV outside of it.

    The epicardium keeps ``wall_mm`` at least. What is the same as in ``unless``, contours that are known to be whole,
    is not looked at again, and what lies no farther beyond another border than there is as it was: rounded to be kept,
    they may lie beyond by a micrometre too much.
    """
    curves, known = contours.borders, unless.borders if unless is not None else {}
    new = {border: curve for border, curve in curves.items() if curve is not known.get(border)}
    smallest = SMALLEST_PX * contours.spacing_mm[0] * contours.spacing_mm[1]
    if any(area_mm2(curve) < smallest or crosses_itself(curve) for curve in new.values()):
        return False
    pairs = [(Border.EPI, Border.ENDO, 1, WITHIN_MM - wall_mm), (Border.ENDO, Border.EPI, -1, CHORD_MM)]
    outer = outer_border(contours)
    if outer is not None:
        pairs += [(Border.RV, outer, 1, WITHIN_MM), (outer, Border.RV, 1, CHORD_MM)]
    for border, other, side, most_mm in pairs:
        if border in new or other in new:
            beyond_mm = _beyond_mm(contours, border, other, side)
            if beyond_mm > most_mm and (unless is None or beyond_mm > _beyond_mm(unless, border, other, side)):
                return False
    return True


def settle(before: Contours, moved: Moved, *, rv_leads: bool = True) -> Contours:
    """Contours after a reader moved borders: ``moved`` holds them point for point, as many points as before.

    The other borders follow and give way. Where the whole way would break the anatomy, half of it is tried, and so on.
    An RV border moved alone takes the septum along; without ``rv_leads`` it stays on the septum, which is the LV's.
    """
    moved = {border: points for border, points in moved.items() if points is not before.borders[border]}
    if not rv_leads and set(moved) == {Border.RV}:
        rv = before.borders[Border.RV]
        moved = {Border.RV: rv + (1.0 - septal_share(before))[:, None] * (moved[Border.RV] - rv)}
    if not moved:
        return before
    wall_mm = _least_wall_mm(before)
    best, reached, refused = before, 0.0, 1.0
    share = 1.0
    for _ in range(HALVINGS + 1):
        part = {
            border: points if share == 1.0 else before.borders[border] + share * (points - before.borders[border])
            for border, points in moved.items()
        }
        settled = _settled(before, part, wall_mm, rv_leads=rv_leads)
        if settled is None:
            refused = share
        else:
            best, reached = settled, share
        if reached == 1.0:
            break
        share = (reached + refused) / 2.0
    return best


def move_along(other: FloatArray, before: FloatArray, after: FloatArray) -> FloatArray:
    """Another border's points, each moved as the nearest place of a border was: what lies between keeps its width."""
    nearest = find_nearest(other, before)
    return other + nearest.of(after - before)


def septal_share(contours: Contours) -> FloatArray:
    """How far each point of the RV's border belongs to the septum: 1 on the LV's border, 0 away from it."""
    outer = outer_border(contours)
    if outer is None:
        return np.zeros(len(contours.borders[Border.RV]))
    return _togetherness(nearest_between(contours, Border.RV, outer).outside_mm, TOGETHER_MM)


@lru_cache(maxsize=16)
def nearest_between(contours: Contours, border: Border, other: Border) -> Nearest:
    """The places on another border nearest to each point of one; every move of a drag asks for them again."""
    return find_nearest(contours.borders[border], contours.borders[other])


def settle_touching(contours: Contours) -> Contours:
    """The contours with points taken out of each other by the little that smoothing and rounding put them there."""
    for border, other in ((Border.EPI, Border.ENDO), (Border.RV, outer_border(contours))):
        if other is not None and {border, other} <= contours.borders.keys():
            nearest = nearest_between(contours, border, other)
            inside = nearest.outside_mm < -ROUNDING_MM
            if inside.any():
                outside = np.where(inside[:, None], nearest.foot_mm, contours.borders[border])
                contours = contours.with_borders({border: outside})
    return contours


def place_borders(contours: Contours, placed: Moved) -> Contours:
    """Contours with borders put into them from elsewhere: the epicardium gives way to the endocardium, the RV to it.

    Raises ``ContourError`` where no room can be made.
    """
    together = contours.with_borders(placed)
    curves = dict(together.borders)
    wall_mm = smallest_wall_mm(contours.spacing_mm)
    if Border.ENDO in curves and Border.EPI in curves:
        room = wall_mm if Border.ENDO in placed and Border.EPI not in placed else 0.0
        curves[Border.EPI] = _keep_away(curves[Border.EPI], curves[Border.ENDO], np.float64(room), 1)
    outer = outer_border(together)
    if Border.RV in curves and outer is not None:
        curves[Border.RV] = _keep_away(curves[Border.RV], curves[outer], np.float64(0.0), 1)
    tidy = {border: curve for border, curve in _tidy(curves).items() if len(curve) >= FEWEST_POINTS}
    whole = make_whole(settle_touching(Contours(contours.spacing_mm, tidy)))
    if set(whole.borders) != set(together.borders):
        raise ContourError.of("no-fit")
    return whole


def keep_within(contours: Contours, shape: tuple[int, int]) -> Contours:
    """The contours themselves where they lie in the image ``[row, column]``, else cut off at its edge.

    What lies beyond has no pixels, and may not count. A border of which nothing is left goes.
    """
    spacing = np.asarray(contours.spacing_mm)
    first, last = -0.5 * spacing, (np.asarray(shape) - 0.5) * spacing
    if all((curve >= first).all() and (curve <= last).all() for curve in contours.borders.values()):
        return contours
    cut = {border: even_out(np.clip(curve, first, last), STEP_MM) for border, curve in contours.borders.items()}
    smallest = SMALLEST_PX * float(np.prod(spacing))
    kept = {
        border: curve for border, curve in cut.items() if len(curve) >= FEWEST_POINTS and area_mm2(curve) >= smallest
    }
    return make_whole(Contours(contours.spacing_mm, kept))


def make_whole(contours: Contours) -> Contours:
    """The contours themselves where they are whole, else what is left when borders are cut out of each other.

    Where even that is not whole (an endocardium that lies elsewhere than the epicardium) fewer borders are left.
    """
    if not contours.borders or is_whole(contours):
        return contours
    for gap_mm in (0.0, 0.2):
        cut = _cut_apart(contours, gap_mm)
        if is_whole(cut):
            return cut
    fewer = (cut.without(*left_out) for left_out in LEFT_OUT)
    return next((part for part in fewer if is_whole(part)), Contours(contours.spacing_mm))


def _settled(before: Contours, moved: Moved, wall_mm: float, *, rv_leads: bool) -> Contours | None:
    """All borders after these were moved, or ``None`` where the anatomy would not be whole."""
    curves = {**before.borders, **moved}
    simple = {**before.borders, **{border: remove_loops(curve) for border, curve in moved.items()}}
    for rule in _rules(before, moved, rv_leads=rv_leads):
        if curves[rule.to] is not before.borders[rule.to] or rule.border in moved:
            points = curves[rule.border]
            if rule.border not in moved:
                points = _follow(points, before, curves[rule.to], rule)
            points = _keep_away(points, simple[rule.to], _room(before, rule), rule.side)
            if points is not curves[rule.border]:
                curves[rule.border], simple[rule.border] = points, remove_loops(points)
    changed = {border: curve for border, curve in simple.items() if curve is not before.borders[border]}
    tidy = {border: even_out(curve, STEP_MM) for border, curve in changed.items()}
    if any(len(curve) < FEWEST_POINTS or signed_area_mm2(curve) <= 0 for curve in tidy.values()):
        return None
    settled = before.with_borders(tidy)
    if is_whole(settled, before, wall_mm):
        return settled
    settled = settle_touching(
        settled
    )  # points put into a long straight step may lie across a corner of the next border
    return settled if is_whole(settled, before, wall_mm) else None


def _beyond_mm(contours: Contours, border: Border, other: Border, side: int) -> float:
    """How far a border's points lie at most on the wrong side of another; it belongs outside (1) or inside (-1)."""
    if not {border, other} <= contours.borders.keys():
        return -np.inf
    return float((-side * nearest_between(contours, border, other).outside_mm).max())


def _least_wall_mm(before: Contours) -> float:
    """The wall that must be left: less than edits leave by what a straight step between two points may take."""
    if Border.ENDO not in before.borders or Border.EPI not in before.borders:
        return 0.0
    thinnest = float(nearest_between(before, Border.EPI, Border.ENDO).outside_mm.min())
    return max(min(thinnest, smallest_wall_mm(before.spacing_mm)) - CHORD_MM, 0.0)


def _tidy(curves: Moved) -> dict[Border, FloatArray]:
    return {border: even_out(remove_loops(curve), STEP_MM) for border, curve in curves.items()}


def _rules(before: Contours, moved: Moved, *, rv_leads: bool) -> Iterator[_GivesWay]:
    """Who gives way to whom, in the order in which a move passes on."""
    wall_mm = smallest_wall_mm(before.spacing_mm)
    outer = outer_border(before)
    if outer is None:
        return
    has_wall = outer is Border.EPI and Border.ENDO in before.borders
    has_rv = Border.RV in before.borders
    rv_leads = rv_leads and has_rv and set(moved) == {Border.RV}
    if rv_leads:
        yield _GivesWay(outer, Border.RV, 1, 0.0, TOGETHER_MM)
    if has_wall and Border.ENDO in moved:
        yield _GivesWay(Border.EPI, Border.ENDO, 1, wall_mm, OPEN_MM)
    elif has_wall:
        yield _GivesWay(Border.ENDO, Border.EPI, -1, wall_mm, OPEN_MM)
    if has_rv:
        yield _GivesWay(Border.RV, outer, 1, 0.0, 0.0 if rv_leads else TOGETHER_MM)


def _room(before: Contours, rule: _GivesWay) -> FloatArray:
    """How far each point of a border keeps away from the other: as far as it was, up to the gap."""
    return np.clip(rule.side * nearest_between(before, rule.border, rule.to).outside_mm, 0.0, rule.gap_mm)


def _follow(points: FloatArray, before: Contours, other: FloatArray, rule: _GivesWay) -> FloatArray:
    """A border's points moved as the other one was, where they touched it."""
    nearest = nearest_between(before, rule.border, rule.to)
    share = _togetherness(rule.side * nearest.outside_mm, rule.follows_mm) if rule.follows_mm else np.zeros(1)
    if not share.any():
        return points
    return points + share[:, None] * nearest.of(other - before.borders[rule.to])


def _keep_away(points: FloatArray, other: FloatArray, room_mm: FloatArray | np.float64, side: int) -> FloatArray:
    """Points pushed to the outer (1) or inner (-1) side of a curve until they are as far from it as asked for."""
    for _ in range(ROUNDS):  # pushed points land beside each other's nearest places
        nearest = find_nearest(points, other)
        lack = np.clip(room_mm - side * nearest.outside_mm, 0.0, None)
        if lack.max() < 0.02:
            break
        lack = np.maximum(lack, np.round(smooth_ring(lack, 2.0), 2))
        points = points + side * lack[:, None] * nearest.outward
    return points


def _togetherness(distance_mm: FloatArray, together_mm: float) -> FloatArray:
    """1 as near as this, 0 from twice as far on."""
    return np.clip(2.0 - distance_mm / together_mm, 0.0, 1.0)


def _cut_apart(contours: Contours, gap_mm: float) -> Contours:
    """Borders drawn anew from distances: the epicardium around the endocardium, the RV less the epicardium."""
    grid = field_grid(tuple(contours.borders.values()), 0.5 * min(contours.spacing_mm))
    fields = {border: distance_field(curve, grid) for border, curve in contours.borders.items()}
    if Border.ENDO in fields and Border.EPI in fields:
        fields[Border.EPI] = np.minimum(fields[Border.EPI], fields[Border.ENDO] - gap_mm)
    outer = outer_border(contours)
    if Border.RV in fields and outer is not None:
        fields[Border.RV] = np.maximum(fields[Border.RV], gap_mm - fields[outer])
    smallest = SMALLEST_PX * contours.spacing_mm[0] * contours.spacing_mm[1]
    curves = {border: curve_of_field(values, grid) for border, values in fields.items()}
    return Contours(
        contours.spacing_mm,
        {
            border: curve
            for border, curve in curves.items()
            if curve is not None and len(curve) >= FEWEST_POINTS and area_mm2(curve) >= smallest
        },
    )
