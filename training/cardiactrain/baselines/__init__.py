"""Classical methods a course starts from: no training, the same evaluation. They look for the LV cavity alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from CardiacSegmentationLib.segmentation import Label

from cardiactrain.baselines.cavity import pick_cavity
from cardiactrain.baselines.kmeans import cluster
from cardiactrain.baselines.region_growing import grow
from cardiactrain.baselines.threshold import threshold
from cardiactrain.baselines.watershed import flood
from cardiactrain.registry import check_options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cardiactrain.plain import Component

BASELINES: dict[str, Callable[..., npt.NDArray[np.bool_]]] = {
    "threshold": threshold,
    "k-means": cluster,
    "watershed": flood,
    "region-growing": grow,
}


@dataclass(frozen=True)
class Baseline:
    """A classical method as a labeller."""

    part: Component

    def __post_init__(self) -> None:
        check_options(BASELINES, self.part, "baseline", given=2)

    def labels(self, images: Sequence[npt.NDArray[Any]], pixel_mm: tuple[float, float]) -> list[npt.NDArray[np.uint8]]:
        """The LV cavity in every slice of every phase ``image[slice, row, column]``."""
        return [self._find_cavity(image, pixel_mm) for image in images]

    def _find_cavity(self, image: npt.NDArray[Any], pixel_mm: tuple[float, float]) -> npt.NDArray[np.uint8]:
        masks = []
        for slice_ in image.astype(np.float32):
            low, high = np.percentile(slice_, (1, 99))
            scaled = np.clip((slice_ - low) / max(float(high - low), 1e-6), 0, 1)
            bright = BASELINES[self.part.kind](scaled, pixel_mm, **self.part.options)
            masks.append(pick_cavity(bright, pixel_mm))
        return np.where(np.stack(masks), np.uint8(Label.LV), np.uint8(0))
