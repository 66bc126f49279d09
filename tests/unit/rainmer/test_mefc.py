"""The mixture-of-experts feature compensator against its plain slow form."""

import rainmer_slow_forms as slow
import torch
from random_tensors import doubles
from torch import nn

from rainmer_lib.rainmer import blockwise
from rainmer_lib.rainmer.mefc import MEFC


def test_mefc_is_its_slow_form(jolt):
    torch.manual_seed(0)
    slow.check_images(slow.mefc, jolt(MEFC(3).double()), doubles(2, 3, 7, 6))


def test_folded_steps_are_the_slow_form(jolt, monkeypatch):
    """Each image has weights of its own, and is cut into blocks."""
    monkeypatch.setattr(blockwise, "BLOCK", 64)
    torch.manual_seed(0)
    block = jolt(MEFC(3).double())
    with torch.inference_mode():
        slow.check_images(slow.mefc, block, doubles(2, 3, 27, 30))


def test_the_mean_is_taken_of_contiguous_images(monkeypatch):
    """In channels-last order torch pools padded images wrongly on CUDA; whole and result are the same on a CPU."""
    torch.manual_seed(0)
    mefc, x, pooled = MEFC(4), torch.rand(1, 4, 8, 8), []
    expected, pool = mefc(x), nn.AvgPool2d.forward
    monkeypatch.setattr(nn.AvgPool2d, "forward", lambda self, x: (pooled.append(x.is_contiguous()), pool(self, x))[1])
    mefc, last = mefc.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    torch.testing.assert_close(mefc(last), expected)
    assert pooled == [True] * 4


def test_one_step_is_the_first_of_four():
    """With fewer steps, the weights of the first ones mean the same."""
    torch.manual_seed(0)
    one, four, x = MEFC(3, 1).double(), MEFC(3).double(), doubles(2, 3, 7, 6)
    own = four.state_dict()
    kept = {name: own[name] for name in one.state_dict() if not name.startswith("weigh.2")}
    one.load_state_dict(kept | {name: own[name][:8] for name in ("weigh.2.weight", "weigh.2.bias")})
    with torch.no_grad():
        for experts in four.experts[1:]:
            for layer in experts.modules():
                if isinstance(layer, nn.Conv2d):
                    layer.weight.zero_()
        for merge in four.merge[1:]:
            merge.weight.zero_()
    torch.testing.assert_close(one(x), four(x))
