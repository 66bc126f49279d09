"""A trained network as a file for other programs: ONNX (.onnx), or a program of `torch.export` (.pt2)."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib import atomic
from rainmer_lib.networks.derainer import Derainer

FORMATS = (".onnx", ".pt2")
INPUT, OUTPUT = "rainy", "derained"
OPSET = 18
LARGEST = 2**14  # pixels a side


class Clamped(nn.Module):
    """A network whose output is clamped to [0, 1], as `inference.derain` does: (1, 3, h, w) in [0, 1] -> the same."""

    def __init__(self, network: Derainer) -> None:
        super().__init__()
        self.network = network

    def forward(self, rainy: Float[Tensor, "1 3 h w"]) -> Float[Tensor, "1 3 h w"]:
        """Return the derained image."""
        return self.network(rainy).clamp(0, 1)


def export(network: Derainer, path: Path) -> str:
    """Write a network to `path`, .onnx or .pt2; return in words which images the file takes.

    The file takes one image, float32 (1, 3, h, w) in [0, 1], of any height and width that are multiples of the network's
    `multiple` and at least `smallest`: the program that uses it mirrors the right and lower borders up to that and crops the
    result, as `inference.derain.pad` does.  An ONNX file carries both numbers in its metadata.  Raises ValueError if the suffix
    is another, if the packages of the extra `export` are missing, or if the network cannot be exported, with the reason.
    """
    if path.suffix not in FORMATS:
        raise ValueError(f"{path}: give a name that ends in {' or '.join(FORMATS)}")
    if path.suffix == ".onnx":
        require_packages()
    atomic.require_writable(path)
    program = traced(network)
    if path.suffix == ".pt2":
        atomic.write(path, lambda part: _saved(program, network, part))
    else:
        atomic.write(path, lambda part: _saved_onnx(program, network, part))
    return f"images of (1, 3, h, w) in [0, 1], {sizes(network)}"


def sizes(network: Derainer) -> str:
    """Say which heights and widths a network takes."""
    return f"h and w multiples of {network.multiple}, at least {network.smallest}"


def traced(network: Derainer) -> torch.export.ExportedProgram:
    """Return the network as a graph with dynamic height and width; ValueError with the reason where torch cannot trace it."""
    multiple = network.multiple
    least = -(-max(network.smallest, 2 * multiple) // multiple)
    side = multiple * max(least, -(-64 // multiple))
    example = torch.rand(1, 3, side, side + multiple, generator=torch.Generator().manual_seed(0))
    units = [torch.export.Dim(name, min=least, max=LARGEST // multiple) for name in ("height", "width")]
    dynamic = {axis: multiple * unit if multiple > 1 else unit for axis, unit in zip((2, 3), units, strict=True)}
    try:
        with _quiet(), torch.no_grad():
            return torch.export.export(Clamped(network.cpu().eval()), (example,), dynamic_shapes=(dynamic,))
    except Exception as error:  # torch raises errors of many kinds, some of them long reports
        reason = (str(error).strip().splitlines() or [""])[0]
        raise ValueError(
            f"{type(network).__name__} cannot be exported: its computation depends on the image in a way that a graph does not "
            f"hold ({type(error).__name__}: {reason}). Use the network from Python: rainmer_lib.pretrained.models.load_model"
        ) from error


def require_packages() -> None:
    """Raise ValueError that says how to install the extra `export`, if a package of it is missing."""
    for name in ("onnx", "onnxscript"):
        try:
            import_module(name)
        except ModuleNotFoundError as error:
            raise ValueError(
                f"an .onnx file needs the package {name}: pip install 'rainmer[export]'. A .pt2 file needs no package"
            ) from error


def _saved(program: torch.export.ExportedProgram, network: Derainer, part: Path) -> None:
    with open(part, "wb") as file:
        torch.export.save(program, file)
    try:
        with _quiet(), open(part, "rb") as file:
            torch.export.load(file)
    except Exception as error:  # a graph with a data-dependent index is written and not read
        raise ValueError(
            f"{type(network).__name__} cannot be written as .pt2: torch does not read back what it has written "
            f"({type(error).__name__}). Use the network from Python: rainmer_lib.pretrained.models.load_model"
        ) from error


def _saved_onnx(program: torch.export.ExportedProgram, network: Derainer, part: Path) -> None:
    onnx = import_module("onnx")
    try:
        with _quiet():
            model = torch.onnx.export(
                program, dynamo=True, opset_version=OPSET, input_names=[INPUT], output_names=[OUTPUT], verbose=False
            ).model_proto
    except Exception as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        raise ValueError(
            f"{type(network).__name__} cannot be written as ONNX ({type(error).__name__}: {reason}); try .pt2"
        ) from error
    facts = {"multiple": network.multiple, "smallest": network.smallest, "range": "[0, 1]", "layout": "1, RGB, height, width"}
    onnx.helper.set_model_props(model, {name: str(value) for name, value in facts.items()})
    part.write_bytes(model.SerializeToString())


@contextmanager
def _quiet() -> Iterator[None]:
    """Context in which the exporters do not warn of their own future."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
