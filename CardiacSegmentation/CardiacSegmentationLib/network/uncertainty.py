"""How sure the network is, voxel by voxel: it looks again at turned and mirrored images, and disagreement counts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from CardiacSegmentationLib.network.infer import footprint, network_images, over_phases, run_network
from CardiacSegmentationLib.network.preprocess import put_back

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from CardiacSegmentationLib.network.backends import Backend
    from CardiacSegmentationLib.network.loaded import Network
    from CardiacSegmentationLib.network.preprocess import FloatArray, View
    from CardiacSegmentationLib.stack import CineStack

TURNS = ((0, False), (1, False), (2, False), (3, False), (0, True), (1, True), (2, True), (3, True))


def estimate_uncertainty(
    stack: CineStack,
    view: View,
    network: Network,
    phases: Sequence[int],
    report: Callable[[float], None] = lambda _: None,
) -> npt.NDArray[np.uint8]:
    """Uncertainty in percent ``[phase, slice, row, column]``: entropy of the mean over eight views, 100 is a guess."""
    uncertainty = np.zeros(stack.voxels.shape, np.uint8)
    rows, columns = footprint(view, stack.voxels.shape[-2:])
    shifted = replace(view, centre=(view.centre[0] - rows.start, view.centre[1] - columns.start))

    def estimate(phase: int) -> None:
        images = network_images(stack.voxels[phase], view, network.pre)
        part = uncertainty[phase, :, rows, columns]
        part[:] = np.rint(100 * entropy(put_back(mean_over_turns(images, network.backend), shifted, part.shape[-2:])))

    over_phases(estimate, phases, network.backend.workers, report)
    return uncertainty


def mean_over_turns(images: FloatArray, backend: Backend) -> FloatArray:
    """Mean class probabilities over the eight turned and mirrored versions of each image."""
    total: FloatArray | None = None
    for quarter_turns, mirrored in TURNS:
        turned = np.rot90(images[..., ::-1] if mirrored else images, quarter_turns, axes=(-2, -1))
        probabilities, _ = run_network(np.ascontiguousarray(turned), backend)
        back = np.rot90(probabilities, -quarter_turns, axes=(-2, -1))
        back = back[..., ::-1] if mirrored else back
        total = back.copy() if total is None else total + back
    assert total is not None
    return np.asarray(total / len(TURNS), np.float32)


def entropy(probabilities: FloatArray) -> FloatArray:
    """Entropy over the classes (axis 1), as a share of the highest possible."""
    safe = np.clip(probabilities, 1e-7, 1)
    return np.asarray(-(safe * np.log(safe)).sum(axis=1) / np.log(probabilities.shape[1]), np.float32).clip(0, 1)
