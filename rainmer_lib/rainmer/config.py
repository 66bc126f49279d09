"""Every number of Rainmer, with its provenance.

Comments say where a value comes from: "code" for the authors' repository (9db7c6b), Dn for number n of the defects of that
code (docs/rainmer.md), "ours" for a choice of this project.  The paper's text was not at hand, so the fields describe
what the code does, without its defects; `released` brings back the defects that change a number.
An ablation is `dataclasses.replace(paper, views=("detail",))`; there is nothing else to copy or to edit.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from rainmer_lib.training.config import check_choices, check_ranges, check_types

VIEWS = ("illumination", "degradation", "detail")
MULTIPLE = 8  # three reductions by two

CHOICES = {
    "topk": ("independent", "chained"),
    "prompt_weighting": ("illumination", "degradation", "degradation_unmapped", "sum"),
    "prompt_placement": ("attention", "residual"),
    "positives": ("separate", "summed"),
    "flips": ("per_image", "per_batch"),
    "detail_negatives": ("clean", "rainy", "crop"),
    "clip_scope": ("all", "base"),
    "precision": ("float32", "bfloat16"),
    "start": ("random", "identity"),
}
RANGES = {
    "1 or more": (
        "width", "blocks", "heads", "mixture_steps", "negatives", "memory_bank", "steps", "batch", "accumulate",
        "cycles",
    ),
    "above 0": ("expansion", "temperature", "learning_rate"),
    "0 or more": (
        "charbonnier_weight", "ssim_weight", "contrastive_weight", "weight_decay", "encoder_weight_decay", "clip",
        "cycle_floors", "minutes",
    ),
    "within [0, 1]": ("momentum",),
    "within [0, 1)": ("betas", "ema"),
    "0 or more, below 2**63": ("seed",),
}  # fmt: skip


@dataclass(frozen=True)
class RainmerConfig:
    """Configuration of one Rainmer training run; the defaults are the method without the code's defects."""

    # Backbone: all from the code, whose U-Net is DRSformer's (Chen et al., CVPR 2023)
    width: int = 48  # channels at full resolution; 2, 4 and 8 times as many at the lower ones
    blocks: tuple[int, ...] = (4, 6, 6, 8)  # per level; the decoder repeats the first three
    heads: tuple[int, ...] = (1, 2, 4, 8)
    reduction: int = 1  # ours: pixels are first rearranged to this fraction of the size (nothing is lost); code: 1
    start: str = "random"  # code: PyTorch's initial weights; "identity" (ours): the last convolution begins at zero, so O = I
    mixture_steps: int = 4  # code: of each of the three mixtures of experts
    expansion: float = 2.66  # hidden over input channels of the feed-forward network
    sparse_rates: tuple[str, ...] = ("1/2", "2/3", "3/4", "4/5")  # shares of the channels that attention keeps
    topk: str = "independent"  # D9: each mask taken from the scores, as in DRSformer; "chained" (code): from the softmax before

    # Views and the parts that use them
    embedding: int = 128  # code: base_dim, length of a view's vector
    views: tuple[str, ...] = VIEWS  # detail and degradation share a head and a prompt (D17)
    prompts: bool = True  # of the views, in every block of the decoder
    prompt_weighting: str = "illumination"  # code: the options file of its README's example; its other files
    #               have "sum" and "degradation_unmapped" (a cosine from -1 to 1); ours: "degradation", mapped to [0, 1]
    prompt_placement: str = "attention"  # code: within the attention branch; "residual": on the stream after it
    interaction: bool = True  # D10: False switches it off in training and in inference, with its parameters
    view_size: int = 128  # side to which whole images are resized for the encoder; code: equal to the crop

    # Contrast
    negatives: int = 4  # code, for each view
    temperature: float = 1.0  # code; cosines over 1 give small gradients: `tiny` and `small` have 0.2
    momentum: float = 0.999  # code, at every micro-step; `tiny` and `small` have 0.99
    positives: str = "separate"  # D19: one term per positive; "summed" (code): their sum as one positive, up to 2
    flips: str = "per_image"  # D20; "per_batch" (code): one flip for all images of a batch
    detail_negatives: str = "clean"  # D18: blurred clean whole image, in place; "rainy": blur is all that differs;
    #                                  "crop" (code): blurred, flipped crop at another scale
    memory_bank: int = 256  # code: earlier samples from which negatives are chosen.  D21: contrast begins when it is full

    # Objective
    charbonnier_weight: float = 1.0  # code
    ssim_weight: float = 0.1  # code
    contrastive_weight: float = 0.1  # code: stage2_lambda, for both contrastive terms; 0 trains the views by pixels alone

    # Optimisation
    learning_rate: float = 3e-4  # code, AdamW, both optimisers
    betas: tuple[float, float] = (0.9, 0.999)  # code
    weight_decay: float = 1e-5  # D14: from the code's options file; code: 0
    encoder_weight_decay: float = 1e-5  # D14: as above; code: 0.01, AdamW's default
    clip: float = 0.01  # code: largest norm of the gradient, as in DRSformer; ours: 0 means no clipping
    clip_scope: str = "all"  # D14: "base" (code) leaves the encoder out
    accumulate: int = 2  # code: micro-steps per update
    steps: int = 600_000  # code: micro-steps, 300,000 updates
    cycles: tuple[int, ...] = (92, 208)  # code: relative lengths of the cosine cycles
    cycle_floors: tuple[float, ...] = (1e-4, 1e-6)  # code: learning rate at the end of each
    minutes: float = 0.0  # ours: above 0, the budget of a run in place of `steps`, which then is the scale of the schedule
    batch: int = 4  # code
    crop: int = 128  # code
    ema: float = 0.0  # code: the last weights are evaluated; above 0, their moving average over updates

    # Execution
    seed: int = 0
    precision: str = "float32"  # code; "bfloat16": autocast of the networks, losses stay in float32

    @property
    def contrasted(self) -> tuple[str, ...]:
        """Views that are trained by contrast."""
        return self.views if self.contrastive_weight else ()

    def __post_init__(self) -> None:
        """Validate the configuration; each error names the field and its allowed values."""
        check_types(self)
        check_choices(self, CHOICES)
        check_ranges(self, RANGES)
        if len(set(self.views)) != len(self.views) or not set(self.views) <= set(VIEWS):
            raise ValueError(f"views={self.views}: choose among {', '.join(VIEWS)}, each once")
        self._check_networks()
        self._check_contrast()
        self._check_optimisation()

    def _check_networks(self) -> None:
        if len(self.blocks) != 4 or len(self.heads) != 4:
            raise ValueError(f"blocks={self.blocks}, heads={self.heads}: expected four numbers each")
        for level, heads in enumerate(self.heads):
            if self.width % 2 or self.width * 2**level % heads or self.width * 2**level // heads < 2:
                raise ValueError(
                    f"width={self.width}, heads={self.heads}: at level {level} there are {self.width * 2**level} channels for "
                    f"{heads} heads; width must be even, and every head have two channels or more"
                )
        if self.reduction not in (1, 2, 4):
            raise ValueError(f"reduction={self.reduction}: choose 1, 2 or 4")
        if not self.sparse_rates or not all(_is_share(rate) for rate in self.sparse_rates):
            raise ValueError(f"sparse_rates={self.sparse_rates}: expected fractions above 0, at most 1, such as '1/2'")
        if int(self.width * self.expansion) < 1:
            raise ValueError(f"expansion={self.expansion}: feed-forward networks of width {self.width} would have no channels")
        if self.embedding < 16:
            raise ValueError(f"embedding={self.embedding}: expected 16 or more; else channel gates have no hidden unit")
        for name in ("crop", "view_size"):
            multiple = MULTIPLE * self.reduction
            if getattr(self, name) % multiple or getattr(self, name) < 2 * multiple:
                raise ValueError(f"{name}={getattr(self, name)}: expected a multiple of {multiple}, at least {2 * multiple}")
        if self.views and not self.prompts and not self.contrasted:
            raise ValueError("views without prompts and without contrast do nothing: set views=() as well")

    def _check_contrast(self) -> None:
        if self.detail_negatives == "crop" and "detail" in self.contrasted and self.crop != self.view_size:
            raise ValueError(
                f"detail_negatives='crop' compares crops with whole images by location: set view_size={self.crop}, "
                "the crop, or detail_negatives='clean'"
            )
        if self.memory_bank < max(self.negatives, self.batch):
            raise ValueError(
                f"memory_bank={self.memory_bank}: it must hold the negatives ({self.negatives}) and a batch "
                f"({self.batch})"
            )

    def _check_optimisation(self) -> None:
        if self.steps % self.accumulate:
            raise ValueError(
                f"steps={self.steps}, accumulate={self.accumulate}: expected steps a multiple of accumulate; otherwise the "
                "last micro-steps would update nothing"
            )
        if not self.cycles or len(self.cycles) != len(self.cycle_floors):
            raise ValueError(f"cycles={self.cycles}, cycle_floors={self.cycle_floors}: expected one floor for each cycle")


def _is_share(text: str) -> bool:
    try:
        return 0 < Fraction(text) <= 1
    except (ValueError, ZeroDivisionError):
        return False


paper = RainmerConfig()

# The authors' train.py with rainmer_resize_alpha.yaml, as far as it runs
released = replace(
    paper, topk="chained", positives="summed", flips="per_batch", detail_negatives="crop",
    weight_decay=0.0, encoder_weight_decay=0.01, clip_scope="base", seed=100,
)  # fmt: skip

# Ours: every component, small enough to train on a CPU.  The last sparse rates coincide if a head has few channels.
tiny = replace(
    paper, width=8, embedding=16, blocks=(1, 1, 1, 1), heads=(1, 1, 2, 2), view_size=32, negatives=2, memory_bank=32,
    crop=48, accumulate=1, steps=500, learning_rate=1e-3, cycles=(1,), cycle_floors=(1e-6,), clip=1.0, momentum=0.99,
    temperature=0.2,
)  # fmt: skip
small = replace(
    tiny, width=16, embedding=32, blocks=(1, 1, 1, 2), heads=(1, 2, 2, 4), view_size=64, negatives=4, memory_bank=64, crop=64,
    steps=2000,
)  # fmt: skip
