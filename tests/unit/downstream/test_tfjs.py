"""TensorFlow.js graphs: the detector against TensorFlow.js itself, operations against loops, and files that are wrong."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rainmer_lib.downstream.detector import detector
from rainmer_lib.downstream.tfjs import OPERATIONS, load_graph

VECTORS = json.loads(Path(__file__).with_name("tfjs_vectors.json").read_text())["outputs"]


def text(value):
    return {"s": base64.b64encode(value.encode()).decode()}


def ints(*values):
    return {"list": {"i": [str(v) for v in values]}}


def window(stride=(1, 1), **more):
    return {"padding": text("VALID"), "data_format": text("NHWC"), "strides": ints(1, *stride, 1),
            "dilations": ints(1, 1, 1, 1)} | more  # fmt: skip


@pytest.fixture
def model(tmp_path):
    """A graph of its own: y = leaky(x * kernel + bias), stored out of order, halves beside integers."""
    rng = np.random.default_rng(0)
    arrays = {"kernel": rng.normal(size=(2, 3, 2, 4)).astype("<f2"), "order": np.array([0, 2, 3, 1], "<i4"),
              "bias": rng.normal(size=4).astype("<f4")}  # fmt: skip
    nodes = [
        {"name": "out", "op": "LeakyRelu", "input": ["sum"], "attr": {"alpha": {"f": 0.25}}},
        {"name": "sum", "op": "AddV2", "input": ["conv:0", "bias", "^order"]},
        {"name": "conv", "op": "Conv2D", "input": ["moved", "kernel"], "attr": window((2, 1))},
        {"name": "moved", "op": "Transpose", "input": ["x", "order"]},
        {"name": "x", "op": "Placeholder"},
        *({"name": name, "op": "Const"} for name in arrays),
    ]
    weights = []
    for name, values in arrays.items():
        kind = "float32" if values.dtype.kind == "f" else "int32"
        weights.append({"name": name, "shape": list(values.shape), "dtype": kind})
        if values.dtype == "<f2":
            weights[-1]["quantization"] = {"dtype": "float16"}
    (tmp_path / "w.bin").write_bytes(b"".join(values.tobytes() for values in arrays.values()))
    content = {
        "modelTopology": {"node": nodes}, "signature": {"outputs": {"y": {"name": "out:0"}}},
        "weightsManifest": [{"paths": ["w.bin"], "weights": weights}],
    }  # fmt: skip
    return tmp_path / "model.json", content, arrays


def write(path, content):
    path.write_text(json.dumps(content))
    return path


def test_a_small_graph_equals_its_loops(model):
    path, content, arrays = model
    x = torch.randn(1, 2, 7, 6, generator=torch.Generator().manual_seed(1))
    got = load_graph(write(path, content)).run({"x": x})["out"].numpy()
    kernel, bias = arrays["kernel"].astype(float), arrays["bias"]
    assert got.shape == (1, 3, 4, 4)
    for i, j, d in np.ndindex(3, 4, 4):
        total = bias[d] + sum(
            kernel[a, b, c, d] * x[0, c, 2 * i + a, j + b].item() for a, b, c in np.ndindex(2, 3, 2)
        )
        assert got[0, i, j, d] == pytest.approx(total if total > 0 else 0.25 * total, abs=1e-5)


def test_a_kernel_of_one_channel_filters_each_channel():
    x, kernel = torch.randn(1, 5, 5, 3), torch.randn(3, 3, 1, 3)
    got = OPERATIONS["Conv2D"](window(), x, kernel)
    for c in range(3):
        assert got[0, 1, 2, c] == pytest.approx((x[0, 1:4, 2:5, c] * kernel[:, :, 0, c]).sum().item(), abs=1e-5)


def test_padding_takes_its_axes_in_order():
    got = OPERATIONS["PadV2"]({}, torch.ones(2, 3), torch.tensor([[1, 0], [0, 2]]), torch.tensor(7.0))
    assert got.tolist() == [[7] * 5, [1, 1, 1, 7, 7], [1, 1, 1, 7, 7]]


def test_max_pool_equals_its_loops():
    x = torch.randn(1, 7, 5, 2)
    got = OPERATIONS["MaxPool"](window((2, 2), ksize=ints(1, 3, 3, 1)), x)
    assert got.shape == (1, 3, 2, 2)
    for i, j, c in np.ndindex(3, 2, 2):
        assert got[0, i, j, c] == x[0, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3, c].max()


@pytest.mark.parametrize("change, said", [
    ({"padding": text("SAME")}, "SAME NHWC: only VALID NHWC is implemented"),
    ({"data_format": text("NCHW")}, "VALID NCHW"),
])  # fmt: skip
def test_what_is_not_implemented_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        OPERATIONS["Conv2D"](window() | change, torch.ones(1, 4, 4, 1), torch.ones(2, 2, 1, 1))


def test_other_ways_to_resize_and_filled_sparse_tensors_are_refused():
    with pytest.raises(ValueError, match="half_pixel_centers"):
        OPERATIONS["ResizeBilinear"]({"half_pixel_centers": {"b": False}}, torch.ones(1, 2, 2, 1), torch.tensor([4, 4]))
    with pytest.raises(ValueError, match="2 entries"):
        OPERATIONS["SparseToDense"]({}, torch.tensor([0, 1]), torch.tensor([3]), torch.tensor([5, 6]), torch.tensor(0))


def test_wrong_files_are_named(model):
    path, content, _ = model
    with pytest.raises(FileNotFoundError, match="model.json"):
        load_graph(path)
    path.write_text("{")
    with pytest.raises(ValueError, match="model.json: not a TensorFlow.js graph model"):
        load_graph(path)
    with pytest.raises(ValueError, match="not a TensorFlow.js graph model"):
        load_graph(write(path, {"modelTopology": {}}))
    weights = path.with_name("w.bin")
    whole = weights.read_bytes()
    for wrong in (whole[:-4], whole + b"\0\0\0\0", b""):
        weights.write_bytes(wrong)
        with pytest.raises(ValueError, match=f"holds {len(wrong)} bytes"):
            load_graph(write(path, content))
    weights.unlink()
    with pytest.raises(FileNotFoundError, match="w.bin"):
        load_graph(write(path, content))


def test_unknown_operations_storage_and_inputs_are_named(model):
    path, content, _ = model
    graph = load_graph(write(path, content))
    with pytest.raises(ValueError, match="needs the input 'x', but got image"):
        graph.run({"image": torch.ones(1)})
    content["weightsManifest"][0]["weights"][0]["quantization"]["dtype"] = "uint8"
    with pytest.raises(ValueError, match="kernel is stored as uint8"):
        load_graph(write(path, content))
    content["modelTopology"]["node"][0]["op"] = "Softplus"
    with pytest.raises(ValueError, match="Softplus"):
        load_graph(write(path, content))


@pytest.mark.data
def test_the_detector_equals_tensorflow_js():
    """tfjs_vectors.js in Node; the differences left are those of single precision."""
    c, y, x = np.mgrid[:3, :416, :416]
    signal = (((y * y + 3 * x * x + 50 * c) % 1024) / 256 - 2).astype(np.float32)
    outputs = detector().run({"input_1": torch.from_numpy(signal)[None]})
    assert set(outputs) == set(VECTORS)
    for name, expected in VECTORS.items():
        values = outputs[name].double()
        assert list(values.shape) == expected["shape"]
        assert values.mean().item() == pytest.approx(expected["mean"], abs=1e-6)
        assert values.square().mean().sqrt().item() == pytest.approx(expected["rms"], rel=1e-6)
        np.testing.assert_allclose(values.flatten()[::997], expected["values"], atol=2e-5)
