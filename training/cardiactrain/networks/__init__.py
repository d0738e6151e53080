"""The networks, one file each; each maps images to an ``NetworkOutput``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cardiactrain.errors import RecipeError
from cardiactrain.networks.classic import ClassicUNet
from cardiactrain.networks.compact import CompactUNet
from cardiactrain.networks.ensemble import Ensemble, join_weights, members_of
from cardiactrain.networks.from_monai import dynunet, mednext, unet, vnet
from cardiactrain.networks.kayalibay import KayalibayUNet
from cardiactrain.networks.output import NetworkOutput, as_output
from cardiactrain.networks.residual import ResidualUNet
from cardiactrain.plain import Component
from cardiactrain.registry import make

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import nn

    from cardiactrain.recipe import Recipe, ViewPart

__all__ = [
    "NETWORKS",
    "NetworkOutput",
    "as_output",
    "join_weights",
    "make_ensemble",
    "make_network",
    "members_of",
]

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "compact-unet": CompactUNet,
    "classic-unet": ClassicUNet,
    "kayalibay": KayalibayUNet,
    "monai-unet": unet,
    "monai-dynunet": dynunet,
    "monai-vnet": vnet,
    "monai-mednext": mednext,
    "residual-unet": ResidualUNet,
}


def make_ensemble(
    channels: int, classes: int, view: ViewPart | None = None, *, members: Sequence[dict[str, Any]]
) -> nn.Module:
    """Networks of the kinds and options given, as one."""
    parts = [Component(str(member["kind"]), {k: v for k, v in member.items() if k != "kind"}) for member in members]
    return Ensemble([make(NETWORKS, part, "network", channels, classes, view) for part in parts])


NETWORKS["ensemble"] = make_ensemble


def make_network(recipe: Recipe) -> nn.Module:
    """The network of a recipe, with fresh weights."""
    view = recipe.view
    channels = view.slices if view.dims == 2 else 1
    network: nn.Module = make(NETWORKS, recipe.network, "network", channels, len(recipe.classes), view)
    if not all(parameter.numel() for parameter in network.parameters()):
        msg = f"The network {recipe.network.kind!r} has no weights in places with {recipe.network.options}."
        raise RecipeError(msg)
    return network
