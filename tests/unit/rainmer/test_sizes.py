"""Rainmer's sizes: as documented, contrast within the training, and nothing changed at `paper`."""

from rainmer_lib.experiments.profiles import PROFILES
from rainmer_lib.rainmer import paper
from rainmer_lib.rainmer.method import METHOD
from rainmer_lib.rainmer.model import build_network
from rainmer_lib.rainmer.sizes import SIZES


def test_sizes_are_those_of_the_profiles():
    counts = {name: sum(p.numel() for p in build_network(METHOD.at(name)).parameters()) for name in SIZES if name != "paper"}
    assert counts == {"quick": 131_868, "laptop": 933_064, "gpu": 3_726_212}
    assert list(SIZES) == list(PROFILES) and METHOD.sizes is SIZES
    for name, size in SIZES.items():
        config = METHOD.at(name)
        assert config.memory_bank / config.batch < config.steps / 2, "the memory bank fills too late"
        assert config.steps % size.log_every == 0
    assert METHOD.at("paper") == paper
