"""Repairs of what no heart looks like. Each has a reason, can be left out, and says where it changed much.

None moves a border for looks: a repair takes away what is not heart, or gives back what single phases lost. What each
of them does to labelled studies stands in docs/quality.md, with others that were tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.box import find_box
from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.network import regions
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from CardiacSegmentationLib.findings import Parameter
    from CardiacSegmentationLib.network.infer import Prediction
    from CardiacSegmentationLib.segmentation import Labels, Mask
    from CardiacSegmentationLib.stack import CineStack

MARGIN = 2  # pixels around all labels: the rest of the images need not be looked at
REACH_MM = 5.0  # breathing shifts neighbouring slices: parts this close belong together
SECOND_PART = 0.2  # the RV may be cut in two by a slice; what is smaller than this share of it is not RV
LOST = 0.3  # a structure that shrinks below this share of both neighbouring phases was lost, not emptied
SMALLEST_LOST_MM2 = 100.0
SWOLLEN, SWOLLEN_MM2 = 1.6, 200.0  # times both neighbouring phases, and more than both: part of another structure
FEWEST_PHASES = 5  # fewer tell too little of the motion between them
RELEVANT_MM2 = 80.0
RELEVANT_SHARE = 0.1  # of the labelled area of the slice


@dataclass(frozen=True, eq=False)
class Sampling:
    """What the repairs need to know about the images; ``labelled[phase]`` says which phases have labels at all."""

    pixel_mm: float
    is_whole_beat: bool  # so the last phase is a neighbour of the first
    labelled: npt.NDArray[np.bool_]

    @property
    def pixel_mm2(self) -> float:
        """Area of a pixel."""
        return self.pixel_mm**2

    @cached_property
    def neighbours(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """The two phases each phase is compared with; at the ends of a beat that is not whole, the nearest two."""
        phases = len(self.labelled)
        before, after = np.arange(phases) - 1, np.arange(phases) + 1
        if self.is_whole_beat:
            return before % phases, after % phases
        before[0], after[-1] = 2, phases - 3
        return before, after


def repair(stack: CineStack, prediction: Prediction, names: Sequence[str]) -> tuple[Labels, tuple[Finding, ...]]:
    """The prediction's labels, repaired where they lie, and where the named repairs changed much.

    The labels of a long study are large: there is no second copy of them beside the images.
    """
    row_mm, column_mm = stack.pixel_mm
    sampling = Sampling(float(np.sqrt(row_mm * column_mm)), stack.is_whole_beat, prediction.predicted)
    heart = prediction.labels[(..., *find_box(prediction.labels, MARGIN))]
    heart[:], findings = apply_repairs(heart, sampling, names)
    return prediction.labels, findings


def apply_repairs(labels: Labels, sampling: Sampling, names: Sequence[str]) -> tuple[Labels, tuple[Finding, ...]]:
    """Labels after the named repairs, in the order of ``STEPS``, and where they changed much."""
    findings: list[Finding] = []
    for name, apply in STEPS.items():
        if name in names:
            after = apply(labels, sampling)
            findings += _report(name, labels, after, sampling)
            labels = after
    return labels, tuple(findings)


def keep_one_heart(labels: Labels, sampling: Sampling) -> Labels:
    """Keep one left ventricle and one RV: the largest connected bodies of each phase."""
    reach = round(REACH_MM / sampling.pixel_mm / 2)
    result = labels.copy()
    for phase in range(len(labels)):
        result[phase : phase + 1] = _keep_one_heart(labels[phase : phase + 1], reach)
    return result


def _keep_one_heart(labels: Labels, reach: int) -> Labels:
    left = regions.epicardium(labels)
    left &= _largest(_bridge_slices(left), reach, across_slices=True, share=1.0)
    left &= _largest(left, 0, across_slices=False, share=1.0)
    right = labels == Label.RV
    right &= _largest(_bridge_slices(right), reach, across_slices=True, share=SECOND_PART)
    return np.where(left | right, labels, np.uint8(Label.BACKGROUND))


def keep_in_time(labels: Labels, sampling: Sampling) -> Labels:
    """Give back what one phase lost and both its neighbours agree on; take away what only one phase has."""
    if len(labels) < FEWEST_PHASES:
        return labels
    before, after = sampling.neighbours
    is_judged = (sampling.labelled & sampling.labelled[before] & sampling.labelled[after])[:, None]
    result = labels.copy()
    for group in (regions.epicardium, _is_right):
        area = _count(group, result) * sampling.pixel_mm2
        smaller, larger = np.minimum(area[before], area[after]), np.maximum(area[before], area[after])
        lost = is_judged & (area < LOST * smaller) & (smaller > SMALLEST_LOST_MM2)
        alone = is_judged & ((larger == 0) | ((area > SWOLLEN * larger) & (area - larger > SWOLLEN_MM2)))
        for phase, slice_ in np.argwhere(alone | lost):
            image, earlier, later = (
                one[slice_] for one in (result[phase], labels[before[phase]], labels[after[phase]])
            )
            if alone[phase, slice_]:
                image[group(image) & ~group(earlier) & ~group(later)] = Label.BACKGROUND
            if lost[phase, slice_]:
                agreed = (earlier == later) & group(earlier) & (image == Label.BACKGROUND)
                image[agreed] = earlier[agreed]
    return result


def keep_through_plane(labels: Labels, _: Sampling) -> Labels:
    """Take away small pieces beyond an empty slice: a ventricle does not begin again after it ended."""
    result = labels.copy()
    for group in (regions.epicardium, _is_right):
        area = _count(group, labels)
        for phase, slices in zip(*np.nonzero(_stray_slices(area)), strict=True):
            image = result[phase, slices]
            image[group(image)] = Label.BACKGROUND
    return result


STEPS: dict[str, Callable[[Labels, Sampling], Labels]] = {
    "in-time": keep_in_time,  # first: a slice lost in one phase must not part the heart for the others
    "one-heart": keep_one_heart,
    "through-plane": keep_through_plane,
}
REPAIRS = tuple(STEPS)


def _count(group: Callable[[Labels], Mask], labels: Labels) -> npt.NDArray[np.int64]:
    """Pixels of a group in each image ``[phase, slice]``; phase by phase, for a long study is large."""
    return np.array([np.count_nonzero(group(phase), axis=(1, 2)) for phase in labels])


def _is_right(labels: Labels) -> Mask:
    return np.asarray(labels == Label.RV)


def _bridge_slices(mask: Mask) -> Mask:
    """The mask, and in each slice what both its neighbours have: one lost slice must not part a heart in two."""
    bridged = mask.copy()
    bridged[:, 1:-1] |= mask[:, :-2] & mask[:, 2:]
    return bridged


def _largest(mask: Mask, reach: int, across_slices: bool, share: float) -> Mask:
    """The largest connected part per phase (or image), and others of at least ``share`` of its size."""
    parts, count = regions.label_parts(regions.grow(mask, reach), across_slices)
    if count < 2:
        return mask
    sizes = np.bincount(parts[mask], minlength=count + 1)
    phase, slice_, *_ = np.nonzero(mask)
    body = phase if across_slices else phase * mask.shape[1] + slice_  # what has one largest part: a phase, an image
    body_of_part = np.zeros(count + 1, int)
    body_of_part[parts[mask]] = body
    largest = np.zeros(mask.shape[0] * mask.shape[1])
    np.maximum.at(largest, body_of_part, sizes)
    return np.asarray(mask & (sizes >= share * largest[body_of_part])[parts])


def _stray_slices(area: npt.NDArray[np.int64]) -> Mask:
    """Slices ``[phase, slice]`` of runs that hold less than ``SECOND_PART`` of what the largest run holds."""
    stray = np.zeros(area.shape, bool)
    for phase, row in enumerate(area):
        starts = np.flatnonzero((row > 0) & (np.r_[0, row[:-1]] == 0))
        if len(starts) < 2:
            continue
        run = np.cumsum((row > 0) & (np.r_[0, row[:-1]] == 0)) * (row > 0)
        sizes = np.bincount(run, weights=row)
        sizes[0] = 0
        small = sizes < SECOND_PART * sizes.max()
        stray[phase] = (row > 0) & small[run]
    return stray


def _report(name: str, before: Labels, after: Labels, sampling: Sampling) -> list[Finding]:
    """One finding per slice that a step changed much, at the phase it changed most."""
    pairs = zip(before, after, strict=True)
    changed = np.array([np.count_nonzero(old != new, axis=(1, 2)) for old, new in pairs]) * sampling.pixel_mm2
    labelled = np.count_nonzero(before, axis=(2, 3)) * sampling.pixel_mm2
    relevant = (changed > RELEVANT_MM2) & (changed > RELEVANT_SHARE * labelled)
    findings = []
    for slice_ in np.flatnonzero(relevant.any(axis=0)):
        phase = int(np.argmax(np.where(relevant[:, slice_], changed[:, slice_], -1)))
        facts: dict[str, Parameter] = {
            "count": int(relevant[:, slice_].sum()),
            "area_mm2": round(float(changed[phase, slice_])),
        }
        findings.append(Finding(f"repaired-{name}", Severity.INFO, int(slice_), phase, facts))
    return findings
