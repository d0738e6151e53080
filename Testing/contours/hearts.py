"""Hearts drawn by formula, hypothesis's own among them, and checks that share no code with the room they check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from CardiacSegmentationLib.contours import Border, Contours
from CardiacSegmentationLib.phantom.chambers import outlines
from CardiacSegmentationLib.phantom.geometry import short_axis_views
from CardiacSegmentationLib.phantom.heart import beating_heart
from CardiacSegmentationLib.phantom.truth import find_truth
from CardiacSegmentationLib.segmentation import Label
from hypothesis import strategies as st
from matplotlib.path import Path as Polygon

if TYPE_CHECKING:
    from CardiacSegmentationLib.phantom import PhantomSpec, Truth

SHAPE = (110, 120)


@st.composite
def hearts(draw: st.DrawFn) -> tuple[np.ndarray, tuple[float, float]]:
    """Labels of one slice and their spacing: an oval LV with an uneven wall, mostly an RV beside it."""
    spacing = draw(st.sampled_from([(1.4, 1.4), (1.0, 1.0), (1.8, 1.8), (1.3, 1.6)]))
    radius = draw(st.floats(8.0, 24.0))
    wall = draw(st.floats(4.0, 12.0))
    oval = draw(st.floats(0.0, 0.2))
    turn = draw(st.floats(0.0, 3.1))
    bump = draw(st.floats(0.0, 0.12))
    centre = 55 + draw(st.floats(-0.5, 0.5)), 66 + draw(st.floats(-0.5, 0.5))
    rv = draw(st.sampled_from([0.0, 0.7, 1.0, 1.3]))
    return draw_heart(spacing, centre, radius, wall, oval=oval, turn=turn, bump=bump, rv=rv), spacing


def draw_heart(
    spacing: tuple[float, float] = (1.4, 1.4),
    centre: tuple[float, float] = (55.0, 66.0),
    radius: float = 20.0,
    wall: float = 8.0,
    *,
    oval: float = 0.08,
    turn: float = 0.7,
    bump: float = 0.05,
    rv: float = 1.0,
    gap: float = 0.0,
) -> np.ndarray:
    """Labels of one slice; ``gap`` is the half angle over which the ring is open, to the upper right."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    down, right = (rows - centre[0]) * spacing[0], (columns - centre[1]) * spacing[1]
    angle, away = np.arctan2(down, right), np.hypot(down, right)
    shape = 1 + oval * np.cos(2 * (angle - turn)) + bump * np.cos(3 * angle + turn)
    inner, outer = radius * shape, radius * shape + wall * (1 + 0.2 * np.cos(angle + turn))
    labels = np.zeros(SHAPE, np.uint8)
    if rv:
        size = rv * (radius + wall)
        labels[np.hypot(down / 1.2, right + radius + 0.8 * wall) < size * 0.9] = Label.RV
        labels[(right > 0.2 * radius) & (labels == Label.RV)] = Label.BACKGROUND
    labels[away < outer] = Label.MYO
    if gap:
        labels[(away < outer) & (abs(angle + 0.8) < gap)] = Label.BACKGROUND
    labels[away < inner] = Label.LV
    return labels


def true_contours(spec: PhantomSpec) -> tuple[list[list[Contours]], Truth]:
    """The phantom's own borders, not by way of pixels: ``[phase][slice]``, with its truth."""
    heart = beating_heart(spec)
    views = short_axis_views(spec, heart)
    angle = np.linspace(0.0, 2.0 * np.pi, 360, endpoint=False)
    middle = np.array([(views[0].rows - 1) / 2, (views[0].columns - 1) / 2]) * views[0].pixel_mm
    spacing = (views[0].pixel_mm, views[0].pixel_mm)
    images: list[list[Contours]] = [[] for _ in range(spec.phases)]
    for depth in heart.slice_depths_mm:
        endo, epi, rv = (np.sqrt(squared) for squared in outlines(heart, angle[None, None], np.full((1, 1, 1), depth)))
        for phase in range(spec.phases):
            borders = {}
            for border, radius in ((Border.ENDO, endo), (Border.EPI, epi)):
                if radius[phase].max() > 3.0:
                    borders[border] = middle + _circle(angle, radius[phase].ravel())
            reach, inner = rv[phase].ravel(), epi[phase].ravel()
            bulges = reach > inner + 1e-6
            if Border.EPI in borders and bulges.any() and (reach - inner).max() > 2.0:
                order = np.roll(np.arange(360), -int(np.flatnonzero(bulges & ~np.roll(bulges, 1))[0]))
                order = order[bulges[order]]
                free, septum = _circle(angle[order], reach[order]), _circle(angle[order], inner[order])
                borders[Border.RV] = middle + np.concatenate([free, septum[::-1]])
            images[phase].append(Contours(spacing, borders))
    return images, find_truth(spec, heart, views)


def _circle(angle: np.ndarray, radius: np.ndarray) -> np.ndarray:
    return radius[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)


def outside_mm(points: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """How far outside a curve points lie, negative inside: every step of it is tried."""
    step = np.roll(curve, -1, axis=0) - curve
    away = points[:, None] - curve[None]
    share = np.clip((away * step).sum(-1) / np.maximum((step**2).sum(-1), 1e-18), 0, 1)
    distance = np.linalg.norm(away - share[..., None] * step, axis=-1).min(axis=1)
    return np.where(
        Polygon(np.concatenate([curve, curve[:1]]), closed=True).contains_points(points), -distance, distance
    )


def crosses_itself(curve: np.ndarray) -> bool:
    """Whether two steps that are no neighbours meet: each pair is solved for where."""
    start, step = curve, np.roll(curve, -1, axis=0) - curve
    first, second = np.triu_indices(len(curve), 2)
    keep = (second - first) % len(curve) < len(curve) - 1
    first, second = first[keep], second[keep]
    across = step[first, 0] * step[second, 1] - step[first, 1] * step[second, 0]
    apart = start[second] - start[first]
    solid = abs(across) > 1e-9
    across = np.where(solid, across, 1.0)
    along = (apart[:, 0] * step[second, 1] - apart[:, 1] * step[second, 0]) / across
    along_other = (apart[:, 0] * step[first, 1] - apart[:, 1] * step[first, 0]) / across
    inside = (along > 1e-7) & (along < 1 - 1e-7) & (along_other > 1e-7) & (along_other < 1 - 1e-7)
    return bool((inside & solid).any())


def assert_whole(contours: Contours) -> None:
    """Endo in epi, RV out of it, no border across itself: to a tenth of a pixel."""
    curves = contours.borders
    for border, curve in curves.items():
        assert np.isfinite(curve).all()
        assert not crosses_itself(curve), border
    if Border.ENDO in curves and Border.EPI in curves:
        assert outside_mm(curves[Border.ENDO], curves[Border.EPI]).max() <= 0.16
        assert outside_mm(curves[Border.EPI], curves[Border.ENDO]).min() >= -0.06
    outer = curves.get(Border.EPI, curves.get(Border.ENDO))
    if Border.RV in curves and outer is not None:
        assert outside_mm(curves[Border.RV], outer).min() >= -0.06
        assert outside_mm(outer, curves[Border.RV]).min() >= -0.16


def wall_mm(contours: Contours) -> np.ndarray:
    """Distance of each point of the epicardium from the endocardium."""
    return outside_mm(contours.borders[Border.EPI], contours.borders[Border.ENDO])


def polygon_area_px(mask: np.ndarray) -> float:
    """Area, in pixels, of the polygon half-way between the pixels in and out: the reference for labels."""
    across, down = mask[:, :-1] & mask[:, 1:], mask[:-1] & mask[1:]
    blocks = across[:-1] & across[1:]
    return 0.5 * (int(mask.sum()) + int(across.sum()) + int(down.sum()) - int(blocks.sum()))
