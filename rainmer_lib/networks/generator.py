"""Base class of the generators: networks of named layers that return features besides their image."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.networks.blocks import to_signed
from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.networks.fast_training import ordered

Image = Float[Tensor, "b 3 h w"]
Features = dict[str, Tensor]  # tapped layer -> (b, c, h, w)


class Generator(Derainer, ABC):
    """Generator with the named `layers`; `translate` returns the features behind the layers named in `taps` as well.

    The encoder of the CGB is everything up to the last residual block.  Subclasses define `layers`, `finish` and `channels`.
    """

    layers: nn.ModuleDict

    def forward(self, image: Image) -> Image:
        """Translate `image`."""
        return self.translate(image)[0]

    def translate(self, image: Image, taps: Sequence[str] = ()) -> tuple[Image, Features]:
        """Translate `image`; also return the features behind each of `taps`."""
        x, features = self.run_layers(image, taps, stop=False)
        return self.finish(image, x), features

    def encode(self, image: Image, taps: Sequence[str]) -> Features:
        """Return only the features behind `taps`; the network runs no further than the last of them."""
        return self.run_layers(image, taps, stop=True)[1]

    def run_layers(self, image: Image, taps: Sequence[str], stop: bool) -> tuple[Tensor, Features]:
        """Run the layers in their order; return the last output and the features behind `taps`."""
        self.require_size(image)
        x, features = ordered(to_signed(image)), {}
        for name, layer in self.layers.items():
            x = layer(x)
            if name in taps:
                features[name] = x
            if stop and len(features) == len(taps):
                break
        return x, features

    def require_size(self, image: Tensor) -> None:
        """Raise ValueError unless height and width are multiples of `multiple`."""
        height, width = image.shape[-2:]
        if height % self.multiple or width % self.multiple:
            raise ValueError(
                f"image of {height}x{width}: the generator needs multiples of {self.multiple}; "
                "rainmer_lib.inference.derain.derain pads and crops for you"
            )

    def tap_channels(self, taps: Sequence[str]) -> dict[str, int]:
        """Return the number of channels of the features behind each tap."""
        return {tap: self.channels(tap) for tap in taps}

    @abstractmethod
    def finish(self, image: Image, x: Tensor) -> Image:
        """Return the translated image from the input and the output of the last layer."""

    @abstractmethod
    def channels(self, tap: str) -> int:
        """Return the number of channels behind a tap."""
