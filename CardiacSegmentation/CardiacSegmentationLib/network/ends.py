"""Whether the slices at a ventricle's ends still show it: weighed from all that the network says there and beside.

A network that was taught to overlap draws a little of a ventricle into slices that only border on it, and its presence
output alone calls too many of them ventricle. How much it draws, compared with the next slice inward, tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from CardiacSegmentationLib.segmentation import Label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from CardiacSegmentationLib.network.regions import Labels

FEATURES = ("constant", "presence", "inner presence", "other side's presence", "area")
LEAST_CHANCE = 0.002  # a presence nearer to 0 or 1 says no more than this one
SOFTENING_MM2 = 50.0  # areas below this are as good as none
LARGEST_RATIO = 2.0  # of areas, as a natural logarithm


@dataclass(frozen=True)
class Ends:
    """Weights of ``FEATURES`` in a logistic model for each end and side, as ``cardiactrain ends`` finds them.

    Without weights the presence output stands as it is.
    """

    base: Mapping[Label, tuple[float, ...]] = field(default_factory=dict)
    apex: Mapping[Label, tuple[float, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, facts: Mapping[str, Mapping[str, list[float]]]) -> Ends:
        """From plain data, ``{"base": {"LV": [...], "RV": [...]}, "apex": ...}``."""
        weights = {end: {Label[side]: tuple(map(float, of)) for side, of in facts[end].items()} for end in facts}
        if set(weights) - {"base", "apex"} or any(
            len(of) != len(FEATURES) for sides in weights.values() for of in sides.values()
        ):
            msg = f"ends holds {len(FEATURES)} weights for LV and RV at base and apex"
            raise ValueError(msg)
        return cls(**weights)


def weigh_ends(
    labels: Labels, presence: npt.NDArray[np.float32], sides: tuple[Label, ...], pixel_mm2: float, ends: Ends
) -> npt.NDArray[np.float32]:
    """The chance that each of ``sides`` is in a slice, ``[side, slice]``, for the labels and presence of one phase.

    Slices without labels of a side keep its presence: nothing is claimed there.
    """
    chances = presence.copy()
    for n, side in enumerate(sides):
        features, is_base, is_claimed = describe_ends(labels, presence, n, side, pixel_mm2)
        for weights, here in ((ends.base.get(side), is_base), (ends.apex.get(side), ~is_base)):
            if weights is not None:
                chosen = is_claimed & here
                chances[n, chosen] = 1 / (1 + np.exp(-features[chosen] @ np.array(weights)))
    return chances


def describe_ends(
    labels: Labels, presence: npt.NDArray[np.float32], n: int, side: Label, pixel_mm2: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """``FEATURES`` of every slice for side ``n``, whether it lies in the half towards the base, and has such labels."""
    areas = np.count_nonzero(labels == side, axis=(1, 2)) * pixel_mm2
    slices = np.arange(len(areas))
    claimed = np.flatnonzero(areas)
    middle = (claimed[0] + claimed[-1]) / 2 if claimed.size else 0.0
    begins_at_base = _begins_at_base(labels)
    is_base = slices <= middle if begins_at_base else slices >= middle
    inward = np.where(is_base == begins_at_base, slices + 1, slices - 1).clip(0, len(slices) - 1)
    logits = _logit(presence)
    ratio = np.log((areas + SOFTENING_MM2) / (areas[inward] + SOFTENING_MM2))
    features = [np.ones(len(slices)), logits[n], logits[n][inward], logits[1 - n], ratio]
    features[-1] = ratio.clip(-LARGEST_RATIO, LARGEST_RATIO)
    return np.stack(features, 1), is_base, areas > 0


def _begins_at_base(labels: Labels) -> bool:
    """Whether the first third of the labelled slices holds more than the last: the heart is wider at its base."""
    areas = np.count_nonzero(labels, axis=(1, 2))
    labelled = np.flatnonzero(areas)
    if labelled.size == 0:
        return True
    third = max(1, labelled.size // 3)
    return bool(areas[labelled[:third]].sum() >= areas[labelled[-third:]].sum())


def _logit(chance: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    safe = np.clip(chance.astype(float), LEAST_CHANCE, 1 - LEAST_CHANCE)
    return np.asarray(np.log(safe / (1 - safe)))
