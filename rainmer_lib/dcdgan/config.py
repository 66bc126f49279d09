"""Every number of DCD-GAN, with its provenance.

Comments say where a value comes from: "paper" with its section, "code" for the authors' repository (cc3773b), or
"open" where the paper leaves the point undecided and the choice is ours, with the reason.
An ablation is `dataclasses.replace(paper, negatives="internal")`; there is nothing else to copy or to edit.
"""

from dataclasses import dataclass

from rainmer_lib.networks.patch_discriminator import SEES
from rainmer_lib.training.config import check_choices, check_ranges, check_types

CHOICES = {
    "negatives": ("internal", "external", "both"),
    "colour_norm": ("l1", "l2"),
    "adversarial_loss": ("log_likelihood", "least_squares", "hinge", "hinge_clipped"),
    "frequency_loss": ("ortho_l1", "iicnet"),
    "guidance_branches": (2, 4),
    "generator": ("resnet", "rain_layer"),
    "discriminator_sees": tuple(SEES),
    "schedule": ("linear", "cosine"),
    "precision": ("float32", "bfloat16"),
}
RANGES = {
    "1 or more": (
        "width", "blocks", "discriminator_width", "patches", "embedding", "steps", "batch", "warm_up_batch", "rehearsal_crops",
    ),
    "above 0": ("temperature", "learning_rate", "heads_learning_rate"),
    "0 or more": (
        "contrastive_weight", "colour_weight", "plain_cycle_weight", "adversarial_weight", "frequency_weight",
        "identity_weight", "forward_cycle_share", "discriminator_replay", "warm_up", "rehearsals", "rehearsal_weight",
        "discriminators_learning_rate", "minutes",
    ),
    "within [0, 1)": ("betas", "heads_betas", "ema"),
    "0 or more, below 2**63": ("seed",),
}  # fmt: skip


@dataclass(frozen=True)
class DCDGANConfig:
    """Configuration of one DCD-GAN training run; the defaults are the paper's."""

    # Networks
    generator: str = "resnet"  # paper, Sec. 4.1; "rain_layer", ours, for small budgets: one grey layer of rain is subtracted or
    #                            added, Eq. (1), by a network that keeps every pixel (`antialias`, `global_residual` unused)
    width: int = 64  # code; paper, Sec. 4.1, says "ResNet-based generator"
    blocks: int = 9  # paper, Sec. 4.1
    discriminator_width: int = 64  # code
    antialias: bool = True  # open: code has it on, the paper is silent; strided convolutions where False
    global_residual: bool = False  # paper and code draw the image anew; True adds the input back, for small budgets

    discriminator_sees: str = "image"  # paper; ours, for small budgets: "detail", the grey image without its tones, or "both"
    discriminator_norm: bool = True  # code: instance norm; ours, for small budgets: False, with the weights of He et al.

    # Contrastive Guidance Branch
    taps: tuple[str, ...] = ("down1", "down2", "block1", "block5")  # code: nce_layers 4, 8, 12, 16.  They are numbers: without
    #                         anti-aliasing, which takes two of the layers, 4, 8, 12 and 16 are the code's down1, the norm
    #                         behind down2, block3 and block7; names stay with their layers
    patches: int = 256  # paper, Sec. 4.1: 1 positive, 255 internal and 256 external negatives
    embedding: int = 256  # code
    temperature: float = 0.07  # paper, Sec. 4.1
    negatives: str = "both"  # paper, Sec. 3.2 and Table 5
    batch_negatives: bool = False  # code: above batch 1, patches of all images of the batch are internal negatives; the paper
    #                                has batch 1, where there is no difference
    guidance_branches: int = 2  # open: Fig. 2 draws four, "four stacks of features" (Sec. 4.3) needs two; four adds
    #                             N_R|R* and R_N|N* at the price of two more encoder passes

    # Objective, Eq. (6): 2 contrastive + 1 colour + 1 adversarial + 0.1 frequency.  The symbols before the four numbers
    # are lost in the text at hand; this order is that of Sec. 3.3, and the code pins the 2 to the contrastive term.
    contrastive_weight: float = 2.0
    colour_weight: float = 1.0
    plain_cycle_weight: float = 0.0  # Table 4, "w *": the ordinary cycle loss in place of the colour one
    adversarial_weight: float = 1.0
    frequency_weight: float = 0.1
    identity_weight: float = 0.0  # not in the paper; code: 1
    identity_rainy: bool = True  # code: the identity term also asks that adding rain does not change rainy images
    forward_cycle_share: float = 1.0  # ours: factor on the distances of the forward cycle.  Rain that is gone cannot be drawn
    #                                   again where it was, so R to R* rewards rain that is left
    colour_norm: str = "l1"  # open: with L1 the colour term is exactly three times the plain cycle term; "l2" is the
    #                          un-squared norm of each channel, the only reading under which channels matter
    adversarial_loss: str = "log_likelihood"  # paper, Eq. (4), non-saturating for the generators; code: hinge
    frequency_loss: str = "ortho_l1"  # open: Eq. (5)'s operands and norm are lost; "iicnet" is the code's (never added)
    one_sided: bool = False  # ours: True is CUT: no `rerain`, one embedding, clean images contrasted as well
    backward_cycle: bool = True  # paper, Table 6 (False: no N -> R_N -> N*, no rainy discriminator, no external negatives)

    # Optimisation
    learning_rate: float = 1e-4  # paper, Sec. 4.1
    discriminators_learning_rate: float = 1e-4  # paper and code give one rate; small budgets need a faster discriminator
    betas: tuple[float, float] = (0.5, 0.999)  # paper, Sec. 4.1
    heads_learning_rate: float = 1e-4  # paper gives one rate; code: 1e-3 by accident (Adam's default)
    heads_betas: tuple[float, float] = (0.5, 0.999)  # as above; code: (0.9, 0.999)
    steps: int = 420_000  # paper: 600 epochs; 600 x 700 images of Rain800.  Constant for one half, then linear to zero
    minutes: float = 0.0  # ours: above 0, the budget of a run in place of `steps`, which then is the scale of the schedule
    batch: int = 1  # paper, Sec. 4.1
    crop: int = 256  # open: "randomly cropped to patches"; code: 256
    discriminator_replay: int = 0  # ours, for small budgets: images of earlier steps that the discriminators see again at each
    #                         step; a discriminator needs many photos to learn rain, and the generators' passes are the cost
    discriminator_layers: int = 3  # code: PatchGAN of 70 pixels; fewer layers have a smaller receptive field, for small crops
    discriminator_originals: bool = False  # ours: the step's rainy images count as generated to the clean discriminator too,
    #                                        and its clean images to the rainy one: rain that is left is what to look for
    warm_up: int = 0  # ours, for small budgets: a number of steps, counted in `steps`, before the generators start: the clean
    #                   discriminator learns rainy from clean crops; the rainy discriminator then starts as its opposite
    warm_up_batch: int = 16  # crops of each kind in a step of the warm-up
    rehearsals: int = 0  # ours, self-training, not in the paper: updates of `derain` a step on clean crops under rain layers
    #                      that it has removed itself from rainy images
    rehearsal_crops: int = 10  # crops in each of them
    rehearsal_weight: float = 6.0  # factor on each update's mean absolute error between the derained and the clean crops, in
    #                                [0, 1]; 6 = 3 channels x IMAGE_RANGE is the scale of the colour term at weight 1
    schedule: str = "linear"  # paper: constant, then linear to zero; "cosine", ours: half a cosine from the first step
    ema: float = 0.999  # ours: the generators oscillate, so their moving average is evaluated

    # Execution
    seed: int = 0
    precision: str = "float32"  # "bfloat16": autocast of the networks; losses stay in float32
    channels_last: bool = False
    compile: bool = False  # torch.compile of the networks, the plain ones where it fails
    graphs: bool = False  # compile with CUDA graphs, which replay all kernels of a network at once

    def __post_init__(self) -> None:
        """Validate the configuration; each error names the field and its allowed values."""
        check_types(self)
        check_choices(self, CHOICES)
        check_ranges(self, RANGES)
        reductions = ("down1", "down2") if self.generator == "resnet" else ()
        known = ("stem", *reductions, *(f"block{i + 1}" for i in range(self.blocks)))
        if not self.taps:
            raise ValueError(f"taps=(): expected layers of this encoder, among {', '.join(known)}")
        if unknown := sorted(set(self.taps) - set(known)):
            raise ValueError(f"taps {unknown} are not layers of this encoder: choose among {', '.join(known)}")
        if not self.backward_cycle and self.negatives != "internal":
            raise ValueError(
                "without the backward cycle there is no rain-added image to take external negatives from: "
                "set negatives='internal' together with backward_cycle=False"
            )
        if self.batch_negatives and self.negatives == "external":
            raise ValueError("batch_negatives=True is about internal negatives: set negatives='internal' or negatives='both'")
        two_sided = self.backward_cycle or self.negatives != "internal" or self.guidance_branches != 2
        if self.one_sided and (two_sided or any(self.cycle_weights())):
            raise ValueError(
                "one_sided=True has no second generator: set backward_cycle=False, negatives='internal', "
                "guidance_branches=2 and the weights of colour, plain cycle, frequency and identity to 0"
            )
        if self.crop % 4 or self.crop < 32:
            raise ValueError(f"crop={self.crop}: the generator needs a multiple of 4, at least 32")
        if not 1 <= self.discriminator_layers <= 3:
            raise ValueError(f"discriminator_layers={self.discriminator_layers}: expected 1, 2 or 3")
        if self.minutes and self.warm_up:
            raise ValueError(f"minutes={self.minutes}, warm_up={self.warm_up}: a warm-up is counted in steps; set one to 0")
        if self.graphs and (self.discriminator_replay or self.rehearsals):
            raise ValueError("graphs=True overwrites the images of earlier steps: set discriminator_replay=0 and rehearsals=0")
        if self.warm_up >= self.steps:
            raise ValueError(f"warm_up={self.warm_up}: expected fewer than all steps={self.steps}")

    def cycle_weights(self) -> tuple[float, ...]:
        """Return the weights of the terms that need the rain-adding generator."""
        return self.colour_weight, self.plain_cycle_weight, self.frequency_weight, self.identity_weight


paper = DCDGANConfig()

# The objective that the authors released: DCLGAN's.  0.5 (GAN_N + GAN_R) + 0.5 * 2 (NCE_1 + NCE_2) + 0.5 (idt + idt),
# internal negatives of the whole batch, clipped hinge, heads with Adam's defaults; colour and frequency are computed there,
# never added.
released = DCDGANConfig(
    negatives="internal", batch_negatives=True, contrastive_weight=1.0, colour_weight=0.0, frequency_weight=0.0,
    adversarial_weight=0.5, identity_weight=0.5, adversarial_loss="hinge_clipped",
    heads_learning_rate=1e-3, heads_betas=(0.9, 0.999),
)  # fmt: skip

# Ours, for networks that ship: rehearsals, and a stronger identity term that keeps dry photos.  No table of the paper uses it.
self_trained = DCDGANConfig(rehearsals=2, identity_weight=2.0)
