"""DID-MDN against its equations and its published size; classes of density, in training and of whole photos."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from rainmer_lib.baselines.did_mdn import DIDMDN, METHOD, DIDMDNConfig, density_of
from rainmer_lib.data.batches import Batch
from rainmer_lib.inference.derain import derain


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return DIDMDN().double().eval()


def test_published_number_of_parameters(network):
    """372,839 are stored; of them norms, refinements and side outputs that nothing uses."""
    classifier = sum(p.numel() for p in network.classifier.parameters())
    counts = [sum(p.numel() for p in net.parameters()) - classifier for net in (network, DIDMDN(own_side_outputs=False))]
    norms, refinements = 2 * (20 + 1), (11 * 20 * 9 + 20) + (24 * 3 * 9 + 3)
    unused = norms + 2 * (norms + refinements) + 3 * (8 * 9 + 1)
    assert counts[0] == 372_839 - unused == 367_192
    assert counts[0] - counts[1] == sum(9 * c + 1 for c in (12, 12, 24, 8, 16, 16, 32, 16, 16, 16, 32, 16))


def test_the_network_is_that_of_the_equations(network):
    """With the streams as they are, and the rest from the weights alone: the pyramid by means over its squares."""
    w, rainy = network.state_dict(), torch.rand(2, 3, 32, 64, dtype=torch.float64)

    def conv(x, name, padding=1):
        return F.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], padding=padding)

    image = 2 * rainy - 1
    streams = [stream(image) for stream in network.streams]
    label = torch.tensor([0.0, 2.0]).double()[:, None, None, None].expand(2, 8, 32, 64)
    x = F.leaky_relu(conv(torch.cat((streams[0], image, streams[1], streams[2], label), 1), "merge"), 0.2)
    pyramid = []
    for k, side in enumerate((32, 16, 8, 4)):
        means = x.reshape(2, 47, 32 // side, side, 64 // side, side).mean((3, 5))
        level = F.leaky_relu(conv(means, f"pools.{k}", 0), 0.2)
        pyramid.append(level.repeat_interleave(side, 2).repeat_interleave(side, 3))
    residual = torch.tanh(conv(torch.cat((*pyramid, x), 1), "residual"))
    clean = torch.tanh(conv(F.leaky_relu(conv(image - residual, "refine.0", 3), 0.2), "refine.2"))
    derained, rain = network.given(rainy, torch.tensor([0, 2]))
    torch.testing.assert_close(derained, (clean + 1) / 2)
    torch.testing.assert_close(rain, residual / 2)


def test_an_image_is_derained_for_the_density_that_the_classifier_sees(network):
    rainy = torch.rand(2, 3, 32, 32, dtype=torch.float64)
    for likeliest in (0, 2):
        with torch.no_grad():
            network.classifier.classes[2].bias.copy_(10.0 * F.one_hot(torch.tensor(likeliest), 3))
            assert network.density(rainy).tolist() == [likeliest] * 2
            assert torch.equal(network(rainy), network.given(rainy, torch.tensor([likeliest] * 2))[0])
    assert not torch.equal(network.given(rainy, torch.tensor([0, 0]))[0], network.given(rainy, torch.tensor([2, 2]))[0])


def test_tiles_have_the_density_of_their_photo(monkeypatch):
    """The classifier looks at the photo, once, and its middle where it is large."""
    torch.manual_seed(0)
    network, looked = DIDMDN().eval(), []

    def classifier(image):
        looked.append(tuple(image.shape))
        return image, torch.tensor([[0.0, 1.0, 0.0]])

    monkeypatch.setattr(network.classifier, "forward", classifier)
    given = []
    monkeypatch.setattr(network, "given", lambda rainy, density: given.append(density.tolist()) or (rainy, rainy))
    network.reach = 8
    photo = np.random.default_rng(0).random((100, 600, 3), dtype=np.float32)
    assert np.allclose(derain(network, photo, tile=128), photo, atol=1e-6)
    assert looked == [(1, 3, 128, 512)] and len(given) > 6 and set(map(tuple, given)) == {(1,)}
    assert network._of_whole is None


def test_a_pair_has_the_class_of_its_mean_rain():
    clean = torch.zeros(4, 3, 8, 8)
    rainy = clean + torch.tensor([0.01, 0.02, 0.04, 0.015])[:, None, None, None]
    assert density_of(Batch(rainy, clean), (0.015, 0.028)).tolist() == [0, 1, 2, 0]


def test_the_terms_reach_what_they_train():
    """Distance trains the network and not the classifier; the others the classifier alone."""
    trainer = METHOD.start(DIDMDNConfig(crop=32, batch=2))
    generator = torch.Generator().manual_seed(0)
    clean = torch.rand(2, 3, 32, 32, generator=generator) * 0.8
    terms = trainer.terms(Batch(clean + 0.1, clean))
    assert set(terms) == {"distance", "residual", "density"}
    parameters = dict(trainer.model.named_parameters())
    for name, term in terms.items():
        gradients = torch.autograd.grad(term, parameters.values(), retain_graph=True, allow_unused=True)
        reached = {n for n, g in zip(parameters, gradients, strict=True) if g is not None and g.abs().max() > 0}
        of_classifier = {n for n in parameters if n.startswith("classifier.")}
        if name == "distance":
            assert reached == set(parameters) - of_classifier
        elif name == "residual":
            assert reached == {n for n in of_classifier if ".stream." in n or ".residual." in n}
        else:
            assert {n.split(".")[1] for n in reached} == {"stream", "residual", "features", "classes"}
    off = METHOD.start(DIDMDNConfig(crop=32, batch=2, residual_weight=0.0, density_weight=0.0))
    assert set(off.terms(Batch(clean + 0.1, clean))) == {"distance"}


def test_the_network_learns_with_the_true_density_whatever_the_classifier_sees():
    trainer = METHOD.start(DIDMDNConfig(crop=32, batch=2))
    with torch.no_grad():
        trainer.model.classifier.classes[2].bias.copy_(torch.tensor([100.0, 0.0, 0.0]))
    clean = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 0.8
    heavy = clean + 0.1
    with torch.no_grad():
        told, seen = ((trainer.model.given(heavy, torch.tensor([k, k]))[0] - clean).abs().mean() for k in (2, 0))
    assert trainer.model.density(heavy).tolist() == [0, 0] and not torch.isclose(told, seen)
    torch.testing.assert_close(trainer.terms(Batch(heavy, clean))["distance"].detach(), told)


def test_what_cannot_be_built_is_refused():
    for change, says in (
        ({"crop": 48}, "multiple of 32"), ({"density_edges": ()}, "one or more rising"),
        ({"density_edges": (0.2, 0.1)}, "one or more rising"), ({"density_edges": (0.0, 0.1)}, "expected above 0"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=says):
            DIDMDNConfig(**change)
    assert METHOD.network(DIDMDNConfig(density_edges=(0.1,))).classifier.classes[2].out_features == 2
