"""What it takes to correct a study: ``python Testing/bench_corrections.py [--data DIR]``; a section of ``./run bench``.

The network segments noisy phantoms, whose true contours are known in every phase. A scripted reader corrects
end-diastole and end-systole until LV cavity, LV with myocardium, and RV agree with the truth in every slice (Dice >
0.95), painters of pixels do the same beside her (``scripted_reader``); then her corrections are propagated.

``--data`` names the folder with ACDC (as for ``evaluate.py``): patients at ED and ES, as they are and drowned in noise,
for a network that has seen a patient makes too few errors. Where there are networks that have not, name one with
``--model`` and its patients with ``--every`` and ``--rest``.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import statistics
import time
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from CardiacSegmentationLib.contours import Border
from CardiacSegmentationLib.network.loaded import load_network
from CardiacSegmentationLib.network.segment import NetworkOptions, segment_stack
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.segmentation import Label, Origin
from CardiacSegmentationLib.session import StudySession
from CardiacSegmentationLib.session.propagation import propose_phases, take
from evaluate import spoil, stack_of_patient
from scripted_reader import Actions, correct_image, is_good, region_dice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from CardiacSegmentationLib.network.loaded import LoadedNetwork
    from CardiacSegmentationLib.segmentation import Labels
    from CardiacSegmentationLib.stack import CineStack

LARGE = {"lv_edv_ml": 240, "lv_ef_percent": 35, "rv_edv_ml": 210}
SMALL = {"lv_edv_ml": 90, "rv_edv_ml": 95}
THICK = {"lv_ef_percent": 75, "lv_mass_g": 200}
HEARTS = {"usual": {}, "large, EF 35": LARGE, "small": SMALL, "thick, EF 75": THICK}
NOISES_PERCENT, SEEDS = (12.0, 20.0), (0, 1)
CHANGED_DICE = 0.01  # a region better or worse by more than this
ACTION_HEADINGS = (
    "",
    "studies",
    "images to correct",
    "actions of the reader",
    "left not good",
    "strokes of a painter with the same hand",
    "left not good",
    "strokes of an ideal painter",
)
PROPAGATION_HEADINGS = (
    "phantoms",
    "Dice between, before → after",
    "LV volume error between, ml",
    "regions better, worse, of all",
    "most lost",
    "a slice, ms of processor",
)


@dataclass
class Result:
    """Studies of one kind."""

    title: str
    studies: int = 0
    actions: Actions = field(default_factory=Actions)
    dice: list[tuple[float, float]] = field(default_factory=list)  # of each region between: automatic, propagated
    volume_error_ml: list[tuple[float, float]] = field(default_factory=list)  # of each phase between, LV
    propagate_ms: list[float] = field(default_factory=list)


def measure() -> list[Result]:
    """Phantoms, by the size of their heart."""
    network = load_network(None, "onnx", None)
    results = []
    for title, heart in HEARTS.items():
        result = Result(title)
        for noise in NOISES_PERCENT:
            for seed in SEEDS:
                stack, truth = make_stack(PhantomSpec(phases=16, slices=10, noise_percent=noise, seed=seed, **heart))
                session = StudySession(stack, segment_stack(stack, network, NetworkOptions()).segmentation)
                keys = session.assessment.key_phases
                key = sorted({phase for phase in (keys.lv_ed, keys.lv_es) if phase is not None})
                automatic = session.segmentation.labels.copy()
                _correct(result, session, truth.labels, key)
                _propagate(result, session, truth.labels, automatic, key)
        results.append(result)
    return results


def measure_patients(data: Path, network: LoadedNetwork, every: int, rest: int) -> list[Result]:
    """ACDC's patients at ED and ES."""
    clean, noisy = Result("ACDC, ED and ES"), Result("ACDC, ED and ES, noise of a tenth")
    for path in sorted((data / "acdc").glob("patient*.npz")):
        if int("".join(filter(str.isdigit, path.stem))) % every != rest:
            continue
        stack, truth = stack_of_patient(path)
        for result, voxels in ((clean, stack.voxels), (noisy, spoil(stack.voxels, "noise"))):
            shown: CineStack = replace(stack, voxels=voxels)
            session = StudySession(shown, segment_stack(shown, network, NetworkOptions()).segmentation)
            _correct(result, session, truth, range(stack.phases))
    return [clean, noisy]


def table(results: Sequence[Result]) -> str:
    """As Markdown: actions, then propagation where there are phases between."""
    lines = [f"| {' | '.join(ACTION_HEADINGS)} |", "|---" * len(ACTION_HEADINGS) + "|"]
    for item in results:
        done = item.actions
        lines.append(
            f"| {item.title} | {item.studies} | {done.images} "
            f"| {done.total} ({done.pulls} pulls, {done.drawings} drawn, {done.keys} keys) "
            f"| {done.not_good} | {done.strokes} | {done.painted_not_good} | {done.ideal_strokes} |"
        )
    between = [item for item in results if item.dice]
    if between:
        lines += ["", f"| {' | '.join(PROPAGATION_HEADINGS)} |", "|---" * len(PROPAGATION_HEADINGS) + "|"]
    for item in between:
        dice, errors = np.array(item.dice), np.array(item.volume_error_ml)
        gain = dice[:, 1] - dice[:, 0]
        better, worse = int((gain > CHANGED_DICE).sum()), int((gain < -CHANGED_DICE).sum())
        lines.append(
            f"| {item.title} | {dice[:, 0].mean():.3f} → {dice[:, 1].mean():.3f} | {errors[:, 0].mean():.1f} → "
            f"{errors[:, 1].mean():.1f} | {better}, {worse}, {len(gain)} | {max(-gain.min(), 0.0):.2f} "
            f"| {statistics.median(item.propagate_ms or [0.0]):.0f} |"
        )
    return "\n".join(lines)


def _correct(result: Result, session: StudySession, truth: Labels, phases: Iterable[int]) -> None:
    result.studies += 1
    for phase in phases:
        for slice_ in range(session.stack.slices):
            if not is_good(session.segmentation.labels[phase, slice_], truth[phase, slice_]):
                correct_image(session, (phase, slice_), truth[phase, slice_], result.actions)


def _propagate(result: Result, session: StudySession, truth: Labels, automatic: Labels, key: Sequence[int]) -> None:
    between = [phase for phase in range(session.stack.phases) if phase not in key]
    for slice_ in range(session.stack.slices):
        if not (session.segmentation.origin[:, slice_] == Origin.READER).any():
            continue
        started = time.process_time()
        proposal = propose_phases(session, slice_)
        result.propagate_ms.append(1000.0 * (time.process_time() - started))
        take(session, proposal)
        for phase in between:
            place = phase, slice_
            for border in Border:
                before, after = (
                    region_dice(labels[place], truth[place], border)
                    for labels in (automatic, session.segmentation.labels)
                )
                result.dice.append((before, after))
    pixel_ml = float(np.prod(session.stack.spacing_mm)) / 1000.0
    volumes = [
        (labels[between] == Label.LV).sum(axis=(1, 2, 3)) * pixel_ml
        for labels in (automatic, session.segmentation.labels, truth)
    ]
    result.volume_error_ml += list(zip(abs(volumes[0] - volumes[2]), abs(volumes[1] - volumes[2]), strict=True))


def total(results: Sequence[Result]) -> Result:
    """All of them as one."""
    whole = Result("all")
    for item in results:
        whole.studies += item.studies
        for each in fields(Actions):
            setattr(whole.actions, each.name, getattr(whole.actions, each.name) + getattr(item.actions, each.name))
        whole.dice += item.dice
        whole.volume_error_ml += item.volume_error_ml
        whole.propagate_ms += item.propagate_ms
    return whole


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--rest", type=int, default=0)
    options = parser.parse_args()
    if options.data is None:
        results = measure()
        print(table([*results, total(results)]))
    else:
        network = load_network(options.model, "onnx")
        print(table(measure_patients(options.data, network, options.every, options.rest)))


if __name__ == "__main__":
    main()
