"""Only end-diastole and end-systole, of either ventricle: as few phases as find the same ones as all would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.network.infer import predict
from CardiacSegmentationLib.network.precision import predict_fast_if_equal
from CardiacSegmentationLib.segmentation import VENTRICLES

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from CardiacSegmentationLib.network.infer import Prediction
    from CardiacSegmentationLib.network.preprocess import View
    from CardiacSegmentationLib.network.protocol import Network
    from CardiacSegmentationLib.segmentation import Labels
    from CardiacSegmentationLib.stack import CineStack

STEP = 3  # every third phase is looked at first
PLATEAU = 0.005  # of the largest volume: phases this close to an extreme may be the extreme once repaired and measured


def predict_key_phases(
    stack: CineStack, view: View, network: Network, report: Callable[[float], None] = lambda _: None
) -> tuple[Prediction, Network, tuple[Finding, ...]]:
    """A prediction of ED and ES of both ventricles and of what lies about them, the network used, what was found out.

    After every third phase the extremes are followed, until both neighbours of each have been looked at. A coarser
    look at all phases costs as much, and is often a phase or two off (docs/quality.md).
    """
    phases = sorted({*range(0, stack.phases, STEP), stack.phases - 1})

    def report_share(done: float) -> None:
        report(done * len(phases) / stack.phases)

    prediction, used, findings = predict_fast_if_equal(stack, view, network, phases, report_share)
    while missing := find_missing(prediction.labels, prediction.predicted, stack.is_whole_beat):
        predict(stack, view, used, missing, into=prediction)
        report(float(prediction.predicted.mean()))
    return prediction, used, findings


def find_missing(labels: Labels, predicted: npt.NDArray[np.bool_], is_whole_beat: bool) -> list[int]:
    """The phases to look at next: neighbours of the largest and the smallest volume of each ventricle."""
    looked_at = np.flatnonzero(predicted)
    phases = len(predicted)
    missing = set()
    for ventricle in VENTRICLES:
        volumes = np.count_nonzero(labels[looked_at] == ventricle, axis=(1, 2, 3))
        close = PLATEAU * volumes.max()
        for phase in looked_at[(volumes >= volumes.max() - close) | (volumes <= volumes.min() + close)]:
            missing |= {int(phase) - 1, int(phase) + 1}
    if is_whole_beat:
        missing = {phase % phases for phase in missing}
    return sorted(phase for phase in missing if 0 <= phase < phases and not predicted[phase])


def remark_on_phases(predicted: npt.NDArray[np.bool_]) -> tuple[Finding, ...]:
    """A remark where some phases were not looked at."""
    if predicted.all():
        return ()
    counts = {"count": int(predicted.sum()), "total": len(predicted)}
    return (Finding("only-key-phases", Severity.INFO, parameters=counts),)
