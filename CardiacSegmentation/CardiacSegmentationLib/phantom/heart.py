"""The geometry of the beating heart, in closed form.

Heart coordinates: ``depth`` runs along the LV's long axis, 0 at the base plane in end-diastole and growing towards the
apex; ``right`` and ``down`` span the short-axis plane as the scanner shows it (seen from the apex: RV on the left,
anterior wall on top). The LV is a truncated ellipsoid in a thicker one, the RV a crescent around its septal side.

In every function the first axis of an array is the phase.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from CardiacSegmentationLib.errors import PhantomError
from CardiacSegmentationLib.phantom.cycle import contraction, end_systole
from CardiacSegmentationLib.phantom.spec import DENSITY_G_PER_ML, USUAL_GAP_MM

if TYPE_CHECKING:
    from CardiacSegmentationLib.phantom.spec import PhantomSpec
    from CardiacSegmentationLib.stack import Array


LV_BULGE, RV_BULGE = 2.5, 0.6
OVAL = 0.06  # how far the LV's cross section is from a circle; it keeps the area
OVAL_ANGLE = math.radians(50)
RV_HALF_ANGLE = math.radians(80)
RV_SHOULDERS, RV_LEAN = 0.15, 0.25
RV_PROFILE_INTEGRAL = (2 + RV_SHOULDERS * 2 / 3) * 2 * RV_HALF_ANGLE / math.pi  # of septal_profile over all angles
RV_PROFILE_PEAK = 1.06  # no direction has more
SEPTUM_ANGLE = math.radians(188)  # from the LV to the RV; 0 is right in the image, 90° is down
PAPILLARY_ANGLES = (math.radians(-45), math.radians(75))  # anterolateral, posteromedial
PAPILLARY_FROM, PAPILLARY_TO = 0.28, 0.80  # along the cavity
WIDEST_SPACING_MM = 20.0


@dataclass(frozen=True, eq=False)
class Solid:
    """A body whose cross section, s of the way from base to apex, is proportional to (1 - s)(1 + bulge · s).

    A truncated ellipsoid is one (its widest section lies (bulge - 1) / (2 bulge) of the way down); its volume is
    closed form.
    """

    bulge: float
    base_mm: Array  # [phase]
    length_mm: Array  # [phase]
    volume_mm3: Array  # [phase]

    def area_mm2(self, depth_mm: Array) -> Array:
        """Area of the cross section at these depths; nothing above the base or below the apex."""
        base, length, volume = (_beside(a, depth_mm) for a in (self.base_mm, self.length_mm, self.volume_mm3))
        way = (depth_mm - base) / length
        inside = (way >= 0) & (way <= 1)
        return np.where(inside, volume / (length * _mean(self.bulge)) * _taper(self.bulge, way), 0).astype(
            depth_mm.dtype
        )

    def until(self, phase: int) -> Solid:
        """The same in the phases before this one."""
        return Solid(self.bulge, self.base_mm[:phase], self.length_mm[:phase], self.volume_mm3[:phase])

    @property
    def apex_mm(self) -> Array:
        """Depth of the apex."""
        return self.base_mm + self.length_mm


@dataclass(frozen=True, eq=False)
class Heart:
    """A heart in all its phases, and how the short-axis slices lie to it."""

    cavity: Solid  # of the LV, papillary muscles included
    epicardium: Solid  # of the LV, cavity included
    rv: Solid
    papillary_mm3: float  # both muscles; they keep their volume
    spacing_mm: float  # between slice centres
    slices_above: int  # slices above the base plane in end-diastole
    slices: int
    es_phase: int

    @property
    def slice_depths_mm(self) -> Array:
        """Depth of each slice's centre, base to apex."""
        return (np.arange(self.slices) - self.slices_above + 0.5) * self.spacing_mm

    def until(self, phase: int) -> Heart:
        """The same in the phases before this one."""
        solids = {name: getattr(self, name).until(phase) for name in ("cavity", "epicardium", "rv")}
        return replace(self, **solids)

    def papillary_mm2(self, depth_mm: Array) -> Array:
        """Area of both papillary muscles together."""
        base, length = _beside(self.cavity.base_mm, depth_mm), _beside(self.cavity.length_mm, depth_mm)
        middle, half = (PAPILLARY_FROM + PAPILLARY_TO) / 2, (PAPILLARY_TO - PAPILLARY_FROM) / 2
        way = ((depth_mm - base) / length - middle) / half
        widest = self.papillary_mm3 / (2 * half * length * 2 / 3)
        return np.where(abs(way) < 1, widest * (1 - way**2), 0).astype(depth_mm.dtype)


def beating_heart(spec: PhantomSpec) -> Heart:
    """The heart with exactly the volumes asked for, its slices laid so that Simpson's rule meets them at ED and ES."""
    spacing, slices_above = _plan_slices(spec)
    shortened = contraction(spec.phases)
    muscle_mm3 = spec.mass_g / DENSITY_G_PER_ML * 1000
    lv_mm3 = spec.lv_edv_ml * 1000 * (1 - spec.lv_ef_percent / 100 * shortened)
    rv_mm3 = spec.rv_edv_ml * 1000 * (1 - spec.rv_ef_percent / 100 * shortened)

    cavity_ed, epicardium_ed = _diastolic_lengths(spec, spacing)
    descent = _descent(cavity_ed, spacing, spec.lv_ef_percent, usual=0.15)
    cavity_es = exact_length(LV_BULGE, cavity_ed - descent - 0.02 * cavity_ed, spacing)
    epicardium_es = exact_length(LV_BULGE, epicardium_ed - descent, spacing, at_least_mm=cavity_es + 2.5)
    rv_ed = exact_length(RV_BULGE, 0.93 * cavity_ed, spacing)
    rv_descent = _descent(rv_ed, spacing, spec.rv_ef_percent, usual=0.2)
    rv_es = exact_length(RV_BULGE, rv_ed - rv_descent, spacing)

    def moving(ed_mm: float, es_mm: float) -> Array:
        return ed_mm + (es_mm - ed_mm) * shortened

    base = moving(0, descent)
    heart = Heart(
        cavity=Solid(LV_BULGE, base, moving(cavity_ed, cavity_es), lv_mm3),
        epicardium=Solid(LV_BULGE, base, moving(epicardium_ed, epicardium_es), lv_mm3 + muscle_mm3),
        rv=Solid(RV_BULGE, moving(0, rv_descent), moving(rv_ed, rv_es), rv_mm3),
        papillary_mm3=min(0.06 * muscle_mm3, 0.2 * float(lv_mm3.min())),
        spacing_mm=spacing,
        slices_above=slices_above,
        slices=spec.slices,
        es_phase=end_systole(spec.phases),
    )
    _check_wall(spec, heart)
    return heart


def exact_length(bulge: float, wanted_mm: float, spacing_mm: float, at_least_mm: float = 0.0) -> float:
    """The length nearest to the wanted one at which Simpson's rule meets the volume, the base on a slice boundary.

    The rule over-estimates a bulging body and misses the tip of a pointed one: where the apex lies between two slice
    centres decides which wins, and about every half spacing they balance.
    """
    lengths = np.linspace(max(wanted_mm - spacing_mm, at_least_mm, spacing_mm), wanted_mm + 2 * spacing_mm, 3001)
    centres = (np.arange(math.ceil(lengths[-1] / spacing_mm)) + 0.5)[:, None] * spacing_mm
    way = centres / lengths
    sums = np.where(way < 1, _taper(bulge, way), 0).sum(axis=0) * spacing_mm
    error = sums / (lengths * _mean(bulge)) - 1
    (crossings,) = np.nonzero(np.diff(np.sign(error)))
    if not crossings.size:
        return float(lengths[np.argmin(abs(error))])
    return float(min(lengths[crossings], key=lambda length: abs(length - wanted_mm)))


def septal_profile(angle: Array) -> Array:
    """How far the RV bulges in this direction: about 1 towards its middle, 0 from its insertions on.

    The second term makes the free wall run along the septum, the third makes the inferior part wider.
    """
    away = (angle - SEPTUM_ANGLE + np.pi) % (2 * np.pi) - np.pi
    turn = np.clip(away * (np.pi / 2 / RV_HALF_ANGLE), -np.pi / 2, np.pi / 2)
    along = np.cos(turn)
    profile: Array = along - RV_SHOULDERS * np.cos(3 * turn) - RV_LEAN * np.sin(2 * turn) * along
    clipped: Array = np.maximum(profile, 0)
    return clipped


def oval(angle: Any) -> Any:
    """Square of the LV's radius in this direction, relative to the circle of the same area."""
    return 1 + OVAL * np.cos(2 * (angle - OVAL_ANGLE))


def _plan_slices(spec: PhantomSpec) -> tuple[float, int]:
    """Spacing of the slices, and how many lie above the base at ED; the gap widens only where none was asked for."""
    spacing = spec.thickness_mm + (USUAL_GAP_MM if spec.gap_mm is None else spec.gap_mm)
    while True:
        needed = math.ceil(_diastolic_lengths(spec, spacing)[1] / spacing)
        if needed < spec.slices:
            return spacing, (spec.slices - needed + 1) // 2
        if spec.gap_mm is not None or spacing >= WIDEST_SPACING_MM:
            break
        spacing = min(spacing + 0.5, WIDEST_SPACING_MM)
    msg = (
        f"{spec.slices} slices, {spacing:g} mm apart, do not cover this heart: it takes {needed + 1}. "
        "Ask for more slices, thicker ones or a wider gap."
    )
    raise PhantomError(msg)


def _diastolic_lengths(spec: PhantomSpec, spacing_mm: float) -> tuple[float, float]:
    """Length of the cavity and of the epicardium at ED: 84 mm at 150 ml, and an apex thinner than the wall."""
    cavity = exact_length(LV_BULGE, 84 * (spec.lv_edv_ml / 150) ** (1 / 3), spacing_mm)
    apex = 6 * (spec.mass_g / 110) ** (1 / 3)
    return cavity, exact_length(LV_BULGE, cavity + apex, spacing_mm, at_least_mm=cavity + 2.5)


def _descent(length_mm: float, spacing_mm: float, ef_percent: float, usual: float) -> float:
    """How far the base comes down: whole slices, so that it lies on a boundary again.

    The descent makes at most 60 % of the stroke volume (Carlsson, AJP Heart 2007: 60 % of the LV's, 80 % of the RV's).
    """
    most = math.floor(0.6 * ef_percent / 100 * length_mm / spacing_mm)
    return spacing_mm * min(max(round(usual * length_mm * min(1, ef_percent / 55) / spacing_mm), 1), most)


def _check_wall(spec: PhantomSpec, heart: Heart) -> None:
    depth = (heart.cavity.base_mm + 0.3 * heart.cavity.length_mm)[:, None]
    wall = np.sqrt(heart.epicardium.area_mm2(depth) / np.pi) - np.sqrt(heart.cavity.area_mm2(depth) / np.pi)
    if not 2.5 <= wall[0, 0] <= 30:
        msg = (
            f"A mass of {spec.mass_g:g} g around {spec.lv_edv_ml:g} ml makes a wall of {wall[0, 0]:.1f} mm in "
            "end-diastole; hearts have 2.5 to 30 mm. Change the mass or the volume."
        )
        raise PhantomError(msg)


def _taper(bulge: float, way: Array) -> Array:
    return (1 - way) * (1 + bulge * way)


def _mean(bulge: float) -> float:
    return 1 / 2 + bulge / 6


def _beside(per_phase: Array, other: Array) -> Array:
    """One number per phase, shaped to go with an array whose first axis is the phase."""
    return per_phase.reshape(-1, *[1] * (other.ndim - 1)).astype(other.dtype)
