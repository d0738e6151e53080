"""A bundle's check image: whether the network, in this engine on this machine, still labels as when it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from CardiacSegmentationLib.errors import ModelError
from CardiacSegmentationLib.network.infer import most_probable
from CardiacSegmentationLib.network.precision import SAME_LABELS, have_same_labels

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from CardiacSegmentationLib.network.loaded import LoadedNetwork
    from CardiacSegmentationLib.network.protocol import Network
    from CardiacSegmentationLib.segmentation import Labels

CHECK_IMAGE = "configs/check.npz"  # views [slice, row, column] and the labels that the network gave them


def write_check_image(path: Path, network: Network, views: npt.NDArray[np.generic]) -> None:
    """Let the network label ``views[slice, row, column]`` on its own spacing, and keep both."""
    np.savez_compressed(path, views=views, labels=_label(network, views))


def require_check_image(network: LoadedNetwork) -> None:
    """Refuse a network that labels its check image in another way than was recorded; one without image passes."""
    bundle = network.bundle
    if CHECK_IMAGE not in bundle.checksums:
        return
    with np.load(bundle.file(CHECK_IMAGE), allow_pickle=False) as recorded:
        views, labels = recorded["views"], recorded["labels"]
    if not have_same_labels(labels, _label(network, views)):
        raise ModelError.of(
            "network-checked-otherwise", network=bundle.identity, percent=100 * SAME_LABELS, engine=network.engine
        )


def _label(network: Network, views: npt.NDArray[np.generic]) -> Labels:
    return most_probable(network.see(views.astype(np.float32)).probabilities)
