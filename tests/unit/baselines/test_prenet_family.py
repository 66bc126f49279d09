"""PRN, PReNet_r and PRN_r: published sizes, what each leaves out of PReNet, and their published weights."""

import pytest
import torch

from rainmer_lib.baselines.prenet import METHOD as PRENET
from rainmer_lib.baselines.prenet_family import PRENET_R, PRN, PRN_R

FAMILY = {"prn": (PRN, 95_107, "PRN6"), "prenet_r": (PRENET_R, 94_979, "PReNet6_r"), "prn_r": (PRN_R, 21_123, "PRN6_r")}


@pytest.mark.parametrize(("method", "count", "folder"), FAMILY.values(), ids=FAMILY)
def test_published_numbers_of_parameters_and_where_the_weights_are(method, count, folder, tmp_path):
    network = method.network(method.at("paper"))
    assert sum(p.numel() for p in network.parameters()) == count
    with pytest.raises(FileNotFoundError, match=f"/{folder}/net_latest.pth of .*csdwren/PReNet"):
        method.load_published(tmp_path / "net_latest.pth")
    torch.save(network.state_dict(), tmp_path / "net_latest.pth")
    loaded, image = method.load_published(tmp_path / "net_latest.pth"), torch.rand(1, 3, 8, 8)
    with torch.no_grad():
        assert torch.equal(loaded(image), network(image)) and len(loaded.stages(image)) == 6
    torch.save(PRENET.network(PRENET.at("paper")).state_dict(), tmp_path / "net_latest.pth")
    with pytest.raises(ValueError, match=f"does not hold the weights of a six-stage {method.title}"):
        method.load_published(tmp_path / "net_latest.pth")


@pytest.mark.parametrize("size", ["laptop", "paper"])
def test_they_differ_from_prenet_in_the_part_alone(size):
    prenet = PRENET.at(size)
    for method, part in ((PRN, {"recurrent"}), (PRENET_R, {"blocks", "repeats"}), (PRN_R, {"recurrent", "blocks", "repeats"})):
        config = method.at(size)
        assert {name for name in vars(prenet) if getattr(config, name) != getattr(prenet, name)} == part
        assert config.blocks * config.repeats == prenet.blocks, "as many blocks deep"


def test_a_reduced_network_is_one_whose_blocks_are_equal():
    """PReNet_r with one block, and PReNet whose blocks are copies of it."""
    torch.manual_seed(0)
    reduced = PRENET_R.network(PRENET_R.config(stages=2, repeats=3, channels=4))
    whole = PRENET.network(PRENET.config(stages=2, blocks=3, channels=4))
    weights = reduced.state_dict()
    copies = {name.replace("res_conv1", f"res_conv{k}"): weights[name] for name in weights for k in (1, 2, 3)}
    whole.load_state_dict({name: copies[name] for name in whole.state_dict()})
    image = torch.rand(1, 3, 9, 7)
    assert torch.equal(reduced(image), whole(image))
