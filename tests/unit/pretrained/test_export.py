"""Exported networks compute what the library computes, at sizes other than the traced one."""


import pytest
import torch
from torch import nn

from rainmer_lib.methods import METHODS
from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.pretrained import export as module
from rainmer_lib.pretrained.export import export
from rainmer_lib.pretrained.models import MODELS, load_model, shipped

CLOSE = 1e-4


def other_sizes(network):
    """Images of two sizes, each with a shorter and a longer side."""
    unit, least = network.multiple, -(-max(network.smallest, 16) // network.multiple)
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(1, 3, unit * (least + a), unit * (least + b), generator=generator) for a, b in ((3, 8), (7, 2))]


def worst(network, run):
    """The largest difference between a file's output and the network's, clamped, over other sizes."""
    with torch.no_grad():
        return max((run(image) - network(image).clamp(0, 1)).abs().max().item() for image in other_sizes(network))


def run_onnx(path):
    onnxruntime = pytest.importorskip("onnxruntime", reason='needs the extra export: pip install "rainmer[export]"')
    session = onnxruntime.InferenceSession(str(path))
    return lambda image: torch.from_numpy(session.run(None, {"rainy": image.numpy()})[0])


def networks():
    """What ships, and of each method whose network does not ship, one of its class."""
    ships = [MODELS[name].method().name for name in shipped()]
    return [*shipped(), *(name for name in METHODS if name not in ships)]


def network_of(name):
    if name in METHODS:
        torch.manual_seed(0)
        return METHODS[name].network(METHODS[name].at("quick")).eval()
    return load_model(name)


@pytest.fixture
def read_back(monkeypatch):
    """Programs as `export` has read them from what it has written, which takes seconds."""
    found, load = [], torch.export.load
    monkeypatch.setattr(torch.export, "load", lambda file: found.append(load(file)) or found[-1])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", networks())
@pytest.mark.parametrize("suffix", [".pt2", ".onnx"])
def test_a_file_is_the_network_or_there_is_none_and_a_reason(name, suffix, tmp_path, read_back):
    if suffix == ".onnx":
        for package in ("onnx", "onnxscript"):
            pytest.importorskip(package, reason='needs the extra export: pip install "rainmer[export]"')
    network, path = network_of(name), tmp_path / f"derain{suffix}"
    try:
        said = export(network, path)
    except ValueError as error:
        assert type(network).__name__ in str(error) and ("cannot be" in str(error)) and not path.exists()
        learnt = [model for model in shipped() if not MODELS[model].method().prior_based]  # a prior is solved, image by image
        assert name not in learnt, "what ships is exported"
        return
    assert f"multiples of {network.multiple}, at least {network.smallest}" in said
    run = run_onnx(path) if suffix == ".onnx" else read_back.pop().module()
    assert path.stat().st_size and worst(network, run) <= CLOSE


class Doubling(Derainer):
    """As small as a network can be; sizes in multiples of two."""

    multiple, smallest = 2, 4

    def forward(self, image):
        return 2 * nn.functional.pixel_shuffle(nn.functional.pixel_unshuffle(image, 2), 2)


def test_a_program_takes_other_sizes_and_clamps(tmp_path):
    assert export(Doubling(), tmp_path / "d.pt2") == "images of (1, 3, h, w) in [0, 1], h and w multiples of 2, at least 4"
    assert worst(Doubling(), torch.export.load(tmp_path / "d.pt2").module()) == 0


class Reading(Derainer):
    """Its result depends on a value of the image, which no graph holds."""

    def forward(self, image):
        return image if image.mean().item() > 0.5 else 1 - image


def test_what_no_graph_holds_is_refused_with_the_reason(tmp_path):
    with pytest.raises(ValueError, match=r"^Reading cannot be exported: .*load_model"):
        export(Reading(), tmp_path / "r.pt2")
    assert not list(tmp_path.iterdir())


def test_another_suffix_and_a_missing_package_are_named(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"d.tflite: give a name that ends in .onnx or .pt2"):
        export(Doubling(), tmp_path / "d.tflite")

    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(module, "import_module", missing)
    with pytest.raises(ValueError, match=r"needs the package onnx: pip install 'rainmer\[export\]'. A .pt2"):
        export(Doubling(), tmp_path / "d.onnx")
