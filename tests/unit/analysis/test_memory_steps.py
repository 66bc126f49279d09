"""The memory bank step by step."""

import numpy as np
import pytest
import torch

from rainmer_lib.analysis.memory_steps import memory_step
from rainmer_lib.rainmer.memory_bank import MemoryBank, singular_values


def test_a_step_chooses_what_the_memory_bank_chooses_and_then_overwrites_the_oldest(micro, images, filled_bank):
    memory_bank = filled_bank
    assert memory_bank.enqueued == 4
    batch, twin = images(5), MemoryBank(4, micro.views)
    twin.restore(memory_bank.state(), "cpu")
    step = memory_step(memory_bank, batch, count=2)
    own, rain = batch.rainy_whole[:1].mean(dim=(2, 3)), (batch.rainy_whole - batch.clean_whole).clamp(0, 1)[:1]
    np.testing.assert_array_equal(step.colours[step.chosen_colours], twin.least_similar_colours(own, 2)[0])
    rains = twin.least_similar_rain(singular_values(rain), 2)[0]
    torch.testing.assert_close(twin.rows["residuals"][step.chosen_spectra], rains)
    assert step.overwritten == [0, 1] and memory_step(memory_bank, images(6), 2).overwritten == [2, 3]
    torch.testing.assert_close(memory_bank.rows["colours"][0], batch.rainy_whole[0].mean(dim=(1, 2)))
    with pytest.raises(RuntimeError, match="holds 0 of 4"):
        memory_step(MemoryBank(4, micro.views), batch, 2)
