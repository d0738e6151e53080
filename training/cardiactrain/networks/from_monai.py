"""Networks that MONAI brings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

from cardiactrain.networks.output import NetworkOutput, as_output

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from cardiactrain.recipe import ViewPart


def unet(
    channels: int,
    classes: int,
    view: ViewPart,
    *,
    widths: Sequence[int] = (16, 32, 64, 128, 256),
    residual_units: int = 2,
    norm: str = "batch",
    dropout: float = 0.0,
) -> nn.Module:
    """MONAI's UNet with residual units; in 3D the few slices are not halved."""
    from monai.networks.nets import UNet

    stride: Any = 2 if view.dims == 2 else (1, 2, 2)
    strides = [stride] * (len(widths) - 1)
    options = {"num_res_units": residual_units, "norm": norm, "dropout": dropout}
    network: nn.Module = UNet(view.dims, channels, classes, tuple(widths), strides, **options)
    return network


def dynunet(
    channels: int,
    classes: int,
    view: ViewPart,
    *,
    widths: Sequence[int] = (32, 64, 128, 256, 320),
    deep_supervision: bool = True,
    residual: bool = False,
) -> nn.Module:
    """MONAI's DynUNet, the network of nnU-Net."""
    from monai.networks.nets import DynUNet

    down: Any = 2 if view.dims == 2 else (1, 2, 2)
    strides: list[Any] = [1, *[down] * (len(widths) - 1)]
    network = DynUNet(
        view.dims,
        channels,
        classes,
        kernel_size=[3] * len(widths),
        strides=strides,
        upsample_kernel_size=strides[1:],
        filters=list(widths),
        deep_supervision=deep_supervision,
        deep_supr_num=min(2, len(widths) - 2),
        res_block=residual,
    )
    return _Unstacked(network)


def vnet(channels: int, classes: int, view: ViewPart, *, activation: str = "elu", dropout: float = 0.0) -> nn.Module:
    """MONAI's V-Net; its four halvings ask for a size and, in 3D, a number of slices divisible by 16."""
    from monai.networks.nets import VNet

    network: nn.Module = VNet(view.dims, channels, classes, act=activation, dropout_prob_down=dropout or None)
    return network


def mednext(
    channels: int,
    classes: int,
    view: ViewPart,
    *,
    filters: int = 32,
    kernel: int = 5,
    expansion: tuple[int, ...] = (2, 3, 4, 4),
    blocks: tuple[int, ...] = (3, 4, 4, 4),
    bottleneck: int = 4,
    deep_supervision: bool = True,
) -> nn.Module:
    """MONAI's MedNeXt: depthwise convolutions of a large kernel between expansions of channels, as in transformers.

    ``expansion`` and ``blocks`` are those of the way down, from fine to coarse; the way up mirrors them.
    """
    from monai.networks.nets import MedNeXt

    network: nn.Module = MedNeXt(
        view.dims,
        filters,
        channels,
        classes,
        encoder_expansion_ratio=list(expansion),
        decoder_expansion_ratio=list(expansion[::-1]),
        bottleneck_expansion_ratio=expansion[-1],
        kernel_size=kernel,
        deep_supervision=deep_supervision,
        use_residual_connection=True,
        blocks_down=list(blocks),
        blocks_bottleneck=bottleneck,
        blocks_up=list(blocks[::-1]),
    )
    return network


class _Unstacked(nn.Module):
    """DynUNet stacks its deep supervision in one tensor, all at full size; we want an ``NetworkOutput``."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor) -> NetworkOutput:
        """Logits, and those of deeper levels while training."""
        result = self.network(image)
        is_stacked = hasattr(result, "dim") and result.dim() == image.dim() + 1
        return as_output(list(result.unbind(1)) if is_stacked else result)
