"""Sizes of the networks, and settings that cannot be meant."""

from dataclasses import replace

import pytest
import torch

from rainmer_lib.rainmer import paper, released, small, tiny
from rainmer_lib.rainmer.method import METHOD
from rainmer_lib.rainmer.model import Rainmer
from rainmer_lib.training.config import changed_fields


def on_paper(config):
    """Shapes without numbers: the full model takes no memory."""
    with torch.device("meta"):
        return Rainmer(config)


def count(*modules):
    return sum(p.numel() for module in modules for p in module.parameters())


@pytest.mark.parametrize(("config", "everything", "trainable"), [
    (paper, 36_766_880, 35_825_344), (released, 36_766_880, 35_825_344),
    (replace(paper, prompt_weighting="degradation_unmapped", prompt_placement="residual"), 36_766_880, 35_825_344),
    (replace(paper, prompt_weighting="sum"), 36_764_832, 35_823_296),
    (tiny, 396_516, 368_932), (small, 1_618_016, 1_531_840), (METHOD.at("laptop"), 1_455_872, 1_396_600),
])  # fmt: skip
def test_parameters(config, everything, trainable):
    model = on_paper(config)
    assert count(model) == everything and count(model.derain) == trainable
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == trainable


def test_parameters_part_by_part():
    """The counts of the released model (docs/rainmer.md)."""
    derain = on_paper(paper).derain
    b, e = derain.backbone, derain.encoder
    assert [count(e.stem[0]), count(e.stem[1]), *map(count, e.heads.values())] == [1_344, 230_816, 354_688, 354_688]
    assert [*map(count, (derain.interaction, b.level0, b.latent, b.refine))] == [46_272, 230_816, 18_470_816, 814_304]
    assert [count(level) for level in b.encoder] == [209_460, 1_034_676, 3_686_736]
    assert [count(level) for level in b.decoder] == [4_431_708, 1_296_960, 864_636]
    prompts = [block.prompts for level in b.decoder for block in level]
    assert len(prompts) == 16 and count(*prompts) == 1_180_064 + 2_048


def test_presets_differ_where_they_say():
    assert changed_fields(paper) == {} and set(changed_fields(released)) == {
        "topk", "positives", "flips", "detail_negatives", "weight_decay", "encoder_weight_decay", "clip_scope", "seed",
    }  # fmt: skip


@pytest.mark.parametrize(("changed", "message"), [
    ({"topk": "loose"}, "choose one of independent, chained"), ({"views": ("chromatic",)}, "choose among illumination"),
    ({"views": ("detail", "detail")}, "each once"), ({"blocks": (1, 1, 1)}, "four numbers"),
    ({"heads": (1, 2, 5, 8)}, "192 channels for 5 heads"), ({"width": 47}, "width must be even"),
    ({"sparse_rates": ("3/2",)}, "at most 1"), ({"embedding": 8}, "no hidden unit"), ({"crop": 100}, "multiple of 8"),
    ({"view_size": 8}, "at least 16"), ({"prompts": False, "contrastive_weight": 0.0}, "set views=()"),
    ({"detail_negatives": "crop", "crop": 256}, "set view_size=256"), ({"memory_bank": 3}, "must hold the negatives"),
    ({"temperature": 0.0}, "temperature=0.0: expected above 0"), ({"steps": 3}, "multiple of accumulate"),
    ({"cycles": (1,)}, "one floor for each cycle"), ({"clip": -1.0}, "clip=-1.0: expected"), ({"views": "detail"}, None),
    ({"learning_rate": 0.0}, "above 0"), ({"ema": 1.0}, r"ema=1.0: expected within \[0, 1\)"), ({"momentum": 1.5}, "within"),
    ({"ssim_weight": -0.1}, "0 or more"), ({"betas": (0.9, 1.0)}, "betas=.*within"), ({"seed": -1}, "seed=-1"),
    ({"reduction": 3}, "choose 1, 2 or 4"), ({"reduction": 2, "crop": 136}, "multiple of 16, at least 32"),
])  # fmt: skip
def test_settings_that_cannot_be_meant(changed, message):
    with pytest.raises(ValueError if message else TypeError, match=message):
        replace(paper, **changed)
