"""Run TensorFlow.js graph models in plain torch: the file format, and the 15 operations of detection networks."""

import base64
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

_STORED = {"float32": "<f4", "float16": "<f2", "int32": "<i4"}


@dataclass(frozen=True)
class Node:
    """One operation; each of its inputs is (node, index of that node's output)."""

    name: str
    operation: str
    inputs: tuple[tuple[str, int], ...]
    attributes: dict


@dataclass(frozen=True)
class Graph:
    """A loaded model: nodes in an order in which they can run, constants by name, and the names of its outputs.

    Image-like tensors inside are (b, h, w, c), as in TensorFlow.
    """

    nodes: tuple[Node, ...]
    constants: dict[str, Tensor]
    outputs: tuple[str, ...]

    @torch.inference_mode()
    def run(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Run the network on tensors named like its placeholders; return the outputs by name.

        Raises ValueError if an input is missing.
        """
        values: dict[str, tuple[Tensor, ...]] = {}
        for node in self.nodes:
            if node.operation == "Placeholder":
                if node.name not in inputs:
                    raise ValueError(f"the network needs the input {node.name!r}, but got {', '.join(inputs) or 'none'}")
                result = inputs[node.name]
            elif node.operation == "Const":
                result = self.constants[node.name]
            else:
                arguments = [values[name][number] for name, number in node.inputs]
                result = OPERATIONS[node.operation](node.attributes, *arguments)
            values[node.name] = result if isinstance(result, tuple) else (result,)
        return {name: values[name][0] for name in self.outputs}


def load_graph(path: Path) -> Graph:
    """Read a graph model from its JSON file, `path`; the weights are beside it, under the names that the file states.

    Raises FileNotFoundError that names the missing file, ValueError on another format, on weights of another length than
    stated, and on an unsupported operation or number format.
    """
    if not path.is_file():
        raise FileNotFoundError(f"missing file {path}: expected the JSON file of a TensorFlow.js graph model")
    try:
        model = json.loads(path.read_text(encoding="utf-8"))
        stored = {node["name"]: _node(node) for node in model["modelTopology"]["node"]}
        groups = model["weightsManifest"]
        outputs = tuple(_place(output["name"])[0] for output in model["signature"]["outputs"].values())
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: not a TensorFlow.js graph model ({type(error).__name__}: {error})") from error
    if unknown := {n.operation for n in stored.values()} - set(OPERATIONS) - {"Const", "Placeholder"}:
        raise ValueError(f"{path}: operations {', '.join(sorted(unknown))} are not supported by rainmer_lib.downstream.tfjs")
    order = TopologicalSorter({name: [source for source, _ in node.inputs] for name, node in stored.items()}).static_order()
    constants = {}
    for group in groups:
        constants |= _read_weights(path, group)
    return Graph(tuple(stored[name] for name in order), constants, outputs)


def _node(node: Mapping) -> Node:
    # an input that starts with ^ only orders execution
    inputs = tuple(_place(name) for name in node.get("input", []) if not name.startswith("^"))
    return Node(node["name"], node["op"], inputs, node.get("attr", {}))


def _place(name: str) -> tuple[str, int]:
    source, _, number = name.partition(":")
    return source, int(number or 0)


def _read_weights(model: Path, group: Mapping) -> dict[str, Tensor]:
    """Read the tensors of one group, whose bytes follow each other in its files; halves become single precision."""
    files = [model.parent / Path(name).name for name in group["paths"]]
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(f"missing file {file}: it holds weights of {model}")
    data, position, tensors = b"".join(file.read_bytes() for file in files), 0, {}
    for weight in group["weights"]:
        kind = weight.get("quantization", weight)["dtype"]
        if kind not in _STORED:
            raise ValueError(f"{model}: {weight['name']} is stored as {kind}; supported are {', '.join(_STORED)}")
        count = math.prod(weight["shape"])
        end = position + count * np.dtype(_STORED[kind]).itemsize
        if end > len(data):
            break
        values = np.frombuffer(data, _STORED[kind], count, position).astype(_STORED[weight["dtype"]])
        tensors[weight["name"]] = torch.from_numpy(values.reshape(weight["shape"]))
        position = end
    if position != len(data) or len(tensors) != len(group["weights"]):
        raise ValueError(f"{model}: its weights file holds {len(data)} bytes, not what the model states; download it again")
    return tensors


def _numbers(attribute: Mapping) -> list[int]:
    return [int(value) for value in attribute["list"].get("i", [])]


def _require(attributes: Mapping, padding: str = "VALID", layout: str = "NHWC") -> None:
    """Raise ValueError unless a windowed operation has the one padding and layout that are implemented."""
    found = tuple(base64.b64decode(attributes[key]["s"]).decode() for key in ("padding", "data_format"))
    if found != (padding, layout):
        raise ValueError(f"padding and layout {' '.join(found)}: only {padding} {layout} is implemented")


def _convolve(attributes: Mapping, x: Tensor, kernel: Tensor) -> Tensor:
    """Convolve by a kernel (kh, kw, c / groups, d); a kernel with fewer channels than x means a grouped convolution."""
    _require(attributes)
    stride, dilation = _numbers(attributes["strides"])[1:3], _numbers(attributes["dilations"])[1:3]
    groups = x.shape[3] // kernel.shape[2]
    result = F.conv2d(x.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1), None, stride, 0, dilation, groups)
    return result.permute(0, 2, 3, 1)


def _max_pool(attributes: Mapping, x: Tensor) -> Tensor:
    _require(attributes)
    window, stride = _numbers(attributes["ksize"])[1:3], _numbers(attributes["strides"])[1:3]
    return F.max_pool2d(x.permute(0, 3, 1, 2), window, stride).permute(0, 2, 3, 1)


def _pad(_: Mapping, x: Tensor, widths: Tensor, value: Tensor | None = None) -> Tensor:
    last_axis_first = widths.flip(0).flatten().tolist()
    return F.pad(x, last_axis_first, value=0.0 if value is None else value.item())


def _resize(attributes: Mapping, x: Tensor, size: Tensor) -> Tensor:
    if not attributes["half_pixel_centers"]["b"]:
        raise ValueError("ResizeBilinear: only half_pixel_centers is implemented")
    result = F.interpolate(x.permute(0, 3, 1, 2), size.tolist(), mode="bilinear", align_corners=False)
    return result.permute(0, 2, 3, 1)


def _sparse_to_dense(_: Mapping, places: Tensor, shape: Tensor, values: Tensor, default: Tensor) -> Tensor:
    """Fill an empty sparse tensor with its default; converters leave one where a reshape has no unknown side."""
    if places.numel():
        raise ValueError(f"SparseToDense with {len(places)} entries: only an empty one is implemented")
    return torch.full(shape.tolist(), default.item(), dtype=values.dtype)


OPERATIONS: dict[str, Callable[..., Tensor | tuple[Tensor, ...]]] = {
    "Add": lambda _, x, y: x + y,
    "AddV2": lambda _, x, y: x + y,
    "ConcatV2": lambda _, *tensors: torch.cat(tensors[:-1], int(tensors[-1])),
    "Conv2D": _convolve,
    "Identity": lambda _, x: x,
    "LeakyRelu": lambda attributes, x: F.leaky_relu(x, attributes["alpha"]["f"]),
    "MaxPool": _max_pool,
    "Pad": _pad,
    "PadV2": _pad,
    "Reshape": lambda _, x, shape: x.reshape(shape.tolist()),
    "ResizeBilinear": _resize,
    "Sigmoid": lambda _, x: x.sigmoid(),
    "SparseToDense": _sparse_to_dense,
    "SplitV": lambda _, x, sizes, axis: torch.split(x, sizes.tolist(), int(axis)),
    "Transpose": lambda _, x, order: x.permute(order.tolist()),
}
