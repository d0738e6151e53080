"""An ONNX graph computed with torch: the operators that segmentation networks are made of, one line each.

So every engine reads the same checksummed file, and any bundle runs on a graphics card without its Python sources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch.nn import functional

from CardiacSegmentationLib.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Tensor: TypeAlias = Any  # torch is optional, and absent where types are checked
Attributes: TypeAlias = dict[str, Any]


class TorchGraph:
    """The nodes of an ONNX model in their order, with its weights on one device."""

    def __init__(self, model: Any, device: str) -> None:
        from onnx import helper, numpy_helper

        nodes = [
            (node.op_type, list(node.input), list(node.output), _attributes(node, helper)) for node in model.graph.node
        ]
        unknown = sorted({kind for kind, *_ in nodes} - set(OPERATORS))
        if unknown:
            raise ModelError.of("torch-operators", operators=tuple(unknown))
        self._weights = {
            weight.name: torch.from_numpy(numpy_helper.to_array(weight).copy()).to(device)
            for weight in model.graph.initializer
        }
        self._nodes = []
        for node in nodes:  # what depends on weights alone, such as widening stored half precision, is done once
            kind, arguments, results, attributes = node
            if all(name in self._weights for name in arguments):
                self._weights[results[0]] = OPERATORS[kind](
                    attributes, *(self._weights[name] for name in arguments)
                ).to(device)
            else:
                self._nodes.append(node)

    def __call__(self, inputs: dict[str, Tensor], outputs: Sequence[str]) -> list[Tensor]:
        """The values of the named outputs."""
        values: dict[str, Any] = {"": None, **self._weights, **inputs}
        for kind, arguments, results, attributes in self._nodes:
            values[results[0]] = OPERATORS[kind](attributes, *(values[name] for name in arguments))
        return [values[name] for name in outputs]


def _attributes(node: Any, helper: Any) -> Attributes:
    return {item.name: helper.get_attribute_value(item) for item in node.attribute}


def _conv(how: Attributes, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    x = functional.pad(x, _pads(how))
    stride, dilation = how.get("strides", [1, 1]), how.get("dilations", [1, 1])
    return functional.conv2d(x, weight, bias, stride, 0, dilation, how.get("group", 1))


def _conv_transpose(how: Attributes, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    top, left, *_ = how.get("pads", [0, 0, 0, 0])
    stride, extra = how.get("strides", [1, 1]), how.get("output_padding", [0, 0])
    return functional.conv_transpose2d(x, weight, bias, stride, (top, left), extra, how.get("group", 1))


def _max_pool(how: Attributes, x: Tensor) -> Tensor:
    x = functional.pad(x, _pads(how), value=float("-inf"))
    return functional.max_pool2d(x, how["kernel_shape"], how.get("strides", [1, 1]))


def _average_pool(how: Attributes, x: Tensor) -> Tensor:
    return functional.avg_pool2d(functional.pad(x, _pads(how)), how["kernel_shape"], how.get("strides", [1, 1]))


def _pads(how: Attributes) -> list[int]:
    top, left, bottom, right = how.get("pads", [0, 0, 0, 0])
    return [left, right, top, bottom]


def _resize(
    how: Attributes, x: Tensor, _: Tensor | None = None, scales: Tensor | None = None, sizes: Tensor | None = None
) -> Tensor:
    if scales is not None and scales.numel():
        size = [round(n * float(scale)) for n, scale in zip(x.shape[2:], scales.tolist()[2:], strict=True)]
    elif sizes is not None:
        size = [int(n) for n in sizes.tolist()[2:]]
    else:
        raise ModelError.of("torch-operators", operators="Resize")
    if how.get("mode", b"nearest") == b"nearest":
        return functional.interpolate(x, size, mode="nearest")
    aligned = how.get("coordinate_transformation_mode", b"half_pixel") == b"align_corners"
    return functional.interpolate(x, size, mode="bilinear", align_corners=aligned)


def _batch_norm(how: Attributes, x: Tensor, *parameters: Tensor) -> Tensor:
    weight, bias, mean, variance = parameters
    return functional.batch_norm(x, mean, variance, weight, bias, eps=how.get("epsilon", 1e-5))


def _gemm(how: Attributes, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    a = a.T if how.get("transA") else a
    b = b.T if how.get("transB") else b
    product = how.get("alpha", 1.0) * (a @ b)
    return product if c is None else product + how.get("beta", 1.0) * c


def _reduce(compute: Callable[[Tensor, list[int], bool], Tensor]) -> Callable[..., Tensor]:
    def reduce(how: Attributes, x: Tensor, axes: Tensor | None = None) -> Tensor:
        chosen = axes.tolist() if axes is not None else how.get("axes") or list(range(x.ndim))
        return compute(x, chosen, bool(how.get("keepdims", 1)))

    return reduce


def _squeeze(how: Attributes, x: Tensor, axes: Tensor | None = None) -> Tensor:
    return x.squeeze(tuple(axes.tolist() if axes is not None else how["axes"]))


def _unsqueeze(how: Attributes, x: Tensor, axes: Tensor | None = None) -> Tensor:
    for axis in sorted(axes.tolist() if axes is not None else how["axes"]):
        x = x.unsqueeze(axis)
    return x


def _reshape(how: Attributes, x: Tensor, shape: Tensor) -> Tensor:
    keep = not how.get("allowzero", 0)  # then a zero stands for the size that is there
    return x.reshape([x.shape[n] if size == 0 and keep else size for n, size in enumerate(shape.tolist())])


def _slice(
    _: Attributes, x: Tensor, starts: Tensor, ends: Tensor, axes: Tensor | None = None, steps: Tensor | None = None
) -> Tensor:
    chosen = [slice(None)] * x.ndim
    which = range(x.ndim) if axes is None else axes.tolist()
    strides = [1] * len(starts) if steps is None else steps.tolist()
    for axis, start, end, stride in zip(which, starts.tolist(), ends.tolist(), strides, strict=False):
        chosen[axis] = slice(start, end, stride)
    return x[tuple(chosen)]


def _depth_to_space(how: Attributes, x: Tensor) -> Tensor:
    if how.get("mode", b"DCR") != b"CRD":
        raise ModelError.of("torch-operators", operators="DepthToSpace (DCR)")
    return functional.pixel_shuffle(x, how["blocksize"])


def _cast(how: Attributes, x: Tensor) -> Tensor:
    from onnx import helper

    return x.to(torch.from_numpy(helper.tensor_dtype_to_np_dtype(how["to"]).type([0])).dtype)


def _constant(how: Attributes) -> Tensor:
    from onnx import numpy_helper

    if "value" in how:
        return torch.from_numpy(numpy_helper.to_array(how["value"]).copy())
    return torch.tensor(next(iter(how.values())))


def _clip(_: Attributes, x: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    return x.clamp(low, high) if low is not None or high is not None else x


OPERATORS: dict[str, Callable[..., Tensor]] = {
    "Add": lambda _, a, b: a + b,
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Cast": _cast,
    "Clip": _clip,
    "Concat": lambda how, *xs: torch.cat(xs, how["axis"]),
    "Constant": _constant,
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "DepthToSpace": _depth_to_space,
    "Div": lambda _, a, b: a / b,
    "Exp": lambda _, x: x.exp(),
    "Flatten": lambda how, x: x.flatten(how.get("axis", 1)),
    "Gemm": _gemm,
    "GlobalAveragePool": lambda _, x: x.mean((2, 3), keepdim=True),
    "Identity": lambda _, x: x,
    "InstanceNormalization": lambda how, x, w, b: functional.instance_norm(
        x, weight=w, bias=b, eps=how.get("epsilon", 1e-5)
    ),
    "LeakyRelu": lambda how, x: functional.leaky_relu(x, how.get("alpha", 0.01)),
    "Log": lambda _, x: x.log(),
    "MatMul": lambda _, a, b: a @ b,
    "MaxPool": _max_pool,
    "Mul": lambda _, a, b: a * b,
    "Neg": lambda _, x: -x,
    "PRelu": lambda _, x, slope: torch.where(x < 0, x * slope, x),
    "ReduceLogSumExp": _reduce(lambda x, axes, keep: x.logsumexp(axes, keepdim=keep)),
    "ReduceMax": _reduce(lambda x, axes, keep: x.amax(axes, keepdim=keep)),
    "ReduceMean": _reduce(lambda x, axes, keep: x.mean(axes, keepdim=keep)),
    "ReduceMin": _reduce(lambda x, axes, keep: x.amin(axes, keepdim=keep)),
    "ReduceSum": _reduce(lambda x, axes, keep: x.sum(axes, keepdim=keep)),
    "Relu": lambda _, x: x.relu(),
    "Reshape": _reshape,
    "Resize": _resize,
    "Sigmoid": lambda _, x: x.sigmoid(),
    "Slice": _slice,
    "Softmax": lambda how, x: x.softmax(how.get("axis", -1)),
    "Squeeze": _squeeze,
    "Sub": lambda _, a, b: a - b,
    "Tanh": lambda _, x: x.tanh(),
    "Transpose": lambda how, x: x.permute(*how["perm"]),
    "Unsqueeze": _unsqueeze,
}
