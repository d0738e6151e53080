"""k-means on grey values: the brightest cluster is blood and fat."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def cluster(
    image: npt.NDArray[np.float32], pixel_mm: tuple[float, float], *, clusters: int = 3
) -> npt.NDArray[np.bool_]:
    """Pixels of the brightest of ``clusters``."""
    del pixel_mm
    from scipy.cluster.vq import kmeans2

    start = np.linspace(0, 1, clusters)[:, None]
    centres, numbers = kmeans2(image.reshape(-1, 1).astype(float), start, minit="matrix", missing="warn")
    return np.asarray((numbers == int(centres[:, 0].argmax())).reshape(image.shape), bool)
