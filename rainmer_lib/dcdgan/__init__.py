"""DCD-GAN: unpaired deraining by dual contrastive learning (Chen et al., CVPR 2022).

Reading order: config, btb (generators, critics), cgb (contrastive guidance), objective, model, step.
"""

from rainmer_lib.dcdgan.config import DCDGANConfig, paper, released

__all__ = ["DCDGANConfig", "paper", "released"]
