"""The networks, one file each; each maps images to an ``Output``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cardiactrain.networks.classic import ClassicUNet
from cardiactrain.networks.compact import CompactUNet
from cardiactrain.networks.from_monai import dynunet, unet, vnet
from cardiactrain.networks.kayalibay import KayalibayUNet
from cardiactrain.networks.output import Output, as_output
from cardiactrain.registry import make

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from cardiactrain.recipe import Recipe

__all__ = ["NETWORKS", "Output", "as_output", "make_network"]

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "compact-unet": CompactUNet,
    "classic-unet": ClassicUNet,
    "kayalibay": KayalibayUNet,
    "monai-unet": unet,
    "monai-dynunet": dynunet,
    "monai-vnet": vnet,
}


def make_network(recipe: Recipe) -> nn.Module:
    """The network of a recipe, with fresh weights."""
    view = recipe.view
    channels = view.slices if view.dims == 2 else 1
    network: nn.Module = make(NETWORKS, recipe.network, "network", channels, len(recipe.classes), view)
    return network
