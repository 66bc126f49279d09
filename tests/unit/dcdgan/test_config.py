"""The defaults are the paper's, and what cannot be meant is refused with the valid values."""

from dataclasses import replace

import pytest

from rainmer_lib.dcdgan import paper, released


def test_the_papers_numbers():
    """Sec. 4.1 and Eq. (6)."""
    assert (paper.contrastive_weight, paper.colour_weight, paper.adversarial_weight, paper.frequency_weight) == (2, 1, 1, 0.1)
    assert (paper.learning_rate, paper.betas, paper.batch, paper.temperature) == (1e-4, (0.5, 0.999), 1, 0.07)
    assert (paper.blocks, paper.patches, paper.negatives, paper.backward_cycle) == (9, 256, "both", True)
    assert (released.heads_learning_rate, released.heads_betas) == (1e-3, (0.9, 0.999))


@pytest.mark.parametrize(("changes", "message"), [
    ({"negatives": "outer"}, "internal, external, both"),
    ({"adversarial_loss": "wgan"}, "log_likelihood, least_squares, hinge"),
    ({"taps": ("down1", "block12")}, "block12.*choose among stem, down1"),
    ({"backward_cycle": False}, "negatives='internal'"),
    ({"crop": 250}, "multiple of 4"),
    ({"steps": 0}, "at least 1"),
])  # fmt: skip
def test_wrong_values(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(paper, **changes)


@pytest.mark.parametrize("changes", [{"steps": "100"}, {"width": 1.5}, {"antialias": 1}, {"batch": True}, {"taps": "down1"}])
def test_wrong_types(changes):
    with pytest.raises(TypeError, match=f"{next(iter(changes))}=.*expected"):
        replace(paper, **changes)


def test_an_int_may_stand_for_a_float():
    assert replace(paper, colour_weight=3).colour_weight == 3
