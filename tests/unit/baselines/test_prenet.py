"""PReNet against its equations, its published size, and the numbers that its authors print."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional as F

from rainmer_lib import paths
from rainmer_lib.baselines.prenet import METHOD, PReNet, PReNetConfig, load_published
from rainmer_lib.baselines.supervised import Pairs
from rainmer_lib.data.test_sets import benchmark_pairs
from rainmer_lib.experiments.calibration import PUBLISHED
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.protocols import evaluate_all
from rainmer_lib.pretrained.models import load_model

RECORDED = paths.REPOSITORY / "results" / "calibration" / "prenet.csv"


@pytest.mark.parametrize(
    ("options", "count"),
    [({}, 168_963), ({"blocks": 1, "repeats": 5}, 94_979), ({"recurrent": False}, 95_107),
     ({"recurrent": False, "blocks": 1, "repeats": 5}, 21_123)],
    ids=["PReNet", "PReNet_r", "PRN", "PRN_r"],
)  # fmt: skip
def test_published_numbers_of_parameters(options, count):
    assert sum(p.numel() for p in PReNet(**options).parameters()) == count


def test_the_stages_are_those_of_the_equations():
    """Stage by stage with plain convolutions, from the weights alone."""
    torch.manual_seed(0)
    network = PReNet(stages=3, blocks=2).double()
    w = network.state_dict()
    y = torch.rand(1, 3, 9, 7, dtype=torch.float64)

    def conv(x, name):
        return F.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], padding=1)

    outputs, x, h, c = [], y, torch.zeros(1, 32, 9, 7).double(), torch.zeros(1, 32, 9, 7).double()
    for _ in range(3):
        z = torch.cat((F.relu(conv(torch.cat((y, x), 1), "conv0.0")), h), 1)
        i, f, o = (torch.sigmoid(conv(z, f"conv_{gate}.0")) for gate in "ifo")
        c = f * c + i * torch.tanh(conv(z, "conv_g.0"))
        h = o * torch.tanh(c)
        s = h
        for k in (1, 2):
            s = F.relu(F.relu(conv(F.relu(conv(s, f"res_conv{k}.0")), f"res_conv{k}.2")) + s)
        x = y + conv(s, "conv.0")
        outputs.append(x)
    assert torch.allclose(network(y), x)
    stages = network.stages(y)
    assert len(stages) == 3 and all(torch.allclose(found, expected) for found, expected in zip(stages, outputs, strict=True))


def test_weights_that_do_not_fit_are_named(tmp_path):
    path = tmp_path / "net_latest.pth"
    with pytest.raises(FileNotFoundError, match="csdwren/PReNet"):
        load_published(path)
    for content in (b"", b"no weights", b"PK\x03\x04" + b"0" * 50, b"101\n", b"\x80\x02", b"\xff\xfe"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="damaged, or not a (state dict|file that torch.save wrote)"):
            load_published(path)
    weights = PReNet().state_dict()
    weights["conv.0.bias"] = torch.zeros(4)
    weights["extra"] = weights.pop("conv0.0.bias")
    torch.save(weights, path)
    with pytest.raises(ValueError, match=r"3 keys differ(.|\n)*conv.0.bias: expected \(3,\), found \(4,\)"):
        load_published(path)
    torch.save(PReNet().state_dict() | {"conv0.0.bias": torch.full((32,), float("nan"))}, path)
    with pytest.raises(ValueError, match="the weights 'conv0.0.bias' are not finite"):
        load_published(path)
    torch.save(PReNet().state_dict() | {"conv0.0.bias": torch.zeros(31)}, path)
    with pytest.raises(ValueError, match="1 keys differ"):
        load_published(path)
    weights = PReNet().state_dict()
    torch.save(weights, path)
    assert torch.equal(load_published(path).conv_i[0].weight, weights["conv_i.0.weight"])


def test_the_published_training():
    """csdwren/PReNet: negative SSIM of the last stage, a fifth of the rate from epochs 30, 50 and 80 of 100 on."""
    config = METHOD.at("paper")
    assert (config.loss, config.supervised_stages, config.learning_rate) == ("ssim", "last", 1e-3)
    assert (config.batch, config.crop, config.ema, config.clip) == (18, 100, 0.0, 0.0)
    trainer, epoch = METHOD.start(replace(config, crop=16)), config.steps // 100
    seen = {}
    for at in (0, 30 * epoch - 1, 30 * epoch, 50 * epoch - 1, 50 * epoch, 80 * epoch - 1, 80 * epoch):
        trainer.optimisation.set_rates(at)
        seen[at] = trainer.optimisation.optimisers["network"].param_groups[0]["lr"]
    assert list(seen.values()) == pytest.approx([1e-3, 1e-3, 2e-4, 2e-4, 4e-5, 4e-5, 8e-6])


@pytest.mark.parametrize(
    ("changes", "count"), [({}, 168_963), ({"blocks": 1, "repeats": 5}, 94_979), ({"recurrent": False}, 95_107)]
)
def test_the_network_is_that_of_the_configuration(changes, count):
    network = METHOD.network(METHOD.at("paper", stages=2, **changes))
    assert sum(p.numel() for p in network.parameters()) == count
    assert len(network.stages(torch.rand(1, 3, 8, 8))) == 2


def test_it_learns_from_pairs(on_photos):
    trainer = METHOD.start(METHOD.config(stages=2, blocks=1, steps=20, batch=2, crop=32))
    batch = Pairs(on_photos).batch(0, 2, 32, 0)
    losses = [trainer.train_step(batch)["distance"].item() for _ in range(20)]
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize(("run", "printed"), PUBLISHED.items(), ids=str)
def test_the_recorded_means_are_what_the_authors_print(run, printed):
    """To the last printed digit, but for Rain12: 36.647 against 36.66, on images whose files may be another copy."""
    scores = pd.read_csv(RECORDED).query("protocol == 'prenet' and method == @run[0] and test_set == @run[1]")
    assert len(scores) == (12 if run[1] == "rain12" else 100)
    psnr_tolerance = 0.0135 if run[1] == "rain12" else 0.005
    assert scores.psnr.mean() == pytest.approx(printed[0], abs=psnr_tolerance)
    assert scores.ssim.mean() == pytest.approx(printed[1], abs=0.0005)


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("run", PUBLISHED, ids=str)
def test_present_code_gives_the_recorded_scores(run):
    """Two images of each set, derained anew, under every protocol."""
    model, test_set = run
    recorded = pd.read_csv(RECORDED).query("method == @model and test_set == @test_set").set_index(["image", "protocol"])
    network = load_model(model)
    for pair in islice(benchmark_pairs(test_set), 2):
        for protocol, scores in evaluate_all(derain(network, pair.rainy), pair.clean).items():
            assert np.allclose(scores, recorded.loc[(pair.name, protocol), ["psnr", "ssim"]].to_numpy(float), atol=2e-3, rtol=0)


def test_a_network_without_stages_is_refused():
    with pytest.raises(ValueError, match="expected 1 or more"):
        PReNetConfig(stages=0)
