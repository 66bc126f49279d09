"""The recurrent residual network that PReNet and BRN are made of, with the parameter names of the published weights."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from rainmer_lib.networks.derainer import Derainer

CHANNELS = 32  # of the published networks

Features = Float[Tensor, "b c h w"]


class RecurrentDerainer(Derainer):
    """A network of one or more streams, each computed once a stage with the same weights:

        z = f_in(images),  s = LSTM(s, z),  output = f_out(f_res(s))

    The names of a stream's parameters end in its `suffix`; f_in and f_out are conv0 and conv, f_res are res_conv1 and on.
    """

    channels: int

    def add_stream(self, images: int, gated: int, blocks: int, suffix: str = "") -> None:
        """Add the modules of a stream: `images` input channels, gates on `gated` times the width (0: no LSTM)."""
        width = self.channels
        self.add_module(f"conv0{suffix}", _conv(images, width, nn.ReLU()))
        for k in range(1, blocks + 1):
            self.add_module(f"res_conv{k}{suffix}", nn.Sequential(*_conv(width, width, nn.ReLU()),
                                                                  *_conv(width, width, nn.ReLU())))  # fmt: skip
        if gated:
            for gate in "ifgo":
                activation = nn.Tanh() if gate == "g" else nn.Sigmoid()
                self.add_module(f"conv_{gate}{suffix}", _conv(gated * width, width, activation))
        self.add_module(f"conv{suffix}", nn.Sequential(nn.Conv2d(width, 3, 3, padding=1)))

    def lstm(self, seen: Features, cell: Features, suffix: str = "") -> tuple[Features, Features]:
        """Return state and cell of the convolutional LSTM: c = f c + i g,  h = o tanh(c); all gates see `seen`."""
        i, f, g, o = (getattr(self, f"conv_{gate}{suffix}") for gate in "ifgo")
        cell = f(seen) * cell + i(seen) * g(seen)
        return o(seen) * torch.tanh(cell), cell

    def refined(self, z: Features, blocks: int, repeats: int = 1, suffix: str = "") -> Features:
        """Apply the residual blocks, z <- ReLU(block(z) + z), `repeats` times in order."""
        for k in range(blocks * repeats):
            z = F.relu(getattr(self, f"res_conv{k % blocks + 1}{suffix}")(z) + z)
        return z


def _conv(inputs: int, outputs: int, activation: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), activation)
