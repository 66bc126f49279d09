"""Fidelity losses between the derained image and the clean one: Charbonnier (pixels) and 1 - SSIM (structure)."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

Image = Float[Tensor, "b c h w"]
Scalar = Float[Tensor, ""]

WINDOW, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2  # for images in [0, 1]


def charbonnier(image: Image, clean: Image) -> Scalar:
    """Return the Charbonnier loss, mean sqrt((O - B)^2 + 1e-6): an L1 distance, smooth at zero, where its value is 1e-3."""
    return ((image - clean) ** 2 + 1e-6).sqrt().mean()


def structural_loss(image: Image, clean: Image) -> Scalar:
    """Return 1 - SSIM, averaged over pixels and RGB channels of images in [0, 1] (Wang et al., TIP 2004).

    The window is an 11x11 Gaussian of sigma 1.5 on borders of zeros, as in Rainmer's released code; the scores of `metrics`
    use the valid part instead.
    """
    mean_a, mean_b = _blur(image), _blur(clean)
    var_a, var_b = _blur(image * image) - mean_a**2, _blur(clean * clean) - mean_b**2
    covariance = _blur(image * clean) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + C1) / (mean_a**2 + mean_b**2 + C1)
    return 1 - (luminance * (2 * covariance + C2) / (var_a + var_b + C2)).mean()


def _blur(image: Image) -> Image:
    offsets = torch.arange(WINDOW, dtype=image.dtype, device=image.device) - WINDOW // 2
    line = torch.exp(-(offsets**2) / (2 * SIGMA**2))
    channels = image.shape[1]
    line = (line / line.sum()).expand(channels, 1, WINDOW)
    rows = F.conv2d(image, line[..., None], padding=(WINDOW // 2, 0), groups=channels)
    return F.conv2d(rows, line[:, :, None], padding=(0, WINDOW // 2), groups=channels)
