"""Any size in, the same size out."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rainmer_lib.dcdgan.btb import Generator
from rainmer_lib.evaluation.inference import derain

NETWORK = Generator(4, 1, global_residual=True)


@settings(max_examples=30, deadline=None)
@given(height=st.integers(1, 50), width=st.integers(1, 50))
def test_any_size(height, width):
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    output = derain(NETWORK, image)
    assert output.shape == image.shape and output.dtype == np.float32
    assert 0 <= output.min() and output.max() <= 1 and np.isfinite(output).all()


def test_a_multiple_of_four_is_not_padded():
    image = np.random.default_rng(0).integers(0, 256, (32, 20, 3), dtype=np.uint8)
    x = torch.from_numpy(image / np.float32(255)).permute(2, 0, 1)[None]
    with torch.inference_mode():
        direct = NETWORK(x)[0][0].clamp(0, 1).permute(1, 2, 0).numpy()
    assert np.allclose(derain(NETWORK, image), direct, atol=1e-6)


def test_wrong_images_are_refused():
    for wrong in (np.zeros((8, 8), np.uint8), np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3))):
        with pytest.raises(ValueError, match="uint8 RGB"):
            derain(NETWORK, wrong)
