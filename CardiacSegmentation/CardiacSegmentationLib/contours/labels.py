"""Labels to contours and back: smooth borders between the same pixels, and labels changed only where borders moved."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import binary_dilation

from CardiacSegmentationLib.contours.anatomy import make_whole, settle_touching
from CardiacSegmentationLib.contours.curves import (
    arc_mm,
    area_mm2,
    crosses_itself,
    fill,
    filter_ring,
    find_nearest,
    outward_normals,
    remove_loops,
    smooth_ring,
    steps_mm,
)
from CardiacSegmentationLib.contours.trace import Outline, trace_largest
from CardiacSegmentationLib.segmentation import FEWEST_POINTS, Border, Contours, FloatArray, Label, Mask

if TYPE_CHECKING:
    from CardiacSegmentationLib.segmentation import Labels


SMOOTH_PX = 12.0  # waves of an outline shorter than this are the pixels' stairs, unless a pixel's centre needs them
CLEARANCE_PX = 0.12  # how far from the centre of a pixel a border keeps
ROUNDS = 16
FEW_EDGES = 40
SAME_AREA = 0.003
OPEN_INSET_MM = 0.3  # where the ring is open no pixel between two borders that are one is muscle


def find_contours(labels: Labels, spacing_mm: tuple[float, float]) -> Contours:
    """The contours of one label image ``[row, column]``; its pixels are ``spacing_mm`` (row, column) apart.

    Every border is the smooth curve that parts the same pixels as the labels and has the area of their polygon
    (marching squares at one half). The largest part of a structure has a border; smaller parts and holes have none.
    """
    regions = {border: region_of(labels, border) for border in Border}
    outlines = {border: trace_largest(region) for border, region in regions.items() if region.any()}
    fitted = {
        border: _fit(outline) * spacing_mm
        for border, outline in outlines.items()
        if len(outline.inner) >= FEWEST_POINTS
    }
    fitted = _join(fitted, outlines, labels, min(spacing_mm))
    simple = {border: remove_loops(curve) for border, curve in fitted.items()}
    simple = {border: curve for border, curve in simple.items() if len(curve) >= FEWEST_POINTS}
    return make_whole(settle_touching(Contours(spacing_mm, simple)))


def region_of(labels: Labels, border: Border) -> Mask:
    """The pixels that a border is to enclose; of the epicardium none where there is no muscle."""
    if border is Border.EPI:
        is_muscle = labels == Label.MYO
        return np.asarray(is_muscle | (labels == Label.LV) if is_muscle.any() else is_muscle)
    return np.asarray(labels == (Label.LV if border is Border.ENDO else Label.RV))


def draw_labels(contours: Contours, shape: tuple[int, int]) -> Labels:
    """The label image of the contours: a pixel is where its centre is; LV goes before myocardium, that before RV."""
    labels = np.zeros(shape, np.uint8)
    curves = {**contours.borders, **_inset_open(contours)}
    for border, label in ((Border.RV, Label.RV), (Border.EPI, Label.MYO), (Border.ENDO, Label.LV)):
        if border in curves:
            labels[fill(curves[border], shape, contours.spacing_mm)] = label
    return labels


def redraw_labels(labels: Labels, before: Contours, after: Contours, *, leaves_hole: bool = False) -> Labels:
    """Labels after an edit: changed only where the drawn labels before and after differ, and stray pixels beside it.

    What smoothing rounds off elsewhere, parts without a border and painted muscle in the cavity stay as they are; of a
    structure whose border was deleted nothing stays. Where that of a cavity goes there is muscle, or a hole.
    """
    old, new = _drawn_before(before, labels.shape), draw_labels(after, labels.shape)
    if leaves_hole:
        new = np.where((old == Label.LV) & (new == Label.MYO), np.uint8(0), new)
    changed = old != new
    changed |= _strays(labels, old, changed)
    result = np.where(changed, new, labels)
    for label, border in ((Label.RV, Border.RV), (Label.MYO, Border.EPI), (Label.LV, Border.ENDO)):
        if border in before.borders and border not in after.borders:
            result = np.where(result == label, new, result)
    return result


@lru_cache(maxsize=4)
def _drawn_before(contours: Contours, shape: tuple[int, int]) -> Labels:
    """The labels of contours that an edit began with; every move of a drag asks for them again."""
    return draw_labels(contours, shape)


def _fit(outline: Outline) -> FloatArray:
    """The smooth curve, in pixels, between the inner and the outer pixels' centres that encloses the same area."""
    middle = outline.middle_px()
    frequency = np.fft.rfftfreq(len(middle))
    local = np.exp(-((3.0 * frequency) ** 2))
    curve = filter_ring(middle, np.exp(-((SMOOTH_PX * frequency) ** 4)))
    wanted = area_mm2(middle)
    for _ in range(ROUNDS):
        outward = outward_normals(curve)
        short = ((outline.inner - curve) * outward).sum(axis=1) + CLEARANCE_PX
        wide = CLEARANCE_PX - ((outline.outer - curve) * outward).sum(axis=1)
        push = np.maximum(short, 0.0) - np.maximum(wide, 0.0)
        missing = wanted - area_mm2(curve)
        if abs(push).max() < CLEARANCE_PX / 2 and abs(missing) < SAME_AREA * wanted:
            break
        curve = curve + (1.5 * filter_ring(push, local) + missing / max(arc_mm(curve)[1], 1.0))[:, None] * outward
    return middle if len(middle) < FEW_EDGES and crosses_itself(curve) else curve  # a few pixels have no smooth curve


def _join(
    curves: dict[Border, FloatArray], outlines: dict[Border, Outline], labels: Labels, pixel_mm: float
) -> dict[Border, FloatArray]:
    """Borders laid on each other where their outlines are one: where the ring is open, and where the RV touches it."""
    joined = dict(curves)
    if Border.EPI in curves and Border.ENDO in curves:
        inner = labels[tuple(outlines[Border.EPI].inner.T)]
        joined[Border.EPI] = _lay(curves[Border.EPI], joined[Border.ENDO], inner == Label.LV, pixel_mm)
    outer_border = Border.EPI if Border.EPI in curves else Border.ENDO
    if Border.RV in curves and outer_border in curves:
        outer = labels[tuple(np.clip(outlines[Border.RV].outer, 0, np.array(labels.shape) - 1).T)]
        touches = (outer == Label.MYO) | (outer == Label.LV)
        joined[Border.RV] = _lay(curves[Border.RV], joined[outer_border], touches, pixel_mm)
    return joined


def _lay(curve: FloatArray, on: FloatArray, where: Mask, pixel_mm: float) -> FloatArray:
    if not where.any():
        return curve
    nearest = find_nearest(curve[where], on)
    is_near = abs(nearest.outside_mm) < pixel_mm
    laid = np.flatnonzero(where)[is_near]
    joined = curve.copy()
    joined[laid] = nearest.foot_mm[is_near]
    is_free = np.ones(len(curve))
    is_free[laid] = 0.0
    free = smooth_ring(is_free, 2.0) * is_free
    length = float(free @ steps_mm(joined))
    if length < pixel_mm * 4.0:
        return joined
    missing = (area_mm2(curve) - area_mm2(joined)) / length  # what this took or gave, given back by the rest
    return np.asarray(
        joined + (np.clip(missing, -0.1 * pixel_mm, 0.1 * pixel_mm) * free)[:, None] * outward_normals(joined)
    )


def _inset_open(contours: Contours) -> dict[Border, FloatArray]:
    """The epicardium a little inside the endocardium where it lies on it."""
    if Border.EPI not in contours.borders or Border.ENDO not in contours.borders:
        return {}
    epi = contours.borders[Border.EPI]
    nearest = find_nearest(epi, contours.borders[Border.ENDO])
    is_open = nearest.outside_mm < OPEN_INSET_MM / 3
    if not is_open.any():
        return {}
    return {Border.EPI: np.where(is_open[:, None], nearest.foot_mm - OPEN_INSET_MM * nearest.outward, epi)}


def _strays(labels: Labels, old: Labels, changed: Mask) -> Mask:
    """Pixels at the old border, beside a change, that were rounded off: they would stay behind as specks."""
    rounded = labels != old
    if rounded.any():
        rounded &= binary_dilation(changed, np.ones((3, 3), bool))
    if not rounded.any():
        return np.zeros(labels.shape, bool)
    edge = np.zeros(labels.shape, bool)
    down, across = old[1:] != old[:-1], old[:, 1:] != old[:, :-1]
    edge[1:] |= down
    edge[:-1] |= down
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    stray: Mask = rounded & edge
    return stray
