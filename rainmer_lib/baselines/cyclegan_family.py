"""CycleGAN, CUT and DCLGAN as configurations: DCD-GAN's networks, data and loop under other objectives.

Each is what replaces values of the paper's configuration, so that a comparison on one budget is `replace(base, **changes)`.
"""

# Zhu et al., ICCV 2017: least squares, 10 x plain cycle, 0.5 x 10 x identity.
CYCLEGAN = {
    "contrastive_weight": 0.0, "colour_weight": 0.0, "frequency_weight": 0.0, "plain_cycle_weight": 10.0,
    "identity_weight": 5.0, "adversarial_loss": "least_squares",
}  # fmt: skip

# Han et al., CVPR Workshops 2021: no cycle loss; internal negatives of weight 2 and identity of weight 1 in each direction,
# halved over the two (JunlinHan/DCLGAN).  Least squares at every profile, where the paper's text has a hinge: it is to differ
# from CycleGAN and CUT in what it is about.  Of its own anti-aliasing and image pool, the former is the generator's here, the
# latter is left out.
DCLGAN = {
    "contrastive_weight": 2.0, "colour_weight": 0.0, "frequency_weight": 0.0, "identity_weight": 1.0,
    "negatives": "internal", "adversarial_loss": "least_squares",
}  # fmt: skip

# Park et al., ECCV 2020: one generator and one critic.  The contrastive term of weight 1, halved over two: a rainy image and
# its translation, a clean image and its own; the query's encoder is the generator's own.
CUT = {
    "contrastive_weight": 0.5, "colour_weight": 0.0, "frequency_weight": 0.0, "identity_weight": 0.0,
    "negatives": "internal", "adversarial_loss": "least_squares", "backward_cycle": False, "one_sided": True,
}  # fmt: skip
