"""RESCAN: recurrent squeeze-and-excitation context aggregation (Li et al., ECCV 2018).

Written from the paper; parameter names are those of the published weights, so that they load with strict keys.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.baselines.published_weights import load_strictly, read_weights
from rainmer_lib.baselines.supervised import SupervisedConfig, pairs_of, supervised
from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.training.config import check_ranges
from rainmer_lib.training.method import Method, Size

METHOD_VERSION = 1  # raised by hand whenever a change alters the numbers of a run
SQUEEZED = 6  # hidden width of the excitation: the authors' code uses the "reduction" 6 as a width, so 24 -> 6 -> 24
SLOPE = 0.2  # of the leaky ReLU

Features = Float[Tensor, "b c h w"]
Image = Float[Tensor, "b 3 h w"]


@dataclass(frozen=True)
class RESCANConfig(SupervisedConfig):
    """RESCAN's training as released (XiaLiPKU/RESCAN): squared error of every stage, rate / 10 at steps 15,000 and 17,500."""

    stages: int = 4
    channels: int = 24
    dilations: tuple[int, ...] = (1, 1, 2, 4, 8)  # one recurrent unit each
    loss: str = "mse"
    supervised_stages: str = "all"
    learning_rate: float = 5e-3
    milestones: tuple[float, ...] = (0.75, 0.875)
    decay: float = 0.1
    steps: int = 20_000
    batch: int = 64
    crop: int = 64

    def __post_init__(self) -> None:
        """Validate the configuration; each error names the field and its allowed values."""
        super().__post_init__()
        check_ranges(self, {"1 or more": ("stages", "channels", "dilations")})
        if not self.dilations:
            raise ValueError("dilations=(): expected one for each recurrent unit, at least one")


class SqueezeExcitation(nn.Module):
    """Squeeze-excitation of (b, c, h, w): x * sigmoid(W2 ReLU(W1 mean(x))), one factor per channel (Hu et al., CVPR 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(channels, SQUEEZED), nn.ReLU(), nn.Linear(SQUEEZED, channels), nn.Sigmoid())

    def forward(self, x: Features) -> Features:
        """Scale each channel."""
        return x * self.fc(x.mean(dim=(2, 3)))[:, :, None, None]


class RecurrentUnit(nn.Module):
    """Convolutional GRU with excitation (paper, Sec. 4.2), dilated on its input, undilated on the state of the stage before:

        z = sigmoid(W_z x + U_z h),  r = sigmoid(W_r x + U_r h),  n = tanh(W_n x + U_n (r h))
        h' = LeakyReLU(SE((1 - z) h + z n))            in the first stage h' = LeakyReLU(SE(z n))

    The state h' that the next stage receives is taken behind excitation and activation, as in the authors' code.
    """

    def __init__(self, inputs: int, channels: int, dilation: int) -> None:
        super().__init__()
        for gate in "zrn":
            self.add_module(f"conv_x{gate}", nn.Conv2d(inputs, channels, 3, padding=dilation, dilation=dilation))
        for gate in "zrn":
            self.add_module(f"conv_h{gate}", nn.Conv2d(channels, channels, 3, padding=1))
        self.se, self.activation = SqueezeExcitation(channels), nn.LeakyReLU(SLOPE)

    def forward(self, x: Features, state: Features | None) -> Features:
        """Return the new state."""
        if state is None:
            new = torch.sigmoid(self.conv_xz(x)) * torch.tanh(self.conv_xn(x))
        else:
            update = torch.sigmoid(self.conv_xz(x) + self.conv_hz(state))
            reset = torch.sigmoid(self.conv_xr(x) + self.conv_hr(state))
            candidate = torch.tanh(self.conv_xn(x) + self.conv_hn(reset * state))
            new = (1 - update) * state + update * candidate
        return self.activation(self.se(new))


class RESCAN(Derainer):
    """Stages that share their weights; each predicts the rain layer R_t from the result of the stage before:

        R_t = f(O - R_{t-1}, states of stage t-1),  x_t = O - R_t,  R_0 = 0

    Takes and returns (b, 3, h, w) in [0, 1], any size; the result is not clamped.  149,823 parameters.  Excitation takes means
    over the image, so tiles only come near to the untiled result, however far they overlap (by `reach`).
    """

    reach = 68  # pixels of overlap; each stage of convolutions sees 17 pixels farther, and means see everything

    def __init__(self, stages: int = 4, channels: int = 24, dilations: tuple[int, ...] = (1, 1, 2, 4, 8)) -> None:
        super().__init__()
        self.repetitions = stages
        self.rnns = nn.ModuleList(
            RecurrentUnit(3 if i == 0 else channels, channels, dilation) for i, dilation in enumerate(dilations)
        )
        self.dec = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1), SqueezeExcitation(channels), nn.LeakyReLU(SLOPE),
            nn.Conv2d(channels, 3, 1),
        )  # fmt: skip

    def forward(self, rainy: Image) -> Image:
        """Return the derained image, the output of the last stage."""
        return self.stages(rainy)[-1]

    def stages(self, rainy: Image) -> list[Image]:
        """Return x_1 to x_T, the outputs of all stages."""
        derained, outputs = rainy, []
        states: list[Features | None] = [None] * len(self.rnns)
        for _ in range(self.repetitions):
            x = derained
            for number, unit in enumerate(self.rnns):
                x = states[number] = unit(x, states[number])
            derained = rainy - self.dec(x)
            outputs.append(derained)
        return outputs


def build_network(config: RESCANConfig) -> RESCAN:
    """Build the untrained network of a configuration."""
    return RESCAN(config.stages, config.channels, config.dilations)


def load_published(path: Path) -> RESCAN:
    """Load RESCAN with published weights (`latest`: a torch file that holds them under `net`), and check every key and shape.

    They were trained on images in BGR order, so the colours of the first convolutions and of the last are exchanged here.
    FileNotFoundError says where to get the file, ValueError which keys are missing, unknown or of another shape.
    """
    weights = read_weights(path, "RESCAN/latest of https://github.com/csdwren/RecDerain", key="net")
    for name in weights:
        if name.startswith("rnns.0.conv_x") and name.endswith("weight"):
            weights[name] = weights[name].flip(1)
        if name.startswith("dec.3."):
            weights[name] = weights[name].flip(0)
    return load_strictly(RESCAN(), weights, path, "a four-stage RESCAN")


SIZES = {
    "quick": Size(
        {"stages": 2, "channels": 8, "dilations": (1, 1, 2), "steps": 60, "batch": 2, "crop": 48},
        duration="seconds a training run on one core", log_every=20, save_every=1000,
    ),
    "laptop": Size(
        {"stages": 2, "channels": 16, "steps": 1400, "batch": 4, "crop": 48, "learning_rate": 2e-3},
        duration="minutes a training run on one core",
    ),
    "gpu": Size({"steps": 10_000, "minutes": 9.0}, duration="nine minutes a training run on a GPU", log_every=50),
    "paper": Size(duration="hours a training run on a GPU", log_every=200, save_every=2000),
}  # fmt: skip

METHOD = Method(
    name="rescan",
    title="RESCAN",
    version=METHOD_VERSION,
    config=RESCANConfig,
    network=build_network,
    start=supervised(build_network),
    supervision="paired",
    family="recurrent CNN with channel attention",
    citation="Li et al., Recurrent Squeeze-and-Excitation Context Aggregation Net for Single Image Deraining, ECCV 2018",
    sizes=SIZES,
    data=pairs_of,
    describe=lambda config: f"{config.stages} stages of {len(config.dilations)} recurrent units, {config.channels} channels",
    differs="crops are flipped, which the authors' are not; the smaller profiles have a lower rate",
    load_published=load_published,
)
