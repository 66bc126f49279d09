"""Weights of others: what a parallel wrapper added to their keys is dropped, and said."""

import pytest
import torch

from rainmer_lib.baselines.prenet import METHOD, load_published
from rainmer_lib.baselines.published_weights import load_strictly, unwrapped


@pytest.fixture
def network():
    torch.manual_seed(0)
    return METHOD.network(METHOD.config())


def test_the_keys_of_a_parallel_wrapper_are_read(network, tmp_path):
    path = tmp_path / "net.pth"
    torch.save({f"module.{name}": value for name, value in network.state_dict().items()}, path)
    plain = tmp_path / "plain.pth"
    torch.save(network.state_dict(), plain)
    with pytest.warns(UserWarning, match="net.pth: its keys begin with module."):
        wrapped = load_published(path).state_dict()
    expected = load_published(plain).state_dict()
    assert wrapped.keys() == expected.keys() and all(torch.equal(wrapped[name], expected[name]) for name in expected)


def test_a_key_of_that_name_among_others_stays(network, tmp_path):
    weights = {"module.a": torch.zeros(1), "b": torch.zeros(1)}
    assert unwrapped(weights, tmp_path) is weights and unwrapped({}, tmp_path) == {}
    with pytest.raises(ValueError, match="keys differ"):
        load_strictly(network, weights, tmp_path, "PReNet")
