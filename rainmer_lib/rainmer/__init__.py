"""Rainmer: one supervised model for synthetic, real and night rain, prompted by views of the image (ACM MM 2024).

Reading order: config, attention, mefc, backbone, encoder, memory_bank, views, contrast, interaction, prompts, model, objective,
step, sizes, method.
"""

from rainmer_lib.rainmer.config import RainmerConfig, paper, released, small, tiny

__all__ = ["RainmerConfig", "paper", "released", "small", "tiny"]
