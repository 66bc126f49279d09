"""BRN: single image deraining using bilateral recurrent network (Ren et al., TIP 2020).

Written from the description of the network; parameter names are those of the published weights.  The authors' network also
holds two residual blocks of the rain stream that it never uses (36,992 values): they are left out, and dropped at loading.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from rainmer_lib.baselines.published_weights import drop, load_strictly, read_weights
from rainmer_lib.baselines.recurrent_stream import CHANNELS, RecurrentDerainer
from rainmer_lib.baselines.supervised import SupervisedConfig, pairs_of, supervised
from rainmer_lib.training.config import check_ranges
from rainmer_lib.training.method import Method, Size

METHOD_VERSION = 1  # raised by hand whenever a change alters the numbers of a run
RAIN = "_r"  # ends the names of the rain stream's parameters
UNUSED = {  # blocks of the published rain stream that no output depends on
    f"res_conv{k}{RAIN}.{layer}.{kind}": (CHANNELS, CHANNELS, 3, 3) if kind == "weight" else (CHANNELS,)
    for k in (4, 5) for layer in (0, 2) for kind in ("weight", "bias")
}  # fmt: skip

Image = Float[Tensor, "b 3 h w"]


@dataclass(frozen=True)
class BRNConfig(SupervisedConfig):
    """BRN's training as released (csdwren/RecDerain): negative SSIM of the last stage, rate / 5 at epochs 30, 50, 80 of 100.

    The rate is that for Rain100L; the authors take 5e-4 for Rain100H and 5e-5 for Rain1400.
    """

    stages: int = 8
    rain_blocks: int = 3
    blocks: int = 5  # of the image stream
    channels: int = CHANNELS
    loss: str = "ssim"
    milestones: tuple[float, ...] = (0.3, 0.5, 0.8)
    steps: int = 100 * 1_500  # 100 epochs; ours: 1,500 batches each, as for PReNet
    batch: int = 12
    crop: int = 100

    def __post_init__(self) -> None:
        """Validate the configuration; each error names the field and its allowed values."""
        super().__post_init__()
        check_ranges(self, {"1 or more": ("stages", "rain_blocks", "blocks", "channels")})


class BRN(RecurrentDerainer):
    """BRN: two coupled streams a stage, of the rain layer r and of the image x, for the rainy image y:

        r_t = f_r(h_r),  h_r = LSTM_r(y, r_{t-1}; h_r, h_x)         h_x of the stage before
        x_t = f_x(h_x),  h_x = LSTM_x(y, x_{t-1}, r_t; h_x, h_r)    h_r of this stage
        x_0 = r_0 = y

    The image stream returns the image itself, without adding y.  Takes and returns (b, 3, h, w) in [0, 1], any size; the
    result is not clamped.  375,526 parameters.  The authors' network also returns the rain layers, as `layers` does here.
    """

    def __init__(self, stages: int = 8, rain_blocks: int = 3, blocks: int = 5, channels: int = CHANNELS) -> None:
        super().__init__()
        self.repetitions, self.rain_blocks, self.blocks, self.channels = stages, rain_blocks, blocks, channels
        self.add_stream(9, 3, blocks)
        self.add_stream(6, 3, rain_blocks, RAIN)

    def forward(self, rainy: Image) -> Image:
        """Return the derained image, the output of the last stage."""
        return self.stages(rainy)[-1]

    def stages(self, rainy: Image) -> list[Image]:
        """Return x_1 to x_T, the images of all stages."""
        return [x for x, _ in self.layers(rainy)]

    def layers(self, rainy: Image) -> list[tuple[Image, Image]]:
        """Return image and rain layer of all stages, (x_t, r_t)."""
        x = r = rainy
        hidden = cell = rain_hidden = rain_cell = rainy.new_zeros(len(rainy), self.channels, *rainy.shape[2:])
        outputs = []
        for _ in range(self.repetitions):
            z = self.conv0_r(torch.cat((rainy, r), 1))
            rain_hidden, rain_cell = self.lstm(torch.cat((z, rain_hidden, hidden), 1), rain_cell, RAIN)
            r = self.conv_r(self.refined(rain_hidden, self.rain_blocks, suffix=RAIN))
            z = self.conv0(torch.cat((rainy, x, r), 1))
            hidden, cell = self.lstm(torch.cat((z, hidden, rain_hidden), 1), cell)
            x = self.conv(self.refined(hidden, self.blocks))
            outputs.append((x, r))
        return outputs


def build_network(config: BRNConfig) -> BRN:
    """Build the untrained network of a configuration."""
    return BRN(config.stages, config.rain_blocks, config.blocks, config.channels)


def load_published(path: Path) -> BRN:
    """Load BRN with the weights of its authors (`net_latest.pth`: a state dict), and check every key and shape.

    FileNotFoundError says where to get the file, ValueError which keys are missing, unknown or of another shape.
    """
    weights = read_weights(path, "logs/<training set>/BRN/net_latest.pth of https://github.com/csdwren/RecDerain")
    return load_strictly(BRN(), drop(weights, UNUSED, path), path, "an eight-stage BRN")


METHOD = Method(
    name="brn",
    title="BRN",
    version=METHOD_VERSION,
    config=BRNConfig,
    network=build_network,
    start=supervised(build_network),
    supervision="paired",
    family="two coupled recurrent CNNs",
    citation="Ren et al., Single Image Deraining Using Bilateral Recurrent Network, IEEE TIP 2020",
    sizes={
        "quick": Size(
            {"stages": 2, "rain_blocks": 1, "blocks": 1, "channels": 8, "steps": 60, "batch": 2, "crop": 48},
            duration="seconds a training run on one core", log_every=20, save_every=1000,
        ),
        "laptop": Size(
            {"stages": 3, "rain_blocks": 1, "blocks": 2, "channels": 16, "steps": 1000, "batch": 4, "crop": 48},
            duration="minutes a training run on one core",
        ),
        "gpu": Size({"steps": 20_000, "minutes": 9.0}, duration="nine minutes a training run on a GPU", log_every=50),
        "paper": Size(duration="hours a training run on a GPU", log_every=200, save_every=2000),
    },
    data=pairs_of,
    describe=lambda c: f"{c.stages} stages of a rain stream ({c.rain_blocks} blocks) and an image stream ({c.blocks})",
    differs="crops are drawn at random, not on a grid; blocks that the authors never use are left out; "
    "narrower at the smaller profiles",
    load_published=load_published,
)  # fmt: skip
