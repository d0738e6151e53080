"""The network as safetensors and as ONNX, both over the same bytes.

Weights are stored once, in the safetensors file: convolutions in half precision, everything else as it is. The ONNX
graph points into that file and casts to single precision, so every runtime computes in float32.
"""

from __future__ import annotations

import hashlib
import json
import struct
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from pathlib import Path

OPSET = 17


class _Named(nn.Module):
    """A network with the two outputs of the bundle and no others."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        from cardiactrain.networks import as_output

        output = as_output(self.network(image))
        return (output.logits,) if output.presence is None else (output.logits, output.presence)


def round_weights(network: nn.Module) -> nn.Module:
    """Round what will be stored in half precision, so that the network in memory is the one in the file."""
    for parameter in network.parameters():
        if parameter.dim() > 1:
            parameter.data = parameter.data.half().float()
    return network


def write_weights(network: nn.Module, path: Path) -> None:
    """Write the weights of a rounded network as safetensors."""
    from safetensors.torch import save_file

    stored = {}
    for name, tensor in network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        stored[name] = (tensor.half() if tensor.dim() > 1 else tensor).contiguous()
    save_file(stored, path)
    path.chmod(0o644)  # safetensors writes for the owner alone


def write_graph(network: nn.Module, channels: int, weights: Path, path: Path, size: int = 128) -> None:
    """Write the ONNX graph of a rounded network; its weights are those of the safetensors file beside it."""
    import onnx

    network.eval()
    outputs = ["logits", "presence"] if _has_presence(network, channels, size) else ["logits"]
    axes = {0: "n", 2: "h", 3: "w"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the newer exporter renames what we point into
        torch.onnx.export(
            _Named(network),
            (torch.randn(2, channels, size, size),),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            do_constant_folding=False,  # else names are lost, and with them the way into the weights' file
            training=torch.onnx.TrainingMode.PRESERVE,
            input_names=["image"],
            output_names=outputs,
            dynamic_axes={"image": axes, "logits": axes, "presence": {0: "n"}},
        )
    model = onnx.load(path)
    _point_into(model, weights)
    # The graph's own checksum must change with the weights: it is what results name the network by.
    model.metadata_props.add(key="weights_sha256", value=hashlib.sha256(weights.read_bytes()).hexdigest())
    onnx.save(model, path)
    onnx.checker.check_model(str(path))


def _has_presence(network: nn.Module, channels: int, size: int) -> bool:
    with torch.inference_mode():
        return len(_Named(network)(torch.zeros(1, channels, size, size))) > 1


def _point_into(model: Any, weights: Path) -> None:
    """Replace each initialiser by a reference into the safetensors file, with a cast where it is stored in half."""
    from onnx import TensorProto, helper

    header, start = read_header(weights)
    kinds = {"F16": TensorProto.FLOAT16, "F32": TensorProto.FLOAT}
    kept, casts = [], []
    for tensor in model.graph.initializer:
        entry = header.get(tensor.name.removeprefix("network."))
        if entry is None or list(tensor.dims) != entry["shape"]:
            kept.append(tensor)
            continue
        first, last = entry["data_offsets"]
        name = tensor.name if entry["dtype"] == "F32" else f"{tensor.name}.half"
        reference = TensorProto(name=name, data_type=kinds[entry["dtype"]], dims=entry["shape"])
        reference.data_location = TensorProto.EXTERNAL
        for key, value in (("location", weights.name), ("offset", start + first), ("length", last - first)):
            reference.external_data.add(key=key, value=str(value))
        kept.append(reference)
        if name != tensor.name:
            casts.append(helper.make_node("Cast", [name], [tensor.name], to=TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend([*casts, *nodes])


def read_header(path: Path) -> tuple[dict[str, Any], int]:
    """A safetensors file's table of contents, and where its data begins."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header: dict[str, Any] = json.loads(file.read(length))
    return header, 8 + length
