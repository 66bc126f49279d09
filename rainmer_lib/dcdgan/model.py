"""The complete DCD-GAN: Bidirectional Translation Branch and Contrastive Guidance Branch, built from a configuration."""

import torch
from torch import nn

from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.dcdgan.guidance import ContrastiveGuidance
from rainmer_lib.dcdgan.translation import BidirectionalTranslation


class DCDGAN(nn.Module):
    """Networks of one training run: `translation` (2 generators, 2 discriminators) and `guidance` (2 heads)."""

    def __init__(self, config: DCDGANConfig) -> None:
        super().__init__()
        torch.manual_seed(config.seed)  # the initial weights are a function of the seed alone
        self.translation = BidirectionalTranslation(config)
        channels = self.translation.derain.tap_channels(config.taps)
        self.guidance = ContrastiveGuidance(channels, config.embedding)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Return the parameters by optimiser: generators, discriminators, heads."""
        t = self.translation
        return {
            "generators": [*t.derain.parameters(), *t.rerain.parameters()],
            "discriminators": [*t.clean_discriminator.parameters(), *t.rainy_discriminator.parameters()],
            "heads": list(self.guidance.parameters()),
        }
