"""DCD-GAN: unpaired deraining by dual contrastive learning (Chen et al., CVPR 2022).

Reading order: config, translation (BTB: generators, discriminators), guidance (CGB), objective, model, step, sizes, method.
"""

from rainmer_lib.dcdgan.config import DCDGANConfig, paper, released

__all__ = ["DCDGANConfig", "paper", "released"]
