"""Which steps take the fast path."""

import pytest
import torch
from random_tensors import doubles, uniform

from rainmer_lib.networks.fast_training import is_channels_last, ordered, trains_on_cpu


def test_training_on_a_cpu_takes_the_fast_path_and_nothing_else():
    assert trains_on_cpu(uniform(1, 3, 4, 4)) and trains_on_cpu(doubles(1, 3, 4, 4))
    assert not trains_on_cpu(uniform(1, 3, 4, 4).half()) and not trains_on_cpu(torch.empty(1, 3, 4, 4, device="meta"))
    with torch.no_grad():
        assert not trains_on_cpu(uniform(1, 3, 4, 4))
    with torch.inference_mode():
        assert not trains_on_cpu(uniform(1, 3, 4, 4))
    with torch.autocast("cpu", torch.bfloat16):
        assert not trains_on_cpu(uniform(1, 3, 4, 4))


@pytest.mark.parametrize("mode", [torch.enable_grad, torch.no_grad])
def test_images_are_put_in_order_for_training_alone(mode):
    image = uniform(2, 3, 4, 5)
    with mode():
        found = ordered(image)
    assert torch.equal(found, image) and is_channels_last(found) == (mode is torch.enable_grad)
    assert not is_channels_last(image) and not is_channels_last(image[0])
