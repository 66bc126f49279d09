"""Rainmer's sizes: as documented, contrast within the training, and nothing changed at `paper`."""

from rainmer_lib.experiments.profiles import PROFILES
from rainmer_lib.experiments.rainmer import ABLATION_STEPS
from rainmer_lib.rainmer import paper
from rainmer_lib.rainmer.method import METHOD
from rainmer_lib.rainmer.model import build_network
from rainmer_lib.rainmer.sizes import EARLY, SIZES


def test_sizes_are_those_of_the_profiles():
    counts = {name: sum(p.numel() for p in build_network(METHOD.at(name)).parameters()) for name in SIZES if name != "paper"}
    assert counts == {"quick": 110_964, "laptop": 1_396_600, "gpu": 5_863_220}
    assert list(SIZES) == list(PROFILES) and METHOD.sizes is SIZES
    for name, size in SIZES.items():
        config = METHOD.at(name)
        assert config.memory_bank / config.batch < config.steps / 2, "the memory bank fills too late"
        assert config.steps % size.log_every == 0
    assert METHOD.at("paper") == paper


def test_light_rain_comes_early_in_every_training_that_has_it():
    """Of the ablations too, which have fewer steps; at `paper` the data are the paper's."""
    assert set(EARLY) == set(SIZES) - {"paper"}
    for name, early in EARLY.items():
        assert early * 4 <= min(METHOD.at(name).steps, ABLATION_STEPS.get(name, METHOD.at(name).steps))
