"""From a cine stack to a segmentation: the steps in their order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.network.image_quality import check_images, check_training_range
from CardiacSegmentationLib.network.infer import predict
from CardiacSegmentationLib.network.locate import larger_view, locate_heart
from CardiacSegmentationLib.network.postprocess import STEPS, Grid, postprocess
from CardiacSegmentationLib.network.precision import predict_fast_if_equal
from CardiacSegmentationLib.network.quality import check_prediction, check_shape
from CardiacSegmentationLib.network.regions import heart_box
from CardiacSegmentationLib.network.slices import drop_absent_ends, restore_lost
from CardiacSegmentationLib.network.uncertainty import estimate_uncertainty
from CardiacSegmentationLib.segmentation import Label, Segmentation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from CardiacSegmentationLib.network.infer import Prediction
    from CardiacSegmentationLib.network.loaded import Network
    from CardiacSegmentationLib.network.locate import Location
    from CardiacSegmentationLib.network.preprocess import View
    from CardiacSegmentationLib.stack import CineStack, Finding

    Report = Callable[[float], None]

END_SLICES = "end-slices"
LOST_SLICES = "lost-slices"
REPAIRS = (LOST_SLICES, END_SLICES, *STEPS)
CURVE_SLICES = 3  # mid-ventricular slices whose LV area finds ED and ES when only those are wanted


@dataclass(frozen=True)
class NetworkOptions:
    """What the reader may choose about a segmentation; the defaults are those the figures in docs were made with."""

    only_ed_es: bool = False
    uncertainty: bool = False
    repairs: tuple[str, ...] = REPAIRS


@dataclass(frozen=True, eq=False)
class Segmented:
    """A segmentation, what the network itself said, and its uncertainty in percent where that was asked for."""

    segmentation: Segmentation
    prediction: Prediction
    uncertainty: npt.NDArray[np.uint8] | None = None


def segment_stack(
    stack: CineStack,
    network: Network,
    options: NetworkOptions | None = None,
    report: Report = lambda _: None,
) -> Segmented:
    """Segment a stack. ``report`` hears the fraction done, and stops the work by raising."""
    options = options or NetworkOptions()
    share = 1 / 9 if options.uncertainty else 1.0  # uncertainty looks at every image eight times more
    report(0.0)
    location = locate_heart(stack, network)
    report(0.08 * share)
    phases = _key_phases(stack, location, network) if options.only_ed_es else range(stack.phases)
    prediction, engine, findings = _predict_whole_heart(
        stack, location.view, network, phases, lambda done: report(share * (0.08 + 0.84 * done))
    )
    segmentation = repair_and_check(stack, prediction, options)
    uncertainty = None
    if options.uncertainty:
        uncertainty = estimate_uncertainty(
            stack,
            prediction.view,
            network,
            phases,
            lambda done: report(share + (1 - share) * done),
        )
    report(1.0)
    segmentation = replace(
        segmentation,
        findings=(
            *location.findings,
            *findings,
            *segmentation.findings,
            *check_training_range(stack, network.bundle.training_range),
        ),
        model=f"{network.bundle.identity}, {engine}",
    )
    return Segmented(segmentation, prediction, uncertainty)


def is_cyclic(stack: CineStack) -> bool:
    """Whether the phases cover the whole beat, so that the first follows the last."""
    if stack.phases < 8 or not stack.rr_ms:
        return False
    covered = (stack.times_ms[-1] - stack.times_ms[0]) * stack.phases / (stack.phases - 1)
    return covered >= 0.9 * stack.rr_ms


def _key_phases(stack: CineStack, location: Location, network: Network) -> list[int]:
    """ED and ES from the LV area of a few mid-ventricular slices in every phase."""
    if stack.phases < 3:
        return list(range(stack.phases))
    reach = network.pre.context_slices
    middle = int(np.argmax(np.convolve(location.lv_areas_mm2, np.ones(CURVE_SLICES), "same")))
    low = max(0, middle - CURVE_SLICES // 2 - reach)
    high = min(stack.slices, middle + CURVE_SLICES // 2 + reach + 1)
    part = replace(stack, voxels=stack.voxels[:, low:high], instance_uids=(), frame_numbers=())
    prediction = predict(part, location.view, network, range(stack.phases))
    areas = np.count_nonzero(prediction.labels == Label.LV, axis=(1, 2, 3))
    return sorted({int(np.argmax(areas)), int(np.argmin(areas))})


def _predict_whole_heart(
    stack: CineStack, view: View, network: Network, phases: Sequence[int], report: Report
) -> tuple[Prediction, str, tuple[Finding, ...]]:
    """Predict, and once more on a larger view where the heart turned out to reach the view's edge."""
    result = predict_fast_if_equal(stack, view, network, phases, report)
    larger = larger_view(result[0].labels, view, network.pre)
    return result if larger is None else predict_fast_if_equal(stack, larger, network, phases, report)


def repair_and_check(stack: CineStack, prediction: Prediction, options: NetworkOptions) -> Segmentation:
    """Repair the network's labels, and note what a reader should look at, in the part of the images with labels."""
    _, row_mm, column_mm = stack.spacing_mm
    cyclic = is_cyclic(stack)
    grid = Grid(float(np.sqrt(row_mm * column_mm)), cyclic, neighbouring=bool(prediction.predicted.all()))
    rows, columns = heart_box(prediction.labels)
    labels = np.ascontiguousarray(prediction.labels[:, :, rows, columns])
    findings: list[Finding] = []
    if LOST_SLICES in options.repairs and grid.neighbouring:
        labels, found = restore_lost(labels, prediction.presence, cyclic, grid.pixel_mm2)
        findings += found
    if END_SLICES in options.repairs:
        labels, found = drop_absent_ends(labels, prediction.presence, grid.neighbouring, grid.pixel_mm2)
        findings += found
    labels, found = postprocess(labels, grid, [step for step in STEPS if step in options.repairs])
    findings += found
    findings += check_prediction(prediction, labels, grid.pixel_mm2)
    findings += check_shape(labels, prediction.predicted)
    findings += check_images(stack, (rows, columns), labels, cyclic and grid.neighbouring)
    whole = np.zeros(prediction.labels.shape, np.uint8)  # takes memory where it is written to, around the heart, alone
    whole[:, :, rows, columns] = labels
    return Segmentation.of(whole, labelled=prediction.predicted.copy(), findings=tuple(findings))
