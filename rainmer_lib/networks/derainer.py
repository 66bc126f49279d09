"""Interface of a network that removes rain."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from jaxtyping import Float
from torch import Tensor, nn


class Derainer(nn.Module):
    """Base class of networks that remove rain: (b, 3, h, w) in [0, 1] -> the same shape; outputs may leave [0, 1] slightly.

    `forward` takes one tensor and returns one tensor.  The network accepts heights and widths that are multiples of `multiple`
    and at least `smallest`, in pixels.  `reach` is the largest distance in pixels at which an output depends on the input; if
    it is None, `inference.probe` measures it.
    """

    multiple: int = 1
    smallest: int = 1
    reach: int | None = None

    def conditioned_on(self, whole: Float[Tensor, "1 3 h w"]) -> AbstractContextManager:
        """Return a context in which images are parts of `whole`, for networks that use the whole image to derain a tile."""
        return nullcontext()

    def stages(self, image: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b 3 h w"]]:
        """Return the outputs of all stages, the result last, for losses on every stage."""
        return [self(image)]


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Context in which a network is in evaluation mode; each of its parts then has the mode it had."""
    training = [part for part in network.modules() if part.training]
    network.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True
