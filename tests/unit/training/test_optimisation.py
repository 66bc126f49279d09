"""What every trainer repeats: who steps, how far, at which rate, and that a checkpoint holds all of it."""

import io
import math
from copy import deepcopy

import pytest
import torch
from torch import nn

from rainmer_lib.training.ema import MovingAverage
from rainmer_lib.training.optimisation import Optimisation, adam

GROUPS = ("one", "two", "three")


@pytest.fixture
def networks():
    torch.manual_seed(0)
    return {name: nn.Linear(3, 2) for name in GROUPS}


def optimisation_of(networks, rate=0.1, **options):
    """Plain gradient descent: what a step does is known."""
    optimisers = {name: torch.optim.SGD(network.parameters(), rate) for name, network in networks.items()}
    averages = {"one": MovingAverage(networks["one"], 0.5)}
    return Optimisation(optimisers, averages, lambda step, peak: peak / (1 + step), **options)


def loss_of(networks, names=GROUPS, scale=1.0):
    """Its gradient is `scale` times (1, 2, 3) for each row of weights, `scale` for each bias."""
    return sum(scale * networks[name](torch.tensor([1.0, 2.0, 3.0])).sum() for name in names)


NORM = math.sqrt(2 * (1 + 4 + 9) + 2)  # of the gradient of one network at scale 1


def values(networks):
    return {name: torch.cat([p.detach().flatten() for p in network.parameters()]) for name, network in networks.items()}


def moved(before, networks):
    """How far each network went."""
    return {name: (value - before[name]).norm().item() for name, value in values(networks).items()}


def test_an_update_is_backward_and_step(networks):
    before = values(networks)
    optimisation_of(networks).update(["one"], loss_of(networks, ["one"]))
    gradient = torch.tensor([1.0, 2.0, 3.0] * 2 + [1.0] * 2)
    torch.testing.assert_close(values(networks)["one"], before["one"] - 0.1 * gradient)


def test_only_the_named_groups_step(networks):
    """The loss reaches all three; the gradient of the one that is not named waits for its own update."""
    before, optimisation = values(networks), optimisation_of(networks)
    optimisation.update(["one", "three"], loss_of(networks))
    distance = moved(before, networks)
    assert distance["two"] == 0 and distance["one"] == distance["three"] == pytest.approx(0.1 * NORM)
    grads = {name: [p.grad for p in network.parameters()] for name, network in networks.items()}
    assert grads["one"] == grads["three"] == [None, None] and all(grad is not None for grad in grads["two"])


def test_apply_steps_all_groups_with_what_backward_passes_have_left(networks):
    before, optimisation = values(networks), optimisation_of(networks)
    for _ in range(2):
        (loss_of(networks) / 2).backward()
    assert set(moved(before, networks).values()) == {0.0}
    optimisation.apply()
    assert list(moved(before, networks).values()) == pytest.approx([0.1 * NORM] * 3)
    after = values(networks)
    optimisation.apply()
    assert set(moved(after, networks).values()) == {0.0}, "gradients are cleared"


@pytest.mark.parametrize(("clip", "clipped", "expected"), [
    (0.0, None, (NORM, NORM, NORM)),
    (1e6, None, (NORM, NORM, NORM)),  # a norm that is not reached changes nothing
    (0.3, None, (0.3 / math.sqrt(3),) * 3),  # the norm of all groups together
    (0.3, ("one", "two"), (0.3 / math.sqrt(2), 0.3 / math.sqrt(2), NORM)),
    (0.3, ("three",), (NORM, NORM, 0.3)),
    (0.3, (), (NORM, NORM, NORM)),
])  # fmt: skip
def test_clipping(networks, clip, clipped, expected):
    before = values(networks)
    optimisation_of(networks, clip=clip, clipped=clipped).update(GROUPS, loss_of(networks))
    assert [d / 0.1 for d in moved(before, networks).values()] == pytest.approx(expected, rel=1e-3)


def test_a_group_that_does_not_step_is_not_clipped_along(networks):
    """The norm is that of the groups of this update."""
    before, optimisation = values(networks), optimisation_of(networks, clip=0.3)
    optimisation.update(["one"], loss_of(networks, scale=5.0))
    assert moved(before, networks)["one"] / 0.1 == pytest.approx(0.3, rel=1e-3)
    torch.testing.assert_close(networks["two"].bias.grad, torch.full((2,), 5.0))


def test_rates_are_those_of_the_schedule_and_of_each_optimiser(networks):
    parameters = {name: network.parameters() for name, network in networks.items()}
    rates = {"one": 0.1, "two": 0.02, "three": 3.0}
    optimisers = {name: torch.optim.SGD(parameters[name], rate) for name, rate in rates.items()}
    optimisers["three"].add_param_group({"params": [nn.Parameter(torch.zeros(1))]})
    optimisation = Optimisation(optimisers, {}, lambda step, peak: peak / (1 + step))
    for step in (3, 1, 0):  # of the step alone, not of the rate before
        optimisation.set_rates(step)
        for name, rate in rates.items():
            assert {g["lr"] for g in optimisers[name].param_groups} == {rate / (1 + step)}


def test_averages_follow(networks):
    optimisation, start = optimisation_of(networks), values(networks)["one"]
    optimisation.update(GROUPS, loss_of(networks))
    average = optimisation.averages["one"]
    assert torch.equal(torch.cat([v.flatten() for v in average.state().values()]), start), "not by a step alone"
    optimisation.follow(0)
    expected = 0.1 * start + 0.9 * values(networks)["one"]
    torch.testing.assert_close(torch.cat([v.flatten() for v in average.state().values()]), expected)


def adam_of(networks):
    optimisers = {name: adam(network.parameters(), 0.1, (0.5, 0.9), "cpu") for name, network in networks.items()}
    averages = {name: MovingAverage(network, 0.5) for name, network in networks.items()}
    return Optimisation(optimisers, averages, lambda step, peak: peak / (1 + step))


def test_a_state_goes_through_a_file_and_restores_moments_and_averages(networks):
    """Restored, other weights in place, it goes on with the same bits."""
    torch.manual_seed(1)
    others = {name: nn.Linear(3, 2) for name in GROUPS}
    one, other = adam_of(networks), adam_of(others)

    def steps(optimisation, networks, first, last):
        for step in range(first, last):
            optimisation.set_rates(step)
            optimisation.update(GROUPS, sum(networks[name](torch.ones(3) + step).square().sum() for name in GROUPS))
            optimisation.follow(step)

    steps(one, networks, 0, 3)
    file = io.BytesIO()
    torch.save(one.state(), file)
    file.seek(0)
    for name in GROUPS:
        others[name].load_state_dict(networks[name].state_dict())
    other.restore(torch.load(file, weights_only=True))
    steps(one, networks, 3, 6)
    steps(other, others, 3, 6)
    for name in GROUPS:
        assert torch.equal(values(networks)[name], values(others)[name])
        mine, theirs = one.averages[name].state(), other.averages[name].state()
        assert all(torch.equal(mine[key], theirs[key]) for key in mine)


def test_peaks_are_not_those_of_a_restored_state(networks):
    """A checkpoint holds the rate of its last step; the schedule starts from the optimiser's own."""
    one, other = adam_of(networks), adam_of(networks)
    one.set_rates(9)
    other.restore(one.state())
    other.set_rates(1)
    assert {g["lr"] for o in other.optimisers.values() for g in o.param_groups} == {0.05}


def test_adam_has_its_rate_and_betas(networks):
    optimiser = adam(networks["one"].parameters(), 0.3, (0.5, 0.9), "cpu")
    assert isinstance(optimiser, torch.optim.Adam)
    (group,) = optimiser.param_groups
    assert (group["lr"], group["betas"], group["weight_decay"], group["fused"]) == (0.3, (0.5, 0.9), 0, True)
    assert adam(networks["two"].parameters(), 0.3, (0.5, 0.9), torch.device("cpu")).defaults["fused"] is True


def test_adam_in_one_kernel_is_adam():
    """Up to rounding, and through the checkpoint of a run that began with the other form."""
    one, two = (torch.nn.Parameter(torch.linspace(-1, 1, 7)) for _ in range(2))
    fused, plain = adam([one], 0.1, (0.5, 0.9), "cpu"), torch.optim.Adam([two], 0.1, (0.5, 0.9))
    for step in range(6):
        for weight, optimiser in ((one, fused), (two, plain)):
            optimiser.zero_grad()
            (weight + 0.3 * step).square().sum().backward()
            optimiser.step()
        torch.testing.assert_close(one, two)
        if step == 3:
            fused.load_state_dict(deepcopy(plain.state_dict()))  # as through a file


def test_an_update_forgets_gradients_that_an_earlier_backward_left():
    stray, fresh = (torch.nn.Parameter(torch.ones(3)) for _ in range(2))
    for weight in (stray, fresh):
        optimisation = Optimisation({"all": torch.optim.SGD([weight], 0.1)}, {}, lambda step, peak: peak)
        if weight is stray:
            (100 * weight.sum()).backward()
        optimisation.update(["all"], weight.square().sum())
    assert torch.equal(stray, fresh) and stray.grad is None
