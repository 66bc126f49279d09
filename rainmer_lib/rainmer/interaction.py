"""Spatial-channel interaction of the view encoder's location features with the features of the backbone."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

Features = Float[Tensor, "b c h w"]


class SpatialChannelInteraction(nn.Module):
    """Join two features by two gates: the encoder's location features L and the backbone's X, both (b, c, h, w) of one crop.

        M_s = mean_c( conv3 LeakyReLU conv3 (L) )         one map
        M_c = conv1 LeakyReLU conv1 ( mean_pixels(X) )    one number per channel
        Y   = sigmoid(M_s X) L + sigmoid(M_c L) X

    Through L the pixel loss trains the stem of the view encoder too.  Source: the authors' LocalKnowledgeFusion.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.spatial = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.LeakyReLU(0.1), nn.Conv2d(width, width, 3, padding=1)
        )
        self.channel = nn.Sequential(nn.Conv2d(width, width, 1), nn.LeakyReLU(0.1), nn.Conv2d(width, width, 1))

    def forward(self, location: Features, features: Features) -> Features:
        """Return Y, the joined features."""
        spatial = self.spatial(location).mean(dim=1, keepdim=True)
        channel = self.channel(features.mean(dim=(2, 3), keepdim=True))
        return torch.sigmoid(spatial * features) * location + torch.sigmoid(channel * location) * features
