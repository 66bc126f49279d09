"""Prompts against their plain slow form."""

import numpy as np
import pytest
import rainmer_slow_forms as slow
import torch
from random_tensors import doubles

from rainmer_lib.rainmer.prompts import BlockPrompts, PromptAttention


def test_a_prompt_is_its_slow_form(jolt):
    torch.manual_seed(0)
    block, features, vector = jolt(PromptAttention(4, 16).double()), doubles(2, 4, 5, 6), doubles(2, 16, 1, 1, seed=3)
    slow.check_images(slow.prompt, block, features, vector)


@pytest.mark.parametrize("weighting", ["sum", "illumination", "degradation", "degradation_unmapped"])
def test_prompts_are_combined_as_the_table_says(jolt, weighting):
    torch.manual_seed(0)
    block = jolt(BlockPrompts(4, 16, ("illumination", "appearance"), weighting).double())
    features = doubles(1, 4, 5, 6)
    z = {name: torch.nn.functional.normalize(doubles(1, 16, 1, 1, seed=i), dim=1)
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
    slow.check(block(features, z)[0], expected)


def test_one_prompt_stands_alone_and_has_no_weight(jolt):
    block = jolt(BlockPrompts(4, 16, ("appearance",), "illumination"))
    features, z = doubles(1, 4, 5, 6).float(), {"appearance": doubles(1, 16, 1, 1).float()}
    assert not hasattr(block, "direction")
    assert torch.equal(block(features, z), block.attend["appearance"](features, z["appearance"]))
