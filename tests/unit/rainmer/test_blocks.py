"""Every block against its plain slow form."""

import numpy as np
import pytest
import rainmer_slow_forms as slow
import torch

from rainmer_lib.rainmer.attention import SparseChannelAttention, mix_topk
from rainmer_lib.rainmer.backbone import ChannelNorm, MixedScaleFeedForward, TransformerBlock, pad_to_multiple
from rainmer_lib.rainmer.encoder import ViewHead
from rainmer_lib.rainmer.interaction import SpatialChannelInteraction
from rainmer_lib.rainmer.mefc import MixtureCompensator
from rainmer_lib.rainmer.prompts import BlockPrompts, PromptAttention

RATES = ("1/2", "2/3", "3/4", "4/5")


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def check(found, expected):
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("name", "module", "width"), [
    ("attention", lambda: SparseChannelAttention(12, 2, RATES), 12), ("norm", lambda: ChannelNorm(5), 5),
    ("feed_forward", lambda: MixedScaleFeedForward(5, 2.66), 5), ("compensator", lambda: MixtureCompensator(3), 3),
    ("view_head", lambda: ViewHead(3, 16), 3),
])  # fmt: skip
def test_a_block_is_its_slow_form(jolt, name, module, width):
    torch.manual_seed(0)
    block, x = jolt(module().double()), random(2, width, 7, 6)
    for found, image in zip(block(x), x, strict=True):
        check(found, getattr(slow, name)(block, image.numpy()))


def test_the_kept_channels_are_those_of_the_paper_size():
    assert SparseChannelAttention(48, 1, RATES).counts == (24, 32, 36, 38)
    assert SparseChannelAttention(384, 4, RATES).counts == (48, 64, 72, 76)


@pytest.mark.parametrize("counts", [(3, 5, 6, 7), (1, 8), (4,), (8, 2, 2)])
def test_one_sort_gives_what_the_masks_give(counts):
    scores, shares = random(2, 3, 8, 8), random(len(counts), seed=2)
    expected = [slow.mixed_row(row, counts, shares.numpy(), False) for row in scores.view(-1, 8).numpy()]
    check(mix_topk(scores, counts, shares).view(-1, 8), expected)


@pytest.mark.parametrize("counts", [(3, 5, 6, 7), (4, 4)])
def test_chained_masks(counts):
    """Which of the ties at zero a mask adds is open, so rows are compared sorted; without ties (4, 4) as they are."""
    scores, shares = random(2, 3, 8, 8), random(len(counts), seed=2)
    found = mix_topk(scores, counts, shares, "chained").view(-1, 8)
    rows = [slow.mixed_row(row, counts, shares.numpy(), True) for row in scores.view(-1, 8).numpy()]
    expected = torch.tensor(np.array(rows))
    if len(counts) == 4:
        found, expected = found.sort()[0], expected.sort()[0]
    torch.testing.assert_close(found, expected)


def test_chained_masks_flatten_the_weights():
    """D9: largest over smallest kept weight of the last mask, about 1.35 with independent masks and 1.03 with chained."""
    scores, last = 0.1 * random(1, 1, 48, 48), torch.tensor([0.0, 0.0, 0.0, 1.0], dtype=torch.float64)
    spread = {}
    for rule in ("independent", "chained"):
        weights = mix_topk(scores, (24, 32, 36, 38), last, rule)[0, 0]
        spread[rule] = np.median([row[row > 0].max() / row[row > 0].min() for row in weights])
    assert 1.3 < spread["independent"] < 1.4 and spread["chained"] < 1.03


def test_an_unknown_rule_of_masks():
    with pytest.raises(ValueError, match="choose independent or chained"):
        mix_topk(random(1, 1, 4, 4), (2,), random(1), "loose")


def test_gradients_of_the_mixture():
    scores, shares = random(1, 2, 5, 5).requires_grad_(), random(3, seed=2).requires_grad_()
    assert torch.autograd.gradcheck(lambda s, a: mix_topk(s, (2, 3, 5), a), (scores, shares))


def test_a_prompt_is_its_slow_form(jolt):
    torch.manual_seed(0)
    block, features, vector = jolt(PromptAttention(4, 16).double()), random(2, 4, 5, 6), random(2, 16, 1, 1, seed=3)
    for found, x, z in zip(block(features, vector), features, vector, strict=True):
        check(found, slow.prompt(block, x.numpy(), z.numpy()))


@pytest.mark.parametrize("weighting", ["sum", "illumination", "degradation", "degradation_unmapped"])
def test_prompts_are_combined_as_the_table_says(jolt, weighting):
    torch.manual_seed(0)
    block = jolt(BlockPrompts(4, 16, ("illumination", "appearance"), weighting).double())
    features = random(1, 4, 5, 6)
    z = {name: torch.nn.functional.normalize(random(1, 16, 1, 1, seed=i), dim=1)
         for i, name in enumerate(("illumination", "appearance"))}  # fmt: skip
    p_i, p_d = (slow.prompt(block.attend[name], features[0].numpy(), z[name][0].numpy()) for name in z)
    if weighting != "sum":
        w = block.direction.detach().flatten().numpy()
        name = "illumination" if weighting == "illumination" else "appearance"
        a = float(w @ z[name].flatten().numpy() / np.linalg.norm(w))
        a = a if weighting == "degradation_unmapped" else (1 + a) / 2
    expected = {
        "sum": lambda: p_i + p_d, "illumination": lambda: a * p_i + (1 - a) * p_d,
        "degradation": lambda: (1 - a) * p_i + a * p_d, "degradation_unmapped": lambda: (1 - a) * p_i + a * p_d,
    }[weighting]()  # fmt: skip
    check(block(features, z)[0], expected)


def test_one_prompt_stands_alone_and_has_no_weight(jolt):
    block = jolt(BlockPrompts(4, 16, ("appearance",), "illumination"))
    features, z = random(1, 4, 5, 6).float(), {"appearance": random(1, 16, 1, 1).float()}
    assert not hasattr(block, "direction")
    assert torch.equal(block(features, z), block.attend["appearance"](features, z["appearance"]))


@pytest.mark.parametrize("placement", ["attention", "residual"])
def test_where_a_block_is_prompted(jolt, placement):
    torch.manual_seed(0)
    prompts = BlockPrompts(4, 16, ("illumination", "appearance"), "illumination")
    block = jolt(TransformerBlock(4, 1, 2.66, RATES, "independent", prompts, placement).double())
    x, z = random(1, 4, 5, 6), {name: random(1, 16, 1, 1, seed=4) for name in ("illumination", "appearance")}
    o = block.attention(block.before_attention(x))
    y = x + o + prompts(o, z) if placement == "attention" else x + o + prompts(x + o, z)
    torch.testing.assert_close(block(x, z), y + block.feed_forward(block.before_feed(y)))
    plain = x + o
    torch.testing.assert_close(block(x), plain + block.feed_forward(block.before_feed(plain)))


def test_the_interaction_is_its_slow_form(jolt):
    torch.manual_seed(0)
    block, location, features = jolt(SpatialChannelInteraction(4).double()), random(2, 4, 5, 6), random(2, 4, 5, 6, seed=5)
    for found, a, b in zip(block(location, features), location, features, strict=True):
        check(found, slow.interaction(block, a.numpy(), b.numpy()))


@pytest.mark.parametrize(("height", "width"), [(13, 18), (8, 16), (3, 1)])
def test_borders_are_mirrored_as_inference_does(height, width):
    image = random(1, 3, height, width)
    found = pad_to_multiple(image, 8)
    expected = np.pad(image[0].numpy(), [(0, 0), (0, -height % 8), (0, -width % 8)], mode="symmetric")
    assert np.array_equal(found[0].numpy(), expected)
