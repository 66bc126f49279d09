"""How near two images are: Charbonnier and structure, against their definitions."""

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from rainmer_lib.losses.fidelity import charbonnier, structural_loss


def test_charbonnier():
    image, clean = torch.rand(2, 3, 4, 5), torch.rand(2, 3, 4, 5)
    pairs = zip(image.flatten().tolist(), clean.flatten().tolist(), strict=True)
    expected = np.mean([np.sqrt((a - b) ** 2 + 1e-6) for a, b in pairs])
    assert charbonnier(image, clean).item() == pytest.approx(expected, rel=1e-5)
    assert charbonnier(clean, clean).item() == pytest.approx(1e-3)


def test_structural_loss_is_that_of_scikit_image_on_borders_of_zeros():
    image, clean = (torch.rand(1, 3, 24, 20, generator=torch.Generator().manual_seed(s)).double() for s in (0, 1))
    # with five zeros more around both, the map at the original pixels is that of zero borders
    padded = [np.pad(x[0].numpy(), [(0, 0), (5, 5), (5, 5)]) for x in (image, clean)]
    options = {"data_range": 1, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "full": True}
    maps = [structural_similarity(a, b, **options)[1] for a, b in zip(*padded, strict=True)]
    expected = 1 - np.mean([m[5:-5, 5:-5] for m in maps])
    assert structural_loss(image, clean).item() == pytest.approx(expected, abs=1e-9)
    assert structural_loss(clean, clean).item() == pytest.approx(0, abs=1e-9)
