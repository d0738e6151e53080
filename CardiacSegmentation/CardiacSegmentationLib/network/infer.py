"""The network over a stack: views out of the images, probabilities, and labels back on the native grid."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from CardiacSegmentationLib.network.memory import empty_images
from CardiacSegmentationLib.network.preprocess import View, from_darkest, put_back, take_view
from CardiacSegmentationLib.network.turns import UPRIGHT, see_turned
from CardiacSegmentationLib.segmentation import STRUCTURES, VENTRICLES, Label

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from CardiacSegmentationLib.box import Box
    from CardiacSegmentationLib.network.protocol import Network, Seen
    from CardiacSegmentationLib.network.turns import Turn
    from CardiacSegmentationLib.segmentation import Float32Array, Labels
    from CardiacSegmentationLib.stack import CineStack

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the network said, on the native grid, phase by phase.

    ``presence[side, phase, slice]`` is the probability that LV or RV is in the slice at all; ``confidence[label - 1,
    phase, slice]`` the Dice the network's own probabilities promise; both NaN where a phase was not predicted.
    """

    labels: Labels
    predicted: npt.NDArray[np.bool_]
    presence: Float32Array
    confidence: Float32Array
    view: View


def predict(
    stack: CineStack,
    view: View,
    network: Network,
    phases: Sequence[int],
    report: Callable[[float], None] = lambda _: None,
    *,
    into: Prediction | None = None,
) -> Prediction:
    """Label some phases of a stack, ``into`` an earlier prediction of others where there is one.

    ``report`` hears the fraction done, and stops the work by raising.
    """
    result = into or _predict_nothing(stack, view)

    def label(phase: int) -> None:
        seen = predict_phase(stack.voxels[phase], view, network)
        write_labels(result.labels[phase], seen.probabilities, view)
        result.predicted[phase] = True
        result.presence[:, phase] = seen.presence.T
        result.confidence[:, phase] = expected_dice(seen.probabilities).T

    over_phases(label, phases, network.workers, report)
    return result


def _predict_nothing(stack: CineStack, view: View) -> Prediction:
    shape = (stack.phases, stack.slices)
    return Prediction(
        labels=empty_images(stack.voxels.shape),
        predicted=np.zeros(stack.phases, bool),
        presence=np.full((len(VENTRICLES), *shape), np.nan, np.float32),
        confidence=np.full((len(STRUCTURES), *shape), np.nan, np.float32),
        view=view,
    )


def over_phases(
    work: Callable[[int], T], phases: Sequence[int], workers: int, report: Callable[[float], None] = lambda _: None
) -> list[T]:
    """The results of ``work`` on each phase, ``workers`` of them at a time.

    So the steps before and after the network use all cores as well. When ``report`` raises, nothing new is begun.
    """
    report(0.0)
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(work, phase) for phase in phases]
        try:
            for done, future in enumerate(as_completed(futures), 1):
                future.result()
                report(done / len(futures))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [future.result() for future in futures]


def predict_phase(slices: npt.NDArray[Any], view: View, network: Network, turn: Turn = UPRIGHT) -> Seen:
    """What the network says of ``slices[slice, row, column]`` on a view.

    Where an image is one single grey there is no heart, whatever the network sees in it.
    """
    seen = see_turned(take_view(from_darkest(slices), view), network, turn)
    blank = slices.max(axis=(1, 2)) == slices.min(axis=(1, 2))
    seen.probabilities[blank] = 0
    seen.probabilities[blank, Label.BACKGROUND] = 1
    seen.presence[blank] = 0
    return seen


def write_labels(native: Labels, probabilities: Float32Array, view: View) -> None:
    """Write the most probable labels into ``native[slice, row, column]``; outside of the view they stay as they are.

    Probabilities are brought to the native grid, not labels: so borders fall between the network's pixels as well.
    """
    rows, columns = footprint(view, native.shape[-2:])
    centre = (view.centre[0] - rows.start, view.centre[1] - columns.start)
    part = native[:, rows, columns]
    part[:] = most_probable(put_back(probabilities, replace(view, centre=centre), part.shape[-2:]))


def most_probable(probabilities: Float32Array) -> Labels:
    """The label of the highest of ``probabilities[slice, label, row, column]``; ``argmax`` takes twice as long."""
    highest = probabilities[:, 0]
    labels = np.zeros(highest.shape, np.uint8)
    for label in range(1, probabilities.shape[1]):
        chance = probabilities[:, label]
        labels = np.where(chance > highest, np.uint8(label), labels)
        highest = np.maximum(highest, chance)
    return labels


def footprint(view: View, shape: tuple[int, ...]) -> Box:
    """The native rows and columns that a view covers."""
    spans = []
    for centre, size, native_mm, length in zip(view.centre, view.size, view.native_spacing_mm, shape, strict=True):
        half = size * view.spacing_mm / native_mm / 2
        spans.append(slice(max(0, int(np.floor(centre - half))), min(length, int(np.ceil(centre + half)) + 1)))
    return spans[0], spans[1]


def expected_dice(probabilities: Float32Array, labels: Labels | None = None) -> Float32Array:
    """The Dice of each structure ``[slice, structure]`` if the probabilities were true; 1 where there is none of it.

    2 Σ p·m / (Σ p + Σ m) with the mask m of the labels, the most probable ones if none are given: low where borders
    are washed out.
    """
    winner = most_probable(probabilities) if labels is None else labels
    dice = np.ones((len(probabilities), len(STRUCTURES)), np.float32)
    for label in STRUCTURES:
        mask = winner == label
        chance = probabilities[:, label]
        inside = np.where(mask, chance, 0).sum(axis=(1, 2))
        total = chance.sum(axis=(1, 2)) + mask.sum(axis=(1, 2))
        dice[:, label - 1] = np.where(mask.any(axis=(1, 2)), 2 * inside / np.maximum(total, 1e-6), 1.0)
    return dice
