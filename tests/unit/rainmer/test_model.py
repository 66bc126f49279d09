"""The network whole: any size, the same in training and inference, and what every switch removes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from random_tensors import uniform

from rainmer_lib.inference.derain import derain
from rainmer_lib.rainmer.backbone import TransformerBlock
from rainmer_lib.rainmer.model import Rainmer, build_network, view_of


class Constant(torch.nn.Module):
    """Return one tensor, whatever it is given."""

    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, _):
        return self.value


@pytest.fixture
def network(micro, jolt):
    torch.manual_seed(0)
    return jolt(build_network(micro)).eval()


@pytest.mark.parametrize(("height", "width"), [(16, 16), (24, 40), (17, 23), (9, 50)])
def test_any_size(network, height, width):
    image = uniform(2, 3, height, width)
    assert network(image).shape == image.shape


@pytest.mark.parametrize("reduction", [2, 4])
def test_a_reduced_network_takes_any_size_and_learns(micro, jolt, reduction):
    side = 16 * reduction
    changed = replace(micro, reduction=reduction, crop=side, view_size=side)
    network = jolt(build_network(changed))
    assert network.multiple == 8 * reduction and network(uniform(1, 3, 21, 50)).shape == (1, 3, 21, 50)
    network(uniform(2, 3, side, side), uniform(2, 3, side, side, seed=1)).square().sum().backward()
    for end in (network.backbone.patch, network.encoder.stem[0], network.backbone.leave):
        assert (end.weight.grad != 0).all(), "every rearranged pixel and every weight of the ends is used"


def test_a_reduction_rearranges_pixels_and_loses_none(micro):
    """What the first convolution sees, by a slow loop, and back: with a body that passes it on, the correction is the image."""
    network = build_network(replace(micro, reduction=2, crop=32, view_size=32))
    image, seen = uniform(1, 3, 16, 16), torch.empty(1, 12, 8, 8)
    for channel in range(3):
        for row in range(2):
            for column in range(2):
                seen[:, 4 * channel + 2 * row + column] = image[:, channel, row::2, column::2]
    backbone = network.backbone
    torch.testing.assert_close(backbone.embed(image), backbone.level0(backbone.patch(seen)))
    encoder = network.encoder
    torch.testing.assert_close(encoder.locate(image), encoder.stem(seen))
    backbone.leave, backbone.refine = torch.nn.Identity(), Constant(seen)
    torch.testing.assert_close(backbone.correct(backbone.embed(image)), image)


def test_a_start_at_the_identity_changes_the_last_convolution_alone(micro):
    """O = I at first; the last convolution learns from the first step on, because the features before it are not zero."""
    torch.manual_seed(0)
    plain = build_network(micro)
    torch.manual_seed(0)
    network = build_network(replace(micro, start="identity"))
    different = [n for n, p in network.named_parameters() if not torch.equal(p, plain.get_parameter(n))]
    assert different == ["backbone.leave.weight"]
    image = uniform(2, 3, 16, 16)
    assert torch.equal(network(image), image) and not torch.equal(plain(image), image)
    (network(image) - 1).square().mean().backward()
    assert (network.backbone.leave.weight.grad != 0).any()


def test_padding_is_mirroring_by_hand(network):
    """D5: the authors' code stops at a size that is no multiple of 8."""
    image, whole = uniform(1, 3, 21, 19), uniform(1, 3, 16, 16, seed=1)
    padded = torch.from_numpy(np.pad(image.numpy(), [(0, 0), (0, 0), (0, 3), (0, 5)], mode="symmetric"))
    torch.testing.assert_close(network(image, whole), network(padded, whole)[..., :21, :19])


def test_the_view_of_an_image_is_bilinear_without_antialiasing():
    """Half-pixel centres: every fourth sample of a size divided by four is the mean of the two middle pixels."""
    image = uniform(1, 3, 64, 64)
    expected = (image[..., 1::4, 1::4] + image[..., 1::4, 2::4] + image[..., 2::4, 1::4] + image[..., 2::4, 2::4]) / 4
    torch.testing.assert_close(view_of(image, 16), expected)


@pytest.mark.parametrize("changed", [
    {}, {"interaction": False}, {"prompts": False}, {"views": ("detail",)}, {"views": ()}, {"views": (), "interaction": False},
])  # fmt: skip
def test_training_and_inference_compute_the_same(micro, jolt, changed):
    """D10: what is off is off in both, and what is on is on in both."""
    network = jolt(build_network(replace(micro, **changed)))
    crop, whole = uniform(2, 3, 16, 16), uniform(2, 3, 16, 16, seed=1)
    trained = network.train().restore(crop, network.encode(whole).prompts)
    assert torch.equal(trained, network.eval()(crop, whole))


@pytest.mark.parametrize("changed", [{}, {"views": ("illumination",)}, {"views": ("detail",)}])
def test_the_whole_image_prompts(micro, jolt, changed):
    network = jolt(build_network(replace(micro, **changed)))
    crop = uniform(1, 3, 16, 16)
    assert not torch.allclose(network(crop, uniform(1, 3, 32, 32, seed=1)), network(crop, uniform(1, 3, 32, 32, seed=2)))


@pytest.mark.parametrize("changed", [{"prompts": False}, {"views": ()}])
def test_without_prompts_the_whole_image_is_not_looked_at(micro, jolt, changed):
    network = jolt(build_network(replace(micro, **changed)))
    crop = uniform(1, 3, 16, 16)
    assert torch.equal(network(crop, uniform(1, 3, 32, 32, seed=1)), network(crop, uniform(1, 3, 32, 32, seed=2)))


def groups(model):
    """Which parts have parameters."""
    names = {name for name, _ in model.named_parameters()}
    kinds = {
        "backbone": lambda n: n.startswith("derain.backbone") and ".prompts." not in n,
        "illumination prompt": lambda n: "prompts.attend.illumination" in n,
        "appearance prompt": lambda n: "prompts.attend.appearance" in n,
        "weighting": lambda n: n.endswith("prompts.direction"),
        "stem": lambda n: n.startswith("derain.encoder.stem"),
        "illumination head": lambda n: n.startswith("derain.encoder.heads.illumination"),
        "appearance head": lambda n: n.startswith("derain.encoder.heads.appearance"),
        "interaction": lambda n: n.startswith("derain.interaction"), "keys": lambda n: n.startswith("keys."),
    }  # fmt: skip
    assert all(sum(has(n) for has in kinds.values()) == 1 for n in names)
    return {kind for kind, has in kinds.items() if any(has(n) for n in names)}


ALL = {"backbone", "illumination prompt", "appearance prompt", "weighting", "stem", "illumination head", "appearance head",
       "interaction", "keys"}  # fmt: skip
ILLUMINATION, APPEARANCE = {"illumination prompt", "illumination head"}, {"appearance prompt", "appearance head"}


@pytest.mark.parametrize(("changed", "removed"), [
    ({}, set()), ({"views": ("degradation", "detail")}, ILLUMINATION | {"weighting"}),
    ({"views": ("illumination",)}, APPEARANCE | {"weighting"}), ({"views": ("illumination", "degradation")}, set()),
    ({"views": ("illumination", "detail")}, set()), ({"views": ()}, ILLUMINATION | APPEARANCE | {"weighting", "keys"}),
    ({"interaction": False}, {"interaction"}), ({"prompt_weighting": "sum"}, {"weighting"}),
    ({"contrastive_weight": 0.0}, {"keys"}), ({"views": (), "interaction": False}, ALL - {"backbone"}),
    ({"prompts": False}, {"illumination prompt", "appearance prompt", "weighting"}),
])  # fmt: skip
def test_what_is_off_has_no_parameters_and_the_rest_stays(micro, changed, removed):
    full, reduced = Rainmer(micro), Rainmer(replace(micro, **changed))
    assert groups(full) == ALL and groups(reduced) == ALL - removed
    shapes = {name: p.shape for name, p in full.named_parameters()}
    assert all(shapes[name] == p.shape for name, p in reduced.named_parameters())


@pytest.mark.parametrize(("field", "value"), [
    ("topk", "chained"), ("prompt_placement", "residual"), ("prompt_weighting", "degradation"),
    ("prompt_weighting", "degradation_unmapped"), ("sparse_rates", ("1/2",) * 4), ("view_size", 24),
])  # fmt: skip
def test_an_option_without_parameters_reaches_the_network(micro, jolt, field, value):
    """The same weights restore another image."""
    usual, other = (jolt(build_network(replace(micro, width=8, **changed))) for changed in ({}, {field: value}))
    other.load_state_dict(usual.state_dict())
    crop, whole = uniform(1, 3, 16, 16), uniform(1, 3, 32, 32, seed=1)
    assert (usual(crop, whole) - other(crop, whole)).abs().max() > 1e-5


def test_every_block_has_the_options(micro):
    config = replace(micro, topk="chained", prompt_placement="residual", prompt_weighting="sum", blocks=(2, 1, 1, 1))
    backbone = build_network(config).backbone
    blocks = [module for module in backbone.modules() if isinstance(module, TransformerBlock)]
    decoder = [block for level in backbone.decoder for block in level]
    assert {block.attention.topk for block in blocks} == {"chained"} and (len(blocks), len(decoder)) == (9, 4)
    assert [block for block in blocks if block.prompts is not None] == decoder
    assert {(block.placement, block.prompts.weighting) for block in decoder} == {("residual", "sum")}


def test_every_parameter_is_optimised_once(micro):
    model = Rainmer(micro)
    listed = [p for group in model.groups().values() for p in group]
    assert sorted(map(id, listed)) == sorted(id(p) for p in model.parameters() if p.requires_grad)
    assert {id(p) for p in model.groups()["encoder"]} == {id(p) for p in model.derain.encoder.parameters()}


def test_initial_weights_are_a_function_of_the_seed(micro):
    one, same, other = (Rainmer(replace(micro, seed=seed)).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["derain.backbone.patch.weight"], other["derain.backbone.patch.weight"])


def test_inference_of_an_odd_size(network):
    """The house's `derain` pads to `multiple` and crops back; the prompts are of the image without its padding."""
    image = uniform(21, 34, 3).numpy()
    expected = network(torch.from_numpy(image).permute(2, 0, 1)[None])[0].permute(1, 2, 0).clamp(0, 1)
    torch.testing.assert_close(torch.from_numpy(derain(network, image)), expected.detach())


def test_tiles_get_the_prompts_of_the_whole_image(network, monkeypatch):
    image, seen = uniform(40, 200, 3).numpy(), []
    encode = network.encode
    monkeypatch.setattr(network, "encode", lambda whole: (seen.append(whole), encode(whole))[1])
    whole = torch.from_numpy(image).permute(2, 0, 1)[None]
    with network.conditioned_on(whole):
        tiled = derain(network, image, tile=128)
    assert len(seen) > 1 and all(torch.equal(w, view_of(whole, 16)) for w in seen) and tiled.shape == image.shape
    derain(network, image[:, :80])
    assert torch.equal(seen[-1], view_of(whole[..., :80], 16)), "the next image is prompted by itself again"
