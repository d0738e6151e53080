"""Groups → stacks of slices: which frames make a slice, what was acquired twice, which stacks repeat each other."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from CardiacSegmentationLib.cine.group import normal_of
from CardiacSegmentationLib.cine.phases import LONGEST_SPAN
from CardiacSegmentationLib.stack import FEWEST_IN_A_BEAT

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from CardiacSegmentationLib.cine.frames import Frame, Timing

Acquisition = Literal["last", "first"]

SAME_PLANE_MM, NOISY_PLANE_MM = 0.2, 1.0
MOST_OF_USUAL = 1.2  # images of a plane, in those that planes usually have: more are two acquisitions
FEWEST_FRAMES = 3  # fewer under one number or time are no acquisition of their own
BREATH_HOLD_S = 3.0  # frames of one breath-hold that state times of their own lie within a heart beat of each other
WHOLE_SHARE = 0.6  # of the frames that planes usually have: enough for a breath-hold of its own
FEWEST_SHARE = 0.5  # of another acquisition's frames: fewer do not take its place
CUT_OFF_SHARE = 0.9  # of its frames and its time: what has fewer and lasts shorter was broken off
REPEATS_ASIDE = 0.75  # quantile: where each slice is taken again at once, a little shifted, every other step is small
REPEATED_SHARE = 0.6  # this much of a stack acquired again is a second stack, less are re-acquired slices


@dataclass
class Slice:
    """The frames of one slice in the order of their instance numbers, and what was put aside for them."""

    z_mm: float  # along the normal of the images
    frames: list[Frame]
    duplicates: list[Frame] = field(default_factory=list)
    replaced: list[Frame] = field(default_factory=list)  # an acquisition of this slice that is not used


_Plane = tuple[float, "list[Frame]"]  # where along the normal, and all frames there


@dataclass
class _Part:
    """What the scanner wrote in one go: the slices of one series, or of one acquisition in it."""

    slices: list[Slice]

    @property
    def is_whole(self) -> bool:
        """Whether it is a stack by itself."""
        return len(self.slices) > 2

    @property
    def order(self) -> tuple[float, ...]:
        return min(acquisition_order(one.frames[0]) for one in self.slices)


def acquisition_order(frame: Frame) -> tuple[float, ...]:
    """What tells which of two frames was acquired first."""
    timing = frame.timing
    return frame.file.series_number, timing.acquisition, timing.acquired_s or 0, timing.instance


def stack_slices(group: Sequence[Frame], which: Acquisition = "last") -> list[list[Slice]]:
    """The stacks in a group of parallel frames, each as slices sorted along their normal."""
    parts = sorted((_Part(slices) for slices in _split_into_parts(group, which)), key=lambda part: part.order)
    thickness = float(np.median([frame.thickness_mm or 0 for frame in group]))
    room = min(thickness, _usual_step(parts))  # slices may overlap
    layers: list[list[_Part]] = []
    for part in parts:
        layer = next((layer for layer in layers if not any(_collide(part, other, room) for other in layer)), None)
        if layer is None:
            layers.append([part])
        else:
            layer.append(part)
    stacks = [[one for part in layer for one in part.slices] for layer in layers]
    return [sorted(stack, key=lambda one: one.z_mm) for stack in _merge_reacquired(stacks, room, which)]


def _split_into_parts(group: Sequence[Frame], which: Acquisition) -> list[list[Slice]]:
    normal = normal_of(group[0].orientation)
    name_of = _series_uid if _has_series(group) else _series_number
    by_series: dict[Hashable, list[tuple[float, Frame]]] = defaultdict(list)
    for frame in group:
        by_series[name_of(frame)].append((float(normal @ frame.centre), frame))
    return [
        [_slice(z, frames, which) for z, frames in again]
        for located in _join_parts_of_a_beat(by_series.values())
        for numbered in _split_by_number(_split_into_planes(located))
        for again in _split_by_clock(numbered)
    ]


def _has_series(group: Sequence[Frame]) -> bool:
    """Whether UIDs tell series apart: some anonymisers give every file a series of its own."""
    uids = {_series_uid(frame) for frame in group}
    return len(uids) < len(group) or len({_series_number(frame) for frame in group}) == len(group)


def _series_uid(frame: Frame) -> Hashable:
    return frame.file.series_uid


def _series_number(frame: Frame) -> Hashable:
    return frame.file.series_number


def _join_parts_of_a_beat(series: Iterable[list[tuple[float, Frame]]]) -> list[list[tuple[float, Frame]]]:
    """Series that show the same planes one after the other in the beat, as archives split a cine by phases, are one."""
    alike: dict[tuple[str, tuple[float, ...]], list[list[tuple[float, Frame]]]] = defaultdict(list)
    for located in series:
        planes = tuple(sorted({round(z, 1) for z, _ in located}))
        alike[located[0][1].file.description, planes].append(located)
    joined = []
    for (_, planes), parts in alike.items():
        is_cine = sum(map(len, parts)) >= FEWEST_IN_A_BEAT * len(planes)  # and not one image in each of a few series
        one_beat = is_cine and _are_parts_of_a_beat([[frame for _, frame in part] for part in parts])
        joined += [[item for part in parts for item in part]] if one_beat else parts
    return joined


def _are_parts_of_a_beat(parts: Sequence[Sequence[Frame]]) -> bool:
    """Whether each begins after another one has ended, and all together last no longer than the beat."""
    times = [[time for f in part if (time := _after_r_wave_ms(f.timing)) is not None] for part in parts]
    rr = [frame.timing.rr_ms for part in parts for frame in part if frame.timing.rr_ms]
    if len(parts) < 2 or not rr or any(len(known) < len(part) for known, part in zip(times, parts, strict=True)):
        return False
    spans = sorted((min(part), max(part)) for part in times)
    lasts = spans[-1][1] - spans[0][0]
    return lasts <= LONGEST_SPAN * float(np.median(rr)) and all(a[1] < b[0] for a, b in pairwise(spans))


def _split_into_planes(located: list[tuple[float, Frame]]) -> list[_Plane]:
    """The planes of a series; where noise in the positions takes slices apart, what lies within a millimetre."""
    planes, wider = (_cut(located, same_mm) for same_mm in (SAME_PLANE_MM, NOISY_PLANE_MM))
    return wider if _are_torn(planes, wider) else planes


def _are_torn(planes: list[_Plane], wider: list[_Plane]) -> bool:
    """Whether some planes hold but a part of a slice, and the wider ones all of one slice, no moment twice."""
    counts = [len(frames) for _, frames in wider]
    usual = float(np.median(counts))
    return (
        len(wider) < len(planes)
        and min(len(frames) for _, frames in planes) < usual / 2
        and max(counts) <= MOST_OF_USUAL * usual
        and all(len({frame.timing.trigger_ms for frame in frames}) == len(frames) for _, frames in wider)
    )


def _cut(located: list[tuple[float, Frame]], same_mm: float) -> list[_Plane]:
    planes: list[_Plane] = []
    last = -np.inf
    for z, frame in sorted(located, key=lambda item: item[0]):
        if z - last < same_mm:  # from its neighbour, not from the first: positions may be noisy
            planes[-1][1].append(frame)
        else:
            planes.append((z, [frame]))
        last = z
    return planes


def _split_by_number(planes: list[_Plane]) -> list[list[_Plane]]:
    """The acquisitions of a series by their numbers, where a number tells them apart in any plane."""
    if not any(_is_acquired_again(frames) for _, frames in planes):
        return [planes]
    numbers = sorted({frame.timing.acquisition for _, frames in planes for frame in frames})
    return [
        [(z, same) for z, frames in planes if (same := [f for f in frames if f.timing.acquisition == number])]
        for number in numbers
    ]


def _is_acquired_again(frames: list[Frame]) -> bool:
    by_number: dict[int, list[Frame]] = defaultdict(list)
    for frame in frames:
        by_number[frame.timing.acquisition].append(frame)
    parts = list(by_number.values())
    return len(parts) > 1 and min(map(len, parts)) >= FEWEST_FRAMES and not _are_parts_of_a_beat(parts)


def _split_by_clock(planes: list[_Plane]) -> list[list[_Plane]]:
    """The first breath-hold of each plane, then the second one of those imaged again, and so on."""
    usual = float(np.median([len(frames) for _, frames in planes]))
    holds = [(z, _breath_holds(frames, usual)) for z, frames in planes]
    most = max(len(own) for _, own in holds)
    return [[(z, own[number]) for z, own in holds if number < len(own)] for number in range(most)]


def _breath_holds(frames: list[Frame], usual: float) -> list[list[Frame]]:
    """The frames by their times of acquisition, where these tell breath-holds apart and not frames or parts of one."""
    by_time: dict[float, list[Frame]] = defaultdict(list)
    for frame in frames:
        if frame.timing.acquired_s is None:
            return [frames]
        by_time[frame.timing.acquired_s].append(frame)
    times = sorted(by_time)
    holds = [by_time[time] for time in times]
    if min(map(len, holds)) < FEWEST_FRAMES or any(b - a < BREATH_HOLD_S for a, b in pairwise(times)):
        return [frames]
    whole = all(len(hold) >= WHOLE_SHARE * usual for hold in holds)
    return holds if whole or _show_the_same_beat(holds) else [frames]


def _show_the_same_beat(holds: list[list[Frame]]) -> bool:
    """Whether each began before any other ended, by the times after the R wave."""
    triggers = [[f.timing.trigger_ms for f in hold if f.timing.trigger_ms is not None] for hold in holds]
    return all(triggers) and max(map(min, triggers)) < min(map(max, triggers))


def _slice(z: float, frames: list[Frame], which: Acquisition) -> Slice:
    """One slice in which no moment of the heart cycle is there twice."""
    ordered = sorted(frames, key=lambda f: (f.timing.instance, f.timing.acquired_s or 0, str(f.file.path), f.number))
    if not _has_moments(ordered):
        return Slice(z, ordered)
    by_moment: dict[object, Frame] = {}
    for frame in ordered:
        if which == "last" or _moment(frame) not in by_moment:
            by_moment[_moment(frame)] = frame
    used = set(by_moment.values())
    return Slice(z, [f for f in ordered if f in used], [f for f in ordered if f not in used])


def _moment(frame: Frame) -> tuple[object, ...]:
    timing = frame.timing
    return timing.trigger_ms, timing.delay_ms, timing.temporal_position


def _has_moments(frames: list[Frame]) -> bool:
    """Whether the times in the headers can show duplicates at all: often they are missing or constant."""
    distinct = len({_moment(frame) for frame in frames})
    return distinct >= max(2, len(frames) / 3)


def _usual_step(parts: Sequence[_Part]) -> float:
    """How far slices usually lie apart: neighbours in whole stacks, else those taken one after the other."""
    places = [[one.z_mm for one in part.slices] for part in parts if part.is_whole]
    places = places or [[one.z_mm for part in parts for one in part.slices]]
    steps = np.concatenate([np.abs(np.diff(own)) for own in places])
    steps = steps[steps >= NOISY_PLANE_MM]
    return float(np.quantile(steps, REPEATS_ASIDE)) if len(steps) else np.inf


def _collide(part: _Part, other: _Part, room: float) -> bool:
    """Whether two parts image the same place. Whole stacks must not overlap; single slices must not coincide."""
    limit = max(0.9 * room if part.is_whole and other.is_whole else 0.5 * room, 1.0) - 1e-3
    return any(abs(a.z_mm - b.z_mm) < limit for a in part.slices for b in other.slices)


def _merge_reacquired(stacks: list[list[Slice]], room: float, which: Acquisition) -> list[list[Slice]]:
    """Slices acquired again go to the stack before them; what repeats most of a stack is a stack of its own."""
    if len(stacks) < 2:
        return stacks
    most = max(len(stack) for stack in stacks)
    whole = [stack for stack in stacks if len(stack) >= max(REPEATED_SHARE * most, min(3, most))]
    result: list[list[Slice]] = []
    for stack in stacks:
        if stack in whole or not result:
            result.append(stack)
            continue
        for again in stack:
            _replace(result[-1], again, room, which)
    return result


def _replace(stack: list[Slice], again: Slice, room: float, which: Acquisition) -> None:
    nearest = min(range(len(stack)), key=lambda index: abs(stack[index].z_mm - again.z_mm))
    before = stack[nearest]
    if abs(before.z_mm - again.z_mm) >= max(0.5 * room, 1.0):
        stack.append(again)
    elif _is_cut_off(before, again) if which == "first" else not _is_cut_off(again, before):
        again.replaced = before.replaced + before.frames
        stack[nearest] = again
    else:
        before.replaced = before.replaced + again.frames


def _is_cut_off(one: Slice, other: Slice) -> bool:
    """Whether an acquisition of a slice has too few frames to take the other's place: it was broken off."""
    share = len(one.frames) / len(other.frames)
    if share < FEWEST_SHARE or share >= CUT_OFF_SHARE:
        return share < FEWEST_SHARE
    own_ms, others_ms = _lasts_ms(one), _lasts_ms(other)
    if own_ms is None or others_ms is None:
        return True
    own_rr, others_rr = one.frames[0].timing.rr_ms, other.frames[0].timing.rr_ms
    slower = own_rr / others_rr if own_rr and others_rr else 1.0  # the heart may have changed its rate
    return own_ms < CUT_OFF_SHARE * others_ms * slower


def _lasts_ms(one: Slice) -> float | None:
    """How long the frames of an acquisition last together; ``None`` where not all tell their times."""
    times = [time for frame in one.frames if (time := _after_r_wave_ms(frame.timing)) is not None]
    if len(times) < max(len(one.frames), 2):
        return None
    return (max(times) - min(times)) / (len(times) - 1) * len(times)


def _after_r_wave_ms(timing: Timing) -> float | None:
    return timing.delay_ms if timing.trigger_ms is None else timing.trigger_ms
