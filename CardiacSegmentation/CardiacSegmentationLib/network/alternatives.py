"""Look again at images of one phase, where somebody points: what the network sees there, and what else it could be.

It looks several times, at turned and resized views. Every look is one answer, their mean another; in a single image
so is each ventricle drawn, or not, against what the mean says. Answers that are nearly alike are one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from CardiacSegmentationLib.network import regions
from CardiacSegmentationLib.network.infer import expected_dice, footprint, most_probable, over_phases, predict_phase
from CardiacSegmentationLib.network.locate import frame_heart, larger_view, locate_heart
from CardiacSegmentationLib.network.preprocess import put_back
from CardiacSegmentationLib.network.repairs import REACH_MM, Sampling, keep_one_heart
from CardiacSegmentationLib.network.turns import UPRIGHT, Turn
from CardiacSegmentationLib.segmentation import STRUCTURES_OF, VENTRICLES, Label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from CardiacSegmentationLib.box import Box
    from CardiacSegmentationLib.network.preprocess import View
    from CardiacSegmentationLib.network.protocol import Network
    from CardiacSegmentationLib.segmentation import Float32Array, Labels, Mask
    from CardiacSegmentationLib.stack import CineStack

    Report = Callable[[float], None]

SAME_DICE = 0.98  # of the whole heart: what agrees so well looks the same
MOST = 8  # nobody walks through more
BOLD, ABSENT = 4.0, 0.0  # times a ventricle's probability: drawn from a fifth on, or not at all


class Look(NamedTuple):
    """One way of looking: how the view is turned, and how much more than usual it shows."""

    turn: Turn = UPRIGHT
    zoom: float = 1.0


# All within what the networks are trained on: quarter turns, mirrored, three quarters to four thirds of the size.
LOOKS = (
    Look(),
    *(Look(Turn(quarters)) for quarters in (1, 2, 3)),
    Look(Turn(mirrored=True)),
    Look(zoom=0.85),
    Look(zoom=1.2),
)


@dataclass(frozen=True)
class Request:
    """Which images of one phase to look at again, and where: at a box, of one pixel where somebody clicked.

    Without a box the heart is searched for in the whole stack.
    """

    phase: int
    slices: tuple[int, ...]
    box: Box | None = None


class _Opinion(NamedTuple):
    """What the network says of the images: ``probabilities[slice, label, row, column]``, presence ``[slice, side]``."""

    probabilities: Float32Array
    presence: Float32Array


def find_alternatives(
    stack: CineStack, network: Network, request: Request, shown: Labels, report: Report = lambda _: None
) -> tuple[Labels, ...]:
    """Labels ``[slice, row, column]`` for the slices asked for, the most plausible first.

    Each differs from what is ``shown[slice, row, column]`` there and from every other; there is none where the network
    sees nothing but that. ``report`` hears the fraction done, and stops the work by raising.
    """
    view = _choose_view(stack, network, request)
    opinions = over_phases(
        lambda number: _look(stack, network, request, view, LOOKS[number]), range(len(LOOKS)), network.workers, report
    )
    mean = _Opinion(*(np.mean(told, axis=0) for told in zip(*opinions, strict=True)))
    rows, columns = footprint(view, shown.shape[-2:])
    answers = []
    for part in _answers(mean, opinions):
        labels = np.zeros_like(shown)
        labels[:, rows, columns] = part
        labels = _keep_heart(labels, request.box, stack.pixel_mm)
        answers.append((_plausibility(labels[:, rows, columns], mean), labels))
    answers.sort(key=lambda answer: -answer[0])
    return _differing([labels for _, labels in answers], shown)


def _choose_view(stack: CineStack, network: Network, request: Request) -> View:
    """The view about the box; a larger one where the heart turns out to reach the view's edge."""
    if request.box is None:
        return locate_heart(stack, network).view
    pointed = np.zeros(stack.voxels.shape[-2:], bool)
    pointed[request.box] = True
    view = frame_heart(pointed, stack.pixel_mm, network.preprocessing)
    rows, columns = footprint(view, pointed.shape)
    labels = np.zeros((1, len(request.slices), *pointed.shape), np.uint8)
    labels[0, :, rows, columns] = most_probable(_look(stack, network, request, view, Look()).probabilities)
    labels[0] = _keep_heart(labels[0], request.box, stack.pixel_mm)
    return larger_view(labels, view, network.preprocessing) or view


def _look(stack: CineStack, network: Network, request: Request, view: View, look: Look) -> _Opinion:
    """One look at the images asked for and their neighbours, brought to the native pixels that the view covers."""
    context = network.preprocessing.context_slices
    first, last = max(0, min(request.slices) - context), max(request.slices) + context + 1
    resized = replace(view, spacing_mm=view.spacing_mm * look.zoom)
    seen = predict_phase(stack.voxels[request.phase, first:last], resized, network, look.turn)
    asked = [slice_ - first for slice_ in request.slices]
    rows, columns = footprint(view, stack.voxels.shape[-2:])
    shifted = replace(resized, centre=(view.centre[0] - rows.start, view.centre[1] - columns.start))
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    return _Opinion(put_back(seen.probabilities[asked], shifted, shape), seen.presence[asked])


def _answers(mean: _Opinion, opinions: Sequence[_Opinion]) -> Iterator[Labels]:
    """Labels by the mean and by each look; of a single image also with each ventricle drawn boldly, and without it."""
    yield most_probable(mean.probabilities)
    for opinion in opinions:
        yield most_probable(opinion.probabilities)
    if len(mean.probabilities) == 1:
        for structures in STRUCTURES_OF.values():
            for weight in (BOLD, ABSENT):
                weighed = mean.probabilities.copy()
                weighed[:, structures] *= weight
                yield most_probable(weighed)


def _keep_heart(labels: Labels, box: Box | None, spacing_mm: tuple[float, float]) -> Labels:
    """One heart in ``labels[slice, row, column]``: the one that touches the box, or in an image lies nearest to it."""
    pixel_mm = float(np.sqrt(spacing_mm[0] * spacing_mm[1]))
    if box is not None:
        joined = regions.grow(labels[None] != 0, round(REACH_MM / pixel_mm / 2))
        parts, _ = regions.label_parts(joined, across_slices=False)
        pointed = np.stack([_pointed_at(image, box) for image in parts[0]])
        labels = np.where(pointed, labels, np.uint8(Label.BACKGROUND))
    kept: Labels = keep_one_heart(labels[None], Sampling(pixel_mm, is_whole_beat=False, labelled=np.ones(1, bool)))[0]
    return kept


def _pointed_at(parts: npt.NDArray[np.int32], box: Box) -> Mask:
    """The parts ``[row, column]``, numbered from 1, that touch the box, else the one nearest to its middle."""
    touching = set(np.unique(parts[box]).tolist()) - {0}
    if not touching and parts.any():
        rows, columns = np.nonzero(parts)
        middle = [(span.start + span.stop - 1) / 2 for span in box]
        nearest = int(np.argmin((rows - middle[0]) ** 2 + (columns - middle[1]) ** 2))
        touching = {int(parts[rows[nearest], columns[nearest]])}
    return np.isin(parts, list(touching))


def _plausibility(labels: Labels, mean: _Opinion) -> float:
    """How well labels agree with the mean of all looks, 0 to 1, over slices and ventricles.

    A ventricle that is drawn counts by its presence and the Dice that the probabilities promise, one that is not drawn
    by its absence. A network that says nothing of presence is taken by the highest probability of a pixel.
    """
    dice = expected_dice(mean.probabilities, labels)
    shares = []
    for side, ventricle in enumerate(VENTRICLES):
        structures = STRUCTURES_OF[ventricle]
        drawn = np.isin(labels, structures).any(axis=(1, 2))
        seen = mean.probabilities[:, structures].sum(axis=1).max(axis=(1, 2))
        presence = np.where(np.isnan(mean.presence[:, side]), seen, mean.presence[:, side])
        agreement = dice[:, [label - 1 for label in structures]].mean(axis=1)
        shares.append(np.where(drawn, presence * agreement, 1 - presence))
    return float(np.mean(shares))


def _differing(answers: Sequence[Labels], shown: Labels) -> tuple[Labels, ...]:
    """The first ``MOST`` that are unlike what is shown and all before them."""
    known: list[Labels] = [shown]
    result: list[Labels] = []
    for labels in answers:
        if len(result) < MOST and all(heart_dice(labels, other) < SAME_DICE for other in known):
            known.append(labels)
            result.append(labels)
    return tuple(result)


def heart_dice(one: Labels, other: Labels) -> float:
    """Twice the heart's pixels that have the same label, over all pixels of either heart; 1 where there is none."""
    pixels = np.count_nonzero(one) + np.count_nonzero(other)
    return 2 * np.count_nonzero((one == other) & (one != 0)) / pixels if pixels else 1.0
