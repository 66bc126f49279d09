"""Rainmer under mixed weather: its sizes, its data, and that it is the network of Rainmer."""

from rainmer_lib.data.unpaired import embedded
from rainmer_lib.rainmer.method import METHOD as RAINMER
from rainmer_lib.rainmer.mixed_method import EARLY, METHOD, SIZES


def test_sizes():
    counts = {name: sum(p.numel() for p in METHOD.network(METHOD.at(name)).parameters()) for name in ("quick", "laptop")}
    assert counts == {"quick": 110_964, "laptop": 1_396_600}
    assert all(METHOD.at(name).start == "identity" for name in SIZES) and set(SIZES) == set(RAINMER.sizes)
    paper = METHOD.at("paper")
    assert (paper.width, paper.blocks, paper.mixture_steps) == (48, (4, 6, 6, 8), 4)
    for name, size in SIZES.items():
        config = METHOD.at(name)
        assert config.memory_bank / config.batch < config.steps / 2 and config.steps % size.log_every == 0


def test_its_data_are_mixed_and_begin_without_light_rain():
    data = METHOD.data(embedded(), "quick", keep=False)
    assert data.early == METHOD.at("quick").steps // EARLY and data.name == "embedded-mixed"
    assert data.batch(1, 2, 32, 0).rainy_whole.shape[-1] == METHOD.at("quick").view_size
