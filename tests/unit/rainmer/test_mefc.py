"""The mixture-of-experts feature compensator against its plain slow form."""

import rainmer_slow_forms as slow
import torch
from random_tensors import doubles

from rainmer_lib.rainmer.mefc import MEFC


def test_mefc_is_its_slow_form(jolt):
    torch.manual_seed(0)
    slow.check_images(slow.mefc, jolt(MEFC(3).double()), doubles(2, 3, 7, 6))
