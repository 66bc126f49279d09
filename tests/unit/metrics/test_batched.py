"""The torch path follows the NumPy path, which is the definition."""

import numpy as np
import pytest
import torch

from rainmer_lib.metrics.batched import evaluate_batch
from rainmer_lib.metrics.protocols import PROTOCOLS, evaluate


def batch(height, width, size=2):
    rng = np.random.default_rng(height)
    clean = rng.integers(0, 256, (size, height // 4 + 1, width // 4 + 1, 3), dtype=np.uint8)
    clean = clean.repeat(4, 1).repeat(4, 2)[:, :height, :width]
    outputs = (clean / 255 + rng.normal(0, 0.05, clean.shape)).astype(np.float32)
    return outputs, clean


def to_tensor(images):
    scaled = images.astype(np.float32) / 255 if images.dtype == np.uint8 else images
    return torch.from_numpy(scaled).permute(0, 3, 1, 2)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("size", [(11, 13), (97, 64), (384, 391), (640, 641)], ids=str)
@pytest.mark.parametrize("name", PROTOCOLS)
def test_both_paths_agree(name, size, dtype):
    outputs, clean = batch(*size)
    psnr, ssim = evaluate_batch(to_tensor(outputs), to_tensor(clean), name, dtype)
    expected = np.array([evaluate(o, c, name) for o, c in zip(outputs, clean, strict=True)])
    # under mprnet a Y on a half may round either way
    tolerance = 1e-8 if dtype == torch.float64 and name != "mprnet" else 1e-4
    assert np.allclose(np.stack([psnr, ssim], 1), expected, rtol=0, atol=tolerance)


def test_a_shrink_by_four_mirrors_two_pixels():
    outputs, clean = batch(898, 902, size=1)  # the last window holds one mirrored pixel of two
    found = [score.item() for score in evaluate_batch(to_tensor(outputs), to_tensor(clean), "prenet")]
    assert found == pytest.approx(evaluate(outputs[0], clean[0], "prenet"), abs=1e-11)


@pytest.mark.parametrize("name", ["prenet", "rgb"])
def test_eight_bit_values_survive_truncation(name):
    """k / 255 in single precision times 255 must be k again, not k - 1."""
    values = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, 2)[None]
    psnr, ssim = evaluate_batch(to_tensor(values), to_tensor(values), name)
    assert torch.isinf(psnr).all() and ssim.item() == pytest.approx(1)


def test_messages():
    images = torch.rand(1, 3, 12, 12)
    with pytest.raises(ValueError, match="one size"):
        evaluate_batch(images, images[..., 1:], "rgb")
    with pytest.raises(ValueError, match="choose one of"):
        evaluate_batch(images, images, "matlab")
    for wrong in (255 * images, 2 * images - 1, images * torch.nan, (255 * images).to(torch.uint8)):
        for both in ((wrong, images), (images, wrong)):
            with pytest.raises(ValueError, match=r"expected images in \[0, 1\], found torch"):
                evaluate_batch(*both, "rgb")
