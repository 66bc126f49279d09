"""A memory bank whose contents are known."""

import pytest
from random_tensors import uniform

from rainmer_lib.rainmer.config import VIEWS
from rainmer_lib.rainmer.memory_bank import MemoryBank


@pytest.fixture
def filled():
    """A memory bank and, in the order of its rows, the images that it holds."""
    memory_bank, rainy, clean = MemoryBank(6, VIEWS), uniform(6, 3, 16, 16, seed=10), uniform(6, 3, 16, 16)
    for first in range(0, 6, 2):
        memory_bank.enqueue(rainy[first : first + 2], clean[first : first + 2])
    return memory_bank, rainy, clean
