"""CycleGAN, CUT and DCLGAN: DCD-GAN's networks, data and training loop with other objectives.

Each replaces values of DCD-GAN's configuration, so that a comparison at one budget differs in the objective alone.
"""

from dataclasses import replace

from rainmer_lib.dcdgan.method import METHOD as DCDGAN
from rainmer_lib.training.method import Method

# Zhu et al., ICCV 2017: least squares, 10 x plain cycle, 0.5 x 10 x identity.
_CYCLEGAN = {
    "contrastive_weight": 0.0, "colour_weight": 0.0, "frequency_weight": 0.0, "plain_cycle_weight": 10.0,
    "identity_weight": 5.0, "adversarial_loss": "least_squares",
}  # fmt: skip

# Han et al., CVPR Workshops 2021: no cycle loss; in each direction a contrastive term of weight 2, whose negatives are patches
# of the whole batch, an identity term of weight 1 and an adversarial one of weight 1.  The code (JunlinHan/DCLGAN,
# models/dcl_model.py) multiplies all three by one half; here they are summed, which is twice the code's total in the same
# balance, and Adam's steps do not depend on a factor of the loss.  The preset `released` of DCD-GAN has the halves.
# Least squares at every profile instead of the hinge of the paper's text, so that it differs from CycleGAN and CUT only in its
# own idea.  Its anti-aliasing is that of the generator here; its image pool (50 in the paper, 0 in the code) is left out.
# The code trains the heads by Adam's defaults, rate 1e-3 and betas 0.9 and 0.999; here they have the rate and the betas of the
# other networks, as CUT's heads have in CUT's code.
_DCLGAN = {
    "contrastive_weight": 2.0, "colour_weight": 0.0, "frequency_weight": 0.0, "identity_weight": 1.0,
    "negatives": "internal", "batch_negatives": True, "adversarial_loss": "least_squares",
}  # fmt: skip

# Park et al., ECCV 2020: one generator and one discriminator.  The contrastive term has weight 1, halved over two pairs, a
# rainy image and its translation and a clean image and its translation; the generator's own encoder encodes the query.
# The code (taesungp/contrastive-unpaired-translation, models/cut_model.py) compares five layers, 0, 4, 8, 12 and 16; layer 0,
# which is the image itself under its reflected border, is left out here, as DCLGAN and DCD-GAN leave it out.
_CUT = {
    "contrastive_weight": 0.5, "colour_weight": 0.0, "frequency_weight": 0.0, "identity_weight": 0.0,
    "negatives": "internal", "adversarial_loss": "least_squares", "backward_cycle": False, "one_sided": True,
}  # fmt: skip


def _under(objective: dict, name: str, title: str, family: str, citation: str, differs: str) -> Method:
    """Return DCD-GAN's method with another objective."""
    return replace(
        DCDGAN, name=name, title=title, family=family, citation=citation, differs=differs, presets={"paper": objective}
    )


CYCLEGAN = _under(
    _CYCLEGAN, "cyclegan", "CycleGAN", "bidirectional GAN",
    "Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, ICCV 2017",
    "DCD-GAN's networks; no image pool",
)  # fmt: skip
CUT = _under(
    _CUT, "cut", "CUT", "one-sided GAN, patch contrast",
    "Park et al., Contrastive Learning for Unpaired Image-to-Image Translation, ECCV 2020",
    "DCD-GAN's networks; the image itself is not one of the compared layers",
)  # fmt: skip
DCLGAN = _under(
    _DCLGAN, "dclgan", "DCLGAN", "bidirectional GAN, patch contrast",
    "Han et al., Dual Contrastive Learning for Unsupervised Image-to-Image Translation, CVPR Workshops 2021",
    "DCD-GAN's networks; least squares in place of the hinge; no image pool; the heads train as the other networks do",
)  # fmt: skip
