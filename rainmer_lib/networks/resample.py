"""Anti-aliased resampling by a factor of two (Zhang, "Making convolutional networks shift-invariant again", ICML 2019)."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class BlurDown(nn.Module):
    """Halve height and width: filter [1,2,1]x[1,2,1]/16 with reflected borders, then take every second pixel.

    Shapes: (b, c, h, w) -> (b, c, ceil(h/2), ceil(w/2)); h and w of at least 2.
    """

    def __init__(self) -> None:
        super().__init__()
        row = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("kernel", torch.outer(row, row)[None, None], persistent=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h2 w2"]:
        """Filter each channel separately and subsample."""
        channels = x.shape[1]
        kernel = self.kernel.to(x.dtype).expand(channels, 1, 3, 3)
        return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernel, stride=2, groups=channels)


class BlurUp(nn.Module):
    """Double height and width with the filter [1,3,3,1]x[1,3,3,1]/16 and replicated borders.

    That filter *is* bilinear interpolation with half-pixel centres (weights 3/4 and 1/4), so torch's own kernel computes it.
    Shapes: (b, c, h, w) -> (b, c, 2h, 2w).
    """

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h2 w2"]:
        """Interpolate."""
        return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
