"""The interaction of location and features against its plain slow form."""

import rainmer_slow_forms as slow
import torch
from random_tensors import doubles

from rainmer_lib.rainmer.interaction import SpatialChannelInteraction


def test_the_interaction_is_its_slow_form(jolt):
    torch.manual_seed(0)
    block, location, features = jolt(SpatialChannelInteraction(4).double()), doubles(2, 4, 5, 6), doubles(2, 4, 5, 6, seed=5)
    slow.check_images(slow.interaction, block, location, features)
