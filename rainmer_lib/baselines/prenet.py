"""PReNet: progressive image deraining networks, a better and simpler baseline (Ren et al., CVPR 2019).

Written from the paper's description; parameter names are those of the published weights, so that these load unchanged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from rainmer_lib.baselines.published_weights import load_strictly, read_weights
from rainmer_lib.baselines.recurrent_stream import CHANNELS, RecurrentDerainer
from rainmer_lib.baselines.supervised import SupervisedConfig, pairs_of, supervised
from rainmer_lib.training.config import check_ranges
from rainmer_lib.training.method import Method, Size

METHOD_VERSION = 1  # raised by hand whenever a change alters the numbers of a run


@dataclass(frozen=True)
class PReNetConfig(SupervisedConfig):
    """PReNet's training as released (csdwren/PReNet): negative SSIM of the last stage, rate / 5 at epochs 30, 50, 80 of 100."""

    stages: int = 6
    blocks: int = 5
    repeats: int = 1  # 5 with one block: PReNet_r
    recurrent: bool = True  # False: PRN
    channels: int = CHANNELS
    loss: str = "ssim"
    milestones: tuple[float, ...] = (0.3, 0.5, 0.8)
    steps: int = 100 * 1_500  # 100 epochs; ours: 1,500 batches each, because the epochs of its data sets differ
    batch: int = 18
    crop: int = 100

    def __post_init__(self) -> None:
        """Validate the configuration; each error names the field and its allowed values."""
        super().__post_init__()
        check_ranges(self, {"1 or more": ("stages", "blocks", "repeats", "channels")})


SIZES = {
    "quick": Size(
        {"stages": 2, "blocks": 1, "channels": 8, "steps": 60, "batch": 2, "crop": 48},
        duration="seconds a training run on one core", log_every=20, save_every=1000,
    ),
    "laptop": Size(
        {"stages": 4, "blocks": 3, "channels": 16, "steps": 1400, "batch": 4, "crop": 48},
        duration="minutes a training run on one core",
    ),
    "gpu": Size({"steps": 20_000, "minutes": 9.0}, duration="nine minutes a training run on a GPU", log_every=50),
    "paper": Size(duration="hours a training run on a GPU", log_every=200, save_every=2000),
}  # fmt: skip


class PReNet(RecurrentDerainer):
    """PReNet: six stages that share their weights, each computed from the rainy image y and the stage before (paper, Eq. 3-4):

        z = f_in(x_{t-1}, y),  s_t = LSTM(s_{t-1}, z),  x_t = y + f_out(f_res(s_t)),  x_0 = y

    `recurrent=False` leaves out the LSTM (the paper's PRN); `blocks=1` with `repeats=5` uses one residual block five times
    (PReNet_r, PRN_r).  Takes and returns (b, 3, h, w) in [0, 1], any size; the result is not clamped.  168,963 parameters.
    Source: csdwren/PReNet, networks.py, as described there; its network also returns the stages before the last, which
    `stages` returns here.
    """

    def __init__(
        self, stages: int = 6, blocks: int = 5, repeats: int = 1, recurrent: bool = True, channels: int = CHANNELS
    ) -> None:
        super().__init__()
        self.repetitions, self.blocks, self.repeats, self.recurrent = stages, blocks, repeats, recurrent
        self.channels = channels
        self.add_stream(6, 2 * recurrent, blocks)

    def forward(self, rainy: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Return the derained image, the output of the last stage."""
        return self.stages(rainy)[-1]

    def stages(self, rainy: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b 3 h w"]]:
        """Return x_1 to x_T, the outputs of all stages."""
        x, outputs = rainy, []
        hidden = cell = rainy.new_zeros(len(rainy), self.channels, *rainy.shape[2:])
        for _ in range(self.repetitions):
            z = self.conv0(torch.cat((rainy, x), 1))
            if self.recurrent:
                z, cell = self.lstm(torch.cat((z, hidden), 1), cell)
                hidden = z
            x = rainy + self.conv(self.refined(z, self.blocks, self.repeats))
            outputs.append(x)
        return outputs


def build_network(config: PReNetConfig) -> PReNet:
    """Build the untrained network of a configuration."""
    return PReNet(config.stages, config.blocks, config.repeats, config.recurrent, config.channels)


def loader(config: PReNetConfig, folder: str, title: str) -> Callable[[Path], PReNet]:
    """Return the `load_published` of a member of the family: the authors' `net_latest.pth`, a state dict, of `folder`."""

    def load_published(path: Path) -> PReNet:
        """Load the network with the weights of its authors, and check every key and shape.

        FileNotFoundError says where to get the file, ValueError which keys are missing, unknown or of another shape.
        """
        source = f"logs/<training set>/{folder}/net_latest.pth of https://github.com/csdwren/PReNet"
        return load_strictly(build_network(config), read_weights(path, source), path, f"a six-stage {title}")

    return load_published


load_published = loader(PReNetConfig(), "PReNet6", "PReNet")

METHOD = Method(
    name="prenet",
    title="PReNet",
    version=METHOD_VERSION,
    config=PReNetConfig,
    network=build_network,
    start=supervised(build_network),
    supervision="paired",
    family="recurrent CNN",
    citation="Ren et al., Progressive Image Deraining Networks: A Better and Simpler Baseline, CVPR 2019",
    sizes=SIZES,
    data=pairs_of,
    describe=lambda config: f"{config.stages} recurrent stages of {config.blocks} residual blocks",
    differs="crops are drawn at random, not on a grid",
    load_published=load_published,
)
