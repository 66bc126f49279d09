"""Memory that runs out: every library's error is known, smaller tiles are tried once, and the image can be named."""

import numpy as np
import pytest
import torch
from torch import nn

from rainmer_lib.inference import derain as inference
from rainmer_lib.inference.derain import derain
from rainmer_lib.inference.memory import as_memory_error, ran_out

CPU = "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."
ERRORS = [
    MemoryError(), np._core._exceptions._ArrayMemoryError((9, 9), np.dtype(float)), torch.cuda.OutOfMemoryError("CUDA"),
    RuntimeError(CPU), RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), RuntimeError("CUDA error: out of memory\nlines"),
]  # fmt: skip


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{type(error).__name__} {str(error)[:20]}")
def test_every_error_of_memory_becomes_one(error):
    assert ran_out(error)
    with pytest.raises(MemoryError, match="^not enough memory [^\n]+$"), as_memory_error():
        raise error


def test_another_error_stays_what_it_is():
    assert not ran_out(RuntimeError("mat1 and mat2 shapes cannot be multiplied")) and not ran_out(ValueError("out of memory"))
    with pytest.raises(RuntimeError, match="mat1"), as_memory_error():
        raise RuntimeError("mat1")


def test_torchs_own_error_is_known():
    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**60)
    assert ran_out(raised.value)


class Hungry(nn.Module):
    """Convolution that has memory for images of at most `room` pixels; the sides that it was given."""

    multiple, smallest, reach = 1, 1, 1

    def __init__(self, room):
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.room, self.seen = nn.Conv2d(3, 3, 3, padding=1), room, []

    def forward(self, image):
        self.seen.append(max(image.shape[2:]))
        if image.shape[2] * image.shape[3] > self.room:
            raise RuntimeError(CPU)
        return self.layer(image).sigmoid()


@pytest.fixture(autouse=True)
def fits_whole(monkeypatch):
    """What is free seems to be enough for every image."""
    monkeypatch.setattr(inference, "tile_that_fits", lambda *_: None)


IMAGE = np.random.default_rng(0).integers(0, 256, (200, 260, 3), dtype=np.uint8)


def test_smaller_tiles_are_tried_once_and_give_the_same():
    network = Hungry(150 * 150)
    result = derain(network, IMAGE)
    assert network.seen[0] == 260 and max(network.seen[1:]) <= 150
    np.testing.assert_allclose(result, derain(Hungry(10**6), IMAGE), atol=1e-6)
    network = Hungry(100)
    with pytest.raises(MemoryError, match="not enough memory"):
        derain(network, IMAGE)
    assert len(network.seen) == 2, "once, and no more"


def test_tiles_that_were_asked_for_are_halved_too():
    network = Hungry(100 * 100)
    assert derain(network, IMAGE, tile=180).shape == IMAGE.shape
    assert max(network.seen[1:]) <= 92


def test_an_image_of_the_smallest_tile_has_no_smaller_ones():
    with pytest.raises(MemoryError, match="60 pixels a side, and the smallest tiles of this network have 82"):
        derain(Hungry(100), IMAGE[:50, :60])


def test_a_network_that_takes_no_tiles_says_so():
    class Global(Hungry):
        reach = None

        def forward(self, image):
            return super().forward(image) + image.mean(dim=(2, 3), keepdim=True)

    with pytest.raises(MemoryError, match="takes whole images alone"):
        derain(Global(64 * 1024), np.concatenate([IMAGE] * 5))


def test_the_first_try_is_let_go_before_the_second(monkeypatch):
    """Its error would hold the tensors that filled the memory."""
    import gc
    import weakref

    held = []

    class Holding(Hungry):
        def forward(self, image):
            if held:
                gc.disable()
                assert held[0]() is None, "the tensor of the first try is still there"
            else:
                mine = torch.zeros(4)
                held.append(weakref.ref(mine))
            return super().forward(image)

    try:
        derain(Holding(150 * 150), IMAGE)
    finally:
        gc.enable()
