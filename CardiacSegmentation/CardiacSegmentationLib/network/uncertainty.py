"""How sure the network is, voxel by voxel: it looks again at turned and mirrored images, and disagreement counts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.network.infer import footprint, over_phases
from CardiacSegmentationLib.network.memory import empty_images
from CardiacSegmentationLib.network.preprocess import from_darkest, put_back, take_view
from CardiacSegmentationLib.network.turns import TURNS, see_turned

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from CardiacSegmentationLib.network.preprocess import View
    from CardiacSegmentationLib.network.protocol import Network
    from CardiacSegmentationLib.segmentation import Float32Array, Labels
    from CardiacSegmentationLib.stack import CineStack


def estimate_uncertainty(
    stack: CineStack,
    view: View,
    network: Network,
    phases: Sequence[int],
    report: Callable[[float], None] = lambda _: None,
) -> Labels:
    """Uncertainty in percent ``[phase, slice, row, column]``: entropy of the mean over eight views, 100 is a guess."""
    uncertainty = empty_images(stack.voxels.shape)
    rows, columns = footprint(view, stack.voxels.shape[-2:])
    shifted = replace(view, centre=(view.centre[0] - rows.start, view.centre[1] - columns.start))

    def estimate(phase: int) -> None:
        views = take_view(from_darkest(stack.voxels[phase]), view)
        part = uncertainty[phase, :, rows, columns]
        part[:] = np.rint(100 * entropy(put_back(mean_over_turns(views, network), shifted, part.shape[-2:])))

    over_phases(estimate, phases, network.workers, report)
    return uncertainty


def mean_over_turns(views: Float32Array, network: Network) -> Float32Array:
    """Mean class probabilities over the eight turned and mirrored versions of ``views[slice, row, column]``."""
    total: Float32Array | None = None
    for turn in TURNS:
        probabilities = see_turned(views, network, turn).probabilities
        total = probabilities.copy() if total is None else total + probabilities
    assert total is not None
    return np.asarray(total / len(TURNS), np.float32)


def entropy(probabilities: Float32Array) -> Float32Array:
    """Entropy over the classes (axis 1), as a share of the highest possible."""
    safe = np.clip(probabilities, 1e-7, 1)
    return np.asarray(-(safe * np.log(safe)).sum(axis=1) / np.log(probabilities.shape[1]), np.float32).clip(0, 1)
