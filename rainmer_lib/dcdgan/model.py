"""DCD-GAN whole: Bidirectional Translation Branch and Contrastive Guidance Branch, built from a configuration."""

import torch
from torch import nn

from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.dcdgan.guidance import ContrastiveGuidance
from rainmer_lib.dcdgan.translation import BidirectionalTranslation


class DCDGAN(nn.Module):
    """The networks of one training run: `translation` (2 generators, 2 critics) and `guidance` (2 heads)."""

    def __init__(self, config: DCDGANConfig) -> None:
        super().__init__()
        torch.manual_seed(config.seed)  # the initial weights are a function of the seed alone
        self.translation = BidirectionalTranslation(
            config.width, config.blocks, config.critic_width, config.antialias, config.global_residual, config.critic_layers
        )
        channels = self.translation.derain.tap_channels(config.taps)
        self.guidance = ContrastiveGuidance(channels, config.embedding)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Parameters by optimiser: generators, critics, heads."""
        t = self.translation
        return {
            "generators": [*t.derain.parameters(), *t.rerain.parameters()],
            "critics": [*t.clean_critic.parameters(), *t.rainy_critic.parameters()],
            "heads": list(self.guidance.parameters()),
        }
