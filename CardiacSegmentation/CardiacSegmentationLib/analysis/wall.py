"""Wall thickness and thickening on the AHA's segments (Cerqueira 2002).

The septum lies between the two lines where the RV meets the LV; halved it gives the two septal segments of base and
middle, the rest is quartered. The apical third has four segments of 90°, the septal one in the middle of the septum.
Segment 17, the tip, is not cut across its wall by a short-axis slice and has no thickness here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.analysis.basal import is_apex_first
from CardiacSegmentationLib.analysis.outline import ANGLES, WallOutline, trace_outline
from CardiacSegmentationLib.assessment import WallSegment
from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.segmentation import Label, Place

if TYPE_CHECKING:
    import numpy.typing as npt

    from CardiacSegmentationLib.assessment import ImageMeasures
    from CardiacSegmentationLib.reading import Counted, KeyPhases
    from CardiacSegmentationLib.segmentation import Segmentation
    from CardiacSegmentationLib.stack import CineStack

WALLS = ("anterior", "anteroseptal", "inferoseptal", "inferior", "inferolateral", "anterolateral")
APICAL_WALLS = ("anterior", "septal", "inferior", "lateral")
SEGMENTS: dict[int, str] = dict(
    enumerate(
        (
            *(f"{level} {wall}" for level in ("basal", "mid") for wall in WALLS),
            *(f"apical {wall}" for wall in APICAL_WALLS),
            "apex",
        ),
        start=1,
    )
)
FEWEST_SLICES = 3  # one each for base, middle and apex
SEPTUM_DEGREES = (60.0, 200.0)  # outside, the RV's label is too ragged to tell where it inserts
FULL_GAP = ANGLES // 24  # 15° without contact do not end the septum
DEGREES = 360.0 / ANGLES


@dataclass(frozen=True)
class Septum:
    """Where the septum lies on the rays: its first ray (as angles grow) and its width in rays."""

    first: float
    width: float


@dataclass(frozen=True, eq=False)
class Wall:
    """Thickness of the wall at end-diastole as a whole, and on the segments at both moments."""

    largest_ed_mm: float
    mean_ed_mm: float
    segments: tuple[WallSegment, ...]


Rings = dict[int, "WallOutline | None"]  # slice → outline, base first; None where the ring is open
Outlines = dict[Place, "WallOutline | None"]


def measure_wall(
    stack: CineStack,
    segmentation: Segmentation,
    images: ImageMeasures,
    counted: Counted,
    *,
    key_phases: KeyPhases,
    outlines: Outlines,
) -> tuple[Wall | None, list[Finding]]:
    """The wall at the LV's ED and ES; ``None`` where no ring of myocardium is closed at ED.

    ``outlines`` holds those traced before, for images whose labels are the same, and takes the new ones.
    """
    apex_first = is_apex_first(images)
    rings: dict[str, Rings] = {"ed": {}, "es": {}}
    for moment, phase in (("ed", key_phases.lv_ed), ("es", key_phases.lv_es)):
        if phase is None:
            continue
        for slice_ in _slices_of_cavity(images, counted, phase, apex_first):
            is_closed = images.surrounded[phase, slice_] >= 1
            rings[moment][slice_] = _trace(stack, segmentation, (phase, slice_), outlines) if is_closed else None
    at_ed, at_es = rings["ed"], rings["es"]
    closed = [ring for ring in at_ed.values() if ring is not None]
    if not closed:
        return None, []
    thickness = np.concatenate([ring.thickness_mm for ring in closed])
    length_mm = np.concatenate([ring.length_mm for ring in closed])
    turn = _turn(stack) * (-1 if apex_first else 1)
    ed, es = (_segment_thickness(rings, turn) for rings in (at_ed, at_es))
    segments = tuple(_segment(number, name, ed.get(number), es.get(number)) for number, name in SEGMENTS.items())
    wall = Wall(float(thickness.max()), float(np.average(thickness, weights=length_mm)), segments)
    return wall, [] if ed else [_why_no_segments(at_ed)]


def find_septum(touches_rv: npt.NDArray[np.bool_]) -> Septum | None:
    """The longest stretch of the outline along the RV; ``None`` where it is no septum."""
    if not touches_rv.any() or touches_rv.all():
        return None
    contacts = np.flatnonzero(touches_rv)
    gaps = np.diff(np.append(contacts, contacts[0] + ANGLES))
    ends = np.flatnonzero(gaps > FULL_GAP)
    if not ends.size:
        return None
    runs = []
    for before, end in zip(np.roll(ends, 1), ends, strict=True):
        first = contacts[(before + 1) % contacts.size]
        runs.append(Septum(float(first), float((contacts[end] - first) % ANGLES + 1)))
    longest = max(runs, key=lambda run: run.width)
    low, high = SEPTUM_DEGREES
    return longest if low <= longest.width * DEGREES <= high else None


def segment_numbers(septum: Septum, turn: int, level: int) -> npt.NDArray[np.intp]:
    """The AHA number of every ray, for level 0 (base), 1 (middle) or 2 (apex).

    ``turn`` is +1 where one comes from the anterior wall to the septum by falling angles, else -1.
    """
    rays = np.arange(ANGLES) + 0.5
    anterior = septum.first + septum.width if turn > 0 else septum.first
    along = (turn * (anterior - rays)) % ANGLES  # from the anterior insertion over the septum and around
    if level == 2:
        eighth = ANGLES / 8.0
        quarter = ((along - septum.width / 2.0 + eighth) % ANGLES // (2.0 * eighth)).astype(np.intp)
        return np.array([14, 15, 16, 13])[quarter]
    half, free = septum.width / 2.0, (ANGLES - septum.width) / 4.0
    part = np.where(along < septum.width, along // half, 2 + (along - septum.width) // free).astype(np.intp)
    return np.array([2, 3, 4, 5, 6, 1])[np.clip(part, 0, 5)] + 6 * level


def _slices_of_cavity(images: ImageMeasures, counted: Counted, phase: int, apex_first: bool) -> list[int]:
    """The slices with a cavity that counts, base first."""
    counts = np.isfinite(images.surrounded[phase]) & counted[Label.LV - 1, phase]
    return [int(slice_) for slice_ in np.flatnonzero(counts)[:: -1 if apex_first else 1]]


def _trace(stack: CineStack, segmentation: Segmentation, image: Place, outlines: Outlines) -> WallOutline | None:
    if image not in outlines:
        row_mm, column_mm = stack.pixel_mm
        outlines[image] = trace_outline(segmentation.labels[image], row_mm, column_mm)
    return outlines[image]


def _turn(stack: CineStack) -> int:
    """+1 where one comes from the anterior wall to the septum by falling angles, -1 by growing ones.

    Seen from the apex the septum lies to the left of a heart that stands upright and the anterior wall above, in every
    patient: which way the rays turn follows from the handedness of columns, rows and the way from base to apex.
    """
    return 1 if np.linalg.det(stack.affine[:3, :3]) < 0 else -1


def _segment_thickness(rings: Rings, turn: int) -> dict[int, float]:
    """Mean thickness of each segment over the slices of its third of the ventricle; empty where none can be placed."""
    septa = {index: find_septum(ring.touches_rv) for index, ring in rings.items() if ring is not None}
    known = {index: septum for index, septum in septa.items() if septum is not None}
    if len(rings) < FEWEST_SLICES or not known:
        return {}
    totals, lengths = np.zeros(len(SEGMENTS) + 1), np.zeros(len(SEGMENTS) + 1)
    for position, (index, ring) in enumerate(rings.items()):
        if ring is None:
            continue
        numbers = segment_numbers(_nearest(known, index), turn, level=position * 3 // len(rings))
        np.add.at(totals, numbers, ring.thickness_mm * ring.length_mm)
        np.add.at(lengths, numbers, ring.length_mm)
    return {int(number): float(totals[number] / lengths[number]) for number in np.flatnonzero(lengths)}


def _nearest(septa: dict[int, Septum], index: int) -> Septum:
    """Apical slices may lie below the RV: they take the septum of the nearest slice that has one."""
    return septa[min(septa, key=lambda other: abs(other - index))]


def _segment(number: int, name: str, ed_mm: float | None, es_mm: float | None) -> WallSegment:
    thickening = 100.0 * (es_mm - ed_mm) / ed_mm if ed_mm and es_mm is not None else None
    return WallSegment(number, name, ed_mm, es_mm, thickening)


def _why_no_segments(rings: Rings) -> Finding:
    if len(rings) < FEWEST_SLICES:
        return Finding("no-wall-segments-slices", Severity.INFO, parameters={"least": FEWEST_SLICES})
    return Finding("no-wall-segments-septum", Severity.INFO)
