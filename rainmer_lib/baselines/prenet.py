"""PReNet: progressive image deraining networks, a better and simpler baseline (Ren et al., CVPR 2019).

Written from the paper's description; parameter names are those of the published weights, so that they load as they are.
"""

import pickle
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

CHANNELS = 32


class PReNet(nn.Module):
    """Six stages that share their weights, each from the rainy image y and the stage before (paper, Eq. 3-4):

    z = f_in(x_{t-1}, y),  s_t = LSTM(s_{t-1}, z),  x_t = y + f_out(f_res(s_t)),  x_0 = y

    `recurrent=False` leaves out the LSTM (the paper's PRN); `blocks=1` with `repeats=5` uses one residual block five times
    (PReNet_r, PRN_r).  Takes and returns (b, 3, h, w) in [0, 1], any size; the result is not clamped.  168,963 parameters.
    Source: csdwren/PReNet, networks.py, as described there; it also returns the stages before the last, this does not.
    """

    multiple = 1  # sizes it takes are multiples of this
    smallest = 1

    def __init__(self, stages: int = 6, blocks: int = 5, repeats: int = 1, recurrent: bool = True) -> None:
        super().__init__()
        self.stages, self.blocks, self.repeats, self.recurrent = stages, blocks, repeats, recurrent
        self.conv0 = _conv(6, CHANNELS, nn.ReLU())
        for k in range(1, blocks + 1):
            self.add_module(f"res_conv{k}", nn.Sequential(*_conv(CHANNELS, CHANNELS, nn.ReLU()),
                                                          *_conv(CHANNELS, CHANNELS, nn.ReLU())))  # fmt: skip
        if recurrent:
            for gate in "ifgo":
                self.add_module(f"conv_{gate}", _conv(2 * CHANNELS, CHANNELS, nn.Tanh() if gate == "g" else nn.Sigmoid()))
        self.conv = nn.Sequential(nn.Conv2d(CHANNELS, 3, 3, padding=1))

    def forward(self, rainy: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Derain: the last of the stages."""
        x = rainy
        hidden = cell = rainy.new_zeros(len(rainy), CHANNELS, *rainy.shape[2:])
        for _ in range(self.stages):
            z = self.conv0(torch.cat((rainy, x), 1))
            if self.recurrent:
                hidden, cell = self._lstm(z, hidden, cell)
                z = hidden
            for k in range(self.blocks * self.repeats):
                z = F.relu(getattr(self, f"res_conv{k % self.blocks + 1}")(z) + z)
            x = rainy + self.conv(z)
        return x

    def _lstm(self, z: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        """Convolutional LSTM: c = f c + i g,  h = o tanh(c); the gates see z and h."""
        both = torch.cat((z, hidden), 1)
        cell = self.conv_f(both) * cell + self.conv_i(both) * self.conv_g(both)
        return self.conv_o(both) * torch.tanh(cell), cell


def _conv(inputs: int, outputs: int, activation: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), activation)


def load_published(path: Path) -> PReNet:
    """PReNet with weights published by its authors (`net_latest.pth`: a state dict), every key and shape checked.

    FileNotFoundError says where the file comes from, ValueError what is missing, unknown or of another shape.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such file. The weights are logs/<training set>/PReNet6/net_latest.pth of "
            "https://github.com/csdwren/PReNet; they carry no licence, so they are not part of this project"
        )
    network = PReNet()
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        found = {name: tuple(value.shape) for name, value in weights.items()}
    except (pickle.UnpicklingError, RuntimeError, EOFError, AttributeError) as error:
        raise ValueError(f"{path}: damaged, or not a state dict ({type(error).__name__})") from error
    if found != wanted:
        odd = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        lines = "".join(f"\n  {name}: expected {wanted.get(name)}, found {found.get(name)}" for name in odd[:8])
        raise ValueError(f"{path} does not hold the weights of a six-stage PReNet; {len(odd)} keys differ:{lines}")
    network.load_state_dict(weights)
    return network.eval()
