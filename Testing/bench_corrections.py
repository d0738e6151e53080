"""What it takes to correct a study: ``python Testing/bench_corrections.py``; a section of ``./run bench``.

The shipped network segments noisy phantoms, whose true contours are known. A scripted reader corrects end-diastole and
end-systole until LV cavity, LV with myocardium, and RV agree with the truth in every slice (Dice > 0.95), by pulling
borders, deleting and copying; then propagates. Beside it an ideal painter: each patch of wrong pixels of one label is
one stroke without a slip, the largest first. Nobody paints so well: it is the least that painting can take.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from CardiacSegmentationLib.contours import Border, find_contours
from CardiacSegmentationLib.contours.curves import find_nearest, resample
from CardiacSegmentationLib.contours.pull import Pull
from CardiacSegmentationLib.contours.redraw import draw_border
from CardiacSegmentationLib.network.loaded import load_network
from CardiacSegmentationLib.network.segment import NetworkOptions, segment_stack
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.segmentation import STRUCTURES, Label, Origin
from CardiacSegmentationLib.session import StudySession
from CardiacSegmentationLib.session.contour_commands import (
    borders_of,
    contours_at,
    copy_here,
    delete_here,
    edit_contours,
    in_plane_mm,
    propose_phases,
    take,
)
from scipy.ndimage import label as label_parts

if TYPE_CHECKING:
    from CardiacSegmentationLib.contours import Contours
    from CardiacSegmentationLib.segmentation import FloatArray, Labels

    Place = tuple[int, int]

SPECS = {
    "noise 12 %, EF 60": PhantomSpec(phases=16, slices=10, noise_percent=12.0),
    "noise 20 %, EF 35, large": PhantomSpec(
        phases=16, slices=10, noise_percent=20.0, lv_edv_ml=240, lv_ef_percent=35, rv_edv_ml=210
    ),
    "noise 15 %, small": PhantomSpec(phases=16, slices=10, noise_percent=15.0, lv_edv_ml=90, rv_edv_ml=95),
}
HEADINGS = (
    "phantom",
    "images to correct (ED, ES)",
    "actions with contours",
    "strokes of an ideal painter",
    "Dice between, before → after",
    "LV volume error between, ml",
    "phases worse by > 1 ml",
    "propagate a slice, ms of processor",
)
GOOD_DICE = 0.95
MOST_PULLS = 3  # of one border in one image: who needs more draws it anew
HAND_MM, EVERY_MM = 0.7, 4.0  # how far off the reader draws, and how often her hand turns
REACHES_MM = (10.0, 20.0, 35.0)
SMALLEST_PATCH = 2  # pixels that no painter sees
REGIONS = {Border.ENDO: (Label.LV,), Border.EPI: (Label.LV, Label.MYO), Border.RV: (Label.RV,)}


@dataclass
class Actions:
    """How often the reader did what."""

    pulls: int = 0
    drawings: int = 0
    deletions: int = 0
    copies: int = 0
    given_up: int = 0
    strokes: int = 0  # of the ideal painter, for the same images
    images: int = 0  # that needed correcting

    @property
    def total(self) -> int:
        """With contours."""
        return self.pulls + self.drawings + self.deletions + self.copies


@dataclass
class Result:
    """One study."""

    title: str
    actions: Actions = field(default_factory=Actions)
    dice: tuple[float, float, float] = (0.0, 0.0, 0.0)  # phases between: automatic, propagated; worst change of one
    volume_error_ml: tuple[float, float] = (0.0, 0.0)  # phases between, LV: automatic, propagated
    worse_phases: int = 0  # whose LV volume is farther from the truth after it, by more than 1 ml
    propagate_ms: float = 0.0


def measure() -> list[Result]:
    """Every study."""
    network = load_network(None, "onnx", None)
    results = []
    for title, spec in SPECS.items():
        stack, truth = make_stack(spec)
        session = StudySession(stack, segment_stack(stack, network, NetworkOptions()).segmentation)
        results.append(_correct(title, session, truth.labels))
    return results


def table(results: list[Result]) -> str:
    """As Markdown."""
    lines = [
        f"| {' | '.join(HEADINGS)} |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for item in results:
        done = item.actions
        lines.append(
            f"| {item.title} | {done.images} | {done.total} ({done.pulls} pulls, {done.drawings} borders drawn, "
            f"{done.deletions} deletions, {done.copies} copies; {done.given_up} given up) | {done.strokes} "
            f"| {item.dice[0]:.3f} → {item.dice[1]:.3f} "
            f"| {item.volume_error_ml[0]:.1f} → {item.volume_error_ml[1]:.1f} | {item.worse_phases} "
            f"| {item.propagate_ms:.0f} |"
        )
    return "\n".join(lines)


def _correct(title: str, session: StudySession, truth: Labels) -> Result:
    result = Result(title)
    automatic = session.segmentation.labels.copy()
    phases = {session.assessment.key_phases.lv_ed, session.assessment.key_phases.lv_es}
    key = sorted(phase for phase in phases if phase is not None)
    for phase in key:
        for slice_ in range(session.stack.slices):
            place = (phase, slice_)
            if _is_good(automatic[place], truth[place]):
                continue
            result.actions.images += 1
            result.actions.strokes += _paint(automatic[place].copy(), truth[place])
            _correct_image(session, place, truth[place], result.actions)
    between = [phase for phase in range(session.stack.phases) if phase not in key]
    before = _mean_dice(automatic, truth, between)
    taken: list[float] = []
    for slice_ in range(session.stack.slices):
        if not (session.segmentation.origin[:, slice_] == Origin.READER).any():
            continue
        started = time.process_time()
        proposal = propose_phases(session, slice_)
        taken.append(1000.0 * (time.process_time() - started))
        take(session, proposal)
    after = session.segmentation.labels
    result.propagate_ms = statistics.median(taken) if taken else 0.0
    result.dice = (before, _mean_dice(after, truth, between), 0.0)
    pixel_ml = float(np.prod(session.stack.spacing_mm)) / 1000.0
    errors = [
        np.array([abs(int((x[phase] == Label.LV).sum()) - int((truth[phase] == Label.LV).sum())) for phase in between])
        * pixel_ml
        for x in (automatic, after)
    ]
    result.volume_error_ml = (float(errors[0].mean()), float(errors[1].mean()))
    result.worse_phases = int((errors[1] > errors[0] + 1.0).sum())
    return result


def _correct_image(session: StudySession, place: Place, truth: Labels, actions: Actions) -> None:
    extra = [label for label in STRUCTURES if not (truth == label).any() and _holds(session, place, label)]
    if extra:
        actions.deletions += 1 if set(extra) <= {Label.LV, Label.MYO} or len(extra) == 1 else 2
        delete_here(session, place, extra)
    missing = [label for label in STRUCTURES if (truth == label).any() and not _holds(session, place, label)]
    if missing:
        _copy_nearest(session, place, missing, actions)
    for border in (Border.EPI, Border.ENDO, Border.RV):
        if np.isin(truth, REGIONS[border]).any():
            _pull_until_good(session, place, border, truth, actions)


def _copy_nearest(session: StudySession, place: Place, missing: list[Label], actions: Actions) -> None:
    borders = set(borders_of(missing))
    for step in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        source = ((place[0] + step[0]) % session.stack.phases, place[1] + step[1])
        if 0 <= source[1] < session.stack.slices and borders <= set(contours_at(session, source).borders):
            actions.copies += copy_here(session, place, step, missing)
            return
    actions.given_up += 1


def _pull_until_good(session: StudySession, place: Place, border: Border, truth: Labels, actions: Actions) -> None:
    """Where the border is farthest from the truth, pull it there, with the reach of three that serves best."""
    wanted = find_contours(truth, in_plane_mm(session))
    for _ in range(MOST_PULLS):
        image = session.segmentation.labels[place]
        if _dice(image, truth, border) > GOOD_DICE:
            return
        before = contours_at(session, place)
        if border not in before.borders or border not in wanted.borders:
            break
        off = find_nearest(wanted.borders[border], before.borders[border])
        worst = int(np.argmax(abs(off.outside_mm)))
        start, to = off.foot_mm[worst], wanted.borders[border][worst]
        pulled = [Pull.begin(before, start, border).move(to, reach) for reach in REACHES_MM]
        best = min(pulled, key=lambda each: _distance(each, wanted, border))
        if best is before or not edit_contours(session, {place: best}, "Pull"):
            break
        actions.pulls += 1
    if border in wanted.borders and _dice(session.segmentation.labels[place], truth, border) <= GOOD_DICE:
        drawn = draw_border(contours_at(session, place), border, _by_hand(wanted.borders[border]))
        edit_contours(session, {place: drawn}, "Redraw")
        actions.drawings += 1
    if _dice(session.segmentation.labels[place], truth, border) <= GOOD_DICE:
        actions.given_up += 1


def _by_hand(curve: FloatArray) -> FloatArray:
    """The true border as a hand draws it."""
    line = resample(curve, EVERY_MM)
    return line + np.random.default_rng(len(line)).normal(0.0, HAND_MM / np.sqrt(2.0), line.shape)


def _distance(contours: Contours, wanted: Contours, border: Border) -> float:
    away = find_nearest(wanted.borders[border], contours.borders[border]).outside_mm
    return float((away**2).mean())


def _paint(labels: Labels, truth: Labels) -> int:
    """How many strokes an ideal painter needs."""
    patches = []
    for label in (0, *STRUCTURES):
        parts, count = label_parts((truth == label) & (labels != label))
        patches += [(int((parts == number).sum()), int(label), parts == number) for number in range(1, count + 1)]
    strokes = 0
    for size, label, patch in sorted(patches, key=lambda each: -each[0]):
        if _is_good(labels, truth) or size <= SMALLEST_PATCH:
            break
        labels[patch] = label
        strokes += 1
    return strokes


def _holds(session: StudySession, place: Place, label: Label) -> bool:
    return bool((session.segmentation.labels[place] == label).any())


def _is_good(labels: Labels, truth: Labels) -> bool:
    return all(_dice(labels, truth, border) > GOOD_DICE for border in Border)


def _dice(labels: Labels, truth: Labels, border: Border) -> float:
    one, other = np.isin(labels, REGIONS[border]), np.isin(truth, REGIONS[border])
    total = int(one.sum() + other.sum())
    return 2.0 * int((one & other).sum()) / total if total else 1.0


def _mean_dice(labels: Labels, truth: Labels, phases: list[int]) -> float:
    values = [
        _dice(labels[phase, slice_], truth[phase, slice_], border)
        for phase in phases
        for slice_ in range(labels.shape[1])
        for border in Border
    ]
    return float(np.mean(values))


if __name__ == "__main__":
    print(table(measure()))
