"""Where the ventricles begin and end, by the network's slice-presence output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.network import regions
from CardiacSegmentationLib.segmentation import VENTRICLES, Label

if TYPE_CHECKING:
    from CardiacSegmentationLib.findings import Parameter
    from CardiacSegmentationLib.network.regions import Labels, Mask

ABSENT = 0.5  # below this probability, in its own and the neighbouring phases, a ventricle is not in the slice
RELEVANT_MM2 = 100.0
STILL_THERE = 0.7  # from this probability on, in every phase of it, a loss is an error and no end
LOST = 0.35  # of the smaller of the areas before and after
LONGEST_GAP = 0.2  # of the beat


def drop_absent_ends(
    labels: Labels, presence: npt.NDArray[np.float32], neighbouring: bool, pixel_mm2: float
) -> tuple[Labels, tuple[Finding, ...]]:
    """Take labels away at the base and the apex where the network says that the ventricle is not in the slice.

    Slices within a ventricle are never taken: there a low presence is a doubt for the reader, not an end.
    """
    result = labels.copy()
    findings: list[Finding] = []
    for side, chance in zip(VENTRICLES, presence, strict=True):
        # A cap of myocardium without cavity is no claim that the ventricle is there, so it stays.
        claimed = (labels == side).any(axis=(2, 3))
        absent = claimed & _beyond_ends(_smooth_in_time(chance, neighbouring) >= ABSENT)
        mine = _belongs_to(labels, side) & absent[:, :, None, None]
        result[mine] = Label.BACKGROUND
        findings += _report(side, np.count_nonzero(mine, axis=(2, 3)) * pixel_mm2)
    return result, tuple(findings)


def restore_lost(
    labels: Labels, presence: npt.NDArray[np.float32], is_cyclic: bool, pixel_mm2: float
) -> tuple[Labels, tuple[Finding, ...]]:
    """Give a ventricle back to a slice that lost it for a few phases while the network still says that it is there.

    It takes what the last phase before and the first after the loss agree on. That happens at the base about
    end-systole, where the loss would make the smallest volume too small.
    """
    result = labels.copy()
    findings = []
    for side, chance in zip(VENTRICLES, presence, strict=True):
        mine = _belongs_to(labels, side)
        areas = np.count_nonzero(labels == side, axis=(2, 3)) * pixel_mm2
        for place in range(labels.shape[1]):
            for before, gap, after in _find_gaps(areas[:, place], chance[:, place] >= STILL_THERE, is_cyclic):
                agreed = mine[before, place] & (labels[before, place] == labels[after, place])
                for phase in gap:
                    free = agreed & (mine[phase, place] | (labels[phase, place] == Label.BACKGROUND))
                    result[phase, place][free] = labels[before, place][free]
                phase = gap[len(gap) // 2]
                parameters: dict[str, Parameter] = {"structure": side.name, "count": len(gap)}
                findings.append(Finding("slice-restored", Severity.WARNING, place, phase, parameters))
    return result, tuple(findings)


def _find_gaps(
    areas: npt.NDArray[np.float64], is_there: npt.NDArray[np.bool_], is_cyclic: bool
) -> list[tuple[int, list[int], int]]:
    """Losses as (phase before, phases of the loss, phase after): areas that collapse between two that do not."""
    phases = len(areas)
    gaps = []
    first = 0
    while first < phases:
        length = 0
        before = (first - 1) % phases
        while length < phases and areas[(first + length) % phases] < LOST * areas[before]:
            length += 1
        gap = [(first + offset) % phases for offset in range(length)]
        after = (first + length) % phases
        is_short = 0 < length <= max(1, round(LONGEST_GAP * phases))
        is_within = is_cyclic or (first > 0 and first + length < phases)
        least = min(areas[before], areas[after])
        if (
            is_short
            and is_within
            and least > RELEVANT_MM2
            and (areas[gap] < LOST * least).all()
            and is_there[gap].all()
        ):
            gaps.append((before, gap, after))
        first += max(1, length)
    return gaps


def _belongs_to(labels: Labels, side: Label) -> Mask:
    return labels == Label.RV if side is Label.RV else regions.epicardium(labels)


def _smooth_in_time(chance: npt.NDArray[np.float32], neighbouring: bool) -> npt.NDArray[np.float32]:
    """The median with both neighbouring phases, so that one frame alone decides nothing."""
    if not neighbouring or len(chance) < 3:
        return chance
    return np.asarray(np.median([np.roll(chance, shift, axis=0) for shift in (-1, 0, 1)], axis=0), np.float32)


def _beyond_ends(present: Mask) -> Mask:
    """Slices before the first and after the last present one; none where a phase has no present slice at all."""
    from_base = np.logical_or.accumulate(present, axis=1)
    from_apex = np.logical_or.accumulate(present[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(~(from_base & from_apex) & present.any(axis=1, keepdims=True))


def _report(side: Label, removed_mm2: npt.NDArray[np.float64]) -> list[Finding]:
    findings = []
    for place in np.flatnonzero((removed_mm2 > RELEVANT_MM2).any(axis=0)):
        phase = int(np.argmax(removed_mm2[:, place]))
        area = round(float(removed_mm2[phase, place]))
        parameters: dict[str, Parameter] = {"structure": side.name, "area_mm2": area}
        findings.append(Finding("end-slice-removed", Severity.INFO, int(place), phase, parameters))
    return findings
