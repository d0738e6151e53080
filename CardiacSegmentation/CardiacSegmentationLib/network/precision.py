"""Whether a faster, less precise engine gives the same result on this study: decided by trying, never assumed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.errors import OutputError
from CardiacSegmentationLib.findings import Finding, Severity
from CardiacSegmentationLib.network.infer import predict
from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from CardiacSegmentationLib.network.infer import Prediction
    from CardiacSegmentationLib.network.preprocess import View
    from CardiacSegmentationLib.network.protocol import Network
    from CardiacSegmentationLib.segmentation import Labels
    from CardiacSegmentationLib.stack import CineStack

SAME_LABELS = 0.999  # share of heart pixels
SAME_EF_POINTS = 0.2


def predict_fast_if_equal(
    stack: CineStack,
    view: View,
    network: Network,
    phases: Sequence[int],
    report: Callable[[float], None],
) -> tuple[Prediction, Network, tuple[Finding, ...]]:
    """A prediction, the network that made it (this one or its faster twin), and what was found out.

    With a faster twin of the network, both predict one phase first. Where they agree, the twin predicts all and the
    network repeats ED and ES. Where they differ, the network predicts everything and the twin is not used again.
    """
    twin = network.faster
    if twin is None:
        return predict(stack, view, network, phases, report), network, ()
    with contextlib.suppress(OutputError):  # numbers that are none are other numbers
        quick = _predict_fast(stack, view, (network, twin), phases, report)
        if quick is not None:
            return quick, twin, ()
    network.faster = None
    engines = {"faster": twin.engine, "exact": network.engine}
    finding = Finding("precision-raised", Severity.INFO, parameters=engines)
    return predict(stack, view, network, phases, report), network, (finding,)


def _predict_fast(
    stack: CineStack,
    view: View,
    networks: tuple[Network, Network],
    phases: Sequence[int],
    report: Callable[[float], None],
) -> Prediction | None:
    """The prediction of the second network, the faster twin; ``None`` where it differs from the first's."""
    network, twin = networks
    trial = [phases[len(phases) // 3]]
    if not have_same_labels(
        predict(stack, view, network, trial).labels[trial], predict(stack, view, twin, trial).labels[trial]
    ):
        return None
    quick = predict(stack, view, twin, phases, lambda done: report(0.9 * done))
    volumes = np.count_nonzero(quick.labels == Label.LV, axis=(1, 2, 3)).astype(float)
    volumes[~quick.predicted] = np.nan
    key = sorted({int(np.nanargmax(volumes)), int(np.nanargmin(volumes))})
    exact = predict(stack, view, network, key, lambda done: report(0.9 + 0.1 * done)).labels[key]
    same = have_same_labels(exact, quick.labels[key]) and have_same_ef(exact, quick.labels[key])
    return quick if same else None


def have_same_labels(exact: Labels, quick: Labels) -> bool:
    """Whether labels agree on nearly all pixels that either calls heart."""
    heart = (exact != 0) | (quick != 0)
    return not heart.any() or float((exact == quick)[heart].mean()) > SAME_LABELS


def have_same_ef(exact: Labels, quick: Labels) -> bool:
    """Whether labels of ED and ES ``[phase, slice, row, column]`` give nearly the same ejection fraction."""
    return abs(_ejection_percent(exact) - _ejection_percent(quick)) <= SAME_EF_POINTS


def _ejection_percent(labels: Labels) -> float:
    volumes = np.count_nonzero(labels == Label.LV, axis=(1, 2, 3))
    return 100 * (1 - volumes.min() / volumes.max()) if volumes.max() else 0.0
