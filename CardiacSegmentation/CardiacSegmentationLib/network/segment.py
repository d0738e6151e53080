"""From a cine stack to a segmentation: the one way, for every network, in the product as in training and evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from CardiacSegmentationLib.network.key_phases import predict_key_phases, remark_on_phases
from CardiacSegmentationLib.network.locate import larger_view, locate_heart
from CardiacSegmentationLib.network.memory import give_back_memory
from CardiacSegmentationLib.network.precision import predict_fast_if_equal
from CardiacSegmentationLib.network.repairs import REPAIRS, repair
from CardiacSegmentationLib.network.training_range import check_training_range
from CardiacSegmentationLib.network.uncertainty import estimate_uncertainty
from CardiacSegmentationLib.segmentation import Evidence, Origin, Segmentation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from CardiacSegmentationLib.findings import Finding
    from CardiacSegmentationLib.network.infer import Prediction
    from CardiacSegmentationLib.network.protocol import Network
    from CardiacSegmentationLib.segmentation import Labels
    from CardiacSegmentationLib.stack import CineStack

    Report = Callable[[float], None]


@dataclass(frozen=True)
class NetworkOptions:
    """What the reader may choose about a segmentation; the defaults are those the figures in docs were made with."""

    only_ed_es: bool = False
    uncertainty: bool = False
    repairs: tuple[str, ...] = REPAIRS


@dataclass(frozen=True, eq=False)
class Segmented:
    """A segmentation, and the network's uncertainty in percent where that was asked for."""

    segmentation: Segmentation
    uncertainty: Labels | None = None


class Looked(NamedTuple):
    """What the network said of the phases it looked at, in which engine, and what was found out on the way."""

    prediction: Prediction
    engine: str
    remarks: tuple[Finding, ...]


def segment_stack(
    stack: CineStack,
    network: Network,
    options: NetworkOptions | None = None,
    report: Report = lambda _: None,
) -> Segmented:
    """Segment a stack. ``report`` hears the fraction done, and stops the work by raising."""
    options = options or NetworkOptions()
    share = 1 / 9 if options.uncertainty else 1.0  # uncertainty looks at every image eight times more
    looked = look_at_heart(stack, network, options.only_ed_es, lambda done: report(0.97 * share * done))
    segmentation = make_segmentation(stack, network, looked, options.repairs)
    uncertainty = None
    if options.uncertainty:
        uncertainty = estimate_uncertainty(
            stack,
            looked.prediction.view,
            network,
            [int(phase) for phase in np.flatnonzero(looked.prediction.predicted)],
            lambda done: report(share + (1 - share) * done),
        )
    report(1.0)
    return Segmented(segmentation, uncertainty)


def look_at_heart(
    stack: CineStack, network: Network, only_key_phases: bool = False, report: Report = lambda _: None
) -> Looked:
    """Find the heart and predict all phases, or those about ED and ES.

    A second look on a larger view follows where the heart turned out to reach the view's edge.
    """
    report(0.0)
    location = locate_heart(stack, network)

    def report_phases(done: float) -> None:
        report(0.08 + 0.92 * done)

    if only_key_phases:
        prediction, used, findings = predict_key_phases(stack, location.view, network, report_phases)
    else:
        every = range(stack.phases)
        prediction, used, findings = predict_fast_if_equal(stack, location.view, network, every, report_phases)
    larger = larger_view(prediction.labels, location.view, network.preprocessing)
    if larger is not None:
        again = [int(phase) for phase in np.flatnonzero(prediction.predicted)]
        prediction, used, findings = predict_fast_if_equal(stack, larger, network, again, report_phases)
    return Looked(prediction, used.engine, (*location.findings, *remark_on_phases(prediction.predicted), *findings))


def make_segmentation(
    stack: CineStack, network: Network, looked: Looked, repairs: Sequence[str] = REPAIRS
) -> Segmentation:
    """What the network said, with its evidence; the prediction's labels are repaired where they lie."""
    prediction = looked.prediction
    give_back_memory()  # before the repairs, which take some as well
    labels, repaired = repair(stack, prediction, repairs)
    remarks = (*looked.remarks, *repaired, *check_training_range(stack, network.training_range))
    made_by = np.where(prediction.predicted, Origin.NETWORK, Origin.FILE).astype(np.uint8)
    return Segmentation(
        labels=labels,
        labelled=prediction.predicted,
        origin=np.repeat(made_by[:, None], stack.slices, axis=1),
        evidence=Evidence(prediction.presence, prediction.confidence, remarks),
        model=f"{network.identity}, {looked.engine}",
    )
