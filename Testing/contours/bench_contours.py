"""What contours cost on this machine: medians in milliseconds. ``python Testing/contours/bench_contours.py``."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import statistics
import time
from typing import TYPE_CHECKING

import numpy as np
from CardiacSegmentationLib.contours import Border, draw_labels, find_contours, redraw_labels
from CardiacSegmentationLib.contours.anatomy import settle
from CardiacSegmentationLib.contours.curves import outward_normals
from CardiacSegmentationLib.contours.fill import fill_gaps
from CardiacSegmentationLib.contours.motion import find_motion, follow_motion
from CardiacSegmentationLib.contours.propagate import propagate
from CardiacSegmentationLib.contours.pull import Pull
from CardiacSegmentationLib.contours.push import Push
from CardiacSegmentationLib.contours.snap import snap
from CardiacSegmentationLib.contours.transform import grow
from CardiacSegmentationLib.phantom import PhantomSpec, make_stack
from CardiacSegmentationLib.session import StudySession
from CardiacSegmentationLib.session.contour_commands import contours_at, edit_contours

if TYPE_CHECKING:
    from collections.abc import Callable

SLICE = 5


def main() -> None:
    """Measure and print; where other programs use the machine as well, the processor's time tells more."""
    for title, (wall_ms, processor_ms) in measure().items():
        print(f"{title:54s} {wall_ms:8.1f} ms   {processor_ms:8.1f} ms of processor")


def measure() -> dict[str, tuple[float, float]]:
    """Medians by what was done, in milliseconds by the clock and of the processors.

    256 × 256 pixels, 30 phases; motion: 25 phases × 12 slices.
    """
    stack, segmentation = make_stack(PhantomSpec(phases=30, slices=12, pixel_mm=1.25))
    spacing = stack.pixel_mm
    labels = segmentation.labels[:, SLICE]
    truth = [find_contours(each, spacing) for each in labels]
    before = truth[0]
    results = {"labels to contours": median(lambda _: find_contours(labels[0], spacing), 20)}
    results["contours to labels"] = median(lambda _: draw_labels(before, labels.shape[1:]), 20)
    for border in Border:
        curve = before.borders[border]
        start, out = curve[10], outward_normals(curve)[10]
        drag = Pull.begin(before, start, border)
        for keep in (False, True):

            def move(
                turn: int, drag: Pull = drag, start: np.ndarray = start, out: np.ndarray = out, keep: bool = keep
            ) -> None:
                redraw_labels(labels[0], before, drag.move(start + (0.3 * turn - 3) * out, keep_wall=keep))

            results[f"a move of pull, {border.value}{', keeping the wall' if keep else ''}, and its pixels"] = median(
                move, 21
            )
    results["a move of push, and its pixels"] = _push_ms(before, labels[0])
    results["snap"] = median(lambda _: snap(before, stack.voxels[0, SLICE], list(Border)), 10)
    automatic = [settle(grow(each, [Border.EPI], 1.5), {}) for each in truth]
    corrected = {0: truth[0], 11: truth[11]}
    images = stack.voxels[:, SLICE]
    results["propagate over 30 phases"] = median(
        lambda _: propagate(automatic, corrected, images=images, period=30.0), 5
    )
    gaps = [each if phase % 10 == 0 else None for phase, each in enumerate(truth)]
    results["fill 27 of 30 phases by shape"] = median(lambda _: fill_gaps(gaps, period=30.0), 3)
    found = np.argwhere(segmentation.labels.any(axis=(0, 1)))
    low, high = found.min(axis=0) - 12, found.max(axis=0) + 13
    box = slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))
    voxels = stack.voxels[:25]
    motion = find_motion(voxels, spacing, box, is_cyclic=True)
    results["motion of 25 phases × 12 slices"] = median(lambda _: find_motion(voxels, spacing, box, is_cyclic=True), 3)
    drawn = {0: truth[0], 11: truth[11]}
    results["from release to numbers, findings and journal"] = _release_ms()
    results["follow the motion over 23 phases"] = median(lambda _: follow_motion(motion, SLICE, drawn), 3)
    return results


def _release_ms() -> tuple[float, float]:
    """A border let go of on 25 phases × 12 slices: labels, assessment, journal; no scene, no picture."""
    session = StudySession(*make_stack(PhantomSpec(phases=25, slices=12, pixel_mm=1.25)))

    def release(turn: int) -> None:
        before = contours_at(session, (0, SLICE))
        curve = before.borders[Border.ENDO]
        by = outward_normals(curve)[10] * (0.8 if turn % 2 else -0.8)
        edit_contours(session, {(0, SLICE): Pull.begin(before, curve[10], Border.ENDO).move(curve[10] + by)}, "Pull")

    return median(release, 9)


def median(call: Callable[[int], object], count: int) -> tuple[float, float]:
    """Medians of so many calls; each is told its number."""
    call(0)
    taken = []
    for turn in range(count):
        started = time.perf_counter(), time.process_time()
        call(turn)
        taken.append((time.perf_counter() - started[0], time.process_time() - started[1]))
    wall, processor = (1000.0 * statistics.median(each) for each in zip(*taken, strict=True))
    return wall, processor


def _push_ms(before: object, labels: np.ndarray) -> tuple[float, float]:
    curve = before.borders[Border.ENDO]  # type: ignore[attr-defined]
    start, out = curve[10], outward_normals(curve)[10]
    drag = Push.begin(before, start - 12 * out, 8.0)  # type: ignore[arg-type]
    drag.move(start - 8 * out)

    def move(turn: int) -> None:
        redraw_labels(labels, before, drag.move(start + (0.3 * turn - 8) * out))  # type: ignore[arg-type]

    return median(move, 20)


if __name__ == "__main__":
    main()
