"""Each term reaches exactly the modules that it should, and the total is the weighted sum of what is logged."""

from dataclasses import replace

import pytest
import torch

from rainmer_lib.rainmer.config import VIEWS
from rainmer_lib.rainmer.model import Rainmer
from rainmer_lib.rainmer.objective import Outcome, build_objective
from rainmer_lib.rainmer.step import Trainer
from rainmer_lib.rainmer.views import Keys

PARTS = {
    "prompts": ".prompts.", "backbone": "derain.backbone", "stem": "derain.encoder.stem",
    "illumination head": "heads.illumination", "appearance head": "heads.appearance", "interaction": "derain.interaction",
    "keys": "keys.",
}  # fmt: skip
ENCODER = {"stem", "illumination head", "appearance head"}


def reached(config, images, name):
    """Parts in which the term `name` leaves a gradient that is not zero (not in all weights: ReLUs die)."""
    model = Rainmer(config)
    rainy, clean, rainy_whole, clean_whole = images
    encoding = model.derain.encode(rainy_whole)
    negatives = torch.rand(2, 2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    keys = {view: Keys(clean_whole, negatives) for view in config.contrasted}
    outcome = Outcome(model.derain.restore(rainy, encoding.prompts), clean, model.compare(encoding, keys))
    {term.name: term for term in build_objective(config)}[name].value(outcome).backward()
    parts = {}
    for parameter_name, p in model.named_parameters():
        part = next(part for part, pattern in PARTS.items() if pattern in parameter_name)
        parts.setdefault(part, []).append(p.grad is not None and bool(p.grad.abs().max() > 0))
    return {part for part, has in parts.items() if any(has)}


@pytest.mark.parametrize(("name", "parts"), [
    ("charbonnier", set(PARTS) - {"keys"}), ("ssim", set(PARTS) - {"keys"}),
    ("illumination", {"stem", "illumination head"}), ("degradation_detail", {"stem", "appearance head"}),
])  # fmt: skip
def test_the_full_model(micro, images, name, parts):
    assert reached(micro, images(), name) == parts


@pytest.mark.parametrize(("changed", "parts"), [
    ({"prompts": False}, {"backbone", "interaction", "stem"}),
    ({"interaction": False}, {"backbone", "prompts", *ENCODER}),
    ({"prompts": False, "interaction": False}, {"backbone"}), ({"views": (), "interaction": False}, {"backbone"}),
    ({"views": ("illumination",)}, {"backbone", "interaction", "stem", "prompts", "illumination head"}),
    ({"views": ("detail",)}, {"backbone", "interaction", "stem", "prompts", "appearance head"}),
])  # fmt: skip
def test_what_the_pixels_reach(micro, images, changed, parts):
    assert reached(replace(micro, **changed), images(), "charbonnier") == parts


@pytest.mark.parametrize(("changed", "names"), [
    ({}, {"charbonnier", "ssim", "illumination", "degradation_detail"}),
    ({"ssim_weight": 0.0}, {"charbonnier", "illumination", "degradation_detail"}),
    ({"views": ("detail",)}, {"charbonnier", "ssim", "degradation_detail"}),
    ({"views": ("illumination",)}, {"charbonnier", "ssim", "illumination"}),
    ({"views": ()}, {"charbonnier", "ssim"}), ({"contrastive_weight": 0.0}, {"charbonnier", "ssim"}),
])  # fmt: skip
def test_a_term_that_is_off_is_absent(micro, images, changed, names):
    values = Trainer.start(replace(micro, **changed)).train_step(images())
    assert set(values) == names | {"total"}, "also while the memory bank fills"


def test_the_total_is_the_weighted_sum(micro, images):
    trainer = Trainer.start(replace(micro, contrastive_weight=0.3))
    for seed in range(3):
        values = {k: v.item() for k, v in trainer.train_step(images(seed)).items()}
        expected = (
            values["charbonnier"] + 0.1 * values["ssim"] + 0.3 * (values["illumination"] + values["degradation_detail"])
        )
        assert values["total"] == pytest.approx(expected, rel=1e-5)
    assert values["illumination"] > 0 and values["degradation_detail"] > 0


def test_views_are_compared_with_their_own_keys(micro, images):
    """Each view of the query with its own positive first; a temperature of 0.2."""
    model, (rainy, *_) = Rainmer(micro), images()
    other = images(5)
    negatives = [torch.stack([other[j] for j in range(4) if j != i], dim=1) for i in range(3)]
    keys = {view: Keys(other[i], negatives[i]) for i, view in enumerate(VIEWS)}
    encoding = model.derain.encode(rainy)
    for view, found in model.compare(encoding, keys).items():
        assert found.negatives.shape == (2, 3)
        query, key = encoding.features[view], model.keys.encoder(keys[view].positive).features[view]
        expected = torch.nn.functional.cosine_similarity(query, key, dim=1).mean(dim=(1, 2)) / 0.2
        torch.testing.assert_close(found.positive, expected)
