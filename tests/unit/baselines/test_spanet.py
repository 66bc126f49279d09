"""SPANet against its equations, its published size, the inactive weights of directions, and its published weights."""

import pytest
import torch
from torch.nn import functional as F

from rainmer_lib.baselines.spanet import METHOD, SPANet, SPANetConfig, load_published, rain_mask, sweep
from rainmer_lib.data.batches import Batch


def test_published_number_of_parameters():
    """283,716 as stored; the weights of directions are 7,012 of them."""
    counts = [sum(p.numel() for p in SPANet(directional=directional).parameters()) for directional in (True, False)]
    assert counts == [283_716, 276_704]


@pytest.mark.parametrize(("axis", "backwards", "order"), [
    (2, True, [(i, j) for i in (3, 2, 1, 0) for j in range(3)]), (3, False, [(i, j) for i in range(4) for j in range(3)]),
    (2, False, [(i, j) for i in range(4) for j in range(3)]), (3, True, [(i, j) for i in range(4) for j in (2, 1, 0)]),
], ids=["up", "right", "down", "left"])  # fmt: skip
def test_a_sweep_pixel_by_pixel(axis, backwards, order):
    torch.manual_seed(0)
    x, weight, bias = torch.randn(1, 2, 4, 3).double(), torch.randn(2).double(), torch.randn(2).double()
    found, back = sweep(x, weight, bias, axis, backwards)[0], 1 if backwards else -1
    expected = torch.zeros(2, 4, 3, dtype=torch.float64)
    for i, j in order:
        before = (i + back, j) if axis == 2 else (i, j + back)
        inside = 0 <= before[0] < 4 and 0 <= before[1] < 3
        for c in range(2):
            came = weight[c] * expected[c, before[0], before[1]] + bias[c] if inside else 0.0
            expected[c, i, j] = max(x[0, c, i, j] + came, torch.tensor(0.0))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("directional", [True, False])
def test_the_network_is_that_of_the_equations(directional):
    """With plain convolutions and the sweeps, from the weights alone."""
    torch.manual_seed(0)
    network = SPANet(width=4, groups=2, directional=directional).double()
    w, rainy = network.state_dict(), torch.rand(2, 3, 6, 7, dtype=torch.float64)

    def conv(x, name, dilation=1):
        weight = w[f"{name}.weight"]
        return F.conv2d(x, weight, w.get(f"{name}.bias"), padding=dilation * (weight.shape[-1] // 2), dilation=dilation)

    def swept(x, name, shares):
        moves = {"up": (2, True), "right": (3, False), "down": (2, False), "left": (3, True)}
        states = [sweep(x, w[f"{name}.{d}_weight.weight"].flatten(), w[f"{name}.{d}_weight.bias"], *moves[d]) for d in moves]
        return torch.cat([state * share for state, share in zip(states, shares, strict=True)], 1)

    def attention(x):
        shares = [1.0] * 4
        if directional:
            at = "SAM1.attention_layer"
            shares = torch.sigmoid(conv(F.relu(conv(F.relu(conv(x, f"{at}.conv1")), f"{at}.conv2")), f"{at}.conv3")).split(1, 1)
        x = conv(swept(conv(x, "SAM1.conv_in"), "SAM1.irnn1", shares), "SAM1.conv2")
        return torch.sigmoid(conv(F.relu(conv(swept(x, "SAM1.irnn2", shares), "SAM1.conv3")), "SAM1.conv_out"))

    x, maps = F.relu(conv(rainy, "conv_in.0")), []
    for k in range(1, 12):
        if k in (4, 7):
            maps.append(attention(x))
        at = f"res_block{k}.group1"
        correction = conv(F.relu(conv(F.relu(conv(x, f"{at}.conv1")), f"{at}.conv2", 2)), f"{at}.conv3")
        x = F.relu(correction * (maps[-1] if 4 <= k <= 9 else 1) + x)
    found, found_maps = network.with_maps(rainy)
    torch.testing.assert_close(found, conv(x, "conv_out.0"))
    for one, other in zip(found_maps, maps, strict=True):
        torch.testing.assert_close(one, other)
    assert torch.equal(network(rainy), found)


def test_the_weights_of_directions_learn_where_they_are_used():
    network = SPANet(width=4, groups=1)
    network(torch.rand(1, 3, 8, 8)).square().mean().backward()
    assert all(p.grad.abs().max() > 0 for p in network.SAM1.attention_layer.parameters())
    assert not hasattr(SPANet(width=4, groups=1, directional=False).SAM1, "attention_layer")


def test_the_terms_are_those_of_the_loss():
    """The mask is 1 where a channel differs, in either direction; a weight of zero switches a term off."""
    rainy, clean = torch.full((1, 3, 12, 12), 0.5), torch.full((1, 3, 12, 12), 0.5)
    rainy[0, 1, 2, 3], clean[0, 2, 5, 6], rainy[0, 0, 8, 8] = 0.6, 0.7, 0.5 + 0.4 / 255
    batch = Batch(rainy, clean)
    assert rain_mask(batch, 0.5 / 255)[0, 0].nonzero().tolist() == [[2, 3], [5, 6]]
    trainer = METHOD.start(SPANetConfig(width=4, groups=1, crop=12, batch=1, mask_weight=0.5))
    derained, [attended] = trainer.model.with_maps(rainy)
    terms = trainer.terms(batch)
    assert set(terms) == {"distance", "ssim", "mask"}
    torch.testing.assert_close(terms["distance"], (derained - clean).abs().mean())
    wanted = (attended.square().sum() + sum(1 - 2 * attended[0, 0, i, j] for i, j in ((2, 3), (5, 6)))) / 144
    torch.testing.assert_close(terms["mask"], 0.5 * wanted)
    off = METHOD.start(SPANetConfig(width=4, groups=1, crop=12, batch=1, mask_weight=0.0, ssim_weight=0.0))
    assert set(off.terms(batch)) == {"distance"}


def test_published_weights_expect_blue_first_and_weigh_no_directions(tmp_path):
    torch.manual_seed(1)
    original, path = SPANet(), tmp_path / "latest"
    with pytest.raises(FileNotFoundError, match="stevewongv/SPANet"):
        load_published(path)
    torch.save({"net": original.state_dict(), "clock": 40000, "opt": {}}, path)
    converted, image = load_published(path), torch.rand(1, 3, 9, 10)
    original.SAM1.directional = False  # what the released code computes
    with torch.no_grad():
        torch.testing.assert_close(converted(image), original(image.flip(1)).flip(1))
        assert not torch.allclose(converted(image), original(image))
    torch.save({"net": SPANet(directional=False).state_dict()}, path)
    with pytest.raises(ValueError, match="6 keys differ:\n  SAM1.attention_layer.conv1.weight: expected"):
        load_published(path)
    torch.save({"net": original.state_dict() | {"conv_out.0.weight": torch.zeros(3, 16, 3, 3)}}, path)
    with pytest.raises(ValueError, match="does not hold the weights of SPANet; 1 keys differ"):
        load_published(path)


def test_what_cannot_be_built_is_refused():
    with pytest.raises(ValueError, match="width=1: expected 2 or more"):
        SPANetConfig(width=1)
    with pytest.raises(ValueError, match="mask_threshold=-1: expected 0 or more"):
        SPANetConfig(mask_threshold=-1)
