"""The defaults are the paper's, and what cannot be meant is refused with the valid values."""

from dataclasses import replace

import pytest

from rainmer_lib.dcdgan import paper, released


def test_the_papers_numbers():
    """Sec. 4.1 and Eq. (6)."""
    assert (paper.contrastive_weight, paper.colour_weight, paper.adversarial_weight, paper.frequency_weight) == (2, 1, 1, 0.1)
    assert (paper.learning_rate, paper.betas, paper.batch, paper.temperature) == (1e-4, (0.5, 0.999), 1, 0.07)
    assert (paper.blocks, paper.patches, paper.negatives, paper.backward_cycle) == (9, 256, "both", True)
    assert (paper.generator, paper.schedule) == ("resnet", "linear")
    assert (paper.discriminator_sees, paper.discriminator_norm) == ("image", True)
    assert (released.heads_learning_rate, released.heads_betas) == (1e-3, (0.9, 0.999))
    assert (paper.batch_negatives, released.batch_negatives) == (False, True)


def test_what_is_not_the_papers_is_off():
    assert not any((paper.discriminator_originals, paper.discriminator_replay, paper.warm_up,
                    paper.rehearsals, paper.one_sided))  # fmt: skip
    assert paper.forward_cycle_share == 1 and paper.identity_rainy and released.identity_rainy


@pytest.mark.parametrize(("changes", "message"), [
    ({"negatives": "outer"}, "internal, external, both"),
    ({"adversarial_loss": "wgan"}, "log_likelihood, least_squares, hinge"),
    ({"taps": ("down1", "block12")}, "block12.*choose among stem, down1"),
    ({"taps": ()}, r"taps=\(\): expected layers"),
    ({"backward_cycle": False}, "negatives='internal'"),
    ({"batch_negatives": True, "negatives": "external"}, "batch_negatives=True.*'internal' or negatives='both'"),
    ({"crop": 250}, "multiple of 4"),
    ({"steps": 0}, "steps=0: expected 1 or more"),
    ({"generator": "unet"}, "resnet, rain_layer"),
    ({"discriminator_sees": "rain"}, "image, both, detail"),
    ({"schedule": "constant"}, "linear, cosine"),
    ({"generator": "rain_layer"}, "'down1', 'down2'.*choose among stem, block1"),
    ({"warm_up": -1}, "warm_up=-1: expected 0 or more"),
    ({"warm_up": 50, "steps": 50}, "warm_up=50: expected fewer than all steps=50"),
    ({"warm_up_batch": 0}, "warm_up_batch=0: expected 1 or more"),
    ({"rehearsals": -1}, "rehearsals=-1: expected 0 or more"),
    ({"rehearsals": 1, "rehearsal_crops": 0}, "rehearsal_crops=0: expected 1 or more"),
    ({"discriminator_layers": 4}, "expected 1, 2 or 3"),
    ({"discriminator_replay": -1}, "0 or more"),
    ({"discriminator_width": 0}, "discriminator_width=0: expected 1 or more"), ({"embedding": 0}, "1 or more"),
    ({"ema": float("-inf")}, "ema=-inf: expected finite"), ({"ema": 2}, r"ema=2: expected within \[0, 1\)"),
    ({"temperature": -1.0}, "temperature=-1.0: expected above 0"), ({"learning_rate": float("nan")}, "finite"),
    ({"colour_weight": -1.0}, "colour_weight=-1.0: expected 0 or more"), ({"heads_betas": (0.5, 1.0)}, "heads_betas=.*within"),
    ({"seed": 2**70}, "seed=.*below"), ({"learning_rate": 10**400}, "finite"),
])  # fmt: skip
def test_wrong_values(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(paper, **changes)


@pytest.mark.parametrize("changes", [{"steps": "100"}, {"width": 1.5}, {"antialias": 1}, {"batch": True}, {"taps": "down1"},
                                     {"warm_up": 1.0}, {"identity_rainy": 0}, {"rehearsal_weight": "6"},
                                     {"betas": (0.5,)}, {"betas": ("a", 0.9)}, {"taps": (1,)}])  # fmt: skip
def test_wrong_types(changes):
    with pytest.raises(TypeError, match=f"{next(iter(changes))}=.*expected"):
        replace(paper, **changes)


def test_what_can_be_meant():
    layer = replace(paper, generator="rain_layer", taps=("stem", "block1", "block9"), schedule="cosine")
    assert layer.taps[0] == "stem" and replace(paper, steps=50, warm_up=49).warm_up == 49
    assert replace(paper, rehearsals=2, rehearsal_crops=1).rehearsals == 2


def test_an_int_may_stand_for_a_float():
    assert replace(paper, colour_weight=3).colour_weight == 3
